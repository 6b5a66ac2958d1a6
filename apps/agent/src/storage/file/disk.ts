/**
 * Every change that an I/O process makes to a storage goes through here, and is on the disk when it returns: the data
 * of a file and the name under which it stands. So the order of changes in the code is the order that a crash leaves
 * behind. Tests count changes, and have the process end before or after one of them.
 */
import { constants, type Stats } from 'node:fs';
import { chmod, link, mkdir, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

export const directoryMode = 0o775;
export const fileMode = 0o660;

export interface Disk {
  makeDirectory(path: string): Promise<void>;
  /** A file of zeros that takes no space yet. What stood there is replaced. */
  createFile(path: string, size: number): Promise<void>;
  /** Readers see the old text or the new one, also after a crash. */
  writeText(path: string, text: string): Promise<void>;
  /** Writes within a file that is there. */
  writeAt(path: string, offset: number, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A second name of the same file. That it is there already is success. */
  link(existing: string, path: string): Promise<void>;
  /** What is not there is success. */
  removeFile(path: string): Promise<void>;
  /** Only when it is empty; otherwise, or when it is not there, nothing happens. */
  removeEmptyDirectory(path: string): Promise<void>;
  removeTree(path: string): Promise<void>;
  /** A change that a program makes to a file, with the file made durable and readable for the group afterwards. */
  changed(path: string, work: () => Promise<void>): Promise<void>;
}

/** `exitAt` is `before N` or `after N`. */
export function disk(exitAt?: string): Disk {
  const [when, number] = (exitAt ?? '').split(' ');
  let changes = 0;
  async function change<T>(work: () => Promise<T>): Promise<T> {
    changes += 1;
    const last = Number(number) === changes;
    if (last && when === 'before') return endNow();
    const result = await work();
    if (last && when === 'after') return endNow();
    return result;
  }

  return {
    makeDirectory: (path) =>
      change(async () => {
        await mkdir(path, { mode: directoryMode }).catch(unless('EEXIST'));
        await syncDirectory(dirname(path));
      }),
    createFile: (path, size) =>
      change(async () => {
        await using file = await open(path, 'w', fileMode);
        await file.truncate(size);
        await file.sync();
        await syncDirectory(dirname(path));
      }),
    async writeText(path, text) {
      // RHV's own name for the file that becomes the new one.
      const next = `${path}.new`;
      await change(async () => {
        await using file = await open(next, 'w', fileMode);
        await file.writeFile(text);
        await file.sync();
      });
      await change(async () => {
        await rename(next, path);
        await syncDirectory(dirname(path));
      });
    },
    writeAt: (path, offset, bytes) =>
      change(async () => {
        await using file = await open(path, 'r+');
        await file.write(bytes, 0, bytes.length, offset);
        await file.sync();
      }),
    rename: (from, to) =>
      change(async () => {
        await rename(from, to);
        await syncDirectory(dirname(to));
      }),
    link: (existing, path) =>
      change(async () => {
        await link(existing, path).catch(unless('EEXIST'));
        await syncDirectory(dirname(path));
      }),
    removeFile: (path) =>
      change(async () => {
        await unlink(path).catch(unless('ENOENT'));
        await syncDirectory(dirname(path));
      }),
    removeEmptyDirectory: (path) =>
      change(async () => {
        await rmdir(path).catch(unless('ENOENT', 'ENOTEMPTY', 'EEXIST'));
        await syncDirectory(dirname(path));
      }),
    removeTree: (path) =>
      change(async () => {
        // Node's removal of trees never follows a link out of the tree.
        await rm(path, { recursive: true, force: true });
        await syncDirectory(dirname(path));
      }),
    changed: (path, work) =>
      change(async () => {
        await work();
        await chmod(path, fileMode);
        await using file = await open(path, 'r');
        await file.sync();
        await syncDirectory(dirname(path));
      }),
  };
}

/** The names in a directory; none when there is no such directory. */
export async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  });
}

export async function statOrNothing(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  });
}

/** The whole of a small file; undefined when it is not there. What is longer than `limit` bytes is none of ours. */
export async function readSmall(path: string, limit: number): Promise<Buffer | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(limit), 0, limit, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  // Some network and FUSE file systems cannot sync a directory, and say so.
  await directory.sync().catch(unless('EINVAL', 'ENOTSUP', 'ENOSYS'));
}

function unless(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(codeOf(error) ?? '')) throw error;
  };
}

function endNow(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is there before the next instruction of this process.
  throw new Error('unreachable');
}
