import type { vmCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { VmRun, VolumeReference } from '@ostler/agent-contract/values';
import { domainXml } from '@ostler/domain-xml/write';
import { restoredXml } from '@ostler/domain-xml/plug';
import type { DomainSpec } from '@ostler/domain-xml/spec';
import { createDomain, defineDomain, domainXml as xmlFlags, saveRestore, shutdownDomain, undefineDomain } from '@ostler/libvirt/flags';
import { isLibvirtError } from '@ostler/libvirt/errors';
import type { DomainRef } from '@ostler/libvirt/wire-types';
import type { AgentJournal } from '../journal.ts';
import type { Storage, VolumeSource, VolumeUse } from '../storage/storage.ts';
import { askedOf } from './asked.ts';
import { consoleOf, passwordXml, type ConsoleKind } from './graphics.ts';
import { requireHostFiles } from './host-files.ts';
import { agentErrorOf, isUnanswered, type Link } from './link.ts';
import type { Media } from './media.ts';
import type { KnownRun, Runs } from './runs.ts';
import { specOf, type HostForDomains } from './spec.ts';
import type { Turns } from './turns.ts';

export interface MachinesOptions {
  readonly link: Pick<Link, 'open' | 'call'>;
  readonly runs: Runs;
  readonly journal: Pick<AgentJournal, 'run' | 'noteRun'>;
  readonly storage: Pick<Storage, 'prepare' | 'teardown'>;
  readonly media: Media;
  /** This host as domains need it, read when libvirt was last reached. */
  readonly host: () => HostForDomains;
  /** One change at a time for each VM. */
  readonly turn: Turns;
  readonly grantConsole: (ticket: string, grant: { vm: string; run: string; console: ConsoleKind }, validFor: number) => void;
  readonly now: () => number;
}

/**
 * The calls about VMs. A run's domain is persistent from its start until its end has been acknowledged, and its volumes are
 * in use for as long: so whatever dies in between, libvirt still knows the run, and by the run's metadata so do we.
 */
export function machines({
  link,
  runs,
  journal,
  storage,
  media,
  host,
  turn,
  grantConsole,
  now,
}: MachinesOptions): Pick<AgentImplementation, Exclude<keyof typeof vmCalls, 'vmStatistics'>> {
  const { runOf, liveOf, awakeOf, changing } = askedOf({ link, runs, turn });

  const look = async (vm: string) => runs.look(await link.open(), vm);
  /** What starts have prepared: whoever ends a run that libvirt never heard of, or has forgotten, gives it back by this. */
  const held = new Map<string, readonly VolumeReference[]>();

  /** With the memory of a run that was saved, it goes on where that one stopped; it is paused until somebody resumes it. */
  async function start(spec: VmRun, memory?: VolumeReference) {
    const there = await look(spec.vm);
    if (there === 'foreign') throw new AgentError('hypervisor_failed', `libvirt has another domain with the id of VM ${spec.name}`);
    if (there && there.run !== spec.run) throw new AgentError('other_run', `VM ${spec.name} is here with another run`, { run: there.run });
    // What is defined and off is a start that was interrupted: it goes on.
    if (there && there.state.kind !== 'starting') {
      if (journal.run(spec.run)?.starting) await journal.noteRun(spec.run, { starting: false });
      return runs.observation(there);
    }
    if (journal.run(spec.run)?.over) throw new AgentError('wrong_state', `This run of VM ${spec.name} is over`, { state: 'ended' });
    requireNetworks(spec, host().networks);
    await requireHostFiles(spec);
    const volumes = volumesOf(spec);
    held.set(
      spec.run,
      volumes.map(({ volume }) => volume),
    );
    let dom: DomainRef | undefined = there?.dom;
    try {
      const sources = await prepareAll(volumes, { kind: 'run', id: spec.run });
      const saved = memory && (await openSaved(memory, spec));
      const wanted = specOf(spec, host(), sources, await media.make(spec.run, spec.media));
      const xml = saved ? restoredXml(saved.xml, restoredAs(wanted)) : domainXml(wanted);
      await journal.noteRun(spec.run, { starting: true, ...(spec.cd && { cd: spec.cd }) });
      // What libvirt wrote itself does not always fit its own schema.
      dom = await link.call('domainDefineXMLFlags', { xml, flags: saved ? 0 : defineDomain.validate });
      if (saved) await link.call('domainRestoreFlags', { from: saved.path, dxml: xml, flags: saveRestore.paused }, { deadline: 580_000 });
      else await link.call('domainCreateWithFlags', { dom, flags: spec.startPaused ? createDomain.paused : 0 }, { deadline: 100_000 });
    } catch (error) {
      const up = isUnanswered(error) ? await cameUp(spec) : false;
      // As long as nobody can say, nothing is undone: the domain of a QEMU that runs must not be undefined under it.
      if (up === false) await undo(spec, dom);
      if (up !== true) throw agentErrorOf(error);
    } finally {
      if (memory) await storage.teardown(memory, readerOf(spec.run));
    }
    await journal.noteRun(spec.run, { starting: false, ran: journal.run(spec.run)?.ran ?? now() });
    const started = await look(spec.vm);
    if (!started || started === 'foreign') throw new AgentError('hypervisor_failed', `VM ${spec.name} is gone right after its start`);
    return runs.observation(started);
  }

  /** libvirt reads the saved memory whole before the guest goes on, so it is in use for no longer than that. */
  async function openSaved(memory: VolumeReference, { name, run }: VmRun): Promise<{ path: string; xml: string }> {
    const source = await storage.prepare(memory, { by: readerOf(run), write: false });
    if (source.kind === 'network') throw new AgentError('not_supported', `The memory of VM ${name} does not lie in a file`);
    const { path } = source;
    return { path, xml: await link.call('domainSaveImageGetXMLDesc', { file: path, flags: xmlFlags.secure }) };
  }

  /** libvirtd died with the answer: whether QEMU is up is for the next libvirtd to say. Undefined while there is none. */
  async function cameUp({ vm, run }: VmRun): Promise<boolean | undefined> {
    try {
      const found = await look(vm);
      return (
        found !== undefined && found !== 'foreign' && found.run === run && found.state.kind !== 'starting' && found.state.kind !== 'ended'
      );
    } catch {
      return undefined;
    }
  }

  async function undo({ vm, run }: VmRun, dom: DomainRef | undefined): Promise<void> {
    if (dom) await undefine(dom).catch(() => undefined);
    if (dom && (await isDefined(vm))) return;
    await runs.forget(vm);
    await giveBack(run);
  }

  async function giveBack(run: string): Promise<void> {
    for (const volume of held.get(run) ?? []) await storage.teardown(volume, { kind: 'run', id: run });
    held.delete(run);
    await media.remove(run);
  }

  const isDefined = (vm: string): Promise<boolean> =>
    link.call('domainLookupByUUID', { uuid: vm }).then(
      () => true,
      (error: unknown) => !isLibvirtError(error, 'noDomain'),
    );

  /** One after another would add up on storage that is slow. */
  async function prepareAll(volumes: readonly Wanted[], by: VolumeUse['by']): Promise<Map<string, VolumeSource>> {
    const outcomes = await Promise.allSettled(
      volumes.map(async ({ volume, write }) => [volume.volume, await storage.prepare(volume, { by, write })] as const),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    return new Map(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
  }

  const undefine = (dom: DomainRef): Promise<unknown> =>
    link
      .call('domainUndefineFlags', { dom, flags: undefineDomain.nvram | undefineDomain.managedSave | undefineDomain.snapshotsMetadata })
      .catch((error: unknown) => {
        if (!isLibvirtError(error, 'noDomain')) throw error;
      });

  async function release(run: KnownRun): Promise<void> {
    const by = { kind: 'run', id: run.run } as const;
    for (const { domain, image, volume } of run.facts.ours?.volumes ?? []) await storage.teardown({ domain, image, volume }, by);
    const cd = journal.run(run.run)?.cd;
    if (cd) await storage.teardown(cd, by);
    await giveBack(run.run);
  }

  return {
    startVm: (spec) =>
      turn(spec.vm, () =>
        start(spec).catch((error: unknown) => {
          throw agentErrorOf(error);
        }),
      ),
    restoreVm: ({ saved, ...spec }) =>
      turn(spec.vm, () =>
        start(spec, saved).catch((error: unknown) => {
          throw agentErrorOf(error);
        }),
      ),
    shutdownVm: changing(async (input) => {
      if (runOf(input).state.kind === 'ended') return;
      // Asked again, it is pressed again: a guest that was still booting has not heard the first time.
      const known = awakeOf(input);
      await journal.noteRun(known.run, { asked: { what: 'shutdown', at: now() } });
      await ask(known, 'domainShutdownFlags');
      await look(known.vm);
    }),
    rebootVm: changing(async (input) => {
      const known = awakeOf(input);
      if (known.state.kind === 'rebooting') return;
      await journal.noteRun(known.run, { asked: { what: 'reboot', at: now() } });
      await ask(known, 'domainReboot');
      await look(known.vm);
    }),
    resetVm: changing(async (input) => {
      const known = liveOf(input);
      if (known.state.kind === 'paused') return;
      await link.call('domainReset', { dom: known.dom, flags: 0 });
      await journal.noteRun(known.run, { asked: { what: 'reboot', at: 0 } });
      await look(known.vm);
    }),
    pauseVm: changing(async (input) => {
      const known = liveOf(input);
      if (known.state.kind === 'paused') return;
      await link.call('domainSuspend', { dom: known.dom });
      await look(known.vm);
    }),
    resumeVm: changing(async (input) => {
      const known = liveOf(input);
      if (known.state.kind !== 'paused') return;
      await link.call('domainResume', { dom: known.dom });
      await look(known.vm);
    }),
    async destroyVm({ vm, run }) {
      // Before its turn has come: a start that waits behind us, or comes late, must not begin any more.
      await journal.noteRun(run, { over: true });
      return turn(vm, async () => {
        try {
          await link.open();
          const known = runs.get(vm);
          if (known?.run !== run) await giveBack(run);
          if (known?.run !== run || known.state.kind === 'ended') return {};
          await link.call('domainDestroyFlags', { dom: known.dom, flags: 0 }, { deadline: 45_000 }).catch((error: unknown) => {
            // It has just ended by itself, or never began.
            if (!isLibvirtError(error, 'noDomain', 'operationInvalid')) throw error;
          });
          if (known.state.kind === 'starting') {
            await undefine(known.dom);
            await release(known);
            await runs.forget(vm);
            return {};
          }
          await look(vm);
          return {};
        } catch (error) {
          throw agentErrorOf(error);
        }
      });
    },
    acknowledgeEnd: changing(async ({ vm, run }) => {
      const known = runs.get(vm);
      // Over is over, be it that it is gone from here already: a start of it that is repeated late must find that.
      if (known?.run !== run) return void (await journal.noteRun(run, { over: true }));
      if (known.state.kind !== 'ended') throw new AgentError('wrong_state', `VM ${known.name} has not ended`, { state: known.state.kind });
      await journal.noteRun(run, { over: true });
      if (!known.undefined) await undefine(known.dom);
      await release(known);
      await runs.forget(vm);
    }),
    setConsolePassword: changing(async ({ protocol, password, validFor, ...which }) => {
      const known = liveOf(which);
      const xml = passwordXml(known.xml, protocol, { password, until: now() + validFor });
      if (xml === undefined) throw noConsole(known, protocol);
      await link.call('domainUpdateDeviceFlags', { dom: known.dom, xml, flags: 0 });
    }),
    openConsole: changing(async ({ ticket, console, validFor, ...which }) => {
      const known = liveOf(which);
      if (!consoleOf(known, console)) throw noConsole(known, console);
      grantConsole(ticket, { vm: known.vm, run: known.run, console }, validFor);
    }),
  };

  /** By the guest's agent where it is there and listens, otherwise by the power button. */
  async function ask({ dom, guest }: KnownRun, how: 'domainShutdownFlags' | 'domainReboot'): Promise<void> {
    if (guest.agent === 'connected') {
      const heard = await link.call(how, { dom, flags: shutdownDomain.guestAgent }, { deadline: 10_000 }).then(
        () => true,
        () => false,
      );
      if (heard) return;
    }
    await link.call(how, { dom, flags: shutdownDomain.acpiPowerButton });
  }
}

/** Whoever reads a run's saved memory is another use than the run itself, which keeps its disks. */
const readerOf = (run: string) => ({ kind: 'task', id: `restore ${run}` }) as const;

const restoredAs = ({ run, disks, vncSocket, cd, media }: DomainSpec) => ({
  cd: cd.source,
  media: media.map(({ path }) => path),
  run,
  vncSocket,
  sources: new Map(disks.map(({ disk, source }) => [disk, source])),
});

interface Wanted {
  readonly volume: VolumeReference;
  readonly write: boolean;
}

function volumesOf({ disks, cd }: VmRun): Wanted[] {
  return [...disks.map(({ source, readOnly }) => ({ volume: source, write: !readOnly })), ...(cd ? [{ volume: cd, write: false }] : [])];
}

/** Looked at before anything is prepared: a mistake in the run should cost the storage nothing. */
function requireNetworks({ nics }: VmRun, networks: HostForDomains['networks']): void {
  const missing = nics.find(({ network }) => network !== null && !networks.some(({ name }) => name === network))?.network;
  if (missing) throw new AgentError('unknown_network', `This host has no network ${missing}`, { network: missing });
}

const noConsole = ({ name }: KnownRun, console: ConsoleKind) =>
  new AgentError('not_supported', `VM ${name} has no ${console} console`, { console });
