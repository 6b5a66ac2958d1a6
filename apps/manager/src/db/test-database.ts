import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { openDatabase, openPool, type Database } from './database.ts';
import { migrate } from './migrate.ts';

const run = promisify(execFile);

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly db: Database;
  stop(): Promise<void>;
}

/** A test's data die with it; what is measured is measured with the settings of an instance. */
const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'shared_buffers=32MB', 'max_connections=80'];
const durable = ['fsync=on', 'shared_buffers=64MB', 'max_connections=100'];

/** A real PostgreSQL for one test file: a cluster of its own on a unix socket, without fsync unless it is `durable`, gone afterwards. */
export async function testDatabase(options: { durable?: boolean } = {}): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'ostler-pg-'));
  const identity = await postgresIdentity();
  await chown(directory, identity.uid, identity.gid);
  const binaries = await postgresBinaries();
  await run(
    join(binaries, 'initdb'),
    ['--pgdata', join(directory, 'data'), '--auth', 'trust', '--encoding', 'UTF8', '--username', 'postgres', '--no-sync'],
    identity,
  );
  const settings = ['listen_addresses=', `unix_socket_directories=${directory}`, ...(options.durable === true ? durable : careless)];
  const server = spawn(join(binaries, 'postgres'), ['-D', join(directory, 'data'), ...settings.flatMap((setting) => ['-c', setting])], {
    ...identity,
    stdio: 'ignore',
  });
  const stopServer = async () => {
    await ended(server);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const name = `test_${randomUUID().slice(0, 8)}`;
    await createDatabase(directory, name);
    const url = `postgresql://postgres@/${name}?host=${encodeURIComponent(directory)}`;
    const pool = openPool(url);
    await migrate(pool);
    return { url, pool, db: openDatabase(pool), stop: () => pool.end().then(stopServer) };
  } catch (error) {
    await stopServer();
    throw error;
  }
}

async function createDatabase(socketDirectory: string, name: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const client = new pg.Client({ host: socketDirectory, user: 'postgres', database: 'postgres' });
    try {
      await client.connect();
      await client.query(`create database ${name}`);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function ended(server: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT');
  await gone;
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
async function postgresIdentity(): Promise<{ uid: number; gid: number }> {
  const me = userInfo();
  if (me.uid !== 0) return { uid: me.uid, gid: me.gid };
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

export async function postgresBinaries(): Promise<string> {
  const root = '/usr/lib/postgresql';
  const versions = (await readdir(root)).map(Number).filter(Number.isInteger);
  return join(root, String(Math.max(...versions)), 'bin');
}
