import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freeLockspace, freeResource } from './lease.ts';

const run = promisify(execFile);
const space = 'a2f8c7d4-1111-4222-8333-944455566677';
const resource = '0b1c2d3e-1111-4222-8333-944455566677';
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-lease-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function empty(name: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, '');
  await truncate(path, 1024 * 1024);
  return path;
}

test("a free resource is sanlock's own, byte for byte", async () => {
  const path = await empty('resource');
  await run('sanlock', ['direct', 'init', '-r', `${space}:${resource}:${path}:0`]);
  expect(freeResource(space, resource).equals(await readFile(path))).toBe(true);
});

test("a free lockspace is sanlock's own, byte for byte", async () => {
  const path = await empty('lockspace');
  await run('sanlock', ['direct', 'init', '-s', `${space}:0:${path}:0`]);
  expect(freeLockspace(space).equals(await readFile(path))).toBe(true);
});
