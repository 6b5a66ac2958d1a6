import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Extent } from './extents.ts';
import { connectNbd } from './nbd.ts';
import { openNbdBackend } from './nbd-backend.ts';
import { type QemuNbdOptions, startQemuNbd } from './qemu-nbd.ts';
import { MiB, qemuImg, qemuIo, randomBuffer, scratch } from './testing.ts';

async function served(path: string, options: Partial<QemuNbdOptions> = {}) {
  const server = await startQemuNbd({ path, format: 'qcow2', socketPath: `${path}.sock`, readOnly: false, ...options });
  return { ...server, [Symbol.asyncDispose]: () => server.stop().catch(() => undefined) };
}

function smallFileSystem(path: string, size: string) {
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'ostler-image-io', path]);
  return { path, [Symbol.dispose]: () => execFileSync('umount', ['--lazy', path]) };
}

async function collected(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const all: Extent[] = [];
  for await (const extent of extents) all.push(extent);
  return all;
}

test('what is written to a qcow2 image is read back, by many requests at once, and is in the image afterwards', async () => {
  using directory = scratch();
  const path = directory.path('a.qcow2');
  qemuImg('create', '-f', 'qcow2', path, '64M');
  const bytes = randomBuffer(64 * MiB);
  {
    await using server = await served(path);
    const nbd = await connectNbd({ socketPath: server.socketPath });
    expect([nbd.size, nbd.readOnly, nbd.hasDirty]).toEqual([64 * MiB, false, false]);
    const pieces = Array.from({ length: 64 }, (_, index) => index * MiB);
    await Promise.all(pieces.map((at) => nbd.write(at, bytes.subarray(at, at + MiB))));
    await nbd.flush();
    const back = Buffer.alloc(64 * MiB);
    await Promise.all(pieces.map((at) => nbd.read(at, back.subarray(at, at + MiB))));
    expect(back.equals(bytes)).toBe(true);
    const unaligned = Buffer.alloc(1001);
    await nbd.read(777, unaligned);
    expect(unaligned.equals(bytes.subarray(777, 1778))).toBe(true);
    await nbd.close();
    expect(nbd.broken).toBe(true);
    await expect(nbd.read(0, Buffer.alloc(1))).rejects.toMatchObject({ code: 'closed' });
  }
  writeFileSync(directory.path('a.raw'), bytes);
  qemuImg('compare', '-f', 'qcow2', '-F', 'raw', path, directory.path('a.raw'));
  qemuImg('check', path);
});

test('reads across holes come back as zeros, and extents show them', async () => {
  using directory = scratch();
  const path = directory.path('a.qcow2');
  qemuImg('create', '-f', 'qcow2', path, '16M');
  qemuIo(path, 'qcow2', 'write -P 7 1M 1M', 'write -z 8M 1M');
  await using server = await served(path, { readOnly: true });
  const backend = await openNbdBackend({ socket: server.socketPath, sparse: true });
  const all = Buffer.alloc(4 * MiB, 1);
  await backend.read(0, all);
  expect(all.equals(Buffer.concat([Buffer.alloc(MiB), Buffer.alloc(MiB, 7), Buffer.alloc(2 * MiB)]))).toBe(true);
  expect(await collected(backend.extents())).toEqual([
    { start: 0, length: MiB, zero: true, hole: true, dirty: false },
    { start: MiB, length: MiB, zero: false, hole: false, dirty: false },
    { start: 2 * MiB, length: 6 * MiB, zero: true, hole: true, dirty: false },
    // A zero cluster hides what a backing file may have there: it is no hole.
    { start: 8 * MiB, length: MiB, zero: true, hole: false, dirty: false },
    { start: 9 * MiB, length: 7 * MiB, zero: true, hole: true, dirty: false },
  ]);
  await expect(backend.write(0, Buffer.from('x'))).rejects.toMatchObject({ code: 'backend' });
  await backend.close();
});

test('a layer can be shown alone, without what lies below', async () => {
  using directory = scratch();
  const [base, top] = [directory.path('base.qcow2'), directory.path('top.qcow2')];
  qemuImg('create', '-f', 'qcow2', base, '4M');
  qemuIo(base, 'qcow2', 'write -P 1 0 2M');
  qemuImg('create', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top);
  qemuIo(top, 'qcow2', 'write -P 2 1M 1M');
  const firstBytes = async (backing: 'follow' | 'none') => {
    await using server = await served(top, { readOnly: true, backing });
    const nbd = await connectNbd({ socketPath: server.socketPath });
    const bytes = Buffer.alloc(2 * MiB);
    await nbd.read(0, bytes);
    await nbd.close();
    return [bytes[0], bytes[MiB]];
  };
  expect(await firstBytes('follow')).toEqual([1, 2]);
  expect(await firstBytes('none')).toEqual([0, 2]);
});

test('zeroing a sparse image gives its space back, zeroing a thick one keeps it', async () => {
  using directory = scratch();
  for (const sparse of [true, false]) {
    const path = directory.path(`${sparse}.raw`);
    writeFileSync(path, randomBuffer(8 * MiB));
    await using server = await served(path, { format: 'raw', sparse });
    const backend = await openNbdBackend({ socket: server.socketPath, sparse });
    await backend.zero(0, 8 * MiB);
    await backend.flush();
    const bytes = Buffer.alloc(8 * MiB, 1);
    await backend.read(0, bytes);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(statSync(path).blocks > 8).toBe(!sparse);
    await backend.close();
  }
});

test('the dirty bitmap of a backup is told apart from the rest', async () => {
  using directory = scratch();
  const path = directory.path('a.qcow2');
  qemuImg('create', '-f', 'qcow2', path, '8M');
  qemuIo(path, 'qcow2', 'write -P 1 0 8M');
  qemuImg('bitmap', '--add', '-g', '65536', path, 'since-monday');
  qemuIo(path, 'qcow2', 'write -P 2 1M 64k', 'write -z 2M 64k');
  await using server = await served(path, { readOnly: true, bitmap: 'since-monday' });
  const backend = await openNbdBackend({ socket: server.socketPath, sparse: true, dirty: true });
  expect(backend.hasDirty).toBe(true);
  const dirty = (await collected(backend.extents())).filter((extent) => extent.dirty);
  expect(dirty).toEqual([
    { start: MiB, length: 65536, zero: false, hole: false, dirty: true },
    { start: 2 * MiB, length: 65536, zero: true, hole: false, dirty: true },
  ]);
  await backend.close();
  const without = await openNbdBackend({ socket: server.socketPath, sparse: true });
  expect(without.hasDirty).toBe(false);
  await without.close();
});

test('a full storage is told apart from a broken one, and the connection survives both', async () => {
  using directory = scratch();
  using small = smallFileSystem(directory.path('small'), '2m');
  const path = `${small.path}/a.raw`;
  writeFileSync(path, '');
  truncateSync(path, 8 * MiB);
  await using server = await served(path, { format: 'raw' });
  const nbd = await connectNbd({ socketPath: server.socketPath });
  await expect(nbd.write(0, randomBuffer(4 * MiB))).rejects.toMatchObject({ code: 'no_space' });
  await expect(nbd.read(8 * MiB, Buffer.alloc(512))).rejects.toMatchObject({ code: 'io' });
  const fine = Buffer.alloc(512, 1);
  await nbd.read(7 * MiB, fine);
  expect(fine.every((byte) => byte === 0)).toBe(true);
  await nbd.close();
});

test('an unknown export, a smaller image and a socket that is not there are refused with a reason', async () => {
  using directory = scratch();
  const path = directory.path('a.qcow2');
  qemuImg('create', '-f', 'qcow2', path, '4M');
  await using server = await served(path, { exportName: 'disk' });
  await expect(connectNbd({ socketPath: server.socketPath, exportName: 'other' })).rejects.toMatchObject({ code: 'refused' });
  await expect(openNbdBackend({ socket: server.socketPath, exportName: 'disk', size: 5 * MiB, sparse: true })).rejects.toThrow('4194304');
  await expect(connectNbd({ socketPath: directory.path('none') })).rejects.toMatchObject({ code: 'connect_failed' });
});

test('qemu-nbd that cannot open the image says why; it never probes the format', async () => {
  using directory = scratch();
  const path = directory.path('a.raw');
  writeFileSync(path, randomBuffer(MiB));
  await expect(served(path, { format: 'qcow2' })).rejects.toThrow(/not in qcow2 format/i);
  await expect(served(directory.path('none'))).rejects.toThrow('ENOENT');
  qemuImg('create', '-f', 'qcow2', path, '1G');
  await using server = await served(path, { format: 'raw', readOnly: true });
  const nbd = await connectNbd({ socketPath: server.socketPath });
  expect(nbd.size).toBeLessThan(MiB);
  await nbd.close();
});

test('when the server is killed, what is in flight fails and the connection knows that it is broken', async () => {
  using directory = scratch();
  const path = directory.path('a.qcow2');
  qemuImg('create', '-f', 'qcow2', path, '64M');
  await using server = await served(path);
  const nbd = await connectNbd({ socketPath: server.socketPath });
  process.kill(server.pid, 'SIGSTOP');
  const write = nbd.write(0, randomBuffer(MiB));
  const read = nbd.read(0, Buffer.alloc(MiB));
  process.kill(server.pid, 'SIGKILL');
  await expect(write).rejects.toMatchObject({ name: 'NbdError' });
  await expect(read).rejects.toMatchObject({ name: 'NbdError' });
  expect(nbd.broken).toBe(true);
  await nbd.close();
  await server.ended;
});

test('a server that hangs is given up at the deadline, and the connection with it', async () => {
  using directory = scratch();
  const path = directory.path('a.qcow2');
  qemuImg('create', '-f', 'qcow2', path, '64M');
  await using server = await served(path);
  const nbd = await connectNbd({ socketPath: server.socketPath, requestTimeout: 100, connectTimeout: 100 });
  process.kill(server.pid, 'SIGSTOP');
  await expect(nbd.read(0, Buffer.alloc(512))).rejects.toMatchObject({ code: 'deadline' });
  await expect(nbd.flush()).rejects.toMatchObject({ code: 'deadline' });
  await expect(connectNbd({ socketPath: server.socketPath, connectTimeout: 100 })).rejects.toMatchObject({ code: 'deadline' });
  process.kill(server.pid, 'SIGCONT');
});
