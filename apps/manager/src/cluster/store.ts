import { randomUUID } from 'node:crypto';
import { defaultPolicy } from '@ostler/domain/cluster/policy';
import type { ClusterAtWork, ClusterContents, ClusterSettings, ClusterSurroundings } from '@ostler/domain/cluster/rules';
import { everyonesRoles, fixedIds } from '@ostler/domain/fixed-ids';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, json, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface ClusterRow extends ClusterSettings {
  readonly id: string;
  readonly dataCenter: string | null;
  readonly managementNetwork: string | null;
}

/** A cluster of an older Ostler says nothing of what came later: there RHV's defaults hold. */
const select = sql`select c.id, c.name, c.description, c.comment, c.version, c.mac_pool_id as "macPool", ${json(defaultPolicy)} || c.settings as policy, c.data_center_id as "dataCenter",
    (select k.network_id from cluster_networks k where k.cluster_id = c.id and 'management' = any(k.usages) limit 1) as "managementNetwork"
  from clusters c left join data_centers d on d.id = c.data_center_id`;

/** What the search language's fields of a cluster are in SQL. */
export const searchColumns: Readonly<Record<string, Sql>> = {
  name: sql`c.name`,
  description: sql`c.description`,
  comment: sql`c.comment`,
  id: sql`c.id`,
  datacenter: sql`d.name`,
  architecture: sql`c.settings ->> 'architecture'`,
  compatibility_level: sql`c.version`,
  cpu_type: sql`c.settings ->> 'cpuType'`,
};

export const listClusters = (db: Queries, reader: Reader, search: SearchResult, within: Sql) =>
  rows<ClusterRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'cluster', sql`c.id`)} and ${within} and ${search.condition} order by ${search.order(sql`c.name`)} ${search.page}`,
  );

export const findCluster = (db: Queries, reader: Reader, id: string) =>
  row<ClusterRow>(db, sql`${select} where c.id = ${id} and ${visibleTo(reader, 'cluster', sql`c.id`)}`);

/** What a cluster is measured by: the other clusters' names, and its data center. */
export const surroundings = async (db: Queries, cluster: string, dataCenter: string | null): Promise<ClusterSurroundings> =>
  (await row<ClusterSurroundings>(
    db,
    sql`select coalesce((select array_agg(name) from clusters where id <> ${cluster}), '{}') as names,
          (select version from data_centers where id = ${dataCenter}) as "dataCenterVersion"`,
  )) ?? { names: [], dataCenterVersion: null };

export const contentsOf = async (db: Queries, cluster: string): Promise<ClusterContents & ClusterAtWork> =>
  (await row<ClusterContents & ClusterAtWork>(
    db,
    sql`select (select count(*) from hosts where cluster_id = ${cluster})::int as hosts, (select count(*) from vms where cluster_id = ${cluster})::int as vms,
          (select count(*) from templates where cluster_id = ${cluster})::int as templates,
          (select count(*) from vms where cluster_id = ${cluster} and run_id is not null)::int as running,
          (select count(*) from vms where cluster_id = ${cluster} and run_status = 'suspended')::int as suspended`,
  )) ?? { hosts: 0, vms: 0, templates: 0, running: 0, suspended: 0 };

export const dataCenterOf = (db: Queries, id: string) =>
  row<{ name: string; version: string; macPool: string | null }>(
    db,
    sql`select name, version, mac_pool_id as "macPool" from data_centers where id = ${id}`,
  );

/** A network of a data center by its id or name. */
export const networkIn = (
  db: Queries,
  dataCenter: string,
  named: { readonly id?: string | undefined; readonly name?: string | undefined },
) =>
  row<{ id: string }>(
    db,
    sql`select id from networks where data_center_id = ${dataCenter} and (id::text = ${named.id ?? ''} or (${named.id === undefined} and lower(name) = lower(${named.name ?? ''})))`,
  );

export async function insertCluster(
  tx: Transaction,
  cluster: ClusterSettings & { readonly id: string; readonly dataCenter: string },
): Promise<void> {
  await change(
    tx,
    sql`insert into clusters (id, name, description, comment, data_center_id, version, settings, mac_pool_id)
        values (${cluster.id}, ${cluster.name}, ${cluster.description}, ${cluster.comment}, ${cluster.dataCenter}, ${cluster.version}, ${json(cluster.policy)}, ${cluster.macPool})`,
  );
  // Every cluster begins with a CPU profile of its own name, which everybody may use.
  const profile = randomUUID();
  await change(tx, sql`insert into cpu_profiles (id, name, cluster_id) values (${profile}, ${cluster.name}, ${cluster.id})`);
  await change(
    tx,
    sql`insert into permissions (id, role_id, principal_id, object_id, object_type) values (${randomUUID()}, ${everyonesRoles.cpuProfile}, ${fixedIds.everyone}, ${profile}, 'cpu_profile')`,
  );
}

export const updateCluster = (tx: Transaction, id: string, cluster: ClusterSettings) =>
  change(
    tx,
    sql`update clusters set name = ${cluster.name}, description = ${cluster.description}, comment = ${cluster.comment}, version = ${cluster.version},
          settings = ${json(cluster.policy)}, mac_pool_id = ${cluster.macPool} where id = ${id}`,
  );

export async function removeCluster(tx: Transaction, id: string): Promise<void> {
  await change(
    tx,
    sql`delete from permissions where object_id = ${id} or object_id in (select p.id from cpu_profiles p where p.cluster_id = ${id})`,
  );
  await change(tx, sql`delete from clusters where id = ${id}`);
}
