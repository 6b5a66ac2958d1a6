import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import type { Connection } from '@ostler/agent-contract/values';

/** Where on this host the domains of a connection are, and how they get there. */
export interface Place {
  /** The same for two connections to the same storage. */
  readonly key: string;
  readonly root: string;
  /** Undefined for a directory of this host. */
  readonly mount?: Mount;
}

export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Milliseconds. A mount of a dead NFS server takes minutes to give up by itself. */
const mountDeadline = 40_000;
const unmountDeadline = 20_000;

/** Throws `bad_request` for what `mount` could misread. */
export function placeOf(connection: Connection, mountRoot: string): Place {
  switch (connection.type) {
    case 'localfs':
      return directory(connection.path);
    case 'posixfs': {
      const { path, vfsType, mountOptions } = connection;
      if (vfsType === 'none' && splitOptions(mountOptions).includes('bind')) return directory(path);
      return mounted(mountRoot, { type: vfsType, source: path, options: splitOptions(mountOptions) });
    }
    case 'nfs': {
      const { address, path, mountOptions } = connection;
      const host = address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
      // RHV's defaults. Soft: a server that is gone becomes an error, in about half a minute, instead of a wait for ever.
      const options = ['soft', 'nosharecache', 'timeo=100', 'retrans=3', ...splitOptions(mountOptions)];
      return mounted(mountRoot, { type: 'nfs', source: `${host}:${path}`, options });
    }
  }
}

function directory(path: string): Place {
  if (!path.startsWith('/') || path.includes('\0')) throw new AgentError('bad_request', 'The path must be absolute', { field: 'path' });
  const root = path.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  if (root.split('/').some((name) => name === '.' || name === '..'))
    throw new AgentError('bad_request', 'The path must not have . or .. in it', { field: 'path' });
  return { key: `directory-${digest(root)}`, root };
}

function mounted(mountRoot: string, mount: Mount): Place {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(mount.type)) throw new AgentError('bad_request', 'This is no file system type', { field: 'vfsType' });
  if (mount.source.startsWith('-') || /[\0\n]/.test(mount.source))
    throw new AgentError('bad_request', 'This cannot be mounted', { field: 'path' });
  if (mount.options.some((option) => !/^[\w.:/@=+,[\]%-]+$/.test(option)))
    throw new AgentError('bad_request', 'There is a character in the mount options that has no place there', { field: 'mountOptions' });
  const key = `${mount.type}-${digest(`${mount.type} ${mount.source}`)}`;
  return { key, root: join(mountRoot, key), mount };
}

const splitOptions = (options: string | undefined): string[] => (options ?? '').split(',').filter((option) => option !== '');
const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Idempotent. What is mounted is told from the kernel's table: looking at the mount point itself may hang. */
export async function mount({ root, mount: wish }: Place): Promise<void> {
  if (!wish || (await isMounted(root))) return;
  await mkdir(root, { recursive: true, mode: 0o755 });
  // What an image holds is data: neither its set-user-id bits nor its device nodes mean anything on this host.
  const options = [...wish.options, 'nosuid', 'nodev'].join(',');
  await command('mount', ['-t', wish.type, '-o', options, '--', wish.source, root], mountDeadline);
}

/** Idempotent. A storage that does not answer is taken away all the same; what was in flight there is lost already. */
export async function unmount({ root, mount: wish }: Place): Promise<void> {
  if (!wish || !(await isMounted(root))) return;
  // Without canonicalizing, umount does not look at the storage.
  await command('umount', ['--no-canonicalize', '--', root], unmountDeadline).catch(() =>
    command('umount', ['--no-canonicalize', '--lazy', '--force', '--', root], unmountDeadline),
  );
  await rmdir(root).catch(() => undefined);
}

export async function isMounted(root: string): Promise<boolean> {
  return mountPoints(await readFile('/proc/self/mountinfo', 'utf8')).includes(root);
}

/** Spaces and the like are written there as octal escapes. */
export function mountPoints(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((path) => path !== undefined)
    .map((path) => path.replaceAll(/\\([0-7]{3})/g, (_escape, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
}

/** As root, in a process group of its own that is killed at the deadline. */
function command(program: string, args: readonly string[], deadline: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
    let said = '';
    const timer = setTimeout(() => {
      reject(new AgentError('storage_hangs', `The storage did not answer ${program} within ${deadline} ms`));
      if (child.pid !== undefined) killQuietly(child.pid);
    }, deadline);
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 2048) said += chunk.toString();
    });
    child.on('error', (error) => reject(new AgentError('not_supported', `This host cannot run ${program}: ${error.message}`)));
    child.on('close', (status) => {
      clearTimeout(timer);
      if (status === 0) return resolve();
      reject(new AgentError('storage_failed', said.trim().split('\n')[0] || `${program} failed with status ${status}`));
    });
  });
}

function killQuietly(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
