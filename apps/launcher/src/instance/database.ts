import { chown, mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished, output } from '../command.ts';
import type { Paths } from './paths.ts';
import { Problem } from './problem.ts';

/** Our own PostgreSQL: a private cluster, open to root on a Unix socket and to nobody on the network. */
export interface Cluster {
  readonly binaries: string;
  readonly uid: number;
  readonly gid: number;
}

/** Makes the cluster where there is none. */
export async function makeCluster(paths: Paths): Promise<Cluster & { readonly made: boolean }> {
  const { data, socket } = paths.postgres;
  const owner = await account('postgres');
  await demandReachable(paths.state);
  for (const directory of [dirname(data), data, socket]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chown(directory, owner.uid, owner.gid);
  }
  const version = (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  const binaries = await binariesOf(version);
  if (version !== '') return { ...owner, binaries, made: false };
  // A half-made cluster has no version yet: initdb writes that early, but only whole clusters are moved into place.
  const draft = `${data}.new`;
  await rm(draft, { recursive: true, force: true });
  const how = ['--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--username', 'postgres', '--data-checksums'];
  await asOwner(owner, [join(binaries, 'initdb'), '--pgdata', draft, ...how], 120_000);
  await output('mv', ['--no-target-directory', draft, data]);
  return { ...owner, binaries, made: true };
}

/** Data is worth its fsync; the rest suits one machine. */
export const serverArguments = (paths: Paths): readonly string[] => {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: paths.postgres.socket,
    unix_socket_permissions: '0700',
    fsync: 'on',
    max_connections: '100',
    shared_buffers: '64MB',
  };
  return ['-D', paths.postgres.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
};

export async function answers(paths: Paths, { binaries }: Cluster): Promise<boolean> {
  const { status } = await finished(join(binaries, 'pg_isready'), ['--quiet', '--host', paths.postgres.socket], { deadline: 5_000 });
  return status === 0;
}

/** The database in the cluster, made where there is none. */
export async function makeDatabase(paths: Paths, { binaries }: Cluster): Promise<void> {
  const query = (text: string) =>
    output(join(binaries, 'psql'), ['-X', '-q', '-A', '-t', '-h', paths.postgres.socket, '-U', 'postgres', '-d', 'postgres', '-c', text], {
      deadline: 30_000,
    });
  if ((await query("select 1 from pg_database where datname = 'ostler'")).trim() === '') await query('create database ostler');
}

async function account(name: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all([output('id', ['-u', name]), output('id', ['-g', name])]);
  return { uid: Number(uid), gid: Number(gid) };
}

async function asOwner({ uid, gid }: { uid: number; gid: number }, command: readonly string[], deadline: number): Promise<void> {
  const identity = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
  await output('setpriv', [...identity, '--', ...command], { cwd: '/', deadline });
}

/** The version that wrote the data; for new data the newest one. */
async function binariesOf(version: string): Promise<string> {
  const root = '/usr/lib/postgresql';
  const versions = (await readdir(root).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const chosen = version === '' ? versions.toSorted((a, b) => Number(a) - Number(b)).at(-1) : versions.find((name) => name === version);
  if (chosen === undefined) throw new Problem(`PostgreSQL ${version || 'server'} is not installed: apt-get install postgresql-${version || '15'}.`);
  return join(root, chosen, 'bin');
}

/** PostgreSQL and QEMU run as users of their own: a state below somebody's private directory is out of their reach. */
async function demandReachable(state: string): Promise<void> {
  for (let directory = state; ; directory = dirname(directory)) {
    const { mode } = await stat(directory);
    if ((mode & 0o001) === 0)
      throw new Problem(`${directory} is closed to others, so PostgreSQL and QEMU cannot reach ${state}. Choose another --state-dir.`);
    if (directory === '/') return;
  }
}
