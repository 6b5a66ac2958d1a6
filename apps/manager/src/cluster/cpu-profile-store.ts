import type { ProfileSettings } from '@ostler/domain/qos/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';

export interface CpuProfileRow extends ProfileSettings {
  readonly id: string;
  readonly cluster: string;
  readonly dataCenter: string | null;
}

const select = sql`select p.id, p.name, p.description, p.qos_id as qos, p.cluster_id as cluster, c.data_center_id as "dataCenter"
  from cpu_profiles p join clusters c on c.id = p.cluster_id`;

export const listCpuProfiles = (db: Queries, reader: Reader, max: number | undefined, within: Sql = sql`true`) =>
  rows<CpuProfileRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'cpu_profile', sql`p.id`)} and ${within} order by p.name, p.id ${limited(max)}`,
  );
export const findCpuProfile = (db: Queries, reader: Reader, id: string) =>
  row<CpuProfileRow>(db, sql`${select} where p.id = ${id} and ${visibleTo(reader, 'cpu_profile', sql`p.id`)}`);

/** What a profile is measured by: the other names in its cluster, and what uses it. */
export const cpuProfileFacts = async (db: Queries, cluster: string, id: string) =>
  (await row<{ otherNames: string[]; users: number; dataCenter: string | null }>(
    db,
    sql`select coalesce((select array_agg(name) from cpu_profiles where cluster_id = c.id and id <> ${id}), '{}') as "otherNames",
          (select count(*) from vms where cpu_profile_id = ${id})::int as users, c.data_center_id as "dataCenter" from clusters c where c.id = ${cluster}`,
  )) ?? { otherNames: [], users: 0, dataCenter: null };

export const insertCpuProfile = (tx: Transaction, profile: ProfileSettings & { readonly id: string; readonly cluster: string }) =>
  change(
    tx,
    sql`insert into cpu_profiles (id, name, description, cluster_id, qos_id) values (${profile.id}, ${profile.name}, ${profile.description}, ${profile.cluster}, ${profile.qos})`,
  );

export const updateCpuProfile = (tx: Transaction, id: string, profile: ProfileSettings) =>
  change(
    tx,
    sql`update cpu_profiles set name = ${profile.name}, description = ${profile.description}, qos_id = ${profile.qos} where id = ${id}`,
  );

export async function removeCpuProfile(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`delete from permissions where object_id = ${id}`);
  await change(tx, sql`delete from cpu_profiles where id = ${id}`);
}
