/**
 * Which of a host's CPUs and NUMA nodes a VM lives on: sets of CPUs as RHV and libvirt write them, the automatic pinning to a host's
 * topology, and the place of QEMU's own threads (vms.md 2.4, 2.5). Pure sums over the host's facts.
 */

export interface VcpuPin {
  readonly vcpu: number;
  /** `0`, `1,2`, `1-4,^2`. */
  readonly cpus: string;
}

export interface VirtualNumaNode {
  readonly id: string;
  readonly index: number;
  /** Bytes. */
  readonly memory: number;
  readonly vcpus: readonly number[];
  readonly mode: 'strict' | 'interleave' | 'preferred';
  /** Nodes of the host; none is a node that lies anywhere. */
  readonly hostNodes: readonly number[];
}

/** A NUMA node of a host, with its CPUs in rising order. */
export interface HostNumaNode {
  readonly index: number;
  readonly memory: number;
  readonly cpus: readonly number[];
}

/** The CPUs of a set, in rising order; undefined for what is no set, or an empty one. */
export function readCpuSet(text: string): number[] | undefined {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, not, from, to = from] = /^(\^?)(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (from === undefined || first > last) return undefined;
    for (let cpu = first; cpu <= last; cpu++)
      if (not) found.delete(cpu);
      else found.add(cpu);
  }
  return found.size === 0 ? undefined : [...found].toSorted((a, b) => a - b);
}

/** `0-3,6` of 0, 1, 2, 3 and 6. */
export function writeCpuSet(cpus: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of [...new Set(cpus)].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

/**
 * The pins that a run gets: those that were given, otherwise each virtual CPU of a pinned NUMA node is kept on the CPUs of the
 * host's nodes (vms.md 2.3).
 */
export function effectivePins(
  { pins, numaNodes }: { readonly pins: readonly VcpuPin[]; readonly numaNodes: readonly VirtualNumaNode[] },
  host: readonly HostNumaNode[],
): VcpuPin[] {
  if (pins.length > 0) return [...pins];
  return numaNodes.flatMap(({ vcpus, hostNodes }) => {
    const cpus = host.filter(({ index }) => hostNodes.includes(index)).flatMap((node) => node.cpus);
    return cpus.length === 0 ? [] : vcpus.map((vcpu) => ({ vcpu, cpus: writeCpuSet(cpus) }));
  });
}

/**
 * Where the IO threads and QEMU's other threads of a high performance VM run: on the first two CPUs of the host node that holds
 * most of the VM's pinned CPUs. Undefined unless its CPUs and a NUMA node are pinned and it has IO threads (vms.md 2.4).
 */
export function threadPlace(
  vm: { readonly pins: readonly VcpuPin[]; readonly numaNodes: readonly VirtualNumaNode[]; readonly ioThreads: number },
  host: readonly HostNumaNode[],
): string | undefined {
  if (vm.pins.length === 0 || vm.ioThreads < 1 || !vm.numaNodes.some(({ hostNodes }) => hostNodes.length > 0)) return undefined;
  const pinned = new Set(vm.pins.flatMap(({ cpus }) => readCpuSet(cpus) ?? []));
  const overlap = ({ cpus }: HostNumaNode) => cpus.filter((cpu) => pinned.has(cpu)).length;
  const lowest = ({ cpus }: HostNumaNode) => cpus[0] ?? Number.POSITIVE_INFINITY;
  const [best] = host.filter(({ cpus }) => cpus.length > 0).toSorted((a, b) => overlap(b) - overlap(a) || lowest(a) - lowest(b));
  return writeCpuSet(best ? best.cpus.slice(0, 2) : [0, 1]);
}

export interface HostTopology {
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  readonly numaNodes: readonly HostNumaNode[];
}

export interface AutomaticPinning {
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
  readonly pins: readonly VcpuPin[];
  readonly nodes: readonly Omit<VirtualNumaNode, 'id' | 'memory'>[];
}

/**
 * RHV's policy `adjust`: the VM becomes the host's topology less one core of each socket, which is left to the host: the first
 * of each node. Threads of a virtual core are kept on the threads of one real core; CPU n's sibling is n plus the cores of its
 * node. Undefined where a socket has one core alone.
 */
export function automaticPinning(host: HostTopology): AutomaticPinning | undefined {
  const { coresPerSocket, threadsPerCore: threads, sockets } = host;
  if (coresPerSocket < 2) return undefined;
  const usable = host.numaNodes.filter(({ cpus }) => cpus.length > 0);
  const perNode = usable.map(({ index, cpus }) => {
    const cores = Math.floor(cpus.length / threads);
    const siblings = Array.from({ length: cores }, (_one, core) =>
      Array.from({ length: threads }, (_other, thread) => cpus[core + thread * cores] ?? 0),
    );
    return { index, cores: siblings.slice(1) };
  });
  const vcpus = sockets * (coresPerSocket - 1) * threads;
  let next = 0;
  const placed = perNode.map(({ index, cores }) => {
    const pins = cores.flatMap((siblings) =>
      siblings.flatMap((): VcpuPin[] => (next < vcpus ? [{ vcpu: next++, cpus: writeCpuSet(siblings) }] : [])),
    );
    return { index, pins };
  });
  return {
    sockets,
    cores: coresPerSocket - 1,
    threads,
    pins: placed.flatMap(({ pins }) => pins),
    nodes: placed
      .filter(({ pins }) => pins.length > 0)
      .map(({ index, pins }, at) => ({ index: at, vcpus: pins.map(({ vcpu }) => vcpu), mode: 'strict' as const, hostNodes: [index] })),
  };
}

/** A VM's memory shared out among so many nodes in whole mebibytes; the first takes what does not divide. */
export function sharedOut(bytes: number, nodes: number, unit: number): number[] {
  const each = Math.floor(bytes / nodes / unit) * unit;
  return Array.from({ length: nodes }, (_one, index) => (index === 0 ? bytes - each * (nodes - 1) : each));
}
