import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Input } from '@ostler/agent-contract/calls';
import type { Connection, DomainHealth, VolumeReference } from '@ostler/agent-contract/values';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHostStorage } from './host-storage.ts';
import { isMounted, placeOf } from './mounts.ts';
import { identityOf } from './process-identity.ts';
import type { Storage, VolumeUse } from './storage.ts';
import type { BeginTask } from './tasks-seam.ts';

const mebibyte = 2 ** 20;
const run: VolumeUse = { by: { kind: 'run', id: randomUUID() }, write: true };
const patience = { timeout: 50_000, interval: 100 };
let directory: string;
let stateDir: string;
let storages: Storage[];
let tasks: Map<string, Promise<unknown>>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-storage-'));
  await chmod(directory, 0o755);
  stateDir = join(directory, 'state');
  await mkdir(stateDir);
  storages = [];
  tasks = new Map();
});
afterEach(async () => {
  for (const storage of storages) await storage.stop();
  await rm(directory, { recursive: true });
});

const begin: BeginTask = async (_call, _input, { operation }, work) => {
  const signal = new AbortController().signal;
  const ended = tasks.get(operation) ?? work({ signal, progress: () => undefined });
  ended.catch(() => undefined);
  tasks.set(operation, ended);
  return { task: operation };
};

async function open(now: () => number = Date.now): Promise<Storage> {
  const quiet = { info: () => undefined, warn: () => undefined };
  const storage = await openHostStorage({ stateDir, begin, now, log: quiet, checkEvery: 200 });
  storages.push(storage);
  return storage;
}

async function directoryOf(name: string): Promise<Connection> {
  const path = join(directory, name);
  await mkdir(path);
  await chown(path, 36, 36);
  return { type: 'posixfs', path, vfsType: 'none', mountOptions: 'bind' };
}

const context = () => ({ signal: new AbortController().signal, mandate: { epoch: 1, operation: randomUUID() } });
const finished = async (begun: Promise<{ task: string }>) => tasks.get((await begun).task);

async function activeDomain({ calls }: Storage, connection: Connection): Promise<string> {
  const domain = randomUUID();
  await calls.connectStorage({ connection }, context());
  await calls.createDomain({ domain, connection, name: 'data', kind: 'data' }, context());
  await calls.activateDomain({ domain, connection }, context());
  return domain;
}

async function newVolume({ calls }: Storage, domain: string, different: Partial<Input<'createVolume'>> = {}): Promise<VolumeReference> {
  const reference = { domain, image: randomUUID(), volume: randomUUID() };
  const wish = { format: 'cow', sparse: true, capacity: 8 * mebibyte, content: 'data', description: '', legal: true } as const;
  await calls.createVolume({ ...reference, ...wish, ...different }, context());
  return reference;
}

const identityFile = (connection: Connection) => join(stateDir, 'io', `${placeOf(connection, join(stateDir, 'mounts')).key}.json`);
async function processOf(connection: Connection): Promise<number> {
  const { pid }: { pid: number } = JSON.parse(await readFile(identityFile(connection), 'utf8'));
  return pid;
}

test('a domain and a disk live, and leave neither a process nor a file', async () => {
  const storage = await open();
  const { calls } = storage;
  const connection = await directoryOf('data');
  const domain = await activeDomain(storage, connection);
  const volume = await newVolume(storage, domain);
  const path = join(directory, 'data', domain, 'images', volume.image, volume.volume);
  expect(await storage.prepare(volume, run)).toEqual({ kind: 'file', path });
  await storage.teardown(volume, run.by);
  await storage.teardown(volume, run.by);
  await finished(calls.removeImage({ domain, image: volume.image, wipe: false }, context()));
  await calls.deactivateDomain({ domain }, context());
  await calls.formatDomain({ domain, connection }, context());
  const pid = await processOf(connection);
  await calls.disconnectStorage({ connection }, context());
  expect(await identityOf(pid)).toBeUndefined();
  expect(await readdir(join(directory, 'data'))).toEqual([]);
  expect(await readdir(join(stateDir, 'io'))).toEqual([]);
});

test('what a run uses stays as it is until the last use has ended, and so does what it lies on', async () => {
  const storage = await open();
  const { calls } = storage;
  const connection = await directoryOf('data');
  const domain = await activeDomain(storage, connection);
  const below = await newVolume(storage, domain);
  const above = await newVolume(storage, domain, { parent: { image: below.image, volume: below.volume } });
  await storage.prepare(above, run);
  await storage.prepare(above, run);
  for (const { image, volume } of [above, below]) {
    await expect(calls.removeImage({ domain, image, wipe: false }, context())).rejects.toMatchObject({ code: 'volume_in_use' });
    await expect(calls.extendVolume({ domain, image, volume, capacity: 16 * mebibyte }, context())).rejects.toMatchObject({
      code: 'volume_in_use',
    });
  }
  const declared = { format: 'cow', capacity: 8 * mebibyte } as const;
  await expect(calls.verifyVolume({ ...above, declared }, context())).rejects.toMatchObject({ code: 'volume_in_use' });
  await expect(calls.deactivateDomain({ domain }, context())).rejects.toMatchObject({ code: 'volume_in_use' });
  await expect(calls.formatDomain({ domain, connection }, context())).rejects.toMatchObject({ code: 'volume_in_use' });
  await expect(calls.disconnectStorage({ connection }, context())).rejects.toMatchObject({ code: 'volume_in_use' });
  await storage.teardown(above, run.by);
  expect(await calls.extendVolume({ ...above, capacity: 16 * mebibyte }, context())).toMatchObject({ capacity: 16 * mebibyte });
  await calls.deactivateDomain({ domain }, context());
});

test('a task holds its volume from before it begins until it has ended, however it ends', async () => {
  const storage = await open();
  const { calls } = storage;
  const domain = await activeDomain(storage, await directoryOf('data'));
  const volume = await newVolume(storage, domain, { legal: false });
  const verify = (how: ReturnType<typeof context>) =>
    calls.verifyVolume({ ...volume, declared: { format: 'cow', capacity: mebibyte } }, how);
  const once = context();
  const [one, same, other] = await Promise.all([verify(once), verify(once), verify(context())]);
  expect(one).toEqual(same);
  expect(other).not.toEqual(one);
  const meanwhile = [storage.prepare(volume, run), calls.removeImage({ domain, image: volume.image, wipe: false }, context())];
  for (const refused of await Promise.allSettled(meanwhile)) expect(refused).toMatchObject({ reason: { code: 'volume_in_use' } });
  for (const task of tasks.values()) await expect(task).rejects.toMatchObject({ code: 'image_lies' });
  await storage.prepare(volume, run);
});

test('a use that could not be is none', async () => {
  const storage = await open();
  const { calls } = storage;
  const domain = await activeDomain(storage, await directoryOf('data'));
  const nothing = { domain, image: randomUUID(), volume: randomUUID() };
  await expect(storage.prepare(nothing, run)).rejects.toMatchObject({ code: 'unknown_volume' });
  await expect(storage.prepare({ ...nothing, domain: randomUUID() }, run)).rejects.toMatchObject({ code: 'unknown_domain' });
  await calls.deactivateDomain({ domain }, context());
});

test('a place that cannot be used is refused with the reason, and is not connected', async () => {
  const { calls } = await open();
  const connection: Connection = { type: 'localfs', path: join(directory, 'missing') };
  await expect(calls.connectStorage({ connection }, context())).rejects.toMatchObject({
    code: 'storage_failed',
    message: expect.stringContaining('no such directory'),
  });
  await expect(calls.findDomains({ connection }, context())).rejects.toMatchObject({ code: 'unknown_domain' });
  const file = join(directory, 'file');
  await writeFile(file, '');
  await expect(calls.connectStorage({ connection: { type: 'localfs', path: file } }, context())).rejects.toMatchObject({
    code: 'storage_failed',
  });
});

test('a file system is mounted once, by whichever name it is asked for, and taken away', async () => {
  const { calls } = await open();
  const connection: Connection = { type: 'posixfs', path: 'ostler-test', vfsType: 'tmpfs', mountOptions: 'size=16m,uid=36,gid=36' };
  const { root } = placeOf(connection, join(stateDir, 'mounts'));
  await Promise.all([calls.connectStorage({ connection }, context()), calls.connectStorage({ connection }, context())]);
  expect(await isMounted(root)).toBe(true);
  expect(await readdir(join(stateDir, 'io'))).toHaveLength(1);
  await calls.disconnectStorage({ connection }, context());
  await calls.disconnectStorage({ connection }, context());
  expect(await isMounted(root)).toBe(false);
  expect(await readdir(join(stateDir, 'io'))).toEqual([]);
});

test('a restarted agent goes on with the domains of its predecessor, and not with those that were left', async () => {
  const first = await open();
  const connection = await directoryOf('data');
  const domain = await activeDomain(first, connection);
  const left = await activeDomain(first, await directoryOf('other'));
  const volume = await newVolume(first, domain);
  await first.calls.deactivateDomain({ domain: left }, context());
  await first.stop();
  const second = await open();
  expect(second.health().map((health) => health.domain)).toEqual([domain]);
  await second.prepare(volume, run);
  await expect(second.calls.deactivateDomain({ domain }, context())).rejects.toMatchObject({ code: 'volume_in_use' });
  await expect(second.prepare({ ...volume, domain: left }, run)).rejects.toMatchObject({ code: 'unknown_domain' });
});

test('a predecessor that still has the storage in its hands is ended before anything is done there', async () => {
  const first = await open();
  const connection = await directoryOf('data');
  const domain = await activeDomain(first, connection);
  const pid = await processOf(connection);
  process.kill(pid, 'SIGSTOP');
  const second = await open();
  await second.calls.connectStorage({ connection }, context());
  expect(await second.calls.activateDomain({ domain, connection }, context())).toMatchObject({ domain });
  expect(await identityOf(pid)).toBeUndefined();
});

test('a memory that cannot be read keeps no agent from starting', async () => {
  await writeFile(join(stateDir, 'domains.json'), '[{"domain":');
  expect((await open()).health()).toEqual([]);
});

test('a place that hangs says so in time while another goes on, and is used again when it answers', async () => {
  const storage = await open();
  const told: DomainHealth[] = [];
  storage.onHealth((health) => told.push(health));
  const [stuckAt, wellAt] = [await directoryOf('stuck'), await directoryOf('well')];
  const [stuck, well] = [await activeDomain(storage, stuckAt), await activeDomain(storage, wellAt)];
  const stateOf = (domain: string) => storage.health().find((health) => health.domain === domain)?.state;
  const volume = await newVolume(storage, stuck);
  const pid = await processOf(stuckAt);
  process.kill(pid, 'SIGSTOP');

  const order: string[] = [];
  const refused = storage.calls.volumeFacts(volume, context()).catch((error: unknown) => {
    order.push('stuck');
    return error;
  });
  for (let count = 0; count < 3; count++) await newVolume(storage, well).then(() => order.push('well'));
  expect(await refused).toMatchObject({ code: 'storage_hangs' });
  expect(order).toEqual(['well', 'well', 'well', 'stuck']);
  await expect(storage.prepare(volume, run)).rejects.toMatchObject({ code: 'storage_hangs' });
  await expect.poll(() => stateOf(stuck), patience).toBe('hanging');
  process.kill(pid, 'SIGCONT');
  await expect.poll(() => stateOf(stuck), patience).toBe('ok');
  expect(await processOf(stuckAt)).toBe(pid);
  await storage.prepare(volume, run);

  const states = (domain: string) => told.filter((health) => health.domain === domain).map(({ state }) => state);
  expect(states(stuck)).toEqual(['ok', 'hanging', 'ok']);
  expect(states(well)).toEqual(['ok']);
});

test('a process that does not come back is given up for a fresh one', async () => {
  const storage = await open();
  const connection = await directoryOf('data');
  const domain = await activeDomain(storage, connection);
  const pid = await processOf(connection);
  process.kill(pid, 'SIGSTOP');
  await expect(storage.calls.domainFacts({ domain }, context())).rejects.toMatchObject({ code: 'storage_hangs' });
  await expect.poll(() => storage.health()[0]?.state, patience).toBe('hanging');
  await expect.poll(() => storage.health()[0]?.state, patience).toBe('ok');
  expect(await identityOf(pid)).toBeUndefined();
  expect(await storage.calls.domainFacts({ domain }, context())).toMatchObject({ domain });
});

test('a domain whose metadata are gone is failing, until they are there again', async () => {
  const storage = await open();
  const domain = await activeDomain(storage, await directoryOf('data'));
  const metadata = join(directory, 'data', domain, 'dom_md', 'metadata');
  const text = await readFile(metadata);
  await rm(metadata);
  await expect.poll(() => storage.health()[0]?.state, patience).toBe('failing');
  await writeFile(metadata, text);
  await expect.poll(() => storage.health()[0]?.state, patience).toBe('ok');
});

test('health is told when it changes, and once a minute, with the space that is left', async () => {
  let clock = 0;
  const storage = await open(() => clock);
  const told: DomainHealth[] = [];
  storage.onHealth((health) => told.push(health));
  const domain = await activeDomain(storage, await directoryOf('data'));
  for (const minute of [0, 1, 2]) {
    clock = minute * 60_000;
    await expect.poll(() => told.at(-1)?.at, patience).toBe(clock);
  }
  expect(told.map(({ at }) => at)).toEqual([0, 60_000, 120_000]);
  expect(told).toEqual(
    told.map(() => expect.objectContaining({ domain, state: 'ok', available: expect.any(Number), latency: expect.any(Number) })),
  );
});
