import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { Input, transferCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import { Id, Milliseconds, object, VolumeReference, type TransferState, type VolumeFacts } from '@ostler/agent-contract/values';
import { isImageError } from '@ostler/image-io/errors';
import type { NewTicket, TicketControl } from '@ostler/image-io/image-server-process';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { turns } from '../hypervisor/turns.ts';
import type { Storage, StorageCalls, VolumeSource } from '../storage/storage.ts';
import type { ImageServers } from './image-servers.ts';

export interface TransfersOptions {
  readonly servers: Pick<ImageServers, 'control' | 'running' | 'revoke'>;
  readonly storage: Pick<Storage, 'prepare' | 'teardown' | 'markIllegal'> & { readonly calls: Pick<StorageCalls, 'volumeFacts'> };
  /** Which transfers are open, for the next agent: the image server goes on without this one. Tickets are in it. */
  readonly memory: string;
  readonly publish: (state: TransferState) => void;
  readonly now: () => number;
  readonly log: { info(details: object, message: string): void };
}

export interface Transfers {
  readonly calls: Pick<AgentImplementation, keyof typeof transferCalls>;
  /** As last looked at. */
  states(): TransferState[];
  stop(): void;
}

/** What the next agent must know. */
const Remembered = object({
  transfer: Id,
  ticket: Id,
  volume: VolumeReference,
  write: Type.Boolean(),
  validFor: Milliseconds,
  /** When it was opened or extended last. */
  grantedAt: Milliseconds,
});
type Remembered = Static<typeof Remembered>;

interface Open {
  known: Remembered;
  state: TransferState | undefined;
  /** What was last published. Whoever asks in between has heard it alone. */
  told: TransferState | undefined;
  /** Its use of the volume is counted by this agent. */
  claimed: boolean;
  /** The image server has forgotten its ticket: it is not open any more, until it is opened again. */
  lost: boolean;
  looking: boolean;
}

const lookEvery = 1_000;
const attempts = 3;

export async function openTransfers({ servers, storage, memory, publish, now, log }: TransfersOptions): Promise<Transfers> {
  const open = new Map<string, Open>();
  /** What is asked of a transfer, and the looks at it, one after another. */
  const turn = turns();
  const enter = (known: Remembered): Open => {
    const one: Open = { known, state: undefined, told: undefined, claimed: false, lost: false, looking: false };
    open.set(known.transfer, one);
    return one;
  };
  for (const known of await recall(memory, log)) enter(known);

  let writing: Promise<void> = Promise.resolve();
  function remember(): Promise<void> {
    const write = () => writeFileAtomically(memory, JSON.stringify([...open.values()].map(({ known }) => known)), privateMode);
    writing = writing.then(write, write);
    return writing;
  }

  const required = (transfer: string): Open => {
    const one = open.get(transfer);
    if (!one) throw unknown(transfer);
    return one;
  };

  async function running(transfer: string): Promise<TicketControl> {
    const control = await servers.running();
    if (!control) throw unknown(transfer);
    return control;
  }

  /** The image server says so, or is not there any more to say anything. */
  const isLost = async (error: unknown): Promise<boolean> => isUnknown(error) || !(await servers.running());

  async function claim(one: Open): Promise<VolumeSource> {
    const { transfer, volume, write } = one.known;
    const source = await storage.prepare(volume, { by: by(transfer), write });
    one.claimed = true;
    return source;
  }

  /**
   * An image server that was killed has lost its tickets: then the transfer is not open any more, and the manager opens it
   * again. None is started before that: a client finds a closed port, and tries again; a ticket that nobody knows would be
   * its end.
   */
  async function stateOf(one: Open): Promise<TransferState> {
    const { transfer, ticket, validFor, grantedAt } = one.known;
    try {
      const info = await (await running(transfer)).info(ticket);
      const idle = info.active ? 0 : info.idle_time * 1000;
      // A ticket lives on from its last use, or from its last extension.
      const expires = Math.max(grantedAt, now() - idle) + validFor;
      one.lost = false;
      one.state = {
        transfer,
        transferred: info.transferred ?? 0,
        connections: info.connections,
        idle,
        expiresIn: Math.max(0, Math.round(expires - now())),
        canceled: info.canceled,
      };
      return one.state;
    } catch (error) {
      one.lost = await isLost(error);
      throw one.lost ? unknown(transfer) : failed(error);
    }
  }

  async function openOne(input: Input<'openTransfer'>): Promise<TransferState> {
    const { transfer, ticket, domain, image, volume, validFor } = input;
    const there = open.get(transfer);
    if (there && there.known.ticket !== ticket) await closeOne(transfer);
    else if (there?.claimed) {
      const state = await stateOf(there).catch(unlessLost);
      if (state) return state;
    }
    const known = { transfer, ticket, volume: { domain, image, volume }, write: input.direction === 'upload', validFor, grantedAt: now() };
    const one = enter(known);
    try {
      const source = await claim(one);
      const facts = await agreed(input);
      await remember();
      const state = await serve(one, ticketOf(input, source, facts));
      tell(one, state);
      return state;
    } catch (error) {
      // Whatever became of the ticket, it must not outlive the use of the volume. Where that fails, closing is repeated.
      await closeOne(transfer).catch((problem: unknown) =>
        log.info({ transfer, problem: String(problem) }, 'a transfer could not be closed'),
      );
      throw failed(error);
    }
  }

  /** An image server that ends under it is followed by another: that is no reason to give a transfer up. */
  async function serve(one: Open, ticket: NewTicket): Promise<TransferState> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await (await servers.control()).add(ticket);
        return await stateOf(one);
      } catch (error) {
        if (attempt === attempts || (await servers.running())) throw error;
      }
    }
  }

  /** What is written from outside is no image until it has been verified, and what never was verified is shown to nobody. */
  async function agreed({ domain, image, volume, direction }: Input<'openTransfer'>): Promise<VolumeFacts> {
    const reference = { domain, image, volume };
    if (direction === 'upload') return storage.markIllegal(reference);
    const facts = await storage.calls.volumeFacts(reference, { signal: AbortSignal.timeout(30_000) });
    if (!facts.legal) throw new AgentError('image_lies', `Nobody has verified volume ${volume} yet`, { reason: 'not_verified' });
    return facts;
  }

  async function closeOne(transfer: string): Promise<void> {
    const one = open.get(transfer);
    if (!one) return;
    await servers.revoke(one.known.ticket).catch((error: unknown) => {
      throw failed(error);
    });
    await storage.teardown(one.known.volume, by(transfer));
    open.delete(transfer);
    await remember();
  }

  async function extendOne(transfer: string, validFor: number): Promise<TransferState> {
    const one = required(transfer);
    await (await running(transfer)).extend(one.known.ticket, seconds(validFor)).catch(async (error: unknown) => {
      throw (await isLost(error)) ? unknown(transfer) : failed(error);
    });
    one.known = { ...one.known, validFor, grantedAt: now() };
    await remember();
    return stateOf(one);
  }

  async function look(one: Open): Promise<void> {
    if (open.get(one.known.transfer) !== one) return;
    // A predecessor's transfer: its volume may be on a storage that is not there yet.
    if (!one.claimed) await claim(one).catch(() => undefined);
    const state = await stateOf(one).catch(() => undefined);
    if (state) tell(one, state);
  }

  function tell(one: Open, state: TransferState): void {
    const { told } = one;
    if (told?.transferred === state.transferred && told.connections === state.connections && told.canceled === state.canceled) return;
    one.told = state;
    publish(state);
  }

  /** Each by itself: none waits for another's storage. */
  function lookAtAll(): void {
    for (const one of open.values()) {
      if (one.looking) continue;
      one.looking = true;
      void turn(one.known.transfer, () => look(one)).finally(() => (one.looking = false));
    }
  }
  const timer = setInterval(lookAtAll, lookEvery);
  lookAtAll();

  return {
    states: () => [...open.values()].filter(({ lost }) => !lost).map(({ state, known }) => state ?? notYetSeen(known)),
    stop: () => clearInterval(timer),
    calls: {
      openTransfer: (input) => turn(input.transfer, () => openOne(input)),
      extendTransfer: ({ transfer, validFor }) => turn(transfer, () => extendOne(transfer, validFor)),
      closeTransfer: ({ transfer }) => turn(transfer, () => closeOne(transfer).then(() => ({}))),
      transferState: async ({ transfer }) => stateOf(required(transfer)),
    },
  };
}

const by = (transfer: string) => ({ kind: 'transfer', id: transfer }) as const;
const unknown = (transfer: string) => new AgentError('unknown_transfer', `There is no transfer ${transfer}`);

/** By us, or by the image server. */
const isUnknown = (error: unknown): boolean =>
  isImageError(error, 'not_found') || (error instanceof AgentError && error.code === 'unknown_transfer');

function unlessLost(error: unknown): undefined {
  if (!isUnknown(error)) throw error;
}

const notYetSeen = ({ transfer, validFor }: Remembered): TransferState => ({
  transfer,
  transferred: 0,
  connections: 0,
  idle: 0,
  expiresIn: validFor,
  canceled: false,
});

const seconds = (milliseconds: number) => Math.ceil(milliseconds / 1000);

/**
 * A volume's bytes are served from the file itself, and a lie is refused at the first of them; the guest's view of a qcow2
 * volume goes through a qemu-nbd of its own.
 */
function ticketOf(input: Input<'openTransfer'>, source: VolumeSource, { capacity }: VolumeFacts): NewTicket {
  const { ticket, transfer, size, validFor, direction, view, format, fileName } = input;
  if (source.kind === 'network')
    throw new AgentError('not_supported', 'Images of this kind of storage cannot be moved yet', { source: source.kind });
  const upload = direction === 'upload';
  const what = {
    uuid: ticket,
    transfer_id: transfer,
    size,
    timeout: seconds(validFor),
    ops: [upload ? 'write' : 'read'] as const,
    sparse: true,
    ...(fileName !== undefined && { filename: fileName }),
  };
  if (view === 'raw' && format === 'cow')
    return { ...what, image: { path: source.path, format: 'qcow2', backing: upload ? 'none' : 'follow' } };
  const expect = { format: format === 'cow' ? 'qcow2' : 'raw', virtualSize: capacity } as const;
  return { ...what, url: pathToFileURL(source.path).href, ...(upload && { expect }) };
}

function failed(error: unknown): unknown {
  if (error instanceof AgentError) return error;
  if (isImageError(error, 'busy')) return new AgentError('volume_in_use', 'Operations of this transfer have not ended yet');
  if (isImageError(error)) return new AgentError('storage_failed', error.message);
  return error;
}

const memories = Compile(Type.Array(Remembered));

/** What cannot be read is not there: the manager closes what it opened, or opens it again. */
async function recall(path: string, log: TransfersOptions['log']): Promise<readonly Remembered[]> {
  try {
    const text = await readFile(path, 'utf8').catch(() => '[]');
    const read: unknown = JSON.parse(text);
    if (memories.Check(read)) return read;
    log.info({ memory: path }, 'the memory of open transfers has another form, and is passed over');
  } catch (error) {
    log.info({ memory: path, problem: String(error) }, 'the memory of open transfers cannot be read');
  }
  return [];
}
