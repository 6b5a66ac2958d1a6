import type { deviceCalls, savingCalls, vmCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { News } from '@ostler/agent-contract/event-ring';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { ExitReason, GuestFacts, PauseReason, VmObservation, VmRun, VmState, VmStatistics, VolumeReference } from '@ostler/agent-contract/values';
import type { Clock } from './clock.ts';
import { simulatedDevices } from './devices.ts';
import type { HostStorage } from './storage.ts';
import type { Tasks } from './tasks.ts';

/** How long guests take, in milliseconds. */
export interface GuestPace {
  /** From the start of QEMU until the guest agent answers. */
  readonly boot: number;
  readonly shutdown: number;
}

/** What happens to VMs without anybody having asked the agent. By VM id. */
export interface GuestWorld {
  guestShutdown(vm: string): void;
  guestReboot(vm: string): void;
  crash(vm: string): void;
  /** It is gone, and nobody saw how. */
  lose(vm: string): void;
  ioError(vm: string, reason?: Extract<PauseReason, 'io_error' | 'no_space' | 'permission' | 'other'>): void;
  /** A guest without a working power button and agent. */
  ignoreShutdown(vm: string): void;
  /** A guest that lets go of no device. */
  holdOn(vm: string): void;
  setGuest(vm: string, guest: Partial<GuestFacts>): void;
  /** What the VM has by now, devices that were plugged in included. */
  specOf(vm: string): VmRun;
  isFrozen(vm: string): boolean;
  /** What the guest used in the given seconds, over the quiet figures that it has anyway. */
  work(vm: string, more: { readonly cpuSeconds?: number; readonly written?: number; readonly sent?: number }): void;
}

export interface Machines {
  readonly calls: Pick<AgentImplementation, keyof typeof vmCalls | keyof typeof savingCalls | keyof typeof deviceCalls>;
  readonly world: GuestWorld;
  observations(): VmObservation[];
  running(): number;
  /** Console tickets pushed, by ticket. */
  tickets(): readonly string[];
  /** The host lost power: nothing of any VM is left. */
  forgetAll(): void;
}

export interface MachinesOptions {
  readonly clock: Clock;
  readonly storage: HostStorage;
  readonly tasks: Tasks;
  readonly networks: () => readonly string[];
  readonly pace: () => GuestPace;
  readonly publish: (news: News) => void;
}

export interface Machine {
  /** As it is now: what was plugged in while it runs is in it. */
  spec: VmRun;
  readonly startedAt: number;
  state: VmState;
  guest: GuestFacts;
  ignoresShutdown: boolean;
  /** It lets go of nothing that is unplugged, as a guest without an operating system. */
  holdsOn: boolean;
  readonly worked: { cpuTime: number; written: number; sent: number };
  frozen: boolean;
  /** Calls off what the guest was about to do. */
  pending: () => void;
}

const asleep = () => undefined;

export function simulatedMachines({ clock, storage, tasks, networks, pace, publish }: MachinesOptions): Machines {
  const machines = new Map<string, Machine>();
  /** Runs that are over here, or were ended before they came: none of them starts again. */
  const over = new Set<string>();
  const tickets = new Set<string>();

  const observe = ({ spec, state, startedAt, guest }: Machine): VmObservation => ({
    vm: spec.vm,
    run: spec.run,
    name: spec.name,
    state,
    at: clock.now(),
    startedAt,
    guest,
  });

  function set(machine: Machine, state: VmState): void {
    machine.state = state;
    publish({ kind: 'vm', vm: observe(machine) });
  }

  function next(machine: Machine, milliseconds: number, what: () => void): void {
    machine.pending();
    machine.pending = clock.after(milliseconds, what);
  }

  function boot(machine: Machine): void {
    machine.guest = { agent: 'unknown' };
    set(machine, { kind: 'running' });
    next(machine, pace().boot, () => {
      machine.guest = { agent: 'connected', hostName: machine.spec.name, operatingSystem: { id: 'labguest', name: 'Simulated guest' } };
      set(machine, machine.state);
    });
  }

  function end(machine: Machine, exit: ExitReason, message?: string): void {
    if (machine.state.kind === 'ended') return;
    machine.pending();
    machine.guest = { agent: 'disconnected' };
    over.add(machine.spec.run);
    set(machine, { kind: 'ended', exit, ...(message === undefined ? {} : { message }) });
  }

  function named(vm: string): Machine {
    const machine = machines.get(vm);
    if (!machine) throw new Error(`No VM ${vm} is on this simulated host`);
    return machine;
  }

  function machineOf({ vm, run }: { vm: string; run: string }): Machine {
    const machine = machines.get(vm);
    if (!machine) throw new AgentError('unknown_vm', `VM ${vm} is not on this host`);
    if (machine.spec.run !== run) throw new AgentError('other_run', `VM ${vm} is here with another run`, { run: machine.spec.run });
    return machine;
  }

  function liveOf(which: { vm: string; run: string }): Machine {
    const machine = machineOf(which);
    if (machine.state.kind === 'ended') throw new AgentError('wrong_state', `VM ${machine.spec.name} has ended`, { state: 'ended' });
    return machine;
  }

  /** Who can act on a request: a paused guest can not. */
  function awakeOf(which: { vm: string; run: string }): Machine {
    const machine = liveOf(which);
    if (machine.state.kind === 'paused') throw new AgentError('wrong_state', `VM ${machine.spec.name} is paused`, { state: 'paused' });
    return machine;
  }

  const talking = (machine: Machine): Machine => {
    if (machine.guest.agent === 'connected') return machine;
    throw new AgentError('no_guest_agent', `The agent in the guest of VM ${machine.spec.name} does not answer`);
  };

  async function start(spec: VmRun, memory?: VolumeReference): Promise<VmObservation> {
    const there = machines.get(spec.vm);
    if (there?.spec.run === spec.run) return observe(there);
    if (there) throw new AgentError('other_run', `VM ${spec.name} is here with another run`, { run: there.spec.run });
    if (over.has(spec.run)) throw new AgentError('wrong_state', `This run of VM ${spec.name} is over`, { state: 'ended' });
    const missing = spec.nics.find(({ network }) => network !== null && !networks().includes(network))?.network;
    if (missing) throw new AgentError('unknown_network', `This host has no network ${missing}`, { network: missing });
    const machine: Machine = {
      spec,
      startedAt: clock.now(),
      state: { kind: 'starting' },
      guest: { agent: 'unknown' },
      ignoresShutdown: false,
      holdsOn: false,
      worked: { cpuTime: 0, written: 0, sent: 0 },
      frozen: false,
      pending: asleep,
    };
    machines.set(spec.vm, machine);
    try {
      for (const { source, readOnly, shareable } of spec.disks)
        await storage.use(source, `run ${spec.run}`, { write: !readOnly, shared: shareable });
      if (spec.cd) await storage.use(spec.cd, `run ${spec.run}`, { write: false, shared: true });
      if (memory) await readSaved(memory, machine);
    } catch (error) {
      storage.release(`run ${spec.run}`);
      machines.delete(spec.vm);
      throw error;
    }
    // Somebody may have ended it while its storage was being prepared.
    if (machine.state.kind !== 'starting') return observe(machine);
    if (spec.startPaused || memory) set(machine, { kind: 'paused', reason: 'user' });
    else boot(machine);
    return observe(machine);
  }

  async function readSaved(memory: VolumeReference, machine: Machine): Promise<void> {
    const by = `restore ${machine.spec.run}`;
    await storage.use(memory, by, { write: false, shared: true });
    storage.release(by);
    const { memory: guest } = await storage.stored(memory);
    if (!guest) throw new AgentError('hypervisor_failed', 'There is no saved guest in this volume');
    machine.guest = guest;
  }

  async function save(input: { vm: string; run: string; memory: VolumeReference }): Promise<void> {
    const machine = machineOf(input);
    if (machine.state.kind === 'ended' && machine.state.exit === 'saved') return;
    liveOf(input);
    const before = machine.state;
    const by = `save ${input.run}`;
    machine.pending();
    set(machine, { kind: 'paused', reason: 'saving' });
    try {
      await storage.use(input.memory, by, { write: true, shared: false });
      (await storage.stored(input.memory)).memory = machine.guest;
      end(machine, 'saved');
    } catch (error) {
      set(machine, before);
      throw error;
    } finally {
      storage.release(by);
    }
  }

  const calls: Machines['calls'] = {
    startVm: (spec) => start(spec),
    restoreVm: ({ saved, ...spec }) => start(spec, saved),
    async saveVm(input, { mandate }) {
      machineOf(input);
      return tasks.begin('saveVm', mandate.operation, () => save(input));
    },
    async freezeVm(which) {
      talking(awakeOf(which)).frozen = true;
      return {};
    },
    async thawVm(which) {
      talking(awakeOf(which)).frozen = false;
      return {};
    },
    ...simulatedDevices({ liveOf, awakeOf, storage, networks }),
    async shutdownVm(which) {
      if (machineOf(which).state.kind === 'ended') return {};
      const machine = awakeOf(which);
      if (machine.state.kind === 'shutting_down') return {};
      set(machine, { kind: 'shutting_down' });
      if (!machine.ignoresShutdown) next(machine, pace().shutdown, () => end(machine, 'admin_shutdown'));
      return {};
    },
    async rebootVm(which) {
      const machine = awakeOf(which);
      if (machine.state.kind === 'rebooting') return {};
      set(machine, { kind: 'rebooting' });
      next(machine, pace().shutdown, () => boot(machine));
      return {};
    },
    async resetVm(which) {
      const machine = liveOf(which);
      if (machine.state.kind !== 'paused') boot(machine);
      return {};
    },
    async pauseVm(which) {
      const machine = liveOf(which);
      if (machine.state.kind === 'paused') return {};
      machine.pending();
      set(machine, { kind: 'paused', reason: 'user' });
      return {};
    },
    async resumeVm(which) {
      const machine = liveOf(which);
      if (machine.state.kind !== 'paused') return {};
      if (machine.guest.agent === 'connected') set(machine, { kind: 'running' });
      else boot(machine);
      return {};
    },
    async destroyVm({ vm, run }) {
      over.add(run);
      const machine = machines.get(vm);
      if (machine?.spec.run === run) end(machine, 'destroyed');
      return {};
    },
    async acknowledgeEnd({ vm, run }) {
      const machine = machines.get(vm);
      if (machine?.spec.run !== run) return {};
      if (machine.state.kind !== 'ended') throw new AgentError('wrong_state', `VM ${machine.spec.name} has not ended`);
      storage.release(`run ${run}`);
      machines.delete(vm);
      return {};
    },
    vmStatistics: async () => ({
      vms: [...machines.values()].filter(({ state }) => state.kind !== 'ended').map((machine) => statisticsOf(machine, clock.now())),
    }),
    async setConsolePassword({ protocol, ...which }) {
      requireConsole(liveOf(which).spec, protocol);
      return {};
    },
    async openConsole({ ticket, console, validFor, ...which }) {
      requireConsole(liveOf(which).spec, console);
      tickets.add(ticket);
      clock.after(validFor, () => tickets.delete(ticket));
      return {};
    },
  };

  const world: GuestWorld = {
    guestShutdown: (vm) => end(named(vm), 'guest_shutdown'),
    guestReboot: (vm) => {
      const machine = named(vm);
      set(machine, { kind: 'rebooting' });
      next(machine, pace().shutdown, () => boot(machine));
    },
    crash: (vm) => end(named(vm), 'crashed', 'QEMU was killed'),
    lose: (vm) => end(named(vm), 'lost'),
    ioError: (vm, reason = 'io_error') => set(named(vm), { kind: 'paused', reason }),
    holdOn: (vm) => {
      named(vm).holdsOn = true;
    },
    specOf: (vm) => named(vm).spec,
    isFrozen: (vm) => named(vm).frozen,
    work: (vm, { cpuSeconds = 0, written = 0, sent = 0 }) => {
      const { worked } = named(vm);
      worked.cpuTime += cpuSeconds * 1e9;
      worked.written += written;
      worked.sent += sent;
    },
    ignoreShutdown: (vm) => {
      named(vm).ignoresShutdown = true;
    },
    setGuest: (vm, guest) => {
      const machine = named(vm);
      machine.guest = { ...machine.guest, ...guest };
      set(machine, machine.state);
    },
  };

  return {
    calls,
    world,
    observations: () => [...machines.values()].map(observe),
    running: () => [...machines.values()].filter(({ state }) => state.kind !== 'ended').length,
    tickets: () => [...tickets],
    forgetAll() {
      for (const machine of machines.values()) machine.pending();
      machines.clear();
      tickets.clear();
    },
  };
}

function requireConsole(spec: VmRun, console: 'vnc' | 'spice' | 'serial'): void {
  const has = console === 'serial' ? spec.serialConsole : spec.graphics.includes(console);
  if (!has) throw new AgentError('not_supported', `VM ${spec.name} has no ${console} console`, { console });
}

/** Counters that rise as a quiet guest's do: a tenth of a CPU, a little disk and network. The same time, the same figures. */
function statisticsOf({ spec, startedAt, worked }: Machine, now: number): VmStatistics {
  const elapsed = Math.max(0, now - startedAt);
  const cpuTime = elapsed * 100_000 + worked.cpuTime;
  const { size } = spec.memory;
  return {
    vm: spec.vm,
    run: spec.run,
    at: now,
    cpuTime,
    cpuUser: cpuTime * 0.7,
    cpuSystem: cpuTime * 0.3,
    vcpus: spec.cpu.sockets * spec.cpu.cores * spec.cpu.threads,
    memory: { balloon: size, available: size, unused: Math.floor(size / 2), resident: Math.floor(size * 0.6) },
    disks: spec.disks.map(({ disk }) => ({
      disk,
      readBytes: elapsed * 4_000,
      readOperations: elapsed,
      readTime: elapsed * 10_000,
      writeBytes: elapsed * 2_000 + worked.written,
      writeOperations: elapsed,
      writeTime: elapsed * 20_000,
      flushOperations: Math.floor(elapsed / 10),
      flushTime: elapsed * 1_000,
    })),
    nics: spec.nics.map(({ nic }) => ({
      nic,
      receivedBytes: elapsed * 1_000,
      receivedErrors: 0,
      receivedDrops: 0,
      sentBytes: elapsed * 500 + worked.sent,
      sentErrors: 0,
      sentDrops: 0,
    })),
  };
}
