import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { openFileBackend } from './file-backend.ts';
import { MiB, randomBuffer, scratch } from './testing.ts';

async function opened(path: string, size: number, options: { sparse?: boolean; writable?: boolean } = {}) {
  const backend = await openFileBackend({ path, size, sparse: true, writable: true, ...options });
  return Object.assign(backend, { [Symbol.asyncDispose]: () => backend.close() });
}

async function bytesOf(backend: Backend, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size, 1);
  await backend.read(0, bytes);
  return bytes;
}

test('zeroing makes zeros of every part of a file, and of nothing else', async () => {
  using directory = scratch();
  for (const sparse of [true, false]) {
    const path = directory.path(`${sparse}`);
    const bytes = randomBuffer(40 * MiB);
    writeFileSync(path, bytes);
    await using backend = await opened(path, 48 * MiB, { sparse });
    // Short, long enough to punch, and across the end of the file.
    for (const [offset, length] of [
      [1000, 5000],
      [2 * MiB + 1, 20 * MiB],
      [39 * MiB, 9 * MiB],
    ] as const) {
      await backend.zero(offset, length);
      bytes.fill(0, Math.min(offset, bytes.length), Math.min(offset + length, bytes.length));
    }
    expect((await bytesOf(backend, 40 * MiB)).equals(bytes)).toBe(true);
    expect(statSync(path).size).toBe(48 * MiB);
    expect(statSync(path).blocks * 512 < 22 * MiB).toBe(sparse);
  }
});

test('zeroing what is a hole already leaves it a hole', async () => {
  using directory = scratch();
  const path = directory.path('holes');
  writeFileSync(path, '');
  truncateSync(path, 64 * MiB);
  await using backend = await opened(path, 64 * MiB, { sparse: false });
  await backend.zero(0, 64 * MiB);
  await backend.zero(5, 100);
  expect(statSync(path).blocks).toBe(0);
});

test('zeros that are written as data do not make a thin disk thick', async () => {
  using directory = scratch();
  const path = directory.path('thin');
  writeFileSync(path, '');
  await using backend = await opened(path, 8 * MiB);
  await backend.write(0, Buffer.alloc(4 * MiB));
  await backend.write(4 * MiB, Buffer.concat([Buffer.alloc(MiB - 1), Buffer.from([1])]));
  await backend.flush();
  expect(statSync(path).size).toBe(5 * MiB);
  expect(statSync(path).blocks * 512).toBeLessThan(2 * MiB);
  expect(readFileSync(path).findIndex((byte) => byte !== 0)).toBe(5 * MiB - 1);
});

test('extending never cuts off what another writer has put behind', async () => {
  using directory = scratch();
  const path = directory.path('grown');
  writeFileSync(path, '');
  await using backend = await opened(path, 64 * MiB);
  const data = randomBuffer(MiB);
  await Promise.all([backend.zero(0, 10 * MiB), backend.write(63 * MiB, data), backend.zero(10 * MiB, 53 * MiB)]);
  expect((await bytesOf(backend, 64 * MiB)).equals(Buffer.concat([Buffer.alloc(63 * MiB), data]))).toBe(true);
});

test('extents of a file show its holes, up to the size of the ticket', async () => {
  using directory = scratch();
  const path = directory.path('extents');
  writeFileSync(path, '');
  truncateSync(path, 8 * MiB);
  await using backend = await opened(path, 12 * MiB);
  await backend.write(2 * MiB, randomBuffer(MiB));
  await backend.flush();
  const extents = [];
  for await (const extent of backend.extents()) extents.push(extent);
  expect(extents).toEqual([
    { start: 0, length: 2 * MiB, zero: true, hole: true, dirty: false },
    { start: 2 * MiB, length: MiB, zero: false, hole: false, dirty: false },
    { start: 3 * MiB, length: 9 * MiB, zero: true, hole: true, dirty: false },
  ]);
});

test('a file that is shorter than its ticket cannot be downloaded, and one that shrinks is an error, not zeros', async () => {
  using directory = scratch();
  const path = directory.path('short');
  writeFileSync(path, randomBuffer(MiB));
  await expect(opened(path, 2 * MiB, { writable: false })).rejects.toThrow('1048576');
  await using backend = await opened(path, MiB, { writable: false });
  truncateSync(path, 1000);
  await expect(backend.read(0, Buffer.alloc(MiB))).rejects.toThrow('ends at 1000');
});

test('a volume that is not there is an error with a reason', async () => {
  using directory = scratch();
  await expect(opened(directory.path('none'), 1)).rejects.toMatchObject({ code: 'backend' });
});
