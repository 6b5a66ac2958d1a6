import { createHash } from 'node:crypto';
import { dispatcher, type Dispatch } from '@ostler/agent-contract/dispatch';
import { eventRing } from '@ostler/agent-contract/event-ring';
import type { AgentImplementation, EventSource, OperationJournal } from '@ostler/agent-contract/implementation';
import type { HostFacts, VmObservation, VolumeReference } from '@ostler/agent-contract/values';
import { simulatedCertificate } from './certificate.ts';
import { realClock, type Clock } from './clock.ts';
import { simulatedFacts, simulatedStatistics } from './facts.ts';
import { faultyDoor, type Faults } from './faults.ts';
import { memoryJournal } from './journal.ts';
import { simulatedMachines, type GuestPace, type GuestWorld } from './machines.ts';
import { sharedStorage, type SharedStorage } from './shared-storage.ts';
import { hostStorage, type StorageFault } from './storage.ts';
import { simulatedTasks } from './tasks.ts';
import { simulatedTransfers } from './transfers.ts';

export interface SimulatedHostOptions {
  readonly hostId: string;
  readonly name?: string;
  readonly clock?: Clock;
  /** Hosts of one data center share it; without one the host has storage of its own. */
  readonly storage?: SharedStorage;
  readonly facts?: Partial<HostFacts>;
  readonly pace?: Partial<Pace>;
}

/** How long things take, in milliseconds. */
export interface Pace extends GuestPace {
  readonly task: number;
  /** After how long a call says that its storage hangs. */
  readonly storagePatience: number;
}

const quick: Pace = { boot: 20, shutdown: 20, task: 10, storagePatience: 1_000 };

/** The levers of a test: what happens on and to the host without the manager having asked. */
export interface World extends GuestWorld {
  vms(): VmObservation[];
  /** Uses of volumes, by whom: empty when everything has been given back. */
  uses(): readonly string[];
  /** Where this host's storage is connected, and which domains it uses. */
  connections(): readonly string[];
  moveTransfer(transfer: string, bytes: number): void;
  transferTicket(transfer: string): string | undefined;
  consoleTickets(): readonly string[];
  /** The certificate that it was given since it was made. */
  certificate(): string | undefined;
  setStorage(domain: string, fault: StorageFault): void;
  corruptVolume(volume: VolumeReference, lie: string): void;
  setPace(pace: Partial<Pace>): void;
  setFacts(facts: Partial<HostFacts>): void;
  /** Everything on the host is gone at once, its network too. */
  powerOff(): void;
  /** It boots: another boot id, no VMs, nothing connected. */
  powerOn(): void;
  /** The agent alone starts again: VMs and tasks go on, events are numbered above all before. */
  restartAgent(): void;
}

export interface SimulatedHost {
  readonly hostId: string;
  readonly implementation: AgentImplementation;
  readonly events: EventSource;
  readonly journal: OperationJournal;
  /** The door as a caller meets it: checked, once per operation, and under the faults that were asked for. */
  readonly dispatch: Dispatch;
  readonly faults: Faults;
  readonly world: World;
  readonly clock: Clock;
}

/** An agent in memory, behind the same contract as the real one. Cheap: a thousand of them fit into a process. */
export function simulatedHost({
  hostId,
  name = 'simulated',
  clock = realClock,
  storage: shared = sharedStorage(),
  ...rest
}: SimulatedHostOptions): SimulatedHost {
  const journal = memoryJournal();
  let pace: Pace = { ...quick, ...rest.pace };
  let facts = simulatedFacts(hostId, name, rest.facts);
  let bootedAt = clock.now();
  let incarnation = 1;
  const open = (boots: number) => eventRing({ bootId: bootIdOf(hostId, boots), incarnation, now: clock.now, capacity: 2048 });
  let boots = 1;
  let ring = open(boots);
  const publish: typeof ring.publish = (news) => ring.publish(news);

  const certificate = simulatedCertificate();
  const tasks = simulatedTasks({ clock, publish, duration: () => pace.task });
  const storage = hostStorage({ hostId, storage: shared, clock, tasks, patience: pace.storagePatience, publish });
  const networks = () => facts.networks.map((network) => network.name);
  const machines = simulatedMachines({ clock, storage, tasks, networks, pace: () => pace, publish });
  const transfers = simulatedTransfers({ clock, storage, publish });

  const implementation: AgentImplementation = {
    ...certificate.calls,
    ...machines.calls,
    ...storage.calls,
    ...tasks.calls,
    ...transfers.calls,
    hostFacts: async () => facts,
    hostStatistics: async () => simulatedStatistics(facts, machines.running(), clock.now(), bootedAt),
    observe: async () => ({
      bootId: ring.bootId,
      sequence: ring.latest(),
      vms: machines.observations(),
      domains: storage.health(),
      tasks: tasks.all(),
      transfers: transfers.all(),
    }),
  };
  const { faults, dispatch } = faultyDoor(dispatcher(implementation, journal), clock);
  const renumber = () => {
    incarnation += 1;
    ring = open(boots);
    // Whoever listened, listened to an agent that is no more.
    const wasConnected = faults.connected;
    faults.disconnect();
    if (wasConnected) faults.reconnect();
  };

  return {
    hostId,
    implementation,
    journal,
    dispatch,
    faults,
    clock,
    events: {
      get bootId() {
        return ring.bootId;
      },
      latest: () => ring.latest(),
      after: (sequence, signal) => ring.after(sequence, signal),
    },
    world: {
      ...machines.world,
      vms: machines.observations,
      uses: storage.uses,
      connections: storage.connections,
      moveTransfer: transfers.move,
      transferTicket: transfers.ticketOf,
      consoleTickets: machines.tickets,
      certificate: certificate.installed,
      setStorage: storage.setFault,
      corruptVolume: storage.corrupt,
      setPace: (changed) => {
        pace = { ...pace, ...changed };
      },
      setFacts: (changed) => {
        facts = { ...facts, ...changed };
      },
      powerOff() {
        faults.disconnect();
        machines.forgetAll();
        transfers.forgetAll();
        storage.forgetAll();
      },
      powerOn() {
        boots += 1;
        bootedAt = clock.now();
        renumber();
        faults.reconnect();
      },
      restartAgent: renumber,
    },
  };
}

/** The same host, the same boots: a run with a seed stays the same run. */
function bootIdOf(hostId: string, boots: number): string {
  const hex = createHash('sha256').update(`${hostId} boot ${boots}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
