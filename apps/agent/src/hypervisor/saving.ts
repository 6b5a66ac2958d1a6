import { setTimeout as sleep } from 'node:timers/promises';
import type { savingCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { VolumeReference } from '@ostler/agent-contract/values';
import { isLibvirtError } from '@ostler/libvirt/errors';
import type { Storage } from '../storage/storage.ts';
import type { BeginTask } from '../storage/tasks-seam.ts';
import { askedOf } from './asked.ts';
import { agentErrorOf, isUnanswered, type Link } from './link.ts';
import type { KnownRun, Runs } from './runs.ts';
import type { Turns } from './turns.ts';

export interface SavingOptions {
  readonly link: Pick<Link, 'open' | 'call'>;
  readonly runs: Runs;
  readonly storage: Pick<Storage, 'prepare' | 'teardown'>;
  readonly turn: Turns;
  readonly begin: BeginTask;
}

/** Milliseconds. A terabyte on slow storage takes its time, and nothing is lost by waiting. */
const saveDeadline = 4 * 3_600_000;

/** A guest that stands still, for a while or until it is restored. */
export function saving({ link, runs, storage, turn, begin }: SavingOptions): Pick<AgentImplementation, keyof typeof savingCalls> {
  const { runOf, awakeOf, changing } = askedOf({ link, runs, turn });
  const look = async (vm: string) => runs.look(await link.open(), vm);

  async function save(input: { vm: string; run: string; memory: VolumeReference }, by: { kind: 'task'; id: string }, signal: AbortSignal) {
    if (wasSaved(runOf(input))) return;
    const source = await storage.prepare(input.memory, { by, write: true });
    try {
      if (source.kind !== 'file') throw new AgentError('not_supported', 'The memory of a VM is saved into a file', { source: source.kind });
      await saveInto(input, source.path, signal);
    } catch (error) {
      throw agentErrorOf(error);
    } finally {
      await storage.teardown(input.memory, by);
    }
  }

  async function saveInto(which: { vm: string; run: string }, path: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const known = runOf(which);
      if (wasSaved(known)) return;
      if (known.state.kind === 'ended') throw new AgentError('wrong_state', `VM ${known.name} has ended`, { state: 'ended' });
      // Another agent asked for it, and libvirt goes on with it: its end is seen, not heard.
      if (isBeingSaved(known)) await sleep(200, undefined, { signal });
      else await askToSave(known, path, signal);
      await look(which.vm);
    }
  }

  async function askToSave({ dom }: KnownRun, path: string, signal: AbortSignal): Promise<void> {
    const abort = () => void link.call('domainAbortJob', { dom }).catch(() => undefined);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await link.call('domainSaveFlags', { dom, to: path, flags: 0 }, { deadline: saveDeadline });
    } catch (error) {
      // libvirtd died under it: the next one says what has become of the guest.
      if (!isUnanswered(error) || signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** What the guest's agent says of its file systems. Frozen, it answers to little else. */
  async function isFrozen({ dom, name }: KnownRun): Promise<boolean> {
    const cmd = JSON.stringify({ execute: 'guest-fsfreeze-status' });
    const answer = await link.call('qemuDomainAgentCommand', { dom, cmd, timeout: 5 }, { deadline: 15_000 }).catch((error: unknown) => {
      throw isLibvirtError(error) ? silent(name, error.message) : error;
    });
    return (answer ?? '').includes('"frozen"');
  }

  const frozen = (wanted: boolean) => async (input: { vm: string; run: string }) => {
    const known = awakeOf(input);
    if (known.guest.agent !== 'connected') throw silent(known.name, 'it is not connected');
    if ((await isFrozen(known)) === wanted) return;
    const call = wanted ? 'domainFSFreeze' : 'domainFSThaw';
    await link.call(call, { dom: known.dom }, { deadline: 45_000 }).catch((error: unknown) => {
      throw isLibvirtError(error) ? new AgentError('guest_refused', `The guest of VM ${known.name} refused: ${error.message}`) : error;
    });
  };

  return {
    async saveVm(input, { mandate }) {
      await link.open();
      runOf(input);
      const by = { kind: 'task', id: mandate.operation } as const;
      return begin('saveVm', input, mandate, ({ signal }) => turn(input.vm, () => save(input, by, signal)));
    },
    freezeVm: changing(frozen(true)),
    thawVm: changing(frozen(false)),
  };
}

const wasSaved = ({ state }: KnownRun) => state.kind === 'ended' && state.exit === 'saved';
const isBeingSaved = ({ state }: KnownRun) => state.kind === 'paused' && state.reason === 'saving';
const silent = (name: string, why: string) =>
  new AgentError('no_guest_agent', `The agent in the guest of VM ${name} does not answer: ${why}`);
