/** Readers for what Linux says in text: `/proc`, `/etc/os-release`. Pure; what is missing is undefined or zero. */

/** Bytes by name, such as `MemTotal`. */
export function readMeminfo(text: string): (name: string) => number {
  const values = new Map([...text.matchAll(/^(\S+):\s+(\d+) kB$/gm)].map(([, name = '', value]) => [name, Number(value) * 1024]));
  return (name) => values.get(name) ?? 0;
}

/** Ticks since boot of all CPUs together. Guests' time is within `user`. */
export interface CpuTimes {
  readonly user: number;
  readonly system: number;
  readonly idle: number;
}

export function readCpuTimes(text: string): CpuTimes {
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, softInterrupts = 0] =
    /^cpu\s+(.*)$/m.exec(text)?.[1]?.split(/\s+/).map(Number) ?? [];
  return { user: user + nice, system: system + interrupts + softInterrupts, idle: idle + waiting };
}

/** Percent of all CPUs between two readings; what passed between none is idle. */
export function cpuShares(before: CpuTimes, after: CpuTimes): CpuTimes {
  const user = Math.max(0, after.user - before.user);
  const system = Math.max(0, after.system - before.system);
  const all = user + system + Math.max(0, after.idle - before.idle);
  if (all === 0) return { user: 0, system: 0, idle: 100 };
  const share = (ticks: number) => Math.round((ticks / all) * 1000) / 10;
  return { user: share(user), system: share(system), idle: share(all - user - system) };
}

export function readNetDev(text: string): { name: string; receivedBytes: number; sentBytes: number }[] {
  return [...text.matchAll(/^\s*([^\s:]+):\s*(.*)$/gm)].map(([, name = '', figures = '']) => {
    const columns = figures.trim().split(/\s+/).map(Number);
    return { name, receivedBytes: columns[0] ?? 0, sentBytes: columns[8] ?? 0 };
  });
}

export function readCpuinfo(text: string): { model: string; mhz: number; flags: string[] } {
  const value = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1]?.trim();
  return {
    model: value('model name') ?? 'unknown',
    mhz: Number(value('cpu MHz') ?? 0),
    flags: value('flags')?.split(' ') ?? [],
  };
}

/** `NAME=value` lines, quoted as a shell would. */
export function readOsRelease(text: string): { name: string; version: string } {
  const values = new Map([...text.matchAll(/^(\w+)=(?:"(.*)"|'(.*)'|(.*))$/gm)].map(([, name = '', a, b, c]) => [name, a ?? b ?? c ?? '']));
  return { name: values.get('NAME') ?? 'Linux', version: values.get('VERSION_ID') ?? '' };
}
