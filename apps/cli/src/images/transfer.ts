import { ApiFault } from '@ostler/contract/client';
import type { Api } from '@ostler/contract/schema';
import { isImageError, ServerRefusal } from '@ostler/image-io/errors';
import { socketOnThisHost } from '@ostler/image-io/verify';
import { carryOut, jobsEnded, looks } from '../carry-out.ts';
import { exitCodes, interrupted, Problem } from '../problem.ts';
import type { Run } from '../run.ts';

/** A transfer of the API from its beginning to its end: opened, filled or read by somebody, finalized; or cancelled, so that nothing is left. */

export interface TransferWish {
  readonly disk: string;
  readonly direction: 'upload' | 'download';
  readonly format: 'raw' | 'cow';
  /** Straight to the host instead of through the gateway. */
  readonly direct: boolean;
  /** One that broke off, and is to be gone on with. */
  readonly begun?: string;
  /** If it breaks off it is left as it is, to be taken up again, and not cancelled. */
  readonly keep?: boolean;
}

/** Where bytes go. */
export interface Place {
  readonly url: string;
  readonly ca: string | undefined;
  /** On the host itself. */
  readonly unixSocket: string | undefined;
}

/** Moves the bytes. `again` when some of them have been moved already. */
export type Move = (place: Place, again: boolean) => Promise<void>;

/** Moves that break off without a byte more than the one before are given up after this many. */
const fruitless = 5;

export async function transferred(run: Run, wish: TransferWish, move: Move): Promise<void> {
  const api = await run.api();
  const { disk, direction, format, direct, begun, keep = false } = wish;
  const opened =
    begun === undefined
      ? await carryOut(run, { wait: false }, (call) => api.imagetransfers.add({ disk: { id: disk }, direction, format }, call))
      : undefined;
  const id = begun ?? opened?.answer.id;
  if (id === undefined) throw new Error('A transfer has an id');
  const ended = (by: Run = run) => transferEnded(by, id, opened?.correlation);
  try {
    await moved(run, id, direct, begun !== undefined, ended, move);
    run.progress.clear();
    await carryOut(run, { wait: false }, (call) => api.imagetransfers(id).finalize({}, call));
    await ended();
  } catch (error) {
    // Left open: as long as nobody pauses it, the host knows what it has. Silence pauses it by itself.
    if (keep && !isRefusal(error)) throw brokenOffProblem(run, error);
    await cancelled(run, id, ended);
    throw run.cli.signal.aborted ? interrupted('The transfer was cancelled, and nothing of it is left.') : error;
  }
}

async function moved(run: Run, id: string, direct: boolean, begun: boolean, ended: (by?: Run) => Promise<void>, move: Move): Promise<void> {
  const { ca } = await run.connection();
  let failures = 0;
  for (let before = begun ? 0 : -1; ;) {
    const { transferred: bytes = 0, proxy_url: proxied, transfer_url: straight } = await readyTransfer(run, id, ended);
    const url = direct ? straight : proxied;
    if (url === undefined) throw new Problem('The transfer has no address to which bytes could go.');
    try {
      const unixSocket = await socketOnThisHost({ url, ...(ca !== undefined && { ca }), signal: run.cli.signal });
      return await move({ url, ca, unixSocket }, before >= 0);
    } catch (error) {
      if (run.cli.signal.aborted || isHopeless(error)) throw error;
      failures = bytes > before ? 1 : failures + 1;
      if (failures > fruitless) throw error;
      before = bytes;
      run.progress.say(`The transfer broke off and is taken up again (${messageOf(error)}).`);
    }
  }
}

/** Waits for its end. A transfer that somebody else began is followed by its phase: its job is not known here. */
async function transferEnded(run: Run, id: string, correlation: string | undefined): Promise<void> {
  if (correlation !== undefined) return jobsEnded(run, correlation);
  const api = await run.api();
  for await (const { phase } of looks(run, () => api.imagetransfers(id).get({ signal: run.cli.signal }))) {
    if (phase === 'finished_success') return;
    if (phase === 'finished_failure') throw new Problem('The transfer failed. "ostler event list" says why.');
    run.progress.state('Checking the image');
  }
}

/** Uploads that broke off, of a disk of this name. */
export async function brokenOff(run: Run, alias: string): Promise<Api['image_transfer'][]> {
  const all = await (await run.api()).imagetransfers.list({ follow: 'disk', signal: run.cli.signal });
  return all.filter(
    ({ direction, phase, disk }) => direction === 'upload' && disk?.alias === alias && phase !== undefined && open.has(phase),
  );
}

const open: ReadonlySet<string> = new Set(['initializing', 'transferring', 'resuming', 'paused_system', 'paused_user']);

/** Waits until bytes may move, waking a transfer that fell asleep meanwhile. One that has ended says why. */
async function readyTransfer(run: Run, id: string, ended: (by?: Run) => Promise<void>): Promise<Api['image_transfer']> {
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
        await ended();
        throw new Problem('The transfer has ended before all bytes were moved.');
    }
  }
  throw new Error('It is looked at until it is ready');
}

/** The server's no is final, except where it only says that the ticket is not there now: a host that starts again has lost it for a moment. */
function isHopeless(error: unknown): boolean {
  if (error instanceof Problem) return true;
  if (error instanceof ServerRefusal) return error.status < 500 && error.status !== 403 && error.status !== 404;
  return isImageError(error, 'backend', 'no_space', 'out_of_range', 'bad_request', 'cancelled', 'differs');
}

/** What can only be refused again: the image is not what it should be, or the API does not want it. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Problem || error instanceof ApiFault || isImageError(error, 'differs', 'no_space', 'bad_request');

const brokenOffProblem = (run: Run, error: unknown): Problem => {
  const byHand = run.cli.signal.aborted;
  return new Problem(
    `The upload broke off (${byHand ? 'Ctrl-C' : messageOf(error)}). Take it up with the same command and --resume.`,
    byHand ? exitCodes.interrupted : exitCodes.failed,
  );
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whatever has happened, nothing is left behind; not even when Ctrl-C has ended everything else. */
async function cancelled(run: Run, id: string, ended: (by?: Run) => Promise<void>): Promise<void> {
  const api = await run.api();
  run.progress.state('Cancelling the transfer');
  try {
    await api.imagetransfers(id).cancel({});
  } catch (error) {
    // One that has ended by itself cannot be cancelled, and need not.
    if (!(error instanceof ApiFault))
      return run.progress.say(`The transfer could not be cancelled: ${messageOf(error)}. It ends by itself when no byte moves.`);
  }
  // Not even Ctrl-C ends this wait.
  await ended({ ...run, cli: { ...run.cli, signal: AbortSignal.timeout(30_000) } }).catch(() => undefined);
  run.progress.clear();
}
