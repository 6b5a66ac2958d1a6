import type { ProfileSettings } from '@ostler/domain/qos/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';

export interface DiskProfileRow extends ProfileSettings {
  readonly id: string;
  readonly domain: string;
  readonly dataCenter: string | null;
}

const select = sql`select p.id, p.name, p.description, p.qos_id as qos, p.storage_domain_id as domain, s.data_center_id as "dataCenter"
  from disk_profiles p join storage_domains s on s.id = p.storage_domain_id`;

export const listDiskProfiles = (db: Queries, reader: Reader, max: number | undefined, within: Sql = sql`true`) =>
  rows<DiskProfileRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'disk_profile', sql`p.id`)} and ${within} order by p.name, p.id ${limited(max)}`,
  );
export const findDiskProfile = (db: Queries, reader: Reader, id: string) =>
  row<DiskProfileRow>(db, sql`${select} where p.id = ${id} and ${visibleTo(reader, 'disk_profile', sql`p.id`)}`);

/** What a profile is measured by: its domain, the other names there, and what uses it. */
export const diskProfileFacts = (db: Queries, domain: string, id: string) =>
  row<{ domain: string; kind: string; dataCenter: string | null; otherNames: string[]; users: number }>(
    db,
    sql`select s.name as domain, s.kind, s.data_center_id as "dataCenter",
          coalesce((select array_agg(name) from disk_profiles where storage_domain_id = s.id and id <> ${id}), '{}') as "otherNames",
          (select count(*) from disks where disk_profile_id = ${id})::int as users from storage_domains s where s.id = ${domain}`,
  );

export const insertDiskProfile = (tx: Transaction, profile: ProfileSettings & { readonly id: string; readonly domain: string }) =>
  change(
    tx,
    sql`insert into disk_profiles (id, name, description, storage_domain_id, qos_id) values (${profile.id}, ${profile.name}, ${profile.description}, ${profile.domain}, ${profile.qos})`,
  );

export const updateDiskProfile = (tx: Transaction, id: string, profile: ProfileSettings) =>
  change(
    tx,
    sql`update disk_profiles set name = ${profile.name}, description = ${profile.description}, qos_id = ${profile.qos} where id = ${id}`,
  );

export async function removeDiskProfile(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`delete from permissions where object_id = ${id}`);
  await change(tx, sql`delete from disk_profiles where id = ${id}`);
}
