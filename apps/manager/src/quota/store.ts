import { randomUUID } from 'node:crypto';
import { defaultQuota, type QuotaSettings } from '@ostler/domain/quota/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';

export interface QuotaRow extends QuotaSettings {
  readonly id: string;
  readonly dataCenter: string;
  readonly isDefault: boolean;
}

const select = sql`select q.id, q.name, q.description, q.data_center_id as "dataCenter", q.is_default as "isDefault", q.cluster_soft as "clusterSoft",
    q.cluster_hard as "clusterHard", q.storage_soft as "storageSoft", q.storage_hard as "storageHard" from quotas q`;

export const listQuotas = (db: Queries, reader: Reader, dataCenter: string, max: number | undefined) =>
  rows<QuotaRow>(
    db,
    sql`${select} where q.data_center_id = ${dataCenter} and ${visibleTo(reader, 'quota', sql`q.id`)} order by q.name ${limited(max)}`,
  );
export const findQuota = (db: Queries, reader: Reader, dataCenter: string, id: string) =>
  row<QuotaRow>(db, sql`${select} where q.data_center_id = ${dataCenter} and q.id = ${id} and ${visibleTo(reader, 'quota', sql`q.id`)}`);

export const quotaNames = async (db: Queries, dataCenter: string, except: string): Promise<string[]> =>
  (await rows<{ name: string }>(db, sql`select name from quotas where data_center_id = ${dataCenter} and id <> ${except}`)).map(
    (one) => one.name,
  );

export const insertQuota = (tx: Transaction, quota: QuotaRow) =>
  change(
    tx,
    sql`insert into quotas (id, name, description, data_center_id, is_default, cluster_soft, cluster_hard, storage_soft, storage_hard)
        values (${quota.id}, ${quota.name}, ${quota.description}, ${quota.dataCenter}, ${quota.isDefault}, ${quota.clusterSoft}, ${quota.clusterHard}, ${quota.storageSoft}, ${quota.storageHard})`,
  );
export const updateQuota = (tx: Transaction, id: string, quota: QuotaSettings) =>
  change(
    tx,
    sql`update quotas set name = ${quota.name}, description = ${quota.description}, cluster_soft = ${quota.clusterSoft}, cluster_hard = ${quota.clusterHard},
          storage_soft = ${quota.storageSoft}, storage_hard = ${quota.storageHard} where id = ${id}`,
  );
export async function removeQuota(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`delete from permissions where object_id = ${id}`);
  await change(tx, sql`delete from quotas where id = ${id}`);
}

/** A data center begins with a quota that limits nothing, which counts where no other is named. */
export async function insertDefaultQuota(tx: Transaction, dataCenter: string): Promise<void> {
  const id = randomUUID();
  await insertQuota(tx, {
    ...defaultQuota,
    id,
    name: 'Default',
    description: 'What counts where no other quota is named',
    dataCenter,
    isDefault: true,
  });
  await insertClusterLimit(tx, { id: randomUUID(), quota: id, object: null, memory: -1, cpus: -1 });
  await insertStorageLimit(tx, { id: randomUUID(), quota: id, object: null, space: -1 });
}

// ---- limits ------------------------------------------------------------------------------------------------------------

/** What a quota allows in a cluster, or altogether, and what is used of it. Memory in GiB. */
export interface ClusterLimitRow {
  readonly id: string;
  readonly quota: string;
  readonly object: string | null;
  readonly memory: number;
  readonly cpus: number;
  readonly memoryUsed: number;
  readonly cpusUsed: number;
}

/** Nothing names a quota yet: all that runs counts against the default one. */
export const clusterLimits = (db: Queries, quota: string) =>
  rows<ClusterLimitRow>(
    db,
    sql`select l.id, l.quota_id as quota, l.cluster_id as object, l.memory, l.cpus, coalesce(u.memory, 0)::float8 / 1073741824 as "memoryUsed", coalesce(u.cpus, 0)::int as "cpusUsed"
        from quota_cluster_limits l join quotas q on q.id = l.quota_id left join lateral (
          select sum((m.hardware #>> '{memory,size}')::bigint) as memory,
            sum((m.hardware #>> '{cpu,sockets}')::int * (m.hardware #>> '{cpu,cores}')::int * (m.hardware #>> '{cpu,threads}')::int) as cpus
          from vms m join clusters c on c.id = m.cluster_id
          where q.is_default and m.run_id is not null and c.data_center_id = q.data_center_id and (l.cluster_id is null or l.cluster_id = c.id)) u on true
        where l.quota_id = ${quota} order by l.cluster_id is not null, l.id`,
  );
export const insertClusterLimit = (tx: Transaction, limit: Omit<ClusterLimitRow, 'memoryUsed' | 'cpusUsed'>) =>
  change(
    tx,
    sql`insert into quota_cluster_limits (id, quota_id, cluster_id, memory, cpus) values (${limit.id}, ${limit.quota}, ${limit.object}, ${limit.memory}, ${limit.cpus})`,
  );
export const removeClusterLimit = (tx: Transaction, id: string) => change(tx, sql`delete from quota_cluster_limits where id = ${id}`);

/** Space in GiB. */
export interface StorageLimitRow {
  readonly id: string;
  readonly quota: string;
  readonly object: string | null;
  readonly space: number;
  readonly spaceUsed: number;
}
export const storageLimits = (db: Queries, quota: string) =>
  rows<StorageLimitRow>(
    db,
    sql`select l.id, l.quota_id as quota, l.storage_domain_id as object, l.space, coalesce(u.space, 0)::float8 / 1073741824 as "spaceUsed"
        from quota_storage_limits l join quotas q on q.id = l.quota_id left join lateral (
          select sum(v.capacity) as space from volumes v join storage_domains s on s.id = v.domain_id
          where q.is_default and s.data_center_id = q.data_center_id and (l.storage_domain_id is null or l.storage_domain_id = s.id)) u on true
        where l.quota_id = ${quota} order by l.storage_domain_id is not null, l.id`,
  );
export const insertStorageLimit = (tx: Transaction, limit: Omit<StorageLimitRow, 'spaceUsed'>) =>
  change(
    tx,
    sql`insert into quota_storage_limits (id, quota_id, storage_domain_id, space) values (${limit.id}, ${limit.quota}, ${limit.object}, ${limit.space})`,
  );
export const removeStorageLimit = (tx: Transaction, id: string) => change(tx, sql`delete from quota_storage_limits where id = ${id}`);

/** The name of a cluster or storage domain of a data center, by its id. */
export const nameInDataCenter = async (
  db: Queries,
  table: 'clusters' | 'storage_domains',
  dataCenter: string,
  id: string,
): Promise<string | undefined> =>
  (
    await row<{ name: string }>(
      db,
      sql`select name from ${sql.table(table)} where data_center_id = ${dataCenter} and id::text = lower(${id})`,
    )
  )?.name;
