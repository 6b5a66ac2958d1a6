/** Percentages from two looks at counters. The first look has nothing to compare with: zero. */

export interface HostFigures {
  readonly at: number;
  /** Milliseconds or ticks since boot, in any unit that is the same for all. */
  readonly cpu: { readonly user: number; readonly system: number; readonly idle: number };
  readonly memory: { readonly total: number; readonly available: number };
}

export interface VmFigures {
  readonly run: string;
  readonly at: number;
  /** Nanoseconds. */
  readonly cpuTime: number;
  readonly vcpus: number;
  readonly memory: { readonly balloon: number; readonly available?: number; readonly unused?: number };
  readonly nics: readonly { readonly receivedBytes: number; readonly sentBytes: number }[];
}

const percent = (part: number, whole: number): number =>
  whole > 0 ? Math.min(100, Math.max(0, Math.round((1000 * part) / whole) / 10)) : 0;

/** RHV takes a NIC for one of 1000 Mbit/s where the guest's has no speed of its own. */
const nicBytesPerSecond = 125_000_000;

export const usageOf = {
  host(before: HostFigures | undefined, now: HostFigures): { readonly cpu: number; readonly memory: number } {
    const memory = percent(now.memory.total - now.memory.available, now.memory.total);
    if (!before) return { cpu: 0, memory };
    const busy = now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system;
    return { cpu: percent(busy, busy + now.cpu.idle - before.cpu.idle), memory };
  },

  /** CPU is of all its virtual CPUs together; figures of another run are not compared with. */
  vm(before: VmFigures | undefined, now: VmFigures): { readonly cpu: number; readonly memory: number; readonly network: number } {
    const { available, unused } = now.memory;
    const memory = available === undefined || unused === undefined ? 0 : percent(available - unused, available);
    const seconds = before?.run === now.run ? (now.at - before.at) / 1000 : 0;
    if (!before || seconds <= 0) return { cpu: 0, memory, network: 0 };
    const bytes = (figures: VmFigures) => figures.nics.reduce((sum, nic) => sum + nic.receivedBytes + nic.sentBytes, 0);
    return {
      cpu: percent((now.cpuTime - before.cpuTime) / 1e9, seconds * Math.max(1, now.vcpus)),
      memory,
      network: percent((bytes(now) - bytes(before)) / seconds, nicBytesPerSecond * Math.max(1, now.nics.length)),
    };
  },
};
