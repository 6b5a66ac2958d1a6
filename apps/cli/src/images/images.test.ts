import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aliasOf, localImage } from './local-image.ts';
import { newMeter } from './meter.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-cli-images-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, bytes: Buffer, length = bytes.length): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, bytes);
  await truncate(path, length);
  return path;
}

/** The first cluster of an empty image of 64 MiB, by QEMU's docs/interop/qcow2.txt. */
function header({ backing = 0, crypt = 0, version = 3 } = {}): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.write('QFI\xfb', 0, 'latin1');
  bytes.writeUInt32BE(version, 4);
  bytes.writeBigUInt64BE(BigInt(backing), 8);
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(64n << 20n, 24);
  bytes.writeUInt32BE(crypt, 32);
  bytes.writeUInt32BE(1, 36);
  bytes.writeBigUInt64BE(0x30000n, 40);
  bytes.writeBigUInt64BE(0x10000n, 48);
  bytes.writeUInt32BE(1, 56);
  bytes.writeUInt32BE(4, 96);
  bytes.writeUInt32BE(104, 100);
  return bytes;
}

test('a QCOW2 image is known by its header, with the size that a guest sees', async () => {
  expect(await localImage(await file('a.img', header(), 0x40000))).toMatchObject({ format: 'qcow2', virtualSize: 64 * 1024 ** 2 });
});

test('any other file is a raw image of its own length', async () => {
  expect(await localImage(await file('a.raw', Buffer.from('boot'), 4096))).toMatchObject({ format: 'raw', virtualSize: 4096 });
});

test.each([
  ['cut off', header(), 0x10000, 'cut off'],
  ['with a backing file', header({ backing: 0x200 }), 0x40000, 'backing file'],
  ['encrypted', header({ crypt: 2 }), 0x40000, 'encrypted'],
  ['of a version of the future', header({ version: 4 }), 0x40000, 'version 4'],
  ['of another format', Buffer.from('KDMV'), 0x40000, 'vmdk'],
  ['empty', Buffer.alloc(0), 0, 'empty'],
])('an image that is %s is refused before anything is sent', async (name, bytes, length, why) => {
  await expect(localImage(await file(name, bytes, length))).rejects.toThrow(why);
});

test('what is no file, or is not there, is told as such', async () => {
  await expect(localImage(directory)).rejects.toThrow('is no file');
  await expect(localImage(join(directory, 'nowhere'))).rejects.toThrow('ENOENT');
});

test("a disk is called as its file, without the format's ending", () => {
  expect(['/a/debian-12.qcow2', 'x.IMG', 'noending', '.qcow2', 'a.tar'].map(aliasOf)).toEqual([
    'debian-12',
    'x',
    'noending',
    '.qcow2',
    'a.tar',
  ]);
});

test('the rate is that of the last seconds, and the remaining time follows from it', () => {
  const meter = newMeter();
  const mebibyte = 1024 ** 2;
  expect(meter.read(0, 100 * mebibyte, 0)).toBe('0 bytes of 100.0 MiB (0 %)');
  expect(meter.read(10 * mebibyte, 100 * mebibyte, 1_000)).toBe('10.0 MiB of 100.0 MiB (10 %), 10.0 MiB/s, 9 s left');
  for (let second = 2; second <= 20; second += 1) meter.read((10 + second) * mebibyte, 100 * mebibyte, second * 1_000);
  expect(meter.read(31 * mebibyte, 100 * mebibyte, 21_000)).toBe('31.0 MiB of 100.0 MiB (31 %), 1.00 MiB/s, 1 min 9 s left');
  expect(meter.read(100 * mebibyte, 100 * mebibyte, 22_000)).not.toContain('left');
  expect(newMeter().read(0, 0, 0)).toContain('100 %');
});
