import { createHash } from 'node:crypto';
import { href } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import type { statisticsOfVm, VmRow } from './store.ts';

type Unit = NonNullable<Api['statistic']['unit']>;

/** RHV's statistics of a VM (vms.md 8.3). A VM that does not run has the configured figures, and zeros. */
export function vmStatistics(vm: VmRow, seen: Awaited<ReturnType<typeof statisticsOfVm>>, now: number): Api['statistic'][] {
  const { size } = vm.hardware.memory;
  const memory = seen?.raw.memory;
  const available = memory?.available ?? size;
  const used = memory?.unused === undefined ? 0 : Math.max(0, available - memory.unused);
  const cpu = seen?.cpu ?? 0;
  const one = (name: string, description: string, unit: Unit, datum: number, kind: 'gauge' | 'counter' = 'gauge'): Api['statistic'] => ({
    id: idOf(name),
    href: `${href('vm', { vm: vm.id })}/statistics/${idOf(name)}`,
    name,
    description,
    kind,
    type: unit === 'percent' ? ('decimal' as const) : ('integer' as const),
    unit,
    values: [{ datum }],
    vm: { id: vm.id, href: href('vm', { vm: vm.id }) },
  });
  return [
    one('memory.installed', 'Total memory configured', 'bytes', size),
    one('memory.used', 'Memory used (agent)', 'bytes', used),
    one('memory.free', 'Memory free (agent)', 'bytes', memory?.unused ?? 0),
    one('cpu.current.guest', 'CPU used by guest', 'percent', cpu),
    one('cpu.current.hypervisor', 'CPU overhead', 'percent', 0),
    one('cpu.current.total', 'Total CPU used', 'percent', cpu),
    one('network.current.total', 'Total network used', 'percent', seen?.network ?? 0),
    one('migration.progress', 'Migration Progress', 'percent', 0),
    one(
      'elapsed.time',
      'Elapsed VM runtime',
      'seconds',
      vm.runStarted && vm.run !== null ? Math.max(0, Math.floor((now - vm.runStarted.getTime()) / 1000)) : 0,
      'counter',
    ),
  ];
}

/** The same statistic of every object has the same id, as in RHV. */
function idOf(name: string): string {
  const hex = createHash('md5').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
