/** The host's own figures. libvirt wants to be asked twice: how many figures there are, then for exactly that many. */
import type { CallOptions, Rpc } from './rpc.ts';

type Caller = Pick<Rpc, 'call'>;
type Stats = ReadonlyMap<string, bigint>;

/** KiB of the whole host: `total`, `free`, `buffers`, `cached`. */
export async function nodeMemoryStats(libvirt: Caller, options?: CallOptions): Promise<Stats> {
  const { nparams } = await libvirt.call('nodeGetMemoryStats', { nparams: 0 }, options);
  const { params } = await libvirt.call('nodeGetMemoryStats', { nparams }, options);
  return byName(params);
}

/** Nanoseconds of all CPUs since boot: `kernel`, `user`, `idle`, `iowait`. */
export async function nodeCpuStats(libvirt: Caller, options?: CallOptions): Promise<Stats> {
  const { nparams } = await libvirt.call('nodeGetCPUStats', { nparams: 0 }, options);
  const { params } = await libvirt.call('nodeGetCPUStats', { nparams }, options);
  return byName(params);
}

const byName = (params: readonly { field: string; value: bigint }[]): Stats => new Map(params.map(({ field, value }) => [field, value]));
