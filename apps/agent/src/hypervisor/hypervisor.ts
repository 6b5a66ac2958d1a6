import type { News } from '@ostler/agent-contract/event-ring';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { VmObservation } from '@ostler/agent-contract/values';
import type { DomainEvent } from '@ostler/libvirt/domain-events';
import type { AgentJournal } from '../journal.ts';
import type { Storage } from '../storage/storage.ts';
import type { BeginTask } from '../storage/tasks-seam.ts';
import { devices } from './devices.ts';
import { askGuest } from './guest.ts';
import { agentErrorOf, openLink, type Link } from './link.ts';
import { machines, type MachinesOptions } from './machines.ts';
import type { Media } from './media.ts';
import { inTurns } from './runs-in-turns.ts';
import { knownRuns, type KnownRun, type Libvirt } from './runs.ts';
import { saving } from './saving.ts';
import type { HostForDomains } from './spec.ts';
import { vmStatistics } from './statistics.ts';
import { turns } from './turns.ts';

export interface HypervisorOptions {
  readonly socketPath: string;
  readonly uri: string;
  readonly instance: string;
  readonly journal: Pick<AgentJournal, 'run' | 'runs' | 'noteRun'>;
  readonly storage: Pick<Storage, 'prepare' | 'teardown' | 'recordCapacity'>;
  readonly media: Media;
  readonly begin: BeginTask;
  /** Reads, and makes, what of this host goes into domains: whenever libvirt has been reached anew. */
  readonly readHost: (libvirt: Libvirt) => Promise<HostForDomains>;
  readonly grantConsole: MachinesOptions['grantConsole'];
  readonly publish: (news: News) => void;
  readonly now: () => number;
  readonly log: { warn(details: object, message: string): void; info(details: object, message: string): void };
}

export interface Hypervisor {
  readonly link: Link;
  readonly calls: Pick<AgentImplementation, keyof (ReturnType<typeof machines> & ReturnType<typeof devices> & ReturnType<typeof saving>) | 'vmStatistics'>;
  observations(): VmObservation[];
  run(vm: string): KnownRun | undefined;
  stop(): Promise<void>;
}

const guestEvery = 30_000;
const reclaimEvery = 2_000;

/** This host's VMs: what libvirt tells of them, and what is done to them. */
export function openHypervisor(options: HypervisorOptions): Hypervisor {
  const { journal, storage, publish, now, log, instance } = options;
  const runs = inTurns(knownRuns({ instance, journal, publish, now }));
  let host: HostForDomains | undefined;
  /** Runs whose volumes this agent does not hold yet: its predecessor prepared them. */
  const unclaimed = new Set<string>();

  const link = openLink({
    socketPath: options.socketPath,
    uri: options.uri,
    watch: ['lifecycle', 'reboot', 'ioErrorReason', 'agentLifecycle', 'controlError'],
    onEvent: (event) =>
      void heard(event).catch((error: unknown) => log.info({ event: event.event, problem: String(error) }, 'an event was not followed up')),
    onLost: (why) => log.warn({ problem: why.message }, 'the connection to libvirt is lost'),
    async onOpen(connection) {
      host = await options.readHost(connection);
      const before = new Set(runs.all().map(({ run }) => run));
      await runs.lookAtAll(connection);
      for (const { vm, run } of runs.all()) if (!before.has(run)) unclaimed.add(vm);
      await claim();
      for (const run of runs.all()) if (run.guest.agent === 'connected') void askOf(run.vm);
      log.info({ runs: runs.all().length }, 'libvirt is reached');
    },
  });

  /** Storage that is not there yet will come with the manager's first contact; until then nobody else may have the volumes anyway. */
  async function claim(): Promise<void> {
    for (const vm of unclaimed) {
      const known = runs.get(vm);
      const cd = known && journal.run(known.run)?.cd;
      const by = { kind: 'run', id: known?.run ?? '' } as const;
      try {
        for (const { domain, image, volume, write } of known?.facts.ours?.volumes ?? [])
          await storage.prepare({ domain, image, volume }, { by, write });
        if (cd) await storage.prepare(cd, { by, write: false });
        unclaimed.delete(vm);
      } catch (error) {
        log.info({ vm, problem: String(error) }, 'volumes of a running VM are not reached yet');
      }
    }
  }
  let claiming = false;
  const reclaiming = setInterval(() => {
    if (unclaimed.size === 0 || claiming) return;
    claiming = true;
    void claim().finally(() => (claiming = false));
  }, reclaimEvery);

  async function heard(event: DomainEvent): Promise<void> {
    const vm = event.dom.uuid;
    const known = runs.get(vm);
    switch (event.event) {
      case 'agentLifecycle':
        if (!known) return;
        await runs.learn(vm, { guest: event.state === 'connected' ? { ...known.guest, agent: 'connected' } : { agent: 'disconnected' } });
        if (event.state === 'connected') await askOf(vm);
        return;
      case 'ioErrorReason':
        if (event.reason === 'enospc') await runs.learn(vm, { noSpace: true });
        break;
      case 'reboot':
        // The guest has done what it was asked, or came to it by itself; its agent is gone until it is back.
        if (known) await journal.noteRun(known.run, { asked: { what: 'reboot', at: 0 } });
        break;
      case 'lifecycle':
        if (event.type === 'shutdown' && event.detail === 'host') await runs.learn(vm, { byHost: true });
        break;
      default:
        break;
    }
    await runs.look(await link.open(), vm);
  }

  const asking = new Set<string>();
  async function askOf(vm: string): Promise<void> {
    const known = runs.get(vm);
    if (!known || known.guest.agent !== 'connected' || asking.has(vm)) return;
    asking.add(vm);
    try {
      const answer = await askGuest(link, known.dom, known.facts.disks.flatMap(({ disk }) => disk ?? []));
      if (answer && runs.get(vm)?.run === known.run) await runs.learn(vm, { guest: { agent: 'connected', ...answer } });
    } finally {
      asking.delete(vm);
    }
  }
  const guests = setInterval(() => {
    for (const { vm, state } of runs.all()) {
      // A guest that does not follow what it was asked makes no event of it.
      const asked = state.kind === 'shutting_down' || state.kind === 'rebooting';
      void (asked ? link.open().then((libvirt) => runs.look(libvirt, vm)) : askOf(vm)).catch(() => undefined);
    }
  }, guestEvery);

  const hostForDomains = () => {
    if (!host) throw new Error('libvirt has not been reached yet');
    return host;
  };
  const turn = turns();

  return {
    link,
    observations: () => runs.all().map(runs.observation),
    run: (vm) => runs.get(vm),
    calls: {
      ...machines({
        link,
        runs,
        journal,
        storage,
        media: options.media,
        turn,
        grantConsole: options.grantConsole,
        now,
        host: hostForDomains,
      }),
      ...devices({ link, runs, journal, storage, turn, host: hostForDomains }),
      ...saving({ link, runs, storage, turn, begin: options.begin }),
      vmStatistics: async () => ({
        vms: await vmStatistics(await link.open(), (vm) => runs.get(vm), now()).catch((error: unknown) => {
          throw agentErrorOf(error);
        }),
      }),
    },
    async stop() {
      clearInterval(reclaiming);
      clearInterval(guests);
      await link.stop();
    },
  };
}
