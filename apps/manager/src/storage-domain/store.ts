import { randomUUID } from 'node:crypto';
import type { Connection, DomainFacts as ObservedDomain } from '@ostler/agent-contract/values';
import type { DomainFacts, HostRef } from '@ostler/domain/storage-domain/plan';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import { connectionDocument } from '../monitoring/store.ts';
import type { SearchResult } from '../search/sql.ts';

export interface StorageDomainRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly kind: 'data' | 'iso' | 'export';
  readonly storageType: 'localfs' | 'posixfs' | 'nfs';
  readonly address: string | null;
  readonly path: string;
  readonly vfsType: string | null;
  readonly mountOptions: string | null;
  readonly connectionId: string;
  readonly format: string;
  readonly status: string;
  readonly master: boolean;
  readonly dataCenter: string | null;
  readonly total: number | null;
  readonly available: number | null;
  readonly committed: number;
  readonly wipeAfterDelete: boolean;
  readonly discardAfterDelete: boolean;
  readonly backup: boolean;
  readonly warningLowSpaceIndicator: number;
  readonly criticalSpaceActionBlocker: number;
}

const select = sql`select s.id, s.name, s.description, s.comment, s.kind, s.storage_type as "storageType", c.address, c.path, c.vfs_type as "vfsType", c.mount_options as "mountOptions",
    c.id as "connectionId", s.format, st.status, s.master, s.data_center_id as "dataCenter", s.total, s.available,
    coalesce((select sum(capacity) from volumes where domain_id = s.id), 0)::bigint as committed,
    s.wipe_after_delete as "wipeAfterDelete", s.discard_after_delete as "discardAfterDelete", s.backup,
    s.warning_low_space_indicator as "warningLowSpaceIndicator", s.critical_space_action_blocker as "criticalSpaceActionBlocker"
  from storage_domains s join storage_domain_statuses st on st.id = s.id join storage_connections c on c.id = s.connection_id left join data_centers d on d.id = s.data_center_id`;

/** What the search language's fields of a storage domain are in SQL. */
export const searchColumns: Readonly<Record<string, Sql>> = {
  id: sql`s.id`,
  name: sql`s.name`,
  status: sql`st.status`,
  datacenter: sql`d.name`,
  type: sql`s.storage_type`,
  free_size: sql`s.available`,
  used_size: sql`s.total - s.available`,
  total_size: sql`s.total`,
  comment: sql`s.comment`,
  description: sql`s.description`,
  wipe_after_delete: sql`s.wipe_after_delete`,
  discard_after_delete: sql`s.discard_after_delete`,
  low_space_threshold: sql`s.warning_low_space_indicator`,
  critical_space_threshold: sql`s.critical_space_action_blocker`,
  backup: sql`s.backup`,
  committed: sql`(select coalesce(sum(capacity), 0) from volumes where domain_id = s.id)`,
};

export const listStorageDomains = (db: Queries, reader: Reader, search: SearchResult, within: Sql = sql`true`) =>
  rows<StorageDomainRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'storage_domain', sql`s.id`)} and ${within} and ${search.condition} order by ${search.order(sql`s.name`)} ${search.page}`,
  );

export const findStorageDomain = (db: Queries, reader: Reader, id: string) =>
  row<StorageDomainRow>(db, sql`${select} where s.id = ${id} and ${visibleTo(reader, 'storage_domain', sql`s.id`)}`);

export interface NewStorageDomain {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly kind: 'data' | 'iso' | 'export';
  readonly connection: string;
  readonly storageType: 'localfs' | 'posixfs' | 'nfs';
  readonly wipeAfterDelete: boolean;
  readonly backup: boolean;
  readonly warningLowSpaceIndicator: number;
  readonly criticalSpaceActionBlocker: number;
}

/** Disks are made under a profile of their domain; every data domain has one of its own name from the first. */
export async function insertStorageDomain(tx: Transaction, domain: NewStorageDomain): Promise<void> {
  await change(
    tx,
    sql`insert into storage_domains (id, name, description, comment, kind, storage_type, connection_id, wipe_after_delete, backup, warning_low_space_indicator, critical_space_action_blocker)
        values (${domain.id}, ${domain.name}, ${domain.description}, ${domain.comment}, ${domain.kind}, ${domain.storageType}, ${domain.connection}, ${domain.wipeAfterDelete}, ${domain.backup},
          ${domain.warningLowSpaceIndicator}, ${domain.criticalSpaceActionBlocker})`,
  );
  if (domain.kind === 'data')
    await change(tx, sql`insert into disk_profiles (id, name, storage_domain_id) values (${randomUUID()}, ${domain.name}, ${domain.id})`);
}

/** The connection's row, made when nobody has used this storage before. */
export async function connectionRow(tx: Transaction, id: string, connection: Connection): Promise<string> {
  const address = connection.type === 'nfs' ? connection.address : null;
  const vfsType = connection.type === 'posixfs' ? connection.vfsType : null;
  const mountOptions = connection.type === 'localfs' ? null : (connection.mountOptions ?? null);
  await change(
    tx,
    sql`insert into storage_connections (id, storage_type, address, path, vfs_type, mount_options) values (${id}, ${connection.type}, ${address}, ${connection.path}, ${vfsType}, ${mountOptions})
        on conflict (storage_type, (coalesce(address, '')), path) do nothing`,
  );
  const found = await row<{ id: string }>(
    tx,
    sql`select id from storage_connections where storage_type = ${connection.type} and coalesce(address, '') = ${address ?? ''} and path = ${connection.path}`,
  );
  return found?.id ?? id;
}

export const connectionOf = async (db: Queries, domain: string) =>
  (
    await row<{ connection: Connection }>(
      db,
      sql`select ${connectionDocument} as connection from storage_domains s join storage_connections c on c.id = s.connection_id where s.id = ${domain}`,
    )
  )?.connection;

export const domainAtConnection = (db: Queries, connection: Connection) =>
  row<{ name: string }>(
    db,
    sql`select s.name from storage_domains s join storage_connections c on c.id = s.connection_id
        where c.storage_type = ${connection.type} and coalesce(c.address, '') = ${connection.type === 'nfs' ? connection.address : ''} and c.path = ${connection.path}`,
  );

export const domainNames = async (db: Queries) =>
  (await rows<{ name: string }>(db, sql`select name from storage_domains`)).map((one) => one.name);

export const domainFactsFor = (db: Queries, id: string) =>
  row<DomainFacts>(
    db,
    sql`select s.id, s.name, s.kind, s.storage_type as "storageType", st.status, s.master,
          case when d.id is not null then jsonb_build_object('id', d.id, 'name', d.name) end as "dataCenter"
        from storage_domains s join storage_domain_statuses st on st.id = s.id left join data_centers d on d.id = s.data_center_id where s.id = ${id}`,
  ).then((found) => found && { ...found, dataCenter: found.dataCenter ?? undefined });

/** Hosts of a data center that are up. */
export const hostsUp = (db: Queries, dataCenter: string) =>
  rows<HostRef>(
    db,
    sql`select h.id, h.name, h.status from hosts h join clusters c on c.id = h.cluster_id where c.data_center_id = ${dataCenter} and h.status = 'up' order by h.spm_priority desc, h.spm_id`,
  );

export const hostRef = (db: Queries, id: string) => row<HostRef>(db, sql`select id, name, status from hosts where id = ${id}`);
export const hostNamed = (db: Queries, name: string) =>
  row<HostRef>(db, sql`select id, name, status from hosts where lower(name) = lower(${name})`);

export const otherDomains = (db: Queries, dataCenter: string, except: string) =>
  rows<{ name: string; kind: 'data' | 'iso' | 'export'; master: boolean }>(
    db,
    sql`select name, kind, master from storage_domains where data_center_id = ${dataCenter} and id <> ${except}`,
  );

/** Who uses a domain now, in words: running VMs, transfers, jobs. */
export async function usersOf(db: Queries, domain: string): Promise<string[]> {
  const found = await rows<{ text: string }>(
    db,
    sql`select 'VM ' || m.name || ' runs with its disk ' || k.alias || ' on it' as text
          from volumes v join disks k on k.id = v.disk_id join disk_attachments a on a.disk_id = k.id and a.active join vms m on m.id = a.vm_id
          where v.domain_id = ${domain} and m.run_id is not null
        union select 'disk ' || k.alias || ' is being transferred' from image_transfers t join volumes v on v.id = t.volume_id join disks k on k.id = v.disk_id
          where v.domain_id = ${domain} and t.ended_at is null
        union select 'disk ' || k.alias || ' is locked by a job' from volumes v join disks k on k.id = v.disk_id join job_locks l on l.object_id = k.id where v.domain_id = ${domain}
        order by 1`,
  );
  return found.map((one) => one.text);
}

export const disksOn = async (db: Queries, domain: string) =>
  (
    await rows<{ alias: string }>(
      db,
      sql`select distinct k.alias from volumes v join disks k on k.id = v.disk_id where v.domain_id = ${domain} order by 1`,
    )
  ).map((one) => `disk ${one.alias} lies on it`);

export const recordAttached = (
  tx: Transaction,
  attach: { domain: string; dataCenter: string; master: boolean; masterVersion: number },
  observed: ObservedDomain,
) =>
  Promise.all([
    change(
      tx,
      sql`update storage_domains set data_center_id = ${attach.dataCenter}, master = ${attach.master}, wanted = 'active', health = 'ok', health_since = now(), total = ${observed.total}, available = ${observed.available}
          where id = ${attach.domain}`,
    ),
    change(tx, sql`update data_centers set master_version = ${attach.masterVersion} where id = ${attach.dataCenter}`),
  ]);

export const recordCreated = (tx: Transaction, observed: ObservedDomain) =>
  change(tx, sql`update storage_domains set total = ${observed.total}, available = ${observed.available} where id = ${observed.domain}`);

export const setWanted = (db: Queries, domain: string, wanted: 'active' | 'maintenance', health?: 'ok' | 'unknown') =>
  change(db, sql`update storage_domains set wanted = ${wanted}, health = coalesce(${health ?? null}, health) where id = ${domain}`);

export const recordDetached = (tx: Transaction, domain: string) =>
  change(
    tx,
    sql`update storage_domains set data_center_id = null, master = false, wanted = 'maintenance', health = 'unknown' where id = ${domain}`,
  );

/** An attachment taken back: the data center counts its masters as before. */
export async function recordNotAttached(tx: Transaction, attach: Parameters<typeof recordAttached>[1]): Promise<void> {
  const undone = await change(
    tx,
    sql`update storage_domains set data_center_id = null, master = false, wanted = 'maintenance', health = 'unknown' where id = ${attach.domain} and data_center_id is not null`,
  );
  if (undone > 0 && attach.master)
    await change(tx, sql`update data_centers set master_version = ${attach.masterVersion - 1} where id = ${attach.dataCenter}`);
}

/** Ostler forgets the domain and what it knew only from it. */
export async function forgetDomain(tx: Transaction, domain: string): Promise<void> {
  await change(tx, sql`delete from disk_attachments where disk_id in (select disk_id from volumes where domain_id = ${domain})`);
  await change(tx, sql`delete from disks where id in (select disk_id from volumes where domain_id = ${domain})`);
  await change(tx, sql`delete from domain_checks where domain_id = ${domain}`);
  await change(tx, sql`delete from permissions where object_id = ${domain}`);
  const gone = await row<{ connection: string }>(
    tx,
    sql`delete from storage_domains where id = ${domain} returning connection_id as connection`,
  );
  if (gone)
    await change(
      tx,
      sql`delete from storage_connections c where c.id = ${gone.connection} and not exists (select 1 from storage_domains where connection_id = c.id)`,
    );
}

export interface StorageDomainSettings {
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly wipeAfterDelete: boolean;
  readonly backup: boolean;
  readonly warningLowSpaceIndicator: number;
  readonly criticalSpaceActionBlocker: number;
}

export const updateStorageDomain = (db: Queries, id: string, settings: StorageDomainSettings) =>
  change(
    db,
    sql`update storage_domains set name = ${settings.name}, description = ${settings.description}, comment = ${settings.comment}, wipe_after_delete = ${settings.wipeAfterDelete}, backup = ${settings.backup},
          warning_low_space_indicator = ${settings.warningLowSpaceIndicator}, critical_space_action_blocker = ${settings.criticalSpaceActionBlocker} where id = ${id}`,
  );
