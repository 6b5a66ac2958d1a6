import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inProcessClient } from '@ostler/lab/simulated-agent/client';
import { simulatedHost, type SimulatedHost } from '@ostler/lab/simulated-agent/host';
import { sharedStorage, type SharedStorage } from '@ostler/lab/simulated-agent/shared-storage';
import { fixedIds } from '@ostler/domain/fixed-ids';
import pino from 'pino';
import { expect } from 'vitest';
import { controller, type ControllerOptions } from '../controller.ts';
import { change, rows, sql } from '../db/database.ts';
import { agentBook, type AgentBook } from '../monitoring/agents.ts';
import { monitorHosts } from '../monitoring/monitor.ts';
import { testManager, type Answer, type TestManager } from './manager.ts';

export interface World extends TestManager {
  readonly agents: AgentBook;
  readonly hosts: readonly [SimulatedHost, ...SimulatedHost[]];
  readonly storage: SharedStorage;
  /** Lets the clock of controllers and api be ahead of the real one. */
  passTime(milliseconds: number): void;
  readonly now: () => number;
  /** A controller in this process, until it is stopped. */
  control(more?: Partial<ControllerOptions>): { stop(): Promise<void> };
  /** Watches the hosts without running jobs: for tests that take jobs from step to step themselves. */
  watch(): { stop(): Promise<void> };
  /** Asks, expects to be let, and waits until the jobs that it led to have ended as expected. */
  did(method: string, path: string, body?: object, outcome?: 'finished' | 'failed' | 'aborted'): Promise<Answer>;
  until<T>(look: () => Promise<T> | T, matches: (seen: T) => boolean): Promise<T>;
  vmStatus(vm: string): Promise<string>;
  /** A posixfs data domain that is active in the Default data center. */
  addDomain(name: string): Promise<string>;
  /** Everything that the inventory, the storage and the hosts hold, without what only counts, dates or watches. */
  slate(): Promise<Record<string, string>>;
}

const patience = 20_000;

/** A manager with simulated hosts that share their storage; a controller runs only once it is asked for. */
export async function simulatedWorld({ hosts: count = 1 } = {}): Promise<World> {
  const storage = sharedStorage();
  const [first, ...others] = Array.from({ length: Math.max(1, count) }, (_, index) =>
    simulatedHost({ hostId: randomUUID(), name: `host${index + 1}`, storage }),
  );
  if (!first) throw new Error('A world has a host');
  const hosts = [first, ...others] as const;
  const clients = new Map(hosts.map((host) => [host.hostId, inProcessClient(host)]));
  const nobody = agentBook({ ca: '', cert: '', key: '' });
  const agents: AgentBook = { of: (host) => clients.get(host) ?? nobody.of(host), set: () => undefined, close: () => undefined };
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const manager = await testManager({ now, agents });
  const { db } = manager;
  const log = pino({ level: 'silent' });
  for (const [index, host] of hosts.entries())
    await change(
      db,
      sql`insert into hosts (id, name, cluster_id, address, spm_id, certificate_fingerprint, certificate_renew_at)
          values (${host.hostId}, ${`host${index + 1}`}, ${fixedIds.defaultCluster}, ${`host${index + 1}.test`}, ${index + 1}, ${host.hostId}, now() + interval '200 days')`,
    );
  const running = new Set<() => Promise<void>>();
  const runs = (work: (signal: AbortSignal) => Promise<void>) => {
    const end = new AbortController();
    const ended = work(end.signal);
    const stop = async () => {
      running.delete(stop);
      end.abort();
      await ended;
    };
    running.add(stop);
    return { stop };
  };

  const world: World = {
    ...manager,
    agents,
    hosts,
    storage,
    now,
    passTime: (milliseconds) => {
      ahead += milliseconds;
    },
    control: (more) =>
      runs((signal) =>
        controller(
          { databaseUrl: manager.database.url, pool: manager.database.pool, db, secrets: manager.secrets, agents, authority: manager.authority, now, log, ...more },
          signal,
        ),
      ),
    watch: () => runs((signal) => monitorHosts({ db, epoch: 0, now, watchingSince: now(), log }, agents, signal)),
    async did(method, path, body, outcome = 'finished') {
      const answer = await manager.ask(method, path, body);
      expect(answer.status, `${method} ${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      const correlation = String(answer.headers['correlation-id']);
      const jobs = () =>
        rows<{ state: string; error: unknown }>(db, sql`select state, error from jobs where correlation_id = ${correlation}`);
      const ended = await world.until(jobs, (all) => all.every(({ state }) => !['running', 'unwinding'].includes(state)));
      for (const one of ended) expect(one, `${method} ${path}`).toMatchObject({ state: outcome });
      return answer;
    },
    async until(look, matches) {
      let seen = await look();
      for (const since = Date.now(); !matches(seen); seen = await look()) {
        if (Date.now() - since > patience) throw new Error(`It did not come to what is awaited; it is ${JSON.stringify(seen)}`);
        await sleep(15);
      }
      return seen;
    },
    vmStatus: async (vm) => (await manager.ask('GET', `vms/${vm}`)).body.status as string,
    async addDomain(name) {
      const added = await world.did('POST', 'storagedomains', {
        name,
        type: 'data',
        storage: { type: 'posixfs', path: `/export/${name}`, vfs_type: 'none', mount_options: 'bind' },
        host: { name: 'host1' },
      });
      await world.did('POST', `datacenters/${fixedIds.defaultDataCenter}/storagedomains`, { id: added.body.id });
      return added.body.id as string;
    },
    slate: async () => ({ ...(await inventory(db)), ...ofHosts(hosts, storage) }),
    async stop() {
      await Promise.all([...running].map((stop) => stop()));
      await manager.stop();
    },
  };
  return world;
}

/** Waits until every host of the world is up. */
export async function hostsUp(world: World): Promise<void> {
  const up = () => rows<{ status: string }>(world.db, sql`select status from hosts where certificate_fingerprint is not null`);
  await world.until(up, (all) => all.every(({ status }) => status === 'up'));
}

/** Tables whose rows come and go without anybody having changed anything. */
const restless = [
  'hosts',
  'host_statistics',
  'vm_statistics',
  'domain_checks',
  'sessions',
  'login_failures',
  'change_log',
  'manager_epoch',
];
/** What is left of work that has ended: kept to be read, and pruned. */
const traces = ['jobs', 'job_steps', 'job_objects', 'events', 'change_log_horizon'];
const uncounted = [
  'generation',
  'health',
  'health_since',
  'last_activity',
  'creation_time',
  'date',
  'available',
  'actual_size',
  'stop_time',
  'exit_reason',
  'exit_message',
  'run_sequence',
];

async function inventory(db: World['db'], without: readonly string[] = [...restless, ...traces]): Promise<Record<string, string>> {
  const tables = await rows<{ name: string }>(
    db,
    sql`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
  );
  const slate: Record<string, string> = {};
  for (const { name } of tables.filter((table) => !without.includes(table.name))) {
    const held = await rows<{ row: string }>(
      db,
      sql`select (to_jsonb(t) - ${[...uncounted]}::text[])::text as row from ${sql.table(name)} t
          where to_jsonb(t) ->> 'ended_at' is null order by 1`,
    );
    if (held.length > 0) slate[name] = held.map((one) => one.row).join('\n');
  }
  return slate;
}

function ofHosts(hosts: readonly SimulatedHost[], storage: SharedStorage): Record<string, string> {
  const slate: Record<string, string> = {};
  for (const { hostId, world } of hosts) {
    slate[`${hostId} vms`] = world
      .vms()
      .map(({ vm, run, state }) => `${vm} ${run} ${state.kind}`)
      .toSorted()
      .join('\n');
    slate[`${hostId} uses`] = [...world.uses()].toSorted().join('\n');
    slate[`${hostId} storage`] = [...world.connections()].toSorted().join('\n');
  }
  slate['storage'] = storage
    .contents()
    .map(
      ({ facts, volumes }) =>
        `${JSON.stringify({ ...facts, available: 0 })} ${[...volumes.values()].map((one) => `${one.facts.volume} ${one.facts.legal}`).join(' ')}`,
    )
    .toSorted()
    .join('\n');
  return slate;
}

/** A digest of every row that somebody could have changed, traces of work included: a dry run leaves it as it is. */
export async function digestOfRows(world: World): Promise<string> {
  return createHash('sha256')
    .update(JSON.stringify([await inventory(world.db, restless), ofHosts(world.hosts, world.storage)]))
    .digest('hex');
}
