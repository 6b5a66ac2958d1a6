import type { DataCenterSettings } from '@ostler/domain/datacenter/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface DataCenterRow extends DataCenterSettings {
  readonly id: string;
  readonly status: string;
  readonly macPool: string | null;
}

const select = sql`select d.id, d.name, d.description, d.comment, d.local, d.version, d.quota_mode as "quotaMode", d.mac_pool_id as "macPool", s.status
  from data_centers d join data_center_statuses s on s.id = d.id`;

/** What the search language's fields of a data center are in SQL. */
export const searchColumns: Readonly<Record<string, Sql>> = {
  id: sql`d.id`,
  name: sql`d.name`,
  description: sql`d.description`,
  comment: sql`d.comment`,
  local: sql`d.local`,
  status: sql`s.status`,
  compatibility_version: sql`d.version`,
  storage: sql`(select string_agg(name, ' ') from storage_domains where data_center_id = d.id)`,
  cluster: sql`(select string_agg(name, ' ') from clusters where data_center_id = d.id)`,
};

export const listDataCenters = (db: Queries, reader: Reader, search: SearchResult) =>
  rows<DataCenterRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'data_center', sql`d.id`)} and ${search.condition} order by ${search.order(sql`d.name`)} ${search.page}`,
  );

export const findDataCenter = (db: Queries, reader: Reader, id: string) =>
  row<DataCenterRow>(db, sql`${select} where d.id = ${id} and ${visibleTo(reader, 'data_center', sql`d.id`)}`);

export const insertDataCenter = (db: Queries, dc: DataCenterSettings & { id: string; macPool: string }) =>
  change(
    db,
    sql`insert into data_centers (id, name, description, comment, local, version, quota_mode, mac_pool_id)
        values (${dc.id}, ${dc.name}, ${dc.description}, ${dc.comment}, ${dc.local}, ${dc.version}, ${dc.quotaMode}, ${dc.macPool})`,
  );

export const updateDataCenter = (db: Queries, id: string, dc: DataCenterSettings & { readonly macPool: string | undefined }) =>
  change(
    db,
    sql`update data_centers set name = ${dc.name}, description = ${dc.description}, comment = ${dc.comment}, version = ${dc.version}, quota_mode = ${dc.quotaMode},
          mac_pool_id = coalesce(${dc.macPool ?? null}::uuid, mac_pool_id) where id = ${id}`,
  );

export const removeDataCenter = (db: Queries, id: string) => change(db, sql`delete from data_centers where id = ${id}`);

/** What stands against a change or a removal. */
export async function dataCenterFacts(db: Queries, id: string) {
  return row<{ settings: DataCenterSettings; clusters: string[]; domains: string[]; names: string[] }>(
    db,
    sql`select jsonb_build_object('name', d.name, 'description', d.description, 'comment', d.comment, 'local', d.local, 'version', d.version, 'quotaMode', d.quota_mode) as settings,
          coalesce((select array_agg(name order by name) from clusters where data_center_id = d.id), '{}') as clusters,
          coalesce((select array_agg(name order by name) from storage_domains where data_center_id = d.id), '{}') as domains,
          coalesce((select array_agg(name) from data_centers o where o.id <> d.id), '{}') as names
        from data_centers d where d.id = ${id}`,
  );
}

export const dataCenterNames = async (db: Queries) =>
  (await rows<{ name: string }>(db, sql`select name from data_centers`)).map((one) => one.name);
