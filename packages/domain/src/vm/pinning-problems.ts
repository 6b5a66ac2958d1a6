import { reasons, type Reason } from '../reason.ts';
import { mebibyte, vcpusOf, type Hardware } from './hardware.ts';
import { readCpuSet } from './pinning.ts';

export const pinningReasons = reasons({
  pin_unknown_vcpu: { class: 'bad_input', text: 'Virtual CPU {vcpu} cannot be pinned: the VM has {count}, numbered from 0.' },
  pin_twice: { class: 'bad_input', text: 'Virtual CPU {vcpu} is pinned twice.' },
  pin_cpu_set: { class: 'bad_input', text: '"{cpus}" is no set of CPUs. Write 0, 1,2 or 1-4,^2.' },
  numa_too_many: { class: 'bad_input', text: 'A VM has at most as many NUMA nodes as virtual CPUs, which are {count}.' },
  numa_index: { class: 'bad_input', text: 'The NUMA nodes of a VM are numbered from 0 on without gaps; {index} does not fit.' },
  numa_cpu_unknown: { class: 'bad_input', text: 'NUMA node {index} cannot have virtual CPU {vcpu}: the VM has {count}, numbered from 0.' },
  numa_cpu_twice: { class: 'bad_input', text: 'Virtual CPU {vcpu} is in two NUMA nodes.' },
  numa_cpu_none: { class: 'bad_input', text: 'NUMA node {index} needs a virtual CPU.' },
  numa_memory: { class: 'bad_input', text: 'The NUMA nodes together have {sum} MiB of memory, the VM {size}.' },
  numa_memory_node: { class: 'bad_input', text: 'NUMA node {index} needs at least 1 MiB of memory.' },
});

const said = pinningReasons;
type Found = readonly (Reason | undefined | false)[];

export function pinProblems(hardware: Hardware): Found {
  const count = vcpusOf(hardware);
  const field = 'vm.cpu.cpu_tune.vcpu_pins';
  const { pins } = hardware.cpu;
  return pins.flatMap(({ vcpu, cpus }, index) => [
    (vcpu < 0 || vcpu >= count) && said.pin_unknown_vcpu({ vcpu, count }, field),
    pins.findIndex((other) => other.vcpu === vcpu) !== index && said.pin_twice({ vcpu }, field),
    readCpuSet(cpus) === undefined && said.pin_cpu_set({ cpus }, field),
  ]);
}

export function numaProblems(hardware: Hardware): Found {
  const { numaNodes, memory } = hardware;
  const count = vcpusOf(hardware);
  const field = 'vm_numa_node';
  const sum = numaNodes.reduce((all, node) => all + node.memory, 0);
  const seen = new Set<number>();
  const nodes = numaNodes.toSorted((a, b) => a.index - b.index);
  return [
    numaNodes.length > count && said.numa_too_many({ count }, field),
    sum > memory.size && said.numa_memory({ sum: sum / mebibyte, size: memory.size / mebibyte }, `${field}.memory`),
    ...nodes.flatMap(({ index, vcpus, memory: bytes }, at): Found => {
      const twice = vcpus.find((vcpu) => seen.has(vcpu) || !seen.add(vcpu));
      const unknown = vcpus.find((vcpu) => vcpu < 0 || vcpu >= count);
      return [
        index !== at && said.numa_index({ index }, `${field}.index`),
        vcpus.length === 0 && said.numa_cpu_none({ index }, `${field}.cpu.cores`),
        unknown !== undefined && said.numa_cpu_unknown({ index, vcpu: unknown, count }, `${field}.cpu.cores`),
        twice !== undefined && said.numa_cpu_twice({ vcpu: twice }, `${field}.cpu.cores`),
        bytes < mebibyte && said.numa_memory_node({ index }, `${field}.memory`),
      ];
    }),
  ];
}
