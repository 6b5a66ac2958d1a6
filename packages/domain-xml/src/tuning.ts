import { element, type Element } from './element.ts';
import type { DomainSpec } from './spec.ts';

/** Where a VM's CPUs, threads and memory lie on the host (vms.md 2.3). */

export function cpuTune({ cpu, ioThreads, threadPlace }: DomainSpec): Element | false {
  if (cpu.pins.length === 0 && cpu.shares === 0 && threadPlace === null) return false;
  return element(
    'cputune',
    {},
    cpu.shares > 0 && element('shares', {}, cpu.shares),
    cpu.pins.map(({ vcpu, cpus }) => element('vcpupin', { vcpu, cpuset: cpus })),
    threadPlace !== null && element('emulatorpin', { cpuset: threadPlace }),
    threadPlace !== null &&
      Array.from({ length: ioThreads }, (_one, index) => element('iothreadpin', { iothread: index + 1, cpuset: threadPlace })),
  );
}

export function numaTune({ numa }: DomainSpec): Element | false {
  const placed = numa.flatMap(({ mode, hostNodes }, cellid) => (hostNodes === null ? [] : [{ cellid, mode, nodeset: hostNodes }]));
  return (
    placed.length > 0 &&
    element(
      'numatune',
      {},
      placed.map((node) => element('memnode', node)),
    )
  );
}

/**
 * CPUs that may be plugged in later belong to the first node: QEMU wants each of them in one. What the nodes leave of the memory
 * belongs to the last, as libvirt takes their sum for the VM's.
 */
export function numaCells({ numa, cpu, memory }: DomainSpec, vcpus: number): Element {
  const now = cpu.sockets * cpu.cores * cpu.threads;
  const rest = memory.size - numa.reduce((sum, node) => sum + node.memory, 0);
  const cells = numa.map((node, id) => ({
    id,
    cpus: id === 0 && vcpus > now ? `${node.cpus},${now === vcpus - 1 ? now : `${now}-${vcpus - 1}`}` : node.cpus,
    memory: Math.floor((node.memory + (id === numa.length - 1 ? Math.max(0, rest) : 0)) / 1024),
    unit: 'KiB',
  }));
  return element(
    'numa',
    {},
    cells.map((cell) => element('cell', cell)),
  );
}

export const memoryBacking = ({ hugePages }: DomainSpec): Element | false =>
  hugePages !== null && element('memoryBacking', {}, element('hugepages', {}, element('page', { size: hugePages, unit: 'KiB' })));
