import { expect, test } from 'vitest';
import { usageOf, type VmFigures } from './usage.ts';

const figures = (parts: Partial<VmFigures>): VmFigures => ({
  run: 'a',
  at: 0,
  cpuTime: 0,
  vcpus: 2,
  memory: { balloon: 0 },
  nics: [],
  ...parts,
});

test('a VM that keeps one of two CPUs busy uses half of what it has', () => {
  expect(usageOf.vm(figures({}), figures({ at: 10_000, cpuTime: 10e9 })).cpu).toBe(50);
});

test('figures of an earlier run are not compared with', () => {
  expect(usageOf.vm(figures({ run: 'b' }), figures({ at: 10_000, cpuTime: 10e9 })).cpu).toBe(0);
});

test('memory is what the guest does not have free', () => {
  expect(usageOf.vm(undefined, figures({ memory: { balloon: 100, available: 100, unused: 25 } })).memory).toBe(75);
});

test('a host is as busy as its CPUs were since the last look', () => {
  const host = (user: number, idle: number) => ({ at: 0, cpu: { user, system: 0, idle }, memory: { total: 100, available: 40 } });
  expect(usageOf.host(host(0, 0), host(30, 70))).toEqual({ cpu: 30, memory: 60 });
});
