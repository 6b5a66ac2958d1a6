import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { download, upload } from './client.ts';
import { socketOnThisHost, verified } from './verify.ts';
import { eventually, holeyImage, imageServer, MiB, qemuImg, randomBuffer, scratch, selfSigned } from './testing.ts';

const directory = scratch();
const source = directory.path('source.qcow2');
const tls = selfSigned(directory);
let server: Awaited<ReturnType<typeof imageServer>>;
let tickets = 0;

beforeAll(async () => {
  holeyImage(source);
  server = await imageServer(directory, tls, { unixSocket: directory.path('images.sock') });
});

afterAll(async () => {
  await server.stop();
  directory[Symbol.dispose]();
});

const SIZE = 300 * MiB;

/** A ticket for a target image of its own. */
async function ticketFor(image: { path: string; format: 'raw' | 'qcow2' }, ops: ('read' | 'write')[]) {
  tickets += 1;
  const uuid = `ticket-${tickets}`;
  await server.control.add({ uuid, size: SIZE, ops, timeout: 60, sparse: true, image });
  return { uuid, url: server.url(uuid) };
}

function emptyTarget(format: 'raw' | 'qcow2'): { path: string; format: 'raw' | 'qcow2' } {
  tickets += 1;
  const path = directory.path(`target-${tickets}.${format}`);
  qemuImg('create', '-f', format, path, String(SIZE));
  return { path, format };
}

function identical(a: string, aFormat: string, b: string, bFormat: string): void {
  expect(qemuImg('compare', '-f', aFormat, '-F', bFormat, a, b)).toContain('identical');
}

test.each([
  ['qcow2', 1],
  ['qcow2', 4],
  ['raw', 4],
] as const)('what is uploaded to a %s disk over %i connections is what the guest will see, holes included', async (format, connections) => {
  const target = emptyTarget(format);
  const { uuid, url } = await ticketFor(target, ['write']);
  const progress: number[] = [];
  await upload({ path: source, content: 'qcow2' }, { url, ca: tls.cert, connections, onProgress: (done) => progress.push(done) });
  expect(progress.at(-1)).toBe(SIZE);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  await eventually('the server has counted all', async () => (await server.control.info(uuid)).transferred === SIZE);
  await server.control.remove(uuid);
  identical(source, 'qcow2', target.path, format);
  if (format === 'qcow2') qemuImg('check', target.path);
  expect(statSync(target.path).blocks * 512).toBeLessThan(90 * MiB);
});

test.each([
  ['qcow2', 1],
  ['qcow2', 4],
  ['raw', 4],
] as const)('what is downloaded as %s over %i connections is what the guest sees', async (content, connections) => {
  const { uuid, url } = await ticketFor({ path: source, format: 'qcow2' }, ['read']);
  const target = directory.path(`download-${connections}.${content}`);
  await download({ path: target, content }, SIZE, { url, ca: tls.cert, connections });
  await server.control.remove(uuid);
  identical(source, 'qcow2', target, content);
  expect(statSync(target).blocks * 512).toBeLessThan(90 * MiB);
});

test('raw disks and the bytes of qcow2 files go through no qemu-nbd on the server', async () => {
  const path = directory.path('bytes.qcow2');
  writeFileSync(path, '');
  const { size } = statSync(source);
  await server.control.add({ uuid: 'bytes', size, ops: ['read', 'write'], timeout: 60, sparse: true, url: `file://${path}` });
  await upload({ path: source, content: 'file' }, { url: server.url('bytes'), ca: tls.cert });
  expect(readFileSync(path).equals(readFileSync(source))).toBe(true);
  const back = directory.path('back.qcow2');
  await download({ path: back, content: 'file' }, size, { url: server.url('bytes'), ca: tls.cert });
  expect(readFileSync(back).equals(readFileSync(source))).toBe(true);
  await server.control.remove('bytes');
});

test('a client on the same host may go over the unix socket', async () => {
  const target = emptyTarget('qcow2');
  const { uuid, url } = await ticketFor(target, ['write']);
  // The network is not needed for it: nothing listens there.
  await upload(
    { path: source, content: 'qcow2' },
    { url: url.replace(String(server.port), '1'), unixSocket: directory.path('images.sock') },
  );
  expect((await server.control.info(uuid)).active).toBe(false);
  await server.control.remove(uuid);
  identical(source, 'qcow2', target.path, 'qcow2');
});

test('any HTTP client can upload and download', async () => {
  const target = emptyTarget('qcow2');
  const { uuid, url } = await ticketFor(target, ['read', 'write']);
  const raw = directory.path('curl.raw');
  const back = directory.path('curl-back.raw');
  qemuImg('convert', '-O', 'raw', source, raw);
  const curl = ['--silent', '--fail', '--cacert', directory.path('cert.pem')];
  execFileSync('curl', [...curl, '--upload-file', raw, url]);
  execFileSync('curl', [...curl, '--output', back, url]);
  await server.control.remove(uuid);
  identical(source, 'qcow2', target.path, 'qcow2');
  identical(source, 'qcow2', back, 'raw');
  // Zeros that curl sent as data did not make the disk thick.
  expect(statSync(target.path).blocks * 512).toBeLessThan(90 * MiB);
});

test('an upload whose client was killed is resumed by another, which sends only what is missing', async () => {
  const target = emptyTarget('qcow2');
  const { uuid, url } = await ticketFor(target, ['write']);
  const image = { path: source, content: 'qcow2' } as const;
  const killed = new AbortController();
  const first = upload(image, {
    url,
    ca: tls.cert,
    connections: 2,
    signal: killed.signal,
    onProgress: (done) => done > 40 * MiB && killed.abort(),
  });
  await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  await eventually('the server has noticed', async () => !(await server.control.info(uuid)).active);
  const before = (await server.control.info(uuid)).transferred ?? 0;
  expect(before).toBeGreaterThan(32 * MiB);
  expect(before).toBeLessThan(SIZE);
  const progress: number[] = [];
  await upload(image, { url, ca: tls.cert, resume: true, onProgress: (done) => progress.push(done) });
  expect(progress[0]).toBeGreaterThan(0);
  expect(progress.at(-1)).toBe(SIZE);
  await server.control.remove(uuid);
  identical(source, 'qcow2', target.path, 'qcow2');
});

test('revoking a ticket ends an upload in the middle, and the image is free when the removal returns', async () => {
  const target = emptyTarget('qcow2');
  const { uuid, url } = await ticketFor(target, ['write']);
  let removed: Promise<void> | undefined;
  const running = upload(
    { path: source, content: 'qcow2' },
    { url, ca: tls.cert, onProgress: () => (removed ??= server.control.remove(uuid)) },
  );
  await expect(running).rejects.toMatchObject({ code: 'server_answer', status: 403 });
  await removed;
  await expect(server.control.info(uuid)).rejects.toMatchObject({ code: 'not_found' });
  // qemu-img takes the lock that qemu-nbd had.
  qemuImg('check', target.path);
});

test('revoking a ticket ends a download in the middle, and nothing is left at the client', async () => {
  const { uuid, url } = await ticketFor({ path: source, format: 'qcow2' }, ['read']);
  let removed: Promise<void> | undefined;
  const path = directory.path('revoked.raw');
  const running = download({ path, content: 'raw' }, SIZE, {
    url,
    ca: tls.cert,
    onProgress: () => (removed ??= server.control.remove(uuid)),
  });
  await expect(running).rejects.toMatchObject({ code: 'server_answer', status: 403 });
  await removed;
  expect(existsSync(path)).toBe(false);
});

test('a broken connection is retried, and the image is whole afterwards', async () => {
  const target = emptyTarget('qcow2');
  const { uuid, url } = await ticketFor(target, ['write']);
  let killed = false;
  const killWorkers = () => {
    if (killed) return;
    killed = true;
    const workers = execFileSync('ps', ['--ppid', String(server.pid), '-o', 'pid=,args='], { encoding: 'utf8' });
    for (const line of workers.split('\n')) if (line.includes('image-server')) process.kill(Number.parseInt(line, 10), 'SIGKILL');
  };
  await upload({ path: source, content: 'qcow2' }, { url, ca: tls.cert, onProgress: (done) => done > 20 * MiB && killWorkers() });
  expect(killed).toBe(true);
  expect((await server.control.info(uuid)).active).toBe(false);
  await server.control.remove(uuid);
  identical(source, 'qcow2', target.path, 'qcow2');
});

test('a server with a certificate of another authority is not talked to', async () => {
  const { uuid, url } = await ticketFor(emptyTarget('raw'), ['write']);
  await expect(upload({ path: source, content: 'qcow2' }, { url, retryFor: 0 })).rejects.toThrow('self-signed certificate');
  await server.control.remove(uuid);
});

test('a download never overwrites a file that exists', async () => {
  const { uuid, url } = await ticketFor({ path: source, format: 'qcow2' }, ['read']);
  const path = directory.path('precious');
  writeFileSync(path, 'precious');
  await expect(download({ path, content: 'raw' }, SIZE, { url, ca: tls.cert })).rejects.toThrow('EEXIST');
  expect(readFileSync(path, 'utf8')).toBe('precious');
  await server.control.remove(uuid);
});

test('a local image that turns out shorter in the middle ends the upload, and is not retried for long', async () => {
  const path = directory.path('shrinks.raw');
  writeFileSync(path, randomBuffer(64 * MiB));
  await server.control.add({ uuid: 'shrinks', size: 64 * MiB, ops: ['write'], timeout: 60, url: `file://${emptyTarget('raw').path}` });
  const running = upload(
    { path, content: 'file' },
    { url: server.url('shrinks'), ca: tls.cert, connections: 1, onProgress: () => truncateSync(path, 0) },
  );
  await expect(running).rejects.toMatchObject({ code: 'backend' });
  await server.control.remove('shrinks');
});

test('an image is verified by checksums on both sides; a byte that differs is found', async () => {
  const target = emptyTarget('qcow2');
  const { uuid, url } = await ticketFor(target, ['write']);
  const image = { path: source, content: 'qcow2' } as const;
  await upload(image, { url, ca: tls.cert });
  expect(await verified(image, { url, ca: tls.cert })).toMatch(/^[0-9a-f]{64}$/);
  await server.control.remove(uuid);
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 0x77 123456 1', target.path]);
  const again = await ticketFor(target, ['read']);
  await expect(verified(image, { url: again.url, ca: tls.cert })).rejects.toMatchObject({ code: 'differs' });
  await server.control.remove(again.uuid);
});

test('a disk that is larger than its image is verified as what it reads: zeros behind the end', async () => {
  const path = directory.path('short.raw');
  writeFileSync(path, randomBuffer(3 * MiB + 512));
  const target = emptyTarget('raw');
  await server.control.add({ uuid: 'larger', size: SIZE, ops: ['write'], timeout: 60, url: `file://${target.path}` });
  const where = { url: server.url('larger'), ca: tls.cert };
  await upload({ path, content: 'file' }, where);
  expect(await verified({ path, content: 'file' }, where)).toMatch(/^[0-9a-f]{64}$/);
  await server.control.remove('larger');
});

test('on the host itself bytes go through its unix socket, if that knows the ticket', async () => {
  const target = emptyTarget('qcow2');
  const { uuid, url } = await ticketFor(target, ['write']);
  const unixSocket = await socketOnThisHost({ url, ca: tls.cert });
  expect(unixSocket).toBe(directory.path('images.sock'));
  await upload({ path: source, content: 'qcow2' }, { url, ...(unixSocket !== undefined && { unixSocket }) });
  await verified({ path: source, content: 'qcow2' }, { url, ...(unixSocket !== undefined && { unixSocket }) });
  await server.control.remove(uuid);
  identical(source, 'qcow2', target.path, 'qcow2');
  expect(await socketOnThisHost({ url, ca: tls.cert })).toBeUndefined();
});
