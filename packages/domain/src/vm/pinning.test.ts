import fc from 'fast-check';
import { expect, test } from 'vitest';
import { automaticPinning, effectivePins, readCpuSet, sharedOut, threadPlace, writeCpuSet, type HostNumaNode } from './pinning.ts';

test('sets of CPUs are read as RHV writes them', () => {
  expect(readCpuSet('0')).toEqual([0]);
  expect(readCpuSet('1,2')).toEqual([1, 2]);
  expect(readCpuSet('1-4,^2')).toEqual([1, 3, 4]);
  for (const none of ['', '4-1', 'a', '1,,2', '-1', '1,^1']) expect(readCpuSet(none)).toBeUndefined();
});

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1 }), (cpus) => {
      expect(readCpuSet(writeCpuSet(cpus))).toEqual(cpus.toSorted((a, b) => a - b));
    }),
  );
});

/** Two sockets of four cores with two threads; a core's second thread is numbered after all cores of its node. */
const nodes: HostNumaNode[] = [
  { index: 0, memory: 2 ** 34, cpus: [0, 1, 2, 3, 8, 9, 10, 11] },
  { index: 1, memory: 2 ** 34, cpus: [4, 5, 6, 7, 12, 13, 14, 15] },
];

test('adjusting to a host leaves one core of each socket to it, and keeps the threads of a core together', () => {
  const pinned = automaticPinning({ sockets: 2, coresPerSocket: 4, threadsPerCore: 2, numaNodes: nodes });
  expect(pinned).toMatchObject({ sockets: 2, cores: 3, threads: 2 });
  expect(pinned?.pins.slice(0, 3)).toEqual([
    { vcpu: 0, cpus: '1,9' },
    { vcpu: 1, cpus: '1,9' },
    { vcpu: 2, cpus: '2,10' },
  ]);
  expect(pinned?.pins).toHaveLength(12);
  expect(pinned?.nodes).toEqual([
    { index: 0, vcpus: [0, 1, 2, 3, 4, 5], mode: 'strict', hostNodes: [0] },
    { index: 1, vcpus: [6, 7, 8, 9, 10, 11], mode: 'strict', hostNodes: [1] },
  ]);
  const all = pinned?.pins.flatMap(({ cpus }) => readCpuSet(cpus) ?? []);
  expect(all).not.toContain(0);
  expect(all).not.toContain(4);
});

test('a host with one core in each socket cannot be adjusted to', () => {
  expect(automaticPinning({ sockets: 2, coresPerSocket: 1, threadsPerCore: 1, numaNodes: nodes })).toBeUndefined();
});

const numaNode = (hostNodes: number[]) => ({ id: 'x', index: 0, memory: 2 ** 30, vcpus: [0, 1], mode: 'strict' as const, hostNodes });

test('a pinned NUMA node keeps its virtual CPUs on the host node, unless they are pinned themselves', () => {
  expect(effectivePins({ pins: [], numaNodes: [numaNode([1])] }, nodes)).toEqual([
    { vcpu: 0, cpus: '4-7,12-15' },
    { vcpu: 1, cpus: '4-7,12-15' },
  ]);
  expect(effectivePins({ pins: [{ vcpu: 0, cpus: '3' }], numaNodes: [numaNode([1])] }, nodes)).toEqual([{ vcpu: 0, cpus: '3' }]);
});

test('QEMU threads lie on the first two CPUs of the node with most of the pinned ones', () => {
  const vm = { pins: [{ vcpu: 0, cpus: '5' }, { vcpu: 1, cpus: '6' }], numaNodes: [numaNode([1])], ioThreads: 1 }; // prettier-ignore
  expect(threadPlace(vm, nodes)).toBe('4-5');
  expect(threadPlace({ ...vm, pins: [{ vcpu: 0, cpus: '1,5' }] }, nodes)).toBe('0-1');
  expect(threadPlace(vm, [])).toBe('0-1');
});

test('without pinned CPUs, a pinned node or IO threads, nothing is said of the threads', () => {
  const vm = { pins: [{ vcpu: 0, cpus: '5' }], numaNodes: [numaNode([1])], ioThreads: 1 };
  expect(threadPlace({ ...vm, pins: [] }, nodes)).toBeUndefined();
  expect(threadPlace({ ...vm, numaNodes: [numaNode([])] }, nodes)).toBeUndefined();
  expect(threadPlace({ ...vm, ioThreads: 0 }, nodes)).toBeUndefined();
});

test('memory is shared out to the last byte', () => {
  expect(sharedOut(1000, 3, 100)).toEqual([400, 300, 300]);
});
