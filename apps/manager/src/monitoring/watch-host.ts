import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentClient } from '@ostler/agent-contract/client';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentEvent } from '@ostler/agent-contract/events';
import type { DomainHealth, VmObservation } from '@ostler/agent-contract/values';
import { events } from '@ostler/domain/events/catalogue';
import { afterContact, afterSilence } from '@ostler/domain/host/contact';
import { concludeHealth } from '@ostler/domain/storage-domain/health';
import { graceForGuestAgent } from '@ostler/domain/vm/state';
import { usageOf, type HostFigures } from '@ostler/domain/vm/usage';
import { emit } from '../audit/store.ts';
import type { Database } from '../db/database.ts';
import { applyObservation, type Position } from './observations.ts';
import {
  checksOf,
  domainsForHost,
  forgetHealth,
  hostNow,
  noteContact,
  promoteSilentGuests,
  resumeJobsWaitingForHosts,
  runsOnHost,
  runsUnknown,
  setHostFacts,
  setHostPosition,
  setHostStatus,
  statisticsOf,
  strayDomains,
  writeDomainHealth,
  writeDomainSpace,
  writeHealth,
  writeStatistics,
} from './store.ts';

export interface WatchContext {
  readonly db: Database;
  readonly epoch: number;
  readonly now: () => number;
  readonly watchingSince: number;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  /** Told of every transfer's state and every finished task: jobs that wait for them are woken. */
  readonly onTransfer?: (transfer: string) => void;
}

const statisticsEvery = 15_000;
const retryAfter = 1_000;

/**
 * Watches one host for as long as the controller leads: looks at everything once, then follows its events; says what
 * follows from its silence. Ends only with the signal.
 */
export async function watchHost(context: WatchContext, host: string, agent: AgentClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const attempt = new AbortController();
    const both = AbortSignal.any([signal, attempt.signal]);
    try {
      const position = await becomeKnown(context, host, agent);
      await Promise.race([follow(context, host, agent, position, both), statistics(context, host, agent, both)]);
    } catch (thrown) {
      if (!signal.aborted)
        await fallSilent(context, host, thrown).catch((problem: unknown) =>
          context.log.warn({ host, problem: String(problem) }, 'a silent host could not be recorded'),
        );
    } finally {
      attempt.abort();
    }
    await sleep(retryAfter, undefined, { signal }).catch(() => undefined);
  }
}

/** First contact, or contact again: facts, everything that is there, and the storage that the host must have. */
async function becomeKnown(context: WatchContext, host: string, agent: AgentClient): Promise<Position> {
  const { db } = context;
  const facts = await agent.call('hostFacts', {});
  await setHostFacts(db, host, facts);
  // Before the look: a run that begins meanwhile cannot be missed by it.
  const expected = await runsOnHost(db, host);
  const look = await agent.call('observe', {});
  const position = { bootId: look.bootId, sequence: look.sequence };
  for (const vm of look.vms) await digest(context, host, agent, position, vm);
  await missingRuns(context, host, agent, { expected, there: look.vms, position });
  await activateDomains(context, host, agent);
  await leaveStrayDomains(
    context,
    host,
    agent,
    look.domains.map((one) => one.domain),
  );
  for (const health of (await agent.call('observe', {})).domains) await applyHealth(context, host, health);
  await setHostPosition(db, host, position.bootId, position.sequence);
  await answered(context, host, facts.acceleration.kind === 'tcg' ? facts.acceleration.because : undefined);
  return position;
}

/** Every domain of the data center that shall be active; what is so already costs nothing. */
async function activateDomains({ db, epoch, log, now }: WatchContext, host: string, agent: AgentClient): Promise<void> {
  for (const { domain, connection } of await domainsForHost(db, host)) {
    const mandate = () => ({ epoch, operation: randomUUID() });
    try {
      await agent.call('connectStorage', { connection }, { mandate: mandate() });
      await agent.call('activateDomain', { domain, connection }, { mandate: mandate() });
    } catch (thrown) {
      if (thrown instanceof AgentError && (thrown.code === 'unreachable' || thrown.code === 'stale_epoch')) throw thrown;
      log.warn({ host, domain, problem: String(thrown) }, 'a storage domain could not be activated');
      await applyHealth({ db }, host, {
        domain,
        at: now(),
        state: 'failing',
        problem: thrown instanceof Error ? thrown.message : String(thrown),
      });
    }
  }
}

/** What it still uses from before it was away, it is told to leave; what runs from it stays until it has ended. */
async function leaveStrayDomains({ db, epoch, log }: WatchContext, host: string, agent: AgentClient, used: readonly string[]): Promise<void> {
  for (const { domain, connection } of await strayDomains(db, host, used)) {
    const mandate = () => ({ epoch, operation: randomUUID() });
    try {
      await agent.call('deactivateDomain', { domain }, { mandate: mandate() });
      if (connection) await agent.call('disconnectStorage', { connection }, { mandate: mandate() });
    } catch (thrown) {
      if (thrown instanceof AgentError && (thrown.code === 'unreachable' || thrown.code === 'stale_epoch')) throw thrown;
      log.warn({ host, domain, problem: String(thrown) }, 'a storage domain could not be left');
    }
  }
}

async function follow(context: WatchContext, host: string, agent: AgentClient, from: Position, signal: AbortSignal): Promise<void> {
  let position = from;
  for await (const event of agent.events(position.sequence, signal)) {
    if (event.kind === 'hello' && event.bootId !== position.bootId) throw new AgentError('unreachable', 'The host was booted anew');
    if (event.kind === 'resync') throw new Resync();
    await apply(context, host, agent, { bootId: position.bootId, sequence: event.sequence }, event);
    position = { bootId: position.bootId, sequence: Math.max(position.sequence, event.sequence) };
    await noteContact(context.db, host);
  }
}

/** Not a silence: the agent no longer has what came in between, and everything is looked at again. */
class Resync extends Error {}

async function apply(context: WatchContext, host: string, agent: AgentClient, position: Position, event: AgentEvent): Promise<void> {
  switch (event.kind) {
    case 'vm':
      return digest(context, host, agent, position, event.vm);
    case 'domain':
      return applyHealth(context, host, event.domain);
    case 'transfer':
      return context.onTransfer?.(event.transfer.transfer);
    case 'task':
    case 'hello':
    case 'alive':
    case 'resync':
  }
}

/** Applies an observation, and lets the host forget what has ended and is recorded. */
async function digest({ db, epoch }: WatchContext, host: string, agent: AgentClient, position: Position, vm: VmObservation): Promise<void> {
  const applied = await applyObservation(db, host, position, vm);
  if (applied === 'ended' || applied === 'over')
    await agent.call('acknowledgeEnd', { vm: vm.vm, run: vm.run }, { mandate: { epoch, operation: randomUUID() } });
}

/**
 * A run that had begun on the host and is not there any more, not even as one that ended, was lost with the host's
 * memory. While its start is under way it may not have come yet: that job knows.
 */
async function missingRuns(
  context: WatchContext,
  host: string,
  agent: AgentClient,
  { expected, there, position }: { expected: Awaited<ReturnType<typeof runsOnHost>>; there: readonly VmObservation[]; position: Position },
): Promise<void> {
  const present = new Set(there.map((vm) => vm.run));
  for (const { vm, run, starting } of expected) {
    if (present.has(run) || starting) continue;
    const lost: VmObservation = {
      vm,
      run,
      name: '',
      state: { kind: 'ended', exit: 'lost' },
      at: context.now(),
      guest: { agent: 'unknown' },
    };
    await digest(context, host, agent, { bootId: position.bootId, sequence: Number.MAX_SAFE_INTEGER }, lost);
  }
}

async function applyHealth({ db }: Pick<WatchContext, 'db'>, host: string, health: DomainHealth): Promise<void> {
  await writeHealth(db, host, health);
  if (health.total !== undefined && health.available !== undefined)
    await writeDomainSpace(db, health.domain, health.total, health.available);
  await writeDomainHealth(db, health.domain, concludeHealth((await checksOf(db, health.domain)).map((check) => check.state)));
}

async function answered({ db }: WatchContext, host: string, emulated: string | undefined): Promise<void> {
  const before = await hostNow(db, host);
  if (!before) return;
  const status = afterContact({ ...before, watchingSince: 0, lastContact: before.lastContact?.getTime() });
  if (status !== before.status) {
    await setHostStatus(db, host, status, null);
    if (status === 'up') await emit(db, events.host_up({ host: before.name }), { host });
    if (status === 'up' && emulated !== undefined && before.status === 'unassigned')
      await emit(db, events.host_software_emulation({ host: before.name, reason: emulated }), { host });
    if (status === 'maintenance') await emit(db, events.host_in_maintenance({ host: before.name }), { host });
  }
  if (status === 'up') {
    for (const domain of await domainsForHost(db, host))
      await writeDomainHealth(db, domain.domain, concludeHealth((await checksOf(db, domain.domain)).map((check) => check.state)));
    await resumeJobsWaitingForHosts(db);
  }
}

async function fallSilent(context: WatchContext, host: string, thrown: unknown): Promise<void> {
  if (thrown instanceof Resync) return;
  const { db, now, watchingSince, log } = context;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  log.info({ host, reason }, 'no contact');
  const before = await hostNow(db, host);
  if (!before) return;
  const status = afterSilence({ ...before, watchingSince, lastContact: before.lastContact?.getTime() }, now());
  if (status === before.status) return;
  await setHostStatus(db, host, status, { code: 'no_contact', message: reason });
  if (status === 'connecting') await emit(db, events.host_not_responding({ host: before.name, reason }), { host });
  if (status !== 'non_responsive') return;
  const seconds = Math.round((now() - (before.lastContact?.getTime() ?? watchingSince)) / 1000);
  await emit(db, events.host_non_responsive({ host: before.name, seconds }), { host });
  for (const vm of await runsUnknown(db, host)) await emit(db, events.vm_unknown({ vm: vm.name, host: before.name }), { vm: vm.vm, host });
  const domains = await domainsForHost(db, host);
  await forgetHealth(db, host);
  for (const { domain } of domains)
    await writeDomainHealth(db, domain, concludeHealth((await checksOf(db, domain)).map((check) => check.state)));
}

/** Figures every fifteen seconds, as RHV saves them; usage is what changed since the last time. */
async function statistics({ db, log }: WatchContext, host: string, agent: AgentClient, signal: AbortSignal): Promise<void> {
  let before: HostFigures | undefined;
  while (!signal.aborted) {
    try {
      const figures = await agent.call('hostStatistics', {});
      const { vms } = await agent.call('vmStatistics', {});
      const last = new Map((await statisticsOf(db, host)).map((one) => [one.vm, one.raw]));
      const usage = { host: usageOf.host(before, figures), vms: new Map(vms.map((vm) => [vm.vm, usageOf.vm(last.get(vm.vm), vm)])) };
      await writeStatistics(db, host, figures.at, figures, vms, usage);
      before = figures;
      await promoteSilentGuests(db, graceForGuestAgent / 1000);
    } catch (thrown) {
      if (thrown instanceof AgentError && thrown.code === 'unreachable') throw thrown;
      log.info({ host, problem: String(thrown) }, 'no statistics this time');
    }
    await sleep(statisticsEvery, undefined, { signal }).catch(() => undefined);
  }
}
