import { transientCodes } from '@ostler/agent-contract/errors';
import type { Connection, DomainHealth, HostFacts, HostStatistics, VmObservation, VmStatistics } from '@ostler/agent-contract/values';
import { change, json, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';

export interface WatchedHost {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly address: string;
  readonly port: number;
  readonly status: string;
  readonly wanted: 'up' | 'maintenance';
  readonly lastContact: Date | null;
  readonly bootId: string | null;
  readonly sequence: number;
  readonly runningVms: number;
}

export const watchedHosts = (db: Queries) =>
  rows<WatchedHost>(
    db,
    sql`select id, name, cluster_id as cluster, address, port, status, wanted, last_contact as "lastContact", boot_id as "bootId", sequence,
          (select count(*) from vms where run_host_id = hosts.id and run_status <> 'down') as "runningVms"
        from hosts where certificate_fingerprint is not null order by id`,
  );

export const setHostStatus = (db: Queries, host: string, status: string, reason: object | null) =>
  change(
    db,
    sql`update hosts set status = ${status}, status_since = now(), status_reason = ${reason ? json(reason) : sql`null`} where id = ${host} and (status <> ${status} or status_reason is distinct from ${reason ? json(reason) : sql`null`})`,
  );

export const noteContact = (db: Queries, host: string) =>
  change(
    db,
    sql`update hosts set last_contact = now() where id = ${host} and (last_contact is null or last_contact < now() - interval '5 seconds')`,
  );

export const setHostFacts = (db: Queries, host: string, facts: HostFacts) =>
  change(
    db,
    sql`update hosts set facts = ${json(facts)}, hardware_uuid = ${facts.hardware.uuid}, images_port = ${facts.endpoints.images}, consoles_port = ${facts.endpoints.consoles}
        where id = ${host} and (facts is distinct from ${json(facts)})`,
  );

export const setHostPosition = (db: Queries, host: string, bootId: string, sequence: number) =>
  change(db, sql`update hosts set boot_id = ${bootId}, sequence = ${sequence}, last_contact = now() where id = ${host}`);

/** What a host must use: the active domains of its data center, each with how it is reached. */
export const domainsForHost = (db: Queries, host: string) =>
  rows<{ domain: string; connection: Connection }>(
    db,
    sql`select s.id as domain, ${connectionDocument} as connection
        from hosts h join clusters k on k.id = h.cluster_id join storage_domains s on s.data_center_id = k.data_center_id
          join storage_connections c on c.id = s.connection_id
        where h.id = ${host} and s.wanted = 'active'`,
  );

/** Of the domains that a host uses, those that it should not: put to maintenance or detached while it was away. A job's are its own affair. */
export const strayDomains = (db: Queries, host: string, used: readonly string[]) =>
  rows<{ domain: string; connection: Connection | null }>(
    db,
    sql`select u.domain, case when c.id is not null then ${connectionDocument} end as connection
        from unnest(${[...used]}::uuid[]) as u(domain) left join storage_domains s on s.id = u.domain left join storage_connections c on c.id = s.connection_id
        where not exists (select 1 from job_locks where object_id = u.domain)
          and not exists (select 1 from hosts h join clusters k on k.id = h.cluster_id
            where h.id = ${host} and s.wanted = 'active' and s.data_center_id = k.data_center_id)`,
  );

/** A storage connection (alias c) as the agent contract wants it. */
export const connectionDocument = sql`jsonb_strip_nulls(case c.storage_type
    when 'localfs' then jsonb_build_object('type', 'localfs', 'path', c.path)
    when 'nfs' then jsonb_build_object('type', 'nfs', 'address', c.address, 'path', c.path, 'mountOptions', c.mount_options)
    else jsonb_build_object('type', 'posixfs', 'path', c.path, 'vfsType', coalesce(c.vfs_type, 'none'), 'mountOptions', c.mount_options) end)`;

export interface RunRow {
  readonly vm: string;
  readonly name: string;
  readonly cluster: string;
  readonly run: string | null;
  readonly host: string | null;
  readonly status: string;
  readonly bootId: string | null;
  readonly sequence: number | null;
  readonly guestAgent: string | null;
  readonly startedAt: Date | null;
}

/** The run as the manager knows it, locked against other observations of the same VM. */
export const runForUpdate = (tx: Transaction, vm: string) =>
  row<RunRow>(
    tx,
    sql`select id as vm, name, cluster_id as cluster, run_id as run, run_host_id as host, run_status as status, run_boot_id as "bootId", run_sequence as sequence,
          run_guest ->> 'agent' as "guestAgent", run_started as "startedAt"
        from vms where id = ${vm} for update`,
  );

export const writeRun = (tx: Transaction, observation: VmObservation, seen: { status: string; bootId: string; sequence: number }) =>
  change(
    tx,
    sql`update vms set run_state = ${json(observation.state)}, run_status = ${seen.status}, run_boot_id = ${seen.bootId}, run_sequence = ${seen.sequence},
          run_guest = ${json(observation.guest)}, run_started = coalesce(to_timestamp(${observation.startedAt ?? null}::double precision / 1000), run_started)
        where id = ${observation.vm}`,
  );

/** A VM whose memory is kept is suspended, however this run ended; any other is down, and becomes what waited for that. */
export async function writeEnd(tx: Transaction, vm: string, exit: { reason: string; message?: string | undefined }): Promise<void> {
  await change(
    tx,
    sql`update vms set run_id = null, run_host_id = null, run_state = null, run_status = case when saved_memory is null then 'down' else 'suspended' end,
          run_boot_id = null, run_sequence = null, run_started = null, run_guest = null,
          exit_reason = ${exit.reason}, exit_message = ${exit.message ?? null}, stop_time = now()
        where id = ${vm}`,
  );
  // Whoever saves it writes that down in a moment: it is not down for good.
  if (exit.reason !== 'saved') await becomeNext(tx, vm);
}

/** What was asked for while it ran, it is from now on; what only its run had is gone. */
export async function becomeNext(tx: Transaction, vm: string): Promise<void> {
  const isDown = sql`v.id = ${vm} and v.run_id is null and v.saved_memory is null`;
  await change(tx, sql`update vms v set hardware = n.hardware from snapshots n where ${isDown} and n.vm_id = v.id and n.kind = 'next_run'`);
  await change(tx, sql`delete from snapshots n using vms v where ${isDown} and n.vm_id = v.id and n.kind = 'next_run'`);
  await change(tx, sql`update vms v set run_once = null where ${isDown} and v.run_once is not null`);
}

/** Only the position moves: nothing that a reader sees has changed. */
export const writeRunPosition = (tx: Transaction, vm: string, bootId: string, sequence: number) =>
  change(tx, sql`update vms set run_boot_id = ${bootId}, run_sequence = ${sequence} where id = ${vm}`);

/** What has begun to run on a host; `starting` while the job that begins it lives. */
export const runsOnHost = (db: Queries, host: string) =>
  rows<{ vm: string; run: string; starting: boolean }>(
    db,
    sql`select id as vm, run_id as run,
          exists (select 1 from job_locks l join jobs j on j.id = l.job_id where l.object_id = vms.id and j.type in ('start-vm', 'resume-vm', 'restart-vm')) as starting
        from vms where run_host_id = ${host} and run_id is not null`,
  );

/** Its VMs are unknown: nobody may start them elsewhere, and nothing is said of how they ended. */
export const runsUnknown = (db: Queries, host: string) =>
  rows<{ vm: string; name: string }>(
    db,
    sql`update vms set run_status = 'unknown' where run_host_id = ${host} and run_status not in ('unknown', 'down') returning id as vm, name`,
  );

export const writeHealth = (db: Queries, host: string, health: DomainHealth) =>
  change(
    db,
    sql`insert into domain_checks (domain_id, host_id, at, state, latency, problem)
        values (${health.domain}, ${host}, to_timestamp(${health.at}::double precision / 1000), ${health.state}, ${health.latency ?? null}, ${health.problem ?? null})
        on conflict (domain_id, host_id) do update set at = excluded.at, state = excluded.state, latency = excluded.latency, problem = excluded.problem`,
  );

export const forgetHealth = (db: Queries, host: string) => change(db, sql`delete from domain_checks where host_id = ${host}`);

export const checksOf = (db: Queries, domain: string) =>
  rows<{ host: string; state: 'ok' | 'failing' | 'hanging' }>(
    db,
    sql`select c.host_id as host, c.state from domain_checks c join hosts h on h.id = c.host_id where c.domain_id = ${domain} and h.status = 'up'`,
  );

export const writeDomainHealth = (db: Queries, domain: string, health: 'ok' | 'failing' | 'unknown') =>
  change(db, sql`update storage_domains set health = ${health}, health_since = now() where id = ${domain} and health <> ${health}`);

/** Sizes change with every write of a guest: they count as a change only when a reader would see another figure (64 MiB). */
export const writeDomainSpace = (db: Queries, domain: string, total: number, available: number) =>
  change(
    db,
    sql`update storage_domains set total = ${total}, available = ${available}
        where id = ${domain} and (total is distinct from ${total} or available is null or abs(available - ${available}) >= 67108864)`,
  );

export async function writeStatistics(
  db: Queries,
  host: string,
  at: number,
  hostFigures: HostStatistics,
  vms: readonly VmStatistics[],
  usage: { host: { cpu: number; memory: number }; vms: ReadonlyMap<string, { cpu: number; memory: number; network: number }> },
) {
  await change(
    db,
    sql`insert into host_statistics (host_id, at, raw, cpu_usage, memory_usage) values (${host}, to_timestamp(${at}::double precision / 1000), ${json(hostFigures)}, ${usage.host.cpu}, ${usage.host.memory})
        on conflict (host_id) do update set at = excluded.at, raw = excluded.raw, cpu_usage = excluded.cpu_usage, memory_usage = excluded.memory_usage`,
  );
  if (vms.length === 0) return;
  const figures = vms.map((vm) => ({ vm: vm.vm, run: vm.run, raw: vm, ...usage.vms.get(vm.vm) }));
  await change(
    db,
    sql`insert into vm_statistics (vm_id, run_id, at, raw, cpu_usage, memory_usage, network_usage)
        select vm, run, to_timestamp(${at}::double precision / 1000), raw, cpu, memory, network
        from jsonb_to_recordset(${json(figures)}) as f(vm uuid, run uuid, raw jsonb, cpu real, memory real, network real)
        on conflict (vm_id) do update set run_id = excluded.run_id, at = excluded.at, raw = excluded.raw,
          cpu_usage = excluded.cpu_usage, memory_usage = excluded.memory_usage, network_usage = excluded.network_usage`,
  );
}

export const statisticsOf = (db: Queries, host: string) =>
  rows<{ vm: string; raw: VmStatistics }>(
    db,
    sql`select s.vm_id as vm, s.raw from vm_statistics s join vms v on v.id = s.vm_id and v.run_id = s.run_id where v.run_host_id = ${host}`,
  );

/** A host as conclusions about its contact need it. */
export const hostNow = (db: Queries, host: string) =>
  row<{ name: string; status: string; wanted: 'up' | 'maintenance'; lastContact: Date | null; runningVms: number }>(
    db,
    sql`select name, status, wanted, last_contact as "lastContact", (select count(*) from vms where run_host_id = hosts.id and run_id is not null)::int as "runningVms" from hosts where id = ${host}`,
  );

/** Jobs that gave up because a host could not be reached try again when one is back. */
export const resumeJobsWaitingForHosts = async (db: Queries) => {
  const touched = await change(
    db,
    sql`update jobs set state = case direction when 'forward' then 'running' else 'unwinding' end, attempts = 0, next_try = now()
        where state = 'needs_attention' and error ->> 'code' = any(${[...transientCodes]})`,
  );
  if (touched > 0) await sql`select pg_notify('ostler_jobs', '')`.execute(db);
};

/** A guest without an agent counts as up when it has had its minute; nothing else tells of it. */
export const promoteSilentGuests = (db: Queries, graceSeconds: number) =>
  change(
    db,
    sql`update vms set run_status = 'up' where run_status = 'powering_up' and run_started < now() - ${`${graceSeconds} seconds`}::interval`,
  );
