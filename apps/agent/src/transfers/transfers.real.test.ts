import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Input } from '@ostler/agent-contract/calls';
import type { TransferState, VolumeReference } from '@ostler/agent-contract/values';
import { download, upload } from '@ostler/image-io/client';
import { createAuthority, issue, type Identity } from '@ostler/pki/authority';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openHostStorage } from '../storage/host-storage.ts';
import { identityOf } from '../storage/process-identity.ts';
import type { Storage, VolumeUse } from '../storage/storage.ts';
import type { BeginTask } from '../storage/tasks-seam.ts';
import { imageServers, type ImageServers } from './image-servers.ts';
import { openTransfers, type Transfers } from './transfers.ts';

const run = promisify(execFile);
const mebibyte = 2 ** 20;
const capacity = 64 * mebibyte;
const guest: VolumeUse = { by: { kind: 'run', id: randomUUID() }, write: true };
const quiet = { info: () => undefined, warn: () => undefined };
const patience = { timeout: 30_000, interval: 50 };

interface Agent {
  readonly storage: Storage;
  readonly servers: ImageServers;
  readonly transfers: Transfers;
  readonly told: TransferState[];
}

let authority: Identity;
let host: Identity;
let directory: string;
let port: number;
let agents: Agent[];
let tasks: Map<string, Promise<unknown>>;
let agent: Agent;
let domain: string;

beforeAll(async () => {
  authority = await createAuthority('Test', new Date());
  host = await issue(authority, { commonName: 'host', role: 'host', names: ['host', '127.0.0.1'] }, new Date());
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-transfers-'));
  await chmod(directory, 0o755);
  await mkdir(join(directory, 'data'));
  await chown(join(directory, 'data'), 36, 36);
  await mkdir(join(directory, 'state'));
  agents = [];
  tasks = new Map();
  port = await freePort();
  agent = await start();
  const connection = { type: 'localfs', path: join(directory, 'data') } as const;
  domain = randomUUID();
  await agent.storage.calls.connectStorage({ connection }, context());
  await agent.storage.calls.createDomain({ domain, connection, name: 'data', kind: 'data' }, context());
  await agent.storage.calls.activateDomain({ domain, connection }, context());
});
afterEach(async () => {
  for (const { transfers, servers, storage } of agents) {
    transfers.stop();
    await servers.stop();
    await storage.stop();
  }
  await rm(directory, { recursive: true });
});

const begin: BeginTask = async (_call, _input, { operation }, work) => {
  const ended = work({ signal: new AbortController().signal, progress: () => undefined });
  ended.catch(() => undefined);
  tasks.set(operation, ended);
  return { task: operation };
};

/** The same state directory, port and processes each time: the next agent of the host. */
async function start(exitAt?: string): Promise<Agent> {
  const stateDir = join(directory, 'state');
  const told: TransferState[] = [];
  const storage = await openHostStorage({ stateDir, begin, now: Date.now, log: quiet });
  const servers = await imageServers({
    runDir: join(directory, 'run'),
    identityFile: join(stateDir, 'image-server.json'),
    tls: () => ({ cert: host.cert, key: host.key, ca: authority.cert }),
    listen: { address: '127.0.0.1', port },
    workers: 2,
    uid: 36,
    gid: 36,
    log: quiet,
    ...(exitAt !== undefined && { exitAt }),
  });
  const memory = join(stateDir, 'transfers.json');
  const transfers = await openTransfers({ servers, storage, memory, publish: (state) => told.push(state), now: Date.now, log: quiet });
  const started = { storage, servers, transfers, told };
  agents.push(started);
  return started;
}

/** As kill -9 would: it tells nobody anything any more, and ends nothing. */
async function killAgent({ transfers, storage }: Agent): Promise<void> {
  transfers.stop();
  await storage.stop();
}

const context = () => ({ mandate: { epoch: 1, operation: randomUUID() }, signal: new AbortController().signal });

async function newVolume(different: Partial<Input<'createVolume'>> = {}): Promise<VolumeReference> {
  const reference = { domain, image: randomUUID(), volume: randomUUID() };
  const wish = { format: 'cow', sparse: true, capacity, content: 'data', description: '', legal: true } as const;
  await agent.storage.calls.createVolume({ ...reference, ...wish, ...different }, context());
  return reference;
}

const fileOf = ({ image, volume }: VolumeReference) => join(directory, 'data', domain, 'images', image, volume);
const isLegal = async (volume: VolumeReference) => (await agent.storage.calls.volumeFacts(volume, context())).legal;

function wishFor(volume: VolumeReference, different: Partial<Input<'openTransfer'>> = {}): Input<'openTransfer'> {
  const ids = { transfer: randomUUID(), ticket: randomUUID() };
  const what = { direction: 'upload', format: 'cow', view: 'file', size: capacity, validFor: 60_000, inactivityTimeout: 60_000 } as const;
  return { ...ids, ...volume, ...what, ...different };
}

const open = (wish: Input<'openTransfer'>, { transfers } = agent) => transfers.calls.openTransfer(wish, context());
const close = ({ transfer }: { transfer: string }, { transfers } = agent) => transfers.calls.closeTransfer({ transfer }, context());
const stateOf = ({ transfer }: { transfer: string }, { transfers } = agent) => transfers.calls.transferState({ transfer }, context());
const link = ({ ticket }: { ticket: string }) => ({ url: `https://127.0.0.1:${port}/images/${ticket}`, ca: authority.cert });

async function verify(volume: VolumeReference): Promise<unknown> {
  const { task } = await agent.storage.calls.verifyVolume({ ...volume, declared: { format: 'cow', capacity } }, context());
  return tasks.get(task);
}

/** What a person has on their own machine. */
async function localImage(...options: string[]): Promise<{ path: string; size: number }> {
  const path = join(directory, `local-${randomUUID()}.qcow2`);
  const bytes = `${path}.raw`;
  await writeFile(bytes, Buffer.concat([randomBytes(40 * mebibyte), Buffer.alloc(capacity - 40 * mebibyte)]));
  await run('qemu-img', ['convert', '-q', '-O', 'qcow2', ...options, bytes, path]);
  await rm(bytes);
  return { path, size: (await stat(path)).size };
}

const sameBytes = async (a: string, b: string) => (await readFile(a)).equals(await readFile(b));
const identical = (a: string, b: string) => run('qemu-img', ['compare', '-q', a, b]);

async function serverPid(): Promise<number> {
  const { pid }: { pid: number } = JSON.parse(await readFile(join(directory, 'state', 'image-server.json'), 'utf8'));
  return pid;
}

test('an upload is nobody’s to see until it is verified; then it can be downloaded, as bytes and as the guest sees it', async () => {
  const image = await localImage();
  const volume = await newVolume();
  const up = wishFor(volume, { size: image.size });
  expect(await open(up)).toMatchObject({ transfer: up.transfer, transferred: 0, canceled: false });
  expect(await isLegal(volume)).toBe(false);
  await upload({ path: image.path, content: 'file' }, link(up));
  await expect.poll(async () => (await stateOf(up)).transferred, patience).toBe(image.size);
  await expect.poll(() => agent.told.at(-1), patience).toMatchObject({ transfer: up.transfer, transferred: image.size });
  await close(up);
  await close(up);
  await expect(stateOf(up)).rejects.toMatchObject({ code: 'unknown_transfer' });
  expect(await isLegal(volume)).toBe(false);
  await expect(open(wishFor(volume, { direction: 'download' }))).rejects.toMatchObject({
    code: 'image_lies',
    facts: { reason: 'not_verified' },
  });
  expect(await verify(volume)).toMatchObject({ legal: true });
  expect(await sameBytes(fileOf(volume), image.path)).toBe(true);

  for (const [view, size, content] of [
    ['file', image.size, 'file'],
    ['raw', capacity, 'qcow2'],
  ] as const) {
    const down = wishFor(volume, { direction: 'download', view, size });
    const path = join(directory, `back-${view}`);
    await open(down);
    await download({ path, content }, size, link(down));
    await close(down);
    await identical(path, image.path);
  }
  expect(await isLegal(volume)).toBe(true);
  await agent.storage.prepare(volume, guest);
});

test('what the guest shall see can be uploaded into a qcow2 volume', async () => {
  const image = await localImage();
  const volume = await newVolume();
  const up = wishFor(volume, { view: 'raw' });
  await open(up);
  await upload({ path: image.path, content: 'qcow2' }, link(up));
  await close(up);
  expect(await verify(volume)).toMatchObject({ legal: true });
  await identical(fileOf(volume), image.path);
});

test('a liar is refused at its first bytes, with the reason', async () => {
  const small = join(directory, 'small.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', small, '1M']);
  const over = await localImage();
  await run('qemu-img', ['rebase', '-q', '-u', '-b', '/etc/hostname', '-F', 'raw', over.path]);
  const text = join(directory, 'text');
  await writeFile(text, 'no image at all\n'.repeat(10_000));
  for (const [path, reason] of [
    [small, /size/],
    [over.path, /backing/],
    [text, /qcow2/],
  ] as const) {
    const volume = await newVolume();
    const up = wishFor(volume, { size: (await stat(path)).size });
    await open(up);
    await expect(upload({ path, content: 'file' }, link(up))).rejects.toThrow(reason);
    await close(up);
    expect(await isLegal(volume)).toBe(false);
  }
});

test('an upload has its volume for itself, downloads share it, and what could not be opened holds nothing', async () => {
  const volume = await newVolume();
  const use = { code: 'volume_in_use' };
  await agent.storage.prepare(volume, guest);
  const up = wishFor(volume);
  await expect(open(up)).rejects.toMatchObject(use);
  await expect(open(wishFor(volume, { direction: 'download' }))).rejects.toMatchObject(use);
  expect(await isLegal(volume)).toBe(true);
  await agent.storage.teardown(volume, guest.by);

  const downs = [wishFor(volume, { direction: 'download' }), wishFor(volume, { direction: 'download' })];
  for (const down of downs) await open(down);
  await expect(open(up)).rejects.toMatchObject(use);
  await expect(agent.storage.prepare(volume, guest)).rejects.toMatchObject(use);
  expect(agent.transfers.states().map(({ transfer }) => transfer)).toEqual(downs.map(({ transfer }) => transfer));
  for (const down of downs) await close(down);

  await open(up);
  await expect(open(wishFor(volume, { direction: 'download' }))).rejects.toMatchObject(use);
  await expect(agent.storage.calls.deactivateDomain({ domain }, context())).rejects.toMatchObject(use);
  await close(up);
  await agent.storage.prepare(volume, guest);
  await agent.storage.teardown(volume, guest.by);
  await expect(open(wishFor({ ...volume, volume: randomUUID() }))).rejects.toMatchObject({ code: 'unknown_volume' });
  await agent.storage.calls.deactivateDomain({ domain }, context());
});

test('another ticket for the same transfer ends the one before', async () => {
  const volume = await newVolume();
  const image = await localImage();
  const first = wishFor(volume, { size: image.size });
  const second = { ...first, ticket: randomUUID() };
  await open(first);
  await open(second);
  await expect(upload({ path: image.path, content: 'file' }, link(first))).rejects.toMatchObject({ status: 403 });
  await upload({ path: image.path, content: 'file' }, link(second));
});

test('an image server that is killed in the middle of an upload has lost it; opened again, the client goes on', async () => {
  const image = await localImage();
  const volume = await newVolume();
  const up = wishFor(volume, { size: image.size });
  await open(up);
  const pid = await serverPid();
  let killed = false;
  let retried: Promise<void> | undefined;
  await new Promise<void>((resolve) => {
    retried = upload(
      { path: image.path, content: 'file' },
      {
        ...link(up),
        connections: 1,
        onProgress(done) {
          if (killed || done < 8 * mebibyte) return;
          killed = true;
          process.kill(pid, 'SIGKILL');
          resolve();
        },
      },
    );
    // Whoever comes between the port and the ticket is refused for good: then another client begins anew, as people do.
    retried.catch(() => undefined);
  });
  await expect(stateOf(up)).rejects.toMatchObject({ code: 'unknown_transfer' });
  expect(agent.transfers.states()).toEqual([]);
  // A client finds a closed port until the ticket is there again.
  expect(await serverPid()).toBe(pid);
  await expect(agent.storage.prepare(volume, guest)).rejects.toMatchObject({ code: 'volume_in_use' });
  await open(up);
  expect(await serverPid()).not.toBe(pid);
  await retried?.catch(() => upload({ path: image.path, content: 'file' }, link(up)));
  await close(up);
  expect(await verify(volume)).toMatchObject({ legal: true });
  expect(await sameBytes(fileOf(volume), image.path)).toBe(true);
});

test.each(['before 1', 'after 1', 'before 2', 'after 2', 'before 3', 'after 3'])(
  'an image server that ends %s of open, extend and close costs nobody the transfer',
  async (exitAt) => {
    const volume = await newVolume();
    const up = wishFor(volume, { view: 'raw' });
    await agent.servers.stop();
    await killAgent(agent);
    agent = await start(exitAt);
    await agent.servers.control();
    const first = await serverPid();
    await open(up);
    const extend = () => agent.transfers.calls.extendTransfer({ transfer: up.transfer, validFor: 600_000 }, context());
    // What the manager does when it hears that a transfer is not open any more.
    await extend().catch(async (error: unknown) => {
      expect(error).toMatchObject({ code: 'unknown_transfer' });
      await open(up);
      await extend();
    });
    await close(up);
    await expect(stateOf(up)).rejects.toMatchObject({ code: 'unknown_transfer' });
    await agent.storage.prepare(volume, guest);
    // It did end, wherever that was.
    await expect.poll(() => identityOf(first), patience).toBeUndefined();
  },
);

test('closing what a killed image server had starts no other, and frees the volume', async () => {
  const volume = await newVolume();
  const up = wishFor(volume, { view: 'raw' });
  await open(up);
  agent.transfers.stop();
  const pid = await serverPid();
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => identityOf(pid), patience).toBeUndefined();
  await close(up);
  await expect(serverPid()).rejects.toMatchObject({ code: 'ENOENT' });
  await agent.storage.prepare(volume, guest);
});

test('an upload outlives the agent; the next one knows it, counts its use and closes it', async () => {
  const image = await localImage();
  const volume = await newVolume();
  const up = wishFor(volume, { size: image.size });
  await open(up);
  const pid = await serverPid();
  await killAgent(agent);
  await upload({ path: image.path, content: 'file' }, link(up));

  agent = await start();
  expect(await serverPid()).toBe(pid);
  expect(await stateOf(up)).toMatchObject({ transfer: up.transfer, transferred: image.size });
  await expect.poll(() => agent.told.at(-1), patience).toMatchObject({ transferred: image.size });
  await expect(agent.storage.prepare(volume, guest)).rejects.toMatchObject({ code: 'volume_in_use' });
  expect((await agent.transfers.calls.extendTransfer({ transfer: up.transfer, validFor: 600_000 }, context())).expiresIn).toBeGreaterThan(
    500_000,
  );
  await open(up);
  await close(up);
  await expect(upload({ path: image.path, content: 'file' }, link(up))).rejects.toMatchObject({ status: 403 });
  expect(await verify(volume)).toMatchObject({ legal: true });
});

test('a memory that cannot be read keeps no agent from starting, and what it forgot can be opened again', async () => {
  const volume = await newVolume();
  const up = wishFor(volume);
  await open(up);
  await killAgent(agent);
  for (const text of ['[{"transfer":', '[{"transfer":1}]']) {
    await writeFile(join(directory, 'state', 'transfers.json'), text);
    agent = await start();
    expect(agent.transfers.states()).toEqual([]);
    await killAgent(agent);
  }
  agent = await start();
  expect(await open(up)).toMatchObject({ transfer: up.transfer });
  await close(up);
});

test('the ticket is kept where only root reads it', async () => {
  const up = wishFor(await newVolume());
  await open(up);
  expect((await stat(join(directory, 'state', 'transfers.json'))).mode & 0o777).toBe(0o600);
  expect(JSON.stringify([agent.transfers.states(), agent.told])).not.toContain(up.ticket);
  await close(up);
  expect(await readFile(join(directory, 'state', 'transfers.json'), 'utf8')).not.toContain(up.ticket);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}
