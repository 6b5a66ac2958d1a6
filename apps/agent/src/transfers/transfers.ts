import { readFile } from 'node:fs/promises';
import type { Input } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { TransferState, VolumeReference } from '@ostler/agent-contract/values';
import { isImageError } from '@ostler/image-io/errors';
import type { NewTicket, TicketControl } from '@ostler/image-io/image-server-process';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import { turns } from '../hypervisor/turns.ts';
import type { Storage, VolumeSource } from '../storage/storage.ts';
import type { ImageServers } from './image-servers.ts';

type TransferCall = 'openTransfer' | 'extendTransfer' | 'closeTransfer' | 'transferState';

export interface TransfersOptions {
  readonly servers: ImageServers;
  readonly storage: Pick<Storage, 'prepare' | 'teardown'>;
  /** Which transfers are open, for the next agent: the image server goes on without this one. Tickets are in it. */
  readonly memory: string;
  readonly publish: (state: TransferState) => void;
  readonly now: () => number;
  readonly log: { info(details: object, message: string): void };
}

export interface Transfers {
  readonly calls: Pick<AgentImplementation, TransferCall>;
  /** As last looked at. */
  states(): TransferState[];
  stop(): void;
}

interface Open {
  readonly transfer: string;
  readonly ticket: string;
  readonly volume: VolumeReference;
  readonly write: boolean;
  validFor: number;
  /** When it was opened or extended last. */
  grantedAt: number;
  state?: TransferState;
  /** Its use of the volume is counted by this agent. */
  claimed: boolean;
}

const lookEvery = 1_000;

export async function openTransfers({ servers, storage, memory, publish, now, log }: TransfersOptions): Promise<Transfers> {
  const open = new Map<string, Open>();
  const turn = turns();
  for (const one of await recall(memory)) open.set(one.transfer, { ...one, claimed: false });

  const remember = () =>
    writeFileAtomically(
      memory,
      JSON.stringify([...open.values()].map(({ state: _state, claimed: _claimed, ...kept }) => kept)),
      privateMode,
    );
  const by = (transfer: string) => ({ kind: 'transfer', id: transfer }) as const;

  async function claim(one: Open): Promise<VolumeSource> {
    const source = await storage.prepare(one.volume, { by: by(one.transfer), write: one.write });
    one.claimed = true;
    return source;
  }

  const unknown = (transfer: string) => new AgentError('unknown_transfer', `There is no transfer ${transfer}`);

  /** An image server that was killed has lost its tickets: then the transfer is not open any more, and the manager opens it again. */
  async function stateOf(one: Open): Promise<TransferState> {
    try {
      const info = await (await servers.control()).info(one.ticket);
      const idle = info.active ? 0 : info.idle_time * 1000;
      // A ticket lives on from its last use, or from its last extension.
      const expires = Math.max(one.grantedAt, now() - idle) + one.validFor;
      one.state = {
        transfer: one.transfer,
        transferred: info.transferred ?? 0,
        connections: info.connections,
        idle,
        expiresIn: Math.max(0, Math.round(expires - now())),
        canceled: info.canceled,
      };
      return one.state;
    } catch (error) {
      if (isImageError(error, 'not_found')) throw unknown(one.transfer);
      throw failed(error);
    }
  }

  async function openOne(input: Input<'openTransfer'>): Promise<TransferState> {
    const { transfer, ticket, domain, image, volume, validFor } = input;
    const there = open.get(transfer);
    if (there && there.ticket === ticket) {
      const state = await stateOf(there).catch((error: unknown) => {
        if (!(error instanceof AgentError && error.code === 'unknown_transfer')) throw error;
        return undefined;
      });
      if (state && there.claimed) return state;
    } else if (there) await closeOne(transfer);
    const one: Open = { transfer, ticket, volume: { domain, image, volume }, write: input.direction === 'upload', validFor, grantedAt: now(), claimed: false };
    const source = await claim(one);
    open.set(transfer, one);
    try {
      await remember();
      await (await servers.control()).add(ticketOf(input, source));
    } catch (error) {
      open.delete(transfer);
      await remember().catch(() => undefined);
      await storage.teardown(one.volume, by(transfer));
      throw failed(error);
    }
    const state = await stateOf(one);
    publish(state);
    return state;
  }

  async function closeOne(transfer: string): Promise<void> {
    const one = open.get(transfer);
    if (!one) return;
    await removeTicket(one).catch((error: unknown) => {
      throw failed(error);
    });
    await storage.teardown(one.volume, by(transfer));
    open.delete(transfer);
    await remember();
  }

  /** Whoever is gone serves nothing: only a server that is there has something to let go of. */
  async function removeTicket({ ticket }: Open): Promise<void> {
    const control: TicketControl = await servers.control();
    await control.remove(ticket);
  }

  let looking = false;
  async function lookAtAll(): Promise<void> {
    if (looking || open.size === 0) return;
    looking = true;
    try {
      for (const one of open.values()) {
        if (!one.claimed) await claim(one).catch(() => undefined);
        const before = one.state;
        const state = await stateOf(one).catch(() => undefined);
        if (!state || open.get(one.transfer) !== one) continue;
        if (before?.transferred !== state.transferred || before.connections !== state.connections || before.canceled !== state.canceled) publish(state);
      }
    } catch (error) {
      log.info({ problem: String(error) }, 'transfers could not be looked at');
    } finally {
      looking = false;
    }
  }
  const timer = setInterval(() => void lookAtAll(), lookEvery);

  return {
    states: () =>
      [...open.values()].map(
        ({ state, transfer, validFor }) => state ?? { transfer, transferred: 0, connections: 0, idle: 0, expiresIn: validFor, canceled: false },
      ),
    stop: () => clearInterval(timer),
    calls: {
      openTransfer: (input) => turn(input.transfer, () => openOne(input)),
      extendTransfer: ({ transfer, validFor }) =>
        turn(transfer, async () => {
          const one = open.get(transfer);
          if (!one) throw unknown(transfer);
          await (await servers.control()).extend(one.ticket, Math.ceil(validFor / 1000)).catch((error: unknown) => {
            throw isImageError(error, 'not_found') ? unknown(transfer) : failed(error);
          });
          one.validFor = validFor;
          one.grantedAt = now();
          await remember();
          return stateOf(one);
        }),
      closeTransfer: ({ transfer }) =>
        turn(transfer, async () => {
          await closeOne(transfer);
          return {};
        }),
      async transferState({ transfer }) {
        const one = open.get(transfer);
        if (!one) throw unknown(transfer);
        return stateOf(one);
      },
    },
  };
}

/** Raw bytes are served from the file itself; the guest's view of a qcow2 volume through a qemu-nbd of its own. */
function ticketOf(input: Input<'openTransfer'>, source: VolumeSource): NewTicket {
  const { ticket, transfer, size, validFor, direction, view, format, fileName } = input;
  if (source.kind === 'network') throw new AgentError('not_supported', 'Images of this kind of storage cannot be moved yet', { source: source.kind });
  const what = {
    uuid: ticket,
    transfer_id: transfer,
    size,
    timeout: Math.ceil(validFor / 1000),
    ops: direction === 'upload' ? (['write'] as const) : (['read'] as const),
    sparse: true,
    ...(fileName !== undefined && { filename: fileName }),
  };
  if (view === 'raw' && format === 'cow') {
    return { ...what, image: { path: source.path, format: 'qcow2', backing: direction === 'download' ? 'follow' : 'none' } };
  }
  return { ...what, url: `file://${encodeURI(source.path)}` };
}

function failed(error: unknown): unknown {
  if (error instanceof AgentError) return error;
  if (isImageError(error, 'busy')) return new AgentError('volume_in_use', 'Operations of this transfer have not ended yet');
  if (isImageError(error)) return new AgentError('storage_failed', error.message);
  return error;
}

async function recall(path: string): Promise<readonly Omit<Open, 'claimed'>[]> {
  const text = await readFile(path, 'utf8').catch(() => '[]');
  const list: unknown = JSON.parse(text);
  const known = (one: unknown): one is Omit<Open, 'claimed'> => typeof one === 'object' && one !== null && 'transfer' in one && 'ticket' in one;
  return Array.isArray(list) ? list.filter(known) : [];
}
