import type { deviceCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { VmRun } from '@ostler/agent-contract/values';
import type { Machine } from './machines.ts';
import type { HostStorage } from './storage.ts';

export type DeviceCall =
  'plugDisk' | 'unplugDisk' | 'resizeDisk' | 'plugNic' | 'changeNic' | 'unplugNic' | 'changeCd' | 'setMemory' | 'setVcpus';

interface Which {
  readonly vm: string;
  readonly run: string;
}

export interface DevicesOptions {
  readonly liveOf: (which: Which) => Machine;
  readonly awakeOf: (which: Which) => Machine;
  readonly storage: HostStorage;
  readonly networks: () => readonly string[];
}

/** What is plugged into a simulated VM and out of it. */
export function simulatedDevices({
  liveOf,
  awakeOf,
  storage,
  networks,
}: DevicesOptions): Pick<AgentImplementation, keyof typeof deviceCalls> {
  const requireNetwork = (network: string | null) => {
    if (network !== null && !networks().includes(network))
      throw new AgentError('unknown_network', `This host has no network ${network}`, { network });
  };
  const letGo = (machine: Machine, what: string) => {
    if (machine.holdsOn) throw new AgentError('guest_refused', `The guest of VM ${machine.spec.name} has not let go of ${what}`);
  };
  const become = (machine: Machine, changed: Partial<VmRun>) => {
    machine.spec = { ...machine.spec, ...changed };
  };
  const others = <T>(all: readonly T[], isIt: (one: T) => boolean) => all.filter((one) => !isIt(one));

  return {
    async plugDisk({ disk, ...which }) {
      const machine = liveOf(which);
      if (machine.spec.disks.some((one) => one.disk === disk.disk)) return {};
      if (disk.interface !== 'virtio' && disk.interface !== 'virtio_scsi')
        throw new AgentError('not_supported', `A disk on ${disk.interface} cannot be plugged in while the VM runs`);
      await storage.use(disk.source, `run ${which.run}`, { write: !disk.readOnly, shared: disk.shareable });
      become(machine, { disks: [...others(machine.spec.disks, (one) => one.disk === disk.disk), disk] });
      return {};
    },
    async unplugDisk({ disk, ...which }) {
      const machine = liveOf(which);
      const found = machine.spec.disks.find((one) => one.disk === disk);
      if (!found) return {};
      letGo(machine, `disk ${disk}`);
      storage.release(`run ${which.run}`, found.source);
      become(machine, { disks: others(machine.spec.disks, (one) => one.disk === disk) });
      return {};
    },
    async resizeDisk({ disk, capacity, ...which }) {
      const found = liveOf(which).spec.disks.find((one) => one.disk === disk);
      if (!found) throw new AgentError('unknown_volume', `The VM does not run with disk ${disk}`);
      return storage.grow(found.source, capacity);
    },
    async plugNic({ nic, ...which }) {
      const machine = liveOf(which);
      if (machine.spec.nics.some((one) => one.nic === nic.nic)) return {};
      requireNetwork(nic.network);
      become(machine, { nics: [...machine.spec.nics, nic] });
      return {};
    },
    async changeNic({ nic, ...which }) {
      const machine = liveOf(which);
      if (!machine.spec.nics.some((one) => one.nic === nic.nic)) throw new AgentError('wrong_state', 'This NIC is not plugged in');
      requireNetwork(nic.network);
      become(machine, { nics: machine.spec.nics.map((one) => (one.nic === nic.nic ? nic : one)) });
      return {};
    },
    async unplugNic({ nic, ...which }) {
      const machine = liveOf(which);
      if (!machine.spec.nics.some((one) => one.nic === nic)) return {};
      letGo(machine, `NIC ${nic}`);
      become(machine, { nics: others(machine.spec.nics, (one) => one.nic === nic) });
      return {};
    },
    async changeCd({ cd, ...which }) {
      const machine = liveOf(which);
      const before = machine.spec.cd;
      if (before?.volume === cd?.volume) return {};
      if (cd) await storage.use(cd, `run ${which.run}`, { write: false, shared: true });
      if (before) storage.release(`run ${which.run}`, before);
      become(machine, { cd });
      return {};
    },
    async setMemory({ size, ...which }) {
      const machine = awakeOf(which);
      const { memory } = machine.spec;
      if (size < memory.size) throw new AgentError('not_supported', 'The memory cannot shrink while the VM runs');
      if (size > memory.maximum) throw new AgentError('hypervisor_failed', 'There are no slots for that much memory');
      become(machine, { memory: { ...memory, size } });
      return {};
    },
    async setVcpus({ count, ...which }) {
      const machine = awakeOf(which);
      const { cpu } = machine.spec;
      const now = cpu.sockets * cpu.cores * cpu.threads;
      if (count > cpu.maximum)
        throw new AgentError('not_supported', `The VM has places for ${cpu.maximum} virtual CPUs in this run`, { maximum: cpu.maximum });
      if (count < now) letGo(machine, 'virtual CPUs');
      become(machine, { cpu: { ...cpu, sockets: Math.ceil(count / (cpu.cores * cpu.threads)) } });
      return {};
    },
  };
}
