/**
 * The bytes of a file as they are: raw disks without a detour through qemu-nbd, and qcow2 files moved as files.
 *
 * Node has neither fallocate nor SEEK_HOLE. Zeroing therefore
 * - extends the file when the range begins at or beyond its end (the new part is a hole and reads as zeros),
 * - lets fallocate(1), which is on every Linux host, punch long ranges of a sparse file, and
 * - otherwise reads the range and writes zeros only where something else stands: holes stay holes, allocated space
 *   stays allocated, and every file system can do it.
 * Extents come from `qemu-img map`, once per transfer, told that the file is raw.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Backend } from './backend.ts';
import { BLOCK_SIZE } from './backend.ts';
import { run } from './command.ts';
import { ImageError, messageOf } from './errors.ts';
import { type Extent, mergeNeighbours } from './extents.ts';

export type FileBackendOptions = {
  /** Absolute; confined by whoever made the ticket. A block device works too, but is never extended. */
  path: string;
  /** Bytes that the ticket allows. A writable file may still be shorter: what is missing reads as zeros. */
  size: number;
  sparse: boolean;
  writable: boolean;
};

/** Below this a child process costs more than looking at the bytes. */
const PUNCH_FROM = 16 * 1024 * 1024;
const zeros = Buffer.alloc(BLOCK_SIZE);

export async function openFileBackend({ path, size, sparse, writable }: FileBackendOptions): Promise<Backend> {
  const file = await open(path, writable ? 'r+' : 'r').catch((error: unknown) => {
    throw new ImageError('backend', `Cannot open the volume: ${messageOf(error)}`);
  });
  let closed = false;
  let canPunch = sparse;
  const length = await lengthOf(file);
  if (!writable && length < size) {
    await file.close();
    throw new ImageError('backend', `The volume has ${length} bytes, the ticket says ${size}`);
  }

  async function zero(offset: number, count: number): Promise<void> {
    const end = offset + count;
    const before = await lengthOf(file);
    if (end > before) await extend(file, end);
    const inside = Math.min(end, before) - offset;
    if (inside <= 0) return;
    if (canPunch && inside >= PUNCH_FROM) {
      canPunch = await punch(file, offset, inside);
      if (canPunch) return;
    }
    await overwriteWithZeros(file, offset, inside);
  }

  return {
    size,
    hasDirty: false,
    get broken() {
      return closed;
    },
    read: (offset, into) => translated(readFully(file, offset, into, writable)),
    async write(offset, data) {
      // Zeros that the client did not recognise as such must not make a thin disk thick.
      if (sparse && isZero(data)) await translated(zero(offset, data.length));
      else await translated(writeFully(file, offset, data));
    },
    zero: (offset, count) => translated(zero(offset, count)),
    flush: () => translated(file.datasync()),
    extents: () => mergeNeighbours(mapOf(path, size)),
    async close() {
      closed = true;
      await file.close();
    },
  };
}

/** A block device's length is where its end is, not what stat says. */
async function lengthOf(file: FileHandle): Promise<number> {
  const stat = await file.stat();
  return stat.isBlockDevice() ? Number.POSITIVE_INFINITY : stat.size;
}

async function readFully(file: FileHandle, offset: number, into: Buffer, padded: boolean): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, offset + done);
    if (bytesRead === 0 && !padded) throw new ImageError('backend', `The volume ends at ${offset + done}, in the middle of a transfer`);
    if (bytesRead === 0) {
      into.fill(0, done);
      return;
    }
    done += bytesRead;
  }
}

async function writeFully(file: FileHandle, offset: number, data: Buffer): Promise<void> {
  for (let done = 0; done < data.length;) {
    const { bytesWritten } = await file.write(data, done, data.length - done, offset + done);
    done += bytesWritten;
  }
}

/** Another writer may have extended the file further meanwhile, and truncating would cut that off: a byte at the end never does. */
async function extend(file: FileHandle, end: number): Promise<void> {
  const last = Buffer.alloc(1);
  const { bytesRead } = await file.read(last, 0, 1, end - 1);
  if (bytesRead === 0) await writeFully(file, end - 1, Buffer.alloc(1));
}

/** False when this file system cannot do it. */
async function punch(file: FileHandle, offset: number, length: number): Promise<boolean> {
  const args = ['--punch-hole', '--offset', String(offset), '--length', String(length), '/proc/self/fd/3'];
  const { status } = await run('fallocate', args, { deadline: 60_000, inherit: [file.fd] });
  return status === 0;
}

async function overwriteWithZeros(file: FileHandle, offset: number, length: number): Promise<void> {
  const block = Buffer.allocUnsafe(Math.min(BLOCK_SIZE, length));
  for (let at = offset; at < offset + length; at += block.length) {
    const part = block.subarray(0, Math.min(block.length, offset + length - at));
    await readFully(file, at, part, true);
    if (!isZero(part)) await writeFully(file, at, zeros.subarray(0, part.length));
  }
}

function isZero(data: Buffer): boolean {
  for (let at = 0; at < data.length; at += zeros.length) {
    const part = data.subarray(at, at + zeros.length);
    if (part.compare(zeros, 0, part.length) !== 0) return false;
  }
  return true;
}

async function* mapOf(path: string, size: number): AsyncGenerator<Extent> {
  // The image may be open for writing by this very process, so no lock is taken (-U); raw bytes cannot be torn.
  const { status, stdout, stderr } = await run('qemu-img', ['map', '-U', '-f', 'raw', '--output', 'json', path], { deadline: 120_000 });
  if (status !== 0) throw new ImageError('backend', `qemu-img map failed: ${stderr.trim()}`);
  let end = 0;
  for (const entry of parseMap(stdout)) {
    const length = Math.min(entry.length, size - entry.start);
    if (length <= 0) break;
    yield { start: entry.start, length, zero: entry.zero, hole: !entry.data, dirty: false };
    end = entry.start + length;
  }
  if (end < size) yield { start: end, length: size - end, zero: true, hole: true, dirty: false };
}

type MapEntry = { start: number; length: number; zero: boolean; data: boolean };

function parseMap(text: string): MapEntry[] {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed) || !parsed.every(isMapEntry)) throw new ImageError('backend', 'qemu-img map answered something unknown');
  return parsed;
}

function isMapEntry(value: unknown): value is MapEntry {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'start' in value &&
    typeof value.start === 'number' &&
    'length' in value &&
    typeof value.length === 'number' &&
    'zero' in value &&
    typeof value.zero === 'boolean' &&
    'data' in value &&
    typeof value.data === 'boolean'
  );
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const full = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
    throw new ImageError(full ? 'no_space' : 'backend', `The volume cannot be accessed: ${messageOf(error)}`);
  }
}
