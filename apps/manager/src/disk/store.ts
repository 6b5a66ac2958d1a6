import type { VolumeFacts } from '@ostler/agent-contract/values';
import type { AddDisk, DiskDomain } from '@ostler/domain/disk/plan';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface DiskRow {
  readonly id: string;
  readonly alias: string;
  readonly description: string;
  readonly contentType: string;
  readonly provisionedSize: number;
  readonly actualSize: number;
  readonly totalSize: number;
  readonly status: string;
  readonly shareable: boolean;
  readonly wipeAfterDelete: boolean;
  readonly propagateErrors: boolean;
  readonly backup: string;
  readonly volume: string;
  readonly format: 'raw' | 'cow';
  readonly sparse: boolean;
  readonly qcowCompat: string | null;
  readonly domain: string;
  readonly diskProfile: string | null;
}

const select = sql`select k.id, k.alias, k.description, k.content_type as "contentType", k.provisioned_size as "provisionedSize", v.actual_size as "actualSize",
    (select sum(actual_size) from volumes where disk_id = k.id)::bigint as "totalSize", st.status, k.shareable, k.wipe_after_delete as "wipeAfterDelete", k.propagate_errors as "propagateErrors",
    k.backup, v.id as volume, v.format, v.sparse, v.qcow_compat as "qcowCompat", v.domain_id as domain, k.disk_profile_id as "diskProfile"
  from disks k join disk_statuses st on st.id = k.id join volumes v on v.disk_id = k.id and v.active
    join storage_domains s on s.id = v.domain_id left join data_centers d on d.id = s.data_center_id`;

const vmNames = sql`(select string_agg(m.name, ' ') from disk_attachments a join vms m on m.id = a.vm_id where a.disk_id = k.id)`;

/** What the search language's fields of a disk are in SQL. Sizes are searched in GiB, as RHV does. */
export const searchColumns: Readonly<Record<string, Sql>> = {
  alias: sql`k.alias`,
  name: sql`k.alias`,
  description: sql`k.description`,
  id: sql`k.id`,
  provisioned_size: sql`k.provisioned_size / 1073741824.0`,
  size: sql`k.provisioned_size / 1073741824.0`,
  actual_size: sql`v.actual_size / 1073741824.0`,
  creation_date: sql`k.creation_time`,
  shareable: sql`k.shareable`,
  status: sql`st.status`,
  disk_type: sql`'image'::text`,
  disk_content_type: sql`k.content_type`,
  number_of_vms: sql`(select count(*) from disk_attachments where disk_id = k.id)`,
  vm_names: vmNames,
  storage: sql`s.name`,
  datacenter: sql`d.name`,
  wipe_after_delete: sql`k.wipe_after_delete`,
};

export const listDiskRows = (db: Queries, reader: Reader, search: SearchResult, within: Sql = sql`true`) =>
  rows<DiskRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'disk', sql`k.id`)} and ${within} and ${search.condition} order by ${search.order(sql`k.alias, k.id`)} ${search.page}`,
  );

export const findDisk = (db: Queries, reader: Reader, id: string) =>
  row<DiskRow>(db, sql`${select} where k.id = ${id} and ${visibleTo(reader, 'disk', sql`k.id`)}`);

/** Without a reader: for plans, which have been authorized. */
export const diskById = (db: Queries, id: string) => row<DiskRow>(db, sql`${select} where k.id = ${id}`);

/** A domain as a disk's plan looks at it: its space, and the hosts that can reach it. */
export const domainForDisk = (db: Queries, id: string) =>
  row<DiskDomain>(
    db,
    sql`select s.id, s.name, s.kind, st.status, s.available, s.critical_space_action_blocker as "criticalSpaceActionBlocker",
          coalesce((select array_agg(h.id order by h.spm_priority desc, h.spm_id) from hosts h join clusters c on c.id = h.cluster_id
            where c.data_center_id = s.data_center_id and h.status = 'up'), '{}') as hosts
        from storage_domains s join storage_domain_statuses st on st.id = s.id where s.id = ${id}`,
  ).then((found) => found && { ...found, available: found.available ?? undefined });

export interface NewDisk {
  readonly plan: Pick<AddDisk, 'disk' | 'volume' | 'alias' | 'domain' | 'format' | 'sparse' | 'capacity' | 'description'> & { readonly contentType: string };
  readonly shareable: boolean;
  readonly wipeAfterDelete: boolean;
  readonly propagateErrors: boolean;
  readonly backup: string;
  readonly createdBy: string;
  readonly snapshot: string | undefined;
}

export async function insertDisk(tx: Transaction, { plan, ...disk }: NewDisk): Promise<void> {
  await change(
    tx,
    sql`insert into disks (id, alias, description, content_type, provisioned_size, shareable, wipe_after_delete, propagate_errors, backup, created_by, disk_profile_id)
        values (${plan.disk}, ${plan.alias}, ${plan.description}, ${plan.contentType}, ${plan.capacity}, ${disk.shareable}, ${disk.wipeAfterDelete}, ${disk.propagateErrors}, ${disk.backup}, ${disk.createdBy},
          (select id from disk_profiles where storage_domain_id = ${plan.domain} order by name limit 1))`,
  );
  await change(
    tx,
    sql`insert into volumes (id, disk_id, domain_id, snapshot_id, format, sparse, capacity) values (${plan.volume}, ${plan.disk}, ${plan.domain}, ${disk.snapshot ?? null}, ${plan.format}, ${plan.sparse}, ${plan.capacity})`,
  );
}

export const forgetDisk = async (tx: Transaction, disk: string) => {
  await change(tx, sql`delete from disk_attachments where disk_id = ${disk}`);
  await change(tx, sql`delete from permissions where object_id = ${disk}`);
  await change(tx, sql`delete from disks where id = ${disk}`);
};

/** What the storage says of a volume. */
export const recordVolume = (db: Queries, facts: VolumeFacts) =>
  change(
    db,
    sql`update volumes set actual_size = ${facts.actualSize}, qcow_compat = ${facts.qcowCompat ?? null}, legal = ${facts.legal} where id = ${facts.volume}`,
  );

export const setLegal = (db: Queries, volume: string, legal: boolean) =>
  change(db, sql`update volumes set legal = ${legal} where id = ${volume}`);

/** Why a disk cannot be touched now, in words. */
export async function usersOfDisk(db: Queries, disk: string): Promise<string[]> {
  const found = await rows<{ text: string }>(
    db,
    sql`select 'VM ' || m.name || ' runs with it' as text from disk_attachments a join vms m on m.id = a.vm_id where a.disk_id = ${disk} and a.active and m.run_id is not null
        union all select 'VM ' || m.name || ' is suspended with it' from vms m where m.saved_memory = ${disk}
        union all select 'VM ' || m.name || ' has it in its CD drive' from vms m where m.run_cd_disk_id = ${disk} and m.run_id is not null
        union all select 'volume ' || child.id || ' is laid over it' from volumes v join volumes child on child.parent_id = v.id and child.disk_id <> v.disk_id where v.disk_id = ${disk}`,
  );
  return found.map((one) => one.text);
}

export const vmsOfDisk = async (db: Queries, disk: string) =>
  (await rows<{ id: string }>(db, sql`select vm_id as id from disk_attachments where disk_id = ${disk}`)).map((one) => one.id);

export interface DiskSettings {
  readonly alias: string;
  readonly description: string;
  readonly wipeAfterDelete: boolean;
  readonly propagateErrors: boolean;
  readonly shareable: boolean;
}

export const updateDisk = (db: Queries, id: string, settings: DiskSettings) =>
  change(
    db,
    sql`update disks set alias = ${settings.alias}, description = ${settings.description}, wipe_after_delete = ${settings.wipeAfterDelete}, propagate_errors = ${settings.propagateErrors}, shareable = ${settings.shareable} where id = ${id}`,
  );

export const diskExists = async (db: Queries, id: string) => (await row(db, sql`select 1 from disks where id = ${id}`)) !== undefined;
