import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
    // Who is asked again reads what was found, and does not try: a tale planted there is believed until the next boot.
    const [cache = ''] = await readdir(directory);
    const told = await readFile(join(directory, cache), 'utf8');
    const tale = { kind: 'tcg', because: 'a tale' };
    await writeFile(join(directory, cache), JSON.stringify({ ...JSON.parse(told), found: tale }));
    expect(await findAcceleration(directory, 'boot-1')).toEqual(tale);
    expect(await findAcceleration(directory, 'boot-2')).toEqual(first);
  } finally {
    await rm(directory, { recursive: true });
  }
});
