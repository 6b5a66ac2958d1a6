import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { backOff, keepRunning, type Child } from './child.ts';
import { isAlive } from './process.ts';

let directory: string;
const children: Child[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-child-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
  await rm(directory, { recursive: true });
});

async function program(text: string): Promise<Child> {
  const file = join(directory, 'program.mjs');
  await writeFile(file, text);
  const child = keepRunning({ name: 'program', command: [process.execPath, file], log: join(directory, 'log'), grace: 300 }, () => undefined, Date.now);
  children.push(child);
  return child;
}

const serves = `console.log(JSON.stringify({ ready: true })); setInterval(() => {}, 1000);`;
const processOf = (child: Child) => child.status().process ?? { pid: 0, startTicks: 0 };

test('what was killed runs again, as another process', async () => {
  const child = await program(serves);
  await child.serving;
  const first = processOf(child);
  process.kill(first.pid, 'SIGKILL');
  await vi.waitFor(() => expect(child.status()).toMatchObject({ health: 'ok', restarts: 1 }), 10_000);
  expect(processOf(child).pid).not.toBe(first.pid);
  expect(await isAlive(first)).toBe(false);
});

test('what serves hears that its files have changed, and goes on', async () => {
  const child = await program(`process.on('SIGHUP', () => console.log('read again')); ${serves}`);
  await child.serving;
  const running = processOf(child);
  child.reload();
  await vi.waitFor(async () => expect(await readFile(join(directory, 'log'), 'utf8')).toContain('read again'), 10_000);
  expect(processOf(child)).toEqual(running);
});

test('what never serves says why, with its own last words', async () => {
  const child = await program(`console.error('the moon is in the wrong house'); process.exit(3);`);
  await expect(child.serving).rejects.toThrow('the moon is in the wrong house');
  expect(await readFile(join(directory, 'log'), 'utf8')).toContain('the moon');
});

test('what does not want to stop is stopped, and not started again', async () => {
  const child = await program(`process.on('SIGTERM', () => {}); ${serves}`);
  await child.serving;
  const running = processOf(child);
  await child.stop();
  expect(await isAlive(running)).toBe(false);
  expect(child.status().health).toBe('stopped');
});

test('a lasting failure is repeated ever less often, down to every ten seconds', () => {
  expect([0, 1, 2, 3].map(backOff)).toEqual([100, 200, 400, 800]);
  expect(backOff(50)).toBe(10_000);
});
