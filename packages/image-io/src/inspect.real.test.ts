import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { afterAll, expect, test, vi } from 'vitest';
import { inspectVolume } from './inspect.ts';
import type { ImageLie } from './qcow2-header.ts';
import { startQemuNbd } from './qemu-nbd.ts';
import { ask, imageServer, MiB, qemuImg, qemuIo, randomBuffer, scratch } from './testing.ts';

const directory = scratch();
afterAll(() => directory[Symbol.dispose]());
const SIZE = 64 * MiB;
let images = 0;

function image(...options: string[]): string {
  images += 1;
  const path = directory.path(`${images}.qcow2`);
  qemuImg('create', '-q', '-f', 'qcow2', ...options, path, String(SIZE));
  return path;
}

function patched(path: string, at: number, bytes: number[]): string {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(bytes), 0, bytes.length, at);
  closeSync(file);
  return path;
}

async function liesOf(path: string, virtualSize = SIZE, format: 'raw' | 'qcow2' = 'qcow2'): Promise<readonly ImageLie['code'][]> {
  const inspection = await inspectVolume({ path, format, virtualSize });
  return inspection.honest ? [] : inspection.lies.map(({ code }) => code);
}

test('an honest image passes, with what is to be known of it', async () => {
  const path = image();
  qemuIo(path, 'qcow2', 'write -P 1 0 5M');
  expect(await inspectVolume({ path, format: 'qcow2', virtualSize: SIZE })).toEqual({
    honest: true,
    facts: { virtualSize: SIZE, actualSize: statSync(path).blocks * 512, compat: '1.1' },
  });
  expect(await inspectVolume({ path: image('-o', 'compat=0.10'), format: 'qcow2', virtualSize: SIZE })).toMatchObject({
    facts: { compat: '0.10' },
  });
  expect(await liesOf(image('-o', 'cluster_size=2M,extended_l2=on'))).toEqual([]);
  expect(await liesOf(image('-o', 'compression_type=zstd'))).toEqual([]);
  const raw = directory.path('honest.raw');
  writeFileSync(raw, randomBuffer(MiB));
  expect(await inspectVolume({ path: raw, format: 'raw', virtualSize: MiB })).toMatchObject({ honest: true, facts: { virtualSize: MiB } });
});

test('leaked clusters are no reason to refuse an image', async () => {
  const path = image();
  qemuIo(path, 'qcow2', 'write -P 1 0 1M');
  // The L1 entry is cleared: its clusters are used by nobody, and counted still.
  patched(path, 0x30000, [0, 0, 0, 0, 0, 0, 0, 0]);
  expect(() => qemuImg('check', path)).toThrow('Leaked cluster');
  expect(await liesOf(path)).toEqual([]);
});

test('every kind of liar is found out by real images', async () => {
  // Not LUKS: qemu-img times its key derivation first, and gives up on machines whose CPU clock is coarse.
  const secret = ['--object', 'secret,id=s,data=secret', '-o', 'encrypt.format=aes,encrypt.key-secret=s'];
  const base = image();
  const random = directory.path('random');
  writeFileSync(random, randomBuffer(MiB));
  const full = image();
  qemuIo(full, 'qcow2', 'write -P 1 0 8M');
  const broken = image();
  qemuIo(broken, 'qcow2', 'write -P 1 0 8M');
  expect(await liesOf(random)).toEqual(['not_qcow2']);
  expect(await liesOf(image(), SIZE + 512)).toEqual(['wrong_virtual_size']);
  expect(await liesOf(image('-b', base, '-F', 'qcow2'))).toEqual(['backing_file']);
  expect(await liesOf(image('-o', `data_file=${directory.path('data')}`))).toEqual(['external_data_file']);
  expect(await liesOf(image(...secret))).toEqual(['encrypted']);
  expect(await liesOf(patched(image(), 35, [2]))).toEqual(['encrypted']);
  expect(await liesOf(patched(image(), 78, [1]))).toEqual(['unknown_features']);
  expect(await liesOf(patched(image(), 79, [2]))).toEqual(['corrupt']);
  expect(await liesOf(patched(image(), 7, [9]))).toEqual(['unsupported_version']);
  // The L1 entry points into the refcount table.
  expect(await liesOf(patched(broken, 0x30000, [0x80, 0, 0, 0, 0, 1, 0, 0]))).toEqual(['corrupt']);
  truncateSync(full, 3 * MiB);
  expect(await liesOf(full)).toEqual(['truncated']);
  const stump = image();
  truncateSync(stump, 0x20000);
  expect(await liesOf(stump)).toEqual(['truncated']);
  expect(await liesOf(base, statSync(base).size, 'raw')).toEqual(['looks_like']);
});

test('an image that names a file is never shown to qemu-img', async () => {
  const path = image('-o', `data_file=${directory.path('trap')}`);
  vi.stubEnv('PATH', directory.path('no-programs-here'));
  try {
    expect(await liesOf(path)).toEqual(['external_data_file']);
  } finally {
    vi.unstubAllEnvs();
  }
});

test('an image in use can be looked at without its lock, and is not called corrupt otherwise', async () => {
  const path = image();
  const server = await startQemuNbd({ path, format: 'qcow2', socketPath: `${path}.sock`, readOnly: false });
  expect(await inspectVolume({ path, format: 'qcow2', virtualSize: SIZE, inUse: true })).toMatchObject({ honest: true });
  await expect(liesOf(path)).rejects.toMatchObject({ code: 'busy' });
  await server.stop();
});

test('what takes too long to examine is refused as such', async () => {
  const inspection = await inspectVolume({ path: image(), format: 'qcow2', virtualSize: SIZE, deadline: 1 });
  expect(inspection).toMatchObject({ honest: false, lies: [{ code: 'too_expensive' }] });
});

test('a liar is refused at the first bytes of its upload, with the reason', async () => {
  await using server = await imageServer(directory, 'none');
  const target = directory.path('upload.qcow2');
  writeFileSync(target, '');
  const ticket = { size: 64 * MiB, ops: ['write'] as const, timeout: 60, url: `file://${target}` };
  await server.control.add({ ...ticket, uuid: 't', expect: { format: 'qcow2', virtualSize: SIZE } });
  const put = (path: string) => ask({ port: server.port ?? 0, method: 'PUT', path: '/images/t', body: readFileSync(path) });
  const base = image();
  const refused = await put(image('-b', base, '-F', 'qcow2'));
  expect([refused.status, refused.text]).toEqual([400, 'The image has a backing file. Convert it into an image of its own first.\n']);
  expect(statSync(target).size).toBe(0);
  expect((await put(base)).status).toBe(200);
});
