import { readFile } from 'node:fs/promises';
import { loadavg, uptime } from 'node:os';
import type { HostStatistics } from '@ostler/agent-contract/values';
import { cpuShares, readCpuTimes, readMeminfo, readNetDev, type CpuTimes } from './proc.ts';

/** The host's own figures. CPU shares are those since the last look, or since boot for the first one. */
export function hostStatistics(now: () => number): () => Promise<HostStatistics> {
  let before: CpuTimes = { user: 0, system: 0, idle: 0 };
  return async () => {
    const [stat, meminfo, netDev] = await Promise.all(
      ['/proc/stat', '/proc/meminfo', '/proc/net/dev'].map((path) => readFile(path, 'utf8')),
    );
    const times = readCpuTimes(stat ?? '');
    const memory = readMeminfo(meminfo ?? '');
    const shares = cpuShares(before, times);
    before = times;
    return {
      at: now(),
      uptime: Math.round(uptime() * 1000),
      cpu: { ...shares, load: loadavg()[0] ?? 0 },
      memory: {
        total: memory('MemTotal'),
        free: memory('MemFree'),
        available: memory('MemAvailable'),
        buffers: memory('Buffers'),
        cached: memory('Cached'),
        swapTotal: memory('SwapTotal'),
        swapFree: memory('SwapFree'),
      },
      nics: readNetDev(netDev ?? '').filter(({ name }) => name !== 'lo'),
    };
  };
}
