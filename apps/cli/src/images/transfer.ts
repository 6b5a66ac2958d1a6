import { ApiFault } from '@ostler/contract/client';
import type { Api } from '@ostler/contract/schema';
import { isImageError, ServerRefusal } from '@ostler/image-io/errors';
import { carryOut, jobsEnded, looks } from '../carry-out.ts';
import { interrupted, Problem } from '../problem.ts';
import type { Run } from '../run.ts';

/** A transfer of the API from its beginning to its end: opened, filled or read by somebody, finalized; or cancelled, so that nothing is left. */

export interface TransferWish {
  readonly disk: string;
  readonly direction: 'upload' | 'download';
  readonly format: 'raw' | 'cow';
  /** Straight to the host instead of through the gateway. */
  readonly direct: boolean;
}

/** Moves the bytes. `again` when some of them have been moved already. */
export type Move = (url: string, again: boolean) => Promise<void>;

/** Moves that break off without a byte more than the one before are given up after this many. */
const fruitless = 5;

export async function transferred(run: Run, wish: TransferWish, move: Move): Promise<void> {
  const api = await run.api();
  const { disk, direction, format, direct } = wish;
  const opened = await carryOut(run, { wait: false }, (call) => api.imagetransfers.add({ disk: { id: disk }, direction, format }, call));
  const id = opened?.answer.id;
  if (!opened || id === undefined) throw new Error('A transfer has an id');
  try {
    let failures = 0;
    for (let before = -1; ;) {
      const { transferred: bytes = 0, proxy_url: proxied, transfer_url: straight } = await readyTransfer(run, id, opened.correlation);
      const url = direct ? straight : proxied;
      if (url === undefined) throw new Problem('The transfer has no address to which bytes could go.');
      try {
        await move(url, before >= 0);
        break;
      } catch (error) {
        if (run.cli.signal.aborted || isHopeless(error)) throw error;
        failures = bytes > before ? 1 : failures + 1;
        if (failures > fruitless) throw error;
        before = bytes;
        run.progress.say(`The transfer broke off and is taken up again (${messageOf(error)}).`);
      }
    }
    run.progress.clear();
    await carryOut(run, { wait: false }, (call) => api.imagetransfers(id).finalize({}, call));
    await jobsEnded(run, opened.correlation);
  } catch (error) {
    await cancelled(run, id, opened.correlation);
    throw run.cli.signal.aborted ? interrupted('The transfer was cancelled, and nothing of it is left.') : error;
  }
}

/** Waits until bytes may move, waking a transfer that fell asleep meanwhile. One that has ended says why. */
async function readyTransfer(run: Run, id: string, correlation: string): Promise<Api['image_transfer']> {
  const api = await run.api();
  for await (const transfer of looks(run, () => api.imagetransfers(id).get({ signal: run.cli.signal }))) {
    switch (transfer.phase) {
      case 'transferring':
        return transfer;
      case 'paused_system':
      case 'paused_user':
        await api.imagetransfers(id).resume({}, { signal: run.cli.signal });
        continue;
      case 'initializing':
      case 'resuming':
        run.progress.state('Opening the transfer');
        continue;
      default:
        // Its job knows the reason.
        await jobsEnded(run, correlation);
        throw new Problem('The transfer has ended before all bytes were moved.');
    }
  }
  throw new Error('It is looked at until it is ready');
}

/** The server's no is final, except where it only says that the ticket is not there now: a host that starts again has lost it for a moment. */
function isHopeless(error: unknown): boolean {
  if (error instanceof Problem) return true;
  if (error instanceof ServerRefusal) return error.status < 500 && error.status !== 403 && error.status !== 404;
  return isImageError(error, 'backend', 'no_space', 'out_of_range', 'bad_request', 'cancelled');
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whatever has happened, nothing is left behind; not even when Ctrl-C has ended everything else. */
async function cancelled(run: Run, id: string, correlation: string): Promise<void> {
  const api = await run.api();
  run.progress.state('Cancelling the transfer');
  const anyway: Run = { ...run, cli: { ...run.cli, signal: AbortSignal.timeout(30_000) } };
  try {
    await api.imagetransfers(id).cancel({});
  } catch (error) {
    // One that has ended by itself cannot be cancelled, and need not.
    if (!(error instanceof ApiFault))
      return run.progress.say(`The transfer could not be cancelled: ${messageOf(error)}. It ends by itself when no byte moves.`);
  }
  await jobsEnded(anyway, correlation).catch(() => undefined);
  run.progress.clear();
}
