/**
 * A `qemu-nbd` for one image: started on a unix socket, ready when this resolves, and never outliving its owner.
 *
 * The format is always said, never probed: a guest that writes a qcow2 header into its raw disk must not choose which
 * file the host opens next. The image is given as a block node, so that a path cannot be read as anything else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { ImageError, messageOf } from './errors.ts';
import { connectNbd } from './nbd.ts';

export type NbdImage = {
  /** Absolute path of a file or block device. */
  path: string;
  format: 'raw' | 'qcow2';
  /** `none` shows this layer alone, as a shallow download wants it. Otherwise the chain is opened as the image says. */
  backing?: 'follow' | 'none';
};

export type QemuNbdOptions = NbdImage & {
  /** Path of the unix socket to make; its directory must not be open to others. */
  socketPath: string;
  readOnly: boolean;
  /** Whether zeros that are written give their space back (the default). False for preallocated disks. */
  sparse?: boolean;
  exportName?: string;
  /** A persistent dirty bitmap of the image to expose. */
  bitmap?: string;
  /** Milliseconds until it must answer. Opening an image on slow storage takes a while. */
  startTimeout?: number;
};

export type QemuNbd = {
  readonly socketPath: string;
  readonly pid: number;
  /** Resolves with what it said when it has ended, whoever ended it. */
  readonly ended: Promise<string>;
  /** Ends it and waits until the image is closed. Rejects with `deadline` when it had to be killed: unflushed data is lost then. */
  stop(deadline?: number): Promise<void>;
};

/** Clients at once: a connection for each process that serves the image, and one for whoever looks on. */
const SHARED = '8';

export async function startQemuNbd(options: QemuNbdOptions): Promise<QemuNbd> {
  const { socketPath, startTimeout = 30_000 } = options;
  const file = await lookAt(options.path);
  // setpriv has the kernel end qemu-nbd when this process dies, however it dies.
  const child = spawn('setpriv', ['--pdeathsig', 'SIGTERM', 'qemu-nbd', ...qemuNbdArguments(options, file)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 4096) said += chunk.toString();
  });
  let alive = true;
  const ended = new Promise<string>((resolve) => {
    const over = (text: string) => {
      alive = false;
      resolve(text);
    };
    child.once('error', (error) => over(error.message));
    child.once('close', () => over(said.trim()));
  });
  const stop = (deadline = 30_000) => stopChild(child, ended, deadline);
  try {
    await serving(options, () => alive, startTimeout);
  } catch (error) {
    const tooSlow = alive;
    if (tooSlow) await stop(5000).catch(() => undefined);
    throw new ImageError(tooSlow ? 'deadline' : 'backend', `qemu-nbd does not serve the image: ${(await ended) || messageOf(error)}`);
  }
  return { socketPath, pid: child.pid ?? 0, ended, stop };
}

/** What the host knows about the path: whether it is a device, and whether its file system can go past the page cache. */
type Medium = { device: boolean; direct: boolean };

function qemuNbdArguments(options: QemuNbdOptions, { direct, device }: Medium): string[] {
  const { socketPath, readOnly, sparse = true, exportName, bitmap } = options;
  return [
    `--socket=${socketPath}`,
    '--persistent',
    `--shared=${SHARED}`,
    ...(direct ? ['--cache=none', '--aio=native'] : ['--cache=writeback', '--aio=threads']),
    ...(sparse ? ['--discard=unmap', '--detect-zeroes=unmap'] : ['--discard=ignore', '--detect-zeroes=off']),
    '--allocation-depth',
    ...(readOnly ? ['--read-only'] : []),
    ...(exportName === undefined ? [] : [`--export-name=${exportName}`]),
    ...(bitmap === undefined ? [] : [`--bitmap=${bitmap}`]),
    `json:${JSON.stringify(blockNode(options, device))}`,
  ];
}

function blockNode({ path, format, backing = 'follow' }: NbdImage, device: boolean) {
  const file = { driver: device ? 'host_device' : 'file', filename: path };
  return backing === 'none' && format === 'qcow2' ? { driver: format, file, backing: null } : { driver: format, file };
}

async function lookAt(path: string): Promise<Medium> {
  try {
    const device = (await stat(path)).isBlockDevice();
    return { device, direct: await opensDirectly(path) };
  } catch (error) {
    throw new ImageError('backend', `Cannot open the image: ${messageOf(error)}`);
  }
}

async function opensDirectly(path: string): Promise<boolean> {
  try {
    await (await open(path, constants.O_RDONLY | constants.O_DIRECT)).close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return false;
    throw error;
  }
}

/** qemu-nbd listens before it opens the image: only a whole handshake tells that it serves. */
async function serving({ socketPath, exportName = '' }: QemuNbdOptions, alive: () => boolean, timeout: number): Promise<void> {
  const end = performance.now() + timeout;
  let last = 'it did not listen';
  while (performance.now() < end) {
    if (!alive()) throw new Error('it ended at once');
    try {
      const connection = await connectNbd({ socketPath, exportName, connectTimeout: Math.max(1, end - performance.now()) });
      return await connection.close();
    } catch (error) {
      last = messageOf(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${last} (waited ${timeout} ms)`);
}

async function stopChild(child: ChildProcess, ended: Promise<string>, deadline: number): Promise<void> {
  child.kill('SIGTERM');
  const timedOut = Symbol('timed out');
  const timer = Promise.withResolvers<typeof timedOut>();
  const timeout = setTimeout(() => timer.resolve(timedOut), deadline);
  const first = await Promise.race([ended, timer.promise]);
  clearTimeout(timeout);
  if (first !== timedOut) return;
  child.kill('SIGKILL');
  throw new ImageError('deadline', `qemu-nbd did not end within ${deadline} ms and was killed`);
}
