import { isDeepStrictEqual } from 'node:util';
import type { News } from '@ostler/agent-contract/event-ring';
import type { GuestFacts, VmObservation, VmState } from '@ostler/agent-contract/values';
import { readDomain, type DomainFacts } from '@ostler/domain-xml/read';
import type { Connection } from '@ostler/libvirt/connection';
import { domainState, type DomainState } from '@ostler/libvirt/domain-state';
import { isLibvirtError } from '@ostler/libvirt/errors';
import { listDomains } from '@ostler/libvirt/flags';
import type { DomainRef } from '@ostler/libvirt/wire-types';
import type { AgentJournal } from '../journal.ts';
import { stateOf } from './state.ts';

export type Libvirt = Pick<Connection, 'call'>;

/** A run of one of our VMs on this host, from its definition until its end has been acknowledged. */
export interface KnownRun {
  readonly vm: string;
  readonly run: string;
  readonly name: string;
  readonly dom: DomainRef;
  /** libvirt's XML as it was when QEMU came up: it names the taps and sockets of this very QEMU. */
  readonly facts: DomainFacts;
  readonly xml: string;
  readonly domain: DomainState;
  readonly state: VmState;
  readonly guest: GuestFacts;
  readonly byHost: boolean;
  readonly noSpace: boolean;
  /** Somebody removed the domain behind our back. */
  readonly undefined: boolean;
  readonly seenAt: number;
}

export interface Runs {
  get(vm: string): KnownRun | undefined;
  all(): readonly KnownRun[];
  observation(run: KnownRun): VmObservation;
  /** Reads one VM's domain anew and tells what has changed. Undefined where there is none; `foreign` for one that is not ours. */
  look(libvirt: Libvirt, vm: string): Promise<KnownRun | 'foreign' | undefined>;
  /** Reads libvirt's XML of a run that is up once more: its devices have changed. */
  reread(libvirt: Libvirt, vm: string): Promise<KnownRun | undefined>;
  /** Everything anew, as after a loss of libvirt: what had been known and is not there has ended, unseen. */
  lookAtAll(libvirt: Libvirt): Promise<void>;
  /** Adds to what is known of a run, and tells it. */
  learn(vm: string, learned: Partial<Pick<KnownRun, 'guest' | 'byHost' | 'noSpace'>>): Promise<void>;
  /** Returns when nothing that began before can bring the run back. */
  forget(vm: string): Promise<void>;
}

export interface RunsOptions {
  /** Domains of another instance on the same libvirt are not ours to touch, or to see. */
  readonly instance: string;
  readonly journal: Pick<AgentJournal, 'run' | 'noteRun'>;
  readonly publish: (news: News) => void;
  readonly now: () => number;
}

export function knownRuns({ instance, journal, publish, now }: RunsOptions): Runs {
  const known = new Map<string, KnownRun>();
  const told = new Map<string, Omit<VmObservation, 'at'>>();

  /** The state by all that is known, noted where it must outlive us, and told where it has changed. */
  async function settle(run: Omit<KnownRun, 'state'>): Promise<KnownRun> {
    const note = journal.run(run.run);
    const up = ['running', 'blocked', 'nostate', 'shutdown', 'pmsuspended'].includes(run.domain.state) || isPaused(run.domain);
    if (up && note?.ran === undefined) await journal.noteRun(run.run, { ran: now() });
    const about = {
      ran: up || note?.ran !== undefined,
      starting: note?.starting === true,
      ...(note?.asked && { asked: note.asked }),
      byHost: run.byHost,
      noSpace: run.noSpace,
    };
    let state = stateOf(run.domain, about, now());
    if (state.kind === 'ended') {
      if (note?.ended) state = { kind: 'ended', ...note.ended };
      else await journal.noteRun(run.run, { ended: { exit: state.exit } });
    }
    const guest: GuestFacts = state.kind === 'ended' ? { agent: 'disconnected' } : run.guest;
    const settled: KnownRun = { ...run, guest, state };
    known.set(run.vm, settled);
    tell(settled);
    return settled;
  }

  function observation({ vm, run, name, state, guest, seenAt }: KnownRun): VmObservation {
    const startedAt = journal.run(run)?.ran;
    return { vm, run, name, state, at: seenAt, ...(startedAt !== undefined && { startedAt }), guest };
  }

  function tell(run: KnownRun): void {
    const { at: _seen, ...seen } = observation(run);
    if (isDeepStrictEqual(told.get(run.vm), seen)) return;
    told.set(run.vm, seen);
    publish({ kind: 'vm', vm: observation(run) });
  }

  async function look(libvirt: Libvirt, vm: string): Promise<KnownRun | 'foreign' | undefined> {
    const before = known.get(vm);
    try {
      const dom = before?.dom ?? (await libvirt.call('domainLookupByUUID', { uuid: vm }));
      const domain = domainState(await libvirt.call('domainGetState', { dom }));
      if (before && !before.undefined && !hasComeUp(before.domain, domain))
        return await settle({ ...before, domain, noSpace: before.noSpace && domain.state === 'paused', seenAt: now() });
      const xml = await libvirt.call('domainGetXMLDesc', { dom });
      const facts = readDomain(xml);
      if (facts.ours?.instance !== instance || facts.ours.vm !== vm) return before ? await lost(before) : 'foreign';
      const fresh = { guest: { agent: agentIn(xml) }, byHost: false, noSpace: false } as const;
      const kept = before?.run === facts.ours.run && !hasComeUp(before.domain, domain) ? before : fresh;
      const { guest, byHost, noSpace } = kept;
      const identity = { vm, run: facts.ours.run, name: facts.name, dom, facts, xml };
      return await settle({ ...identity, domain, guest, byHost, noSpace, undefined: false, seenAt: now() });
    } catch (error) {
      if (!isLibvirtError(error, 'noDomain')) throw error;
      return before && lost(before);
    }
  }

  /** The domain is gone, and it was not us. Its end, or that there was one, is still to be told and acknowledged. */
  async function lost(run: KnownRun): Promise<KnownRun | undefined> {
    const note = journal.run(run.run);
    if (note?.ran === undefined || note.starting) {
      forget(run.vm);
      return undefined;
    }
    return settle({ ...run, domain: { state: 'shutoff', reason: 'unknown' }, undefined: true, seenAt: now() });
  }

  function forget(vm: string): void {
    known.delete(vm);
    told.delete(vm);
  }

  return {
    get: (vm) => known.get(vm),
    all: () => [...known.values()],
    observation,
    look,
    async reread(libvirt, vm) {
      const before = known.get(vm);
      if (!before) return undefined;
      const xml = await libvirt.call('domainGetXMLDesc', { dom: before.dom });
      const facts = readDomain(xml);
      // A run that ended meanwhile keeps what it ended with.
      const run = known.get(vm);
      return run && facts.ours?.run === run.run && run.state.kind !== 'ended' ? settle({ ...run, facts, xml }) : run;
    },
    async lookAtAll(libvirt) {
      const { domains } = await libvirt.call('connectListAllDomains', { flags: listDomains.persistent });
      const vms = new Set([...known.keys(), ...domains.map(({ uuid }) => uuid)]);
      for (const vm of vms) await look(libvirt, vm);
    },
    async learn(vm, learned) {
      const run = known.get(vm);
      if (run) await settle({ ...run, ...learned });
    },
    forget: async (vm) => forget(vm),
  };
}

/** A QEMU that is still being set up has not run anything, and its XML does not name all of its terminals, taps and sockets yet. */
const isComingUp = ({ state, reason }: DomainState) => state === 'paused' && reason === 'starting_up';
const isPaused = (domain: DomainState) => domain.state === 'paused' && !isComingUp(domain);
const isOff = (domain: DomainState) => domain.state === 'shutoff' || domain.state === 'crashed' || isComingUp(domain);
const hasComeUp = (before: DomainState, after: DomainState) => isOff(before) && !isOff(after);

/** libvirt writes the state of the guest agent's channel into its XML. */
function agentIn(xml: string): GuestFacts['agent'] {
  const state = /<target [^>]*name='org\.qemu\.guest_agent\.0' state='(\w+)'/.exec(xml)?.[1];
  return state === 'connected' ? 'connected' : 'unknown';
}
