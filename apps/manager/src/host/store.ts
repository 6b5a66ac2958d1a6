import type { HostFacts, HostStatistics } from '@ostler/agent-contract/values';
import type { HostInUse, HostSettings } from '@ostler/domain/host/rules';
import { isUuid } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface HostRow extends HostSettings {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly cluster: string;
  readonly status: string;
  readonly statusReason: { readonly message?: string } | null;
  readonly facts: Partial<HostFacts> | null;
  readonly enrolled: boolean;
  readonly overcommitPercent: number;
  readonly active: number;
  readonly migrating: number;
  readonly total: number;
  readonly committed: number;
}

const from = sql`from hosts h join clusters c on c.id = h.cluster_id left join data_centers d on d.id = c.data_center_id
  left join host_statistics s on s.host_id = h.id
  left join lateral (
    select count(*)::int as total, count(*) filter (where m.run_status in ('up', 'powering_up', 'reboot_in_progress', 'paused'))::int as active,
      count(*) filter (where m.run_status like 'migrating%')::int as migrating, coalesce(sum((m.hardware #>> '{memory,size}')::bigint), 0)::bigint as committed
    from vms m where m.run_host_id = h.id and m.run_id is not null) r on true`;

const select = sql`select h.id, h.name, h.description, h.comment, h.address, h.port, h.cluster_id as cluster, h.status, h.status_reason as "statusReason", h.facts,
    h.spm_priority as "spmPriority", h.certificate_fingerprint is not null as enrolled, coalesce((c.settings ->> 'overcommitPercent')::int, 100) as "overcommitPercent",
    r.active, r.migrating, r.total, r.committed
  ${from}`;

/** What the search language's fields of a host are in SQL. Memory is searched in MiB, as RHV does. */
export const searchColumns: Readonly<Record<string, Sql>> = {
  name: sql`h.name`,
  comment: sql`h.comment`,
  id: sql`h.id`,
  address: sql`h.address`,
  status: sql`h.status`,
  cluster: sql`c.name`,
  datacenter: sql`d.name`,
  active_vms: sql`r.active`,
  mem_usage: sql`s.memory_usage`,
  cpu_usage: sql`s.cpu_usage`,
  cpus: sql`(h.facts #>> '{cpu,sockets}')::int * (h.facts #>> '{cpu,cores}')::int * (h.facts #>> '{cpu,threads}')::int`,
  memory: sql`(h.facts ->> 'memory')::bigint / 1048576`,
  cpu_model: sql`(h.facts #>> '{cpu,model}')`,
  spm_id: sql`h.spm_id`,
  hw_id: sql`h.hardware_uuid`,
  version: sql`h.facts ->> 'agentVersion'`,
};

export const listHosts = (db: Queries, reader: Reader, search: SearchResult, within: Sql = sql`true`) =>
  rows<HostRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'host', sql`h.id`)} and ${within} and ${search.condition} order by ${search.order(sql`h.name`)} ${search.page}`,
  );

export const findHost = (db: Queries, reader: Reader, id: string) =>
  row<HostRow>(db, sql`${select} where h.id = ${id} and ${visibleTo(reader, 'host', sql`h.id`)}`);

/** Where all of these VMs could be moved: hosts of their cluster that are up and on which none of them runs. */
export function targetsOf(reader: Reader, vms: string): Sql {
  const asked = vms.split(',').map((one) => one.trim());
  const ids = asked.filter(isUuid);
  if (ids.length < asked.length) return sql`false`;
  return sql`h.status = 'up' and not exists (
    select 1 from unnest(${ids}::uuid[]) as wished(id) left join vms t on t.id = wished.id and ${visibleTo(reader, 'vm', sql`t.id`)}
    where t.id is null or t.cluster_id <> h.cluster_id or t.run_host_id = h.id)`;
}

export const hostNames = async (db: Queries, except: string) =>
  (await rows<{ name: string }>(db, sql`select name from hosts where id <> ${except}`)).map((one) => one.name);

export const updateHost = (tx: Transaction, id: string, host: HostSettings) =>
  change(
    tx,
    sql`update hosts set name = ${host.name}, description = ${host.description}, comment = ${host.comment}, spm_priority = ${host.spmPriority} where id = ${id}`,
  );

/** What is on a host. The VMs' names are those that the reader may know. */
export const hostInUse = (db: Queries, reader: Reader, id: string) =>
  row<HostInUse>(
    db,
    sql`select h.name, h.status,
          (select count(*) from vms m where m.run_host_id = h.id and m.run_id is not null)::int as running,
          coalesce((select array_agg(m.name order by m.name) from vms m where m.run_host_id = h.id and m.run_id is not null and ${visibleTo(reader, 'vm', sql`m.id`)}), '{}') as vms,
          (select count(*) from image_transfers i where i.host_id = h.id and i.ended_at is null)::int as transfers
        from hosts h where h.id = ${id}`,
  );

/** The controller sees what is wanted, and concludes from the host's answers when it is so. */
export const wantHost = (tx: Transaction, id: string, wanted: 'up' | 'maintenance', status: string, reason: string | null) =>
  change(
    tx,
    sql`update hosts set wanted = ${wanted}, status = ${status}, status_since = now(), status_reason = null, reason = ${reason} where id = ${id}`,
  );

export async function removeHost(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`update image_transfers set host_id = null where host_id = ${id}`);
  await change(tx, sql`delete from host_statistics where host_id = ${id}`);
  await change(tx, sql`delete from domain_checks where host_id = ${id}`);
  await change(tx, sql`delete from permissions where object_id = ${id}`);
  await change(tx, sql`delete from hosts where id = ${id}`);
}

export const statisticsOfHost = (db: Queries, id: string) =>
  row<{ raw: HostStatistics; cpu: number | null }>(db, sql`select raw, cpu_usage as cpu from host_statistics where host_id = ${id}`);
