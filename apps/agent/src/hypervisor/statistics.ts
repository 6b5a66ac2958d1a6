import type { VmStatistics } from '@ostler/agent-contract/values';
import { allDomainStats, statsTypes } from '@ostler/libvirt/flags';
import { numberParam, paramsByName, stringParam, type TypedParams } from '@ostler/libvirt/typed-params';
import type { KnownRun, Libvirt } from './runs.ts';

const { state, cpuTotal, balloon, vcpu, interface: nic, block } = statsTypes;
const wanted = state | cpuTotal | balloon | vcpu | nic | block;

/** The figures of all runs in one call. A VM whose monitor is busy or hangs is left out, rather than waited for by all others. */
export async function vmStatistics(libvirt: Libvirt, runs: (vm: string) => KnownRun | undefined, now: number): Promise<VmStatistics[]> {
  const flags = allDomainStats.active | allDomainStats.nowait;
  const records = await libvirt.call('connectGetAllDomainStats', { stats: wanted, flags }, { deadline: 8_000 });
  return records.flatMap(({ dom, params }) => {
    const run = runs(dom.uuid);
    return run ? [statisticsOf(run, paramsByName(params), now)] : [];
  });
}

/** libvirt's names are those of `virsh domstats`. Memory there is in KiB. */
export function statisticsOf(run: Pick<KnownRun, 'vm' | 'run' | 'facts'>, params: TypedParams, now: number): VmStatistics {
  const figure = (name: string) => numberParam(params, name) ?? 0;
  const kib = (name: string) => {
    const value = numberParam(params, name);
    return value === undefined ? undefined : value * 1024;
  };
  const cpuUser = numberParam(params, 'cpu.user');
  const cpuSystem = numberParam(params, 'cpu.system');
  const available = kib('balloon.available');
  const unused = kib('balloon.unused');
  const resident = kib('balloon.rss');
  return {
    vm: run.vm,
    run: run.run,
    at: now,
    cpuTime: figure('cpu.time'),
    ...(cpuUser !== undefined && { cpuUser }),
    ...(cpuSystem !== undefined && { cpuSystem }),
    vcpus: figure('vcpu.current'),
    memory: {
      balloon: kib('balloon.current') ?? run.facts.memory,
      ...(available !== undefined && { available }),
      ...(unused !== undefined && { unused }),
      ...(resident !== undefined && { resident }),
    },
    disks: named(params, 'block').flatMap(([prefix, target]) => {
      const disk = run.facts.disks.find((one) => one.target === target)?.disk;
      return disk === undefined || !isId(disk) ? [] : [diskOf(disk, prefix, params)];
    }),
    nics: named(params, 'net').flatMap(([prefix, target]) => {
      const id = run.facts.nics.find((one) => one.target === target)?.nic;
      return id === undefined || !isId(id) ? [] : [nicOf(id, prefix, params)];
    }),
  };
}

/** The CD drive's alias is none of the manager's ids. */
const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** Prefix and name of each device of a kind: `block.0.` and `vda`. */
function named(params: TypedParams, kind: 'block' | 'net'): [prefix: string, name: string][] {
  const count = numberParam(params, `${kind}.count`) ?? 0;
  return Array.from({ length: count }, (_device, index) => {
    const prefix = `${kind}.${index}.`;
    return [prefix, stringParam(params, `${prefix}name`) ?? ''];
  });
}

function diskOf(disk: string, prefix: string, params: TypedParams): VmStatistics['disks'][number] {
  const figure = (name: string) => numberParam(params, `${prefix}${name}`) ?? 0;
  const allocation = numberParam(params, `${prefix}allocation`);
  return {
    disk,
    readBytes: figure('rd.bytes'),
    readOperations: figure('rd.reqs'),
    readTime: figure('rd.times'),
    writeBytes: figure('wr.bytes'),
    writeOperations: figure('wr.reqs'),
    writeTime: figure('wr.times'),
    flushOperations: figure('fl.reqs'),
    flushTime: figure('fl.times'),
    ...(allocation !== undefined && { allocation }),
  };
}

function nicOf(nicId: string, prefix: string, params: TypedParams): VmStatistics['nics'][number] {
  const figure = (name: string) => numberParam(params, `${prefix}${name}`) ?? 0;
  return {
    nic: nicId,
    // libvirt tells them from the side of the guest.
    receivedBytes: figure('rx.bytes'),
    receivedErrors: figure('rx.errs'),
    receivedDrops: figure('rx.drop'),
    sentBytes: figure('tx.bytes'),
    sentErrors: figure('tx.errs'),
    sentDrops: figure('tx.drop'),
  };
}
