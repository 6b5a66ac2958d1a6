import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findAcceleration, runBootSector } from './acceleration.ts';

test('a guest that runs is heard', async () => {
  expect(await runBootSector('tcg', 30_000)).toMatchObject({ spoke: true });
});

test('what KVM can do is found by trying, said with a reason, and known until the next boot', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'agent-facts-'));
  try {
    const first = await findAcceleration(directory, 'boot-1');
    const { spoke } = await runBootSector('kvm');
    expect(first.kind).toBe(spoke ? 'kvm' : 'tcg');
    if (first.kind === 'tcg') expect(first.because).toMatch(/\/dev\/kvm is/);
    const began = performance.now();
    expect(await findAcceleration(directory, 'boot-1')).toEqual(first);
    expect(performance.now() - began).toBeLessThan(50);
  } finally {
    await rm(directory, { recursive: true });
  }
});
