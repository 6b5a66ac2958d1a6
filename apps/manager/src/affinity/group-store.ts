import type { AffinityGroupSettings, MemberKind, Placement } from '@ostler/domain/affinity/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo, type VisibleNoun } from '../access/visibility.ts';
import { change, json, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';
import type { Named } from './label-store.ts';

export interface GroupRow extends AffinityGroupSettings {
  readonly id: string;
  readonly cluster: string;
  /** Where the members, those of labels too, are now. */
  readonly running: readonly Placement[];
  readonly hosts: readonly string[];
}

/** The members of a kind, those that labels bring too. */
const all = (kind: 'vm' | 'host') => sql`select m.object_id from affinity_group_members m where m.group_id = g.id and m.kind = ${kind}
  union select l.object_id from affinity_group_members m join affinity_label_members l on l.label_id = m.object_id and l.kind = ${kind}
    where m.group_id = g.id and m.kind = ${`${kind}_label`}`;

const select = sql`select g.id, g.name, g.description, g.cluster_id as cluster, g.priority, g.vms_rule as "vmsRule", g.hosts_rule as "hostsRule",
    coalesce((select jsonb_agg(jsonb_build_object('vm', v.id, 'host', v.run_host_id)) from vms v
      where v.cluster_id = g.cluster_id and v.run_id is not null and v.run_host_id is not null and v.id in (${all('vm')})), '[]') as running,
    coalesce((select array_agg(h.id) from hosts h where h.cluster_id = g.cluster_id and h.id in (${all('host')})), '{}') as hosts
  from affinity_groups g`;

export const listGroups = (db: Queries, reader: Reader, cluster: string, max: number | undefined) =>
  rows<GroupRow>(
    db,
    sql`${select} where g.cluster_id = ${cluster} and ${visibleTo(reader, 'affinity_group', sql`g.id`)} order by g.name ${limited(max)}`,
  );
export const findGroup = (db: Queries, reader: Reader, cluster: string, id: string) =>
  row<GroupRow>(db, sql`${select} where g.cluster_id = ${cluster} and g.id = ${id} and ${visibleTo(reader, 'affinity_group', sql`g.id`)}`);

export const groupNames = async (db: Queries, cluster: string, except: string): Promise<string[]> =>
  (await rows<{ name: string }>(db, sql`select name from affinity_groups where cluster_id = ${cluster} and id <> ${except}`)).map(
    (one) => one.name,
  );

export const insertGroup = (tx: Transaction, id: string, cluster: string, group: AffinityGroupSettings) =>
  change(
    tx,
    sql`insert into affinity_groups (id, name, description, cluster_id, priority, vms_rule, hosts_rule)
        values (${id}, ${group.name}, ${group.description}, ${cluster}, ${group.priority}, ${json(group.vmsRule)}, ${json(group.hostsRule)})`,
  );
export const updateGroup = (tx: Transaction, id: string, group: AffinityGroupSettings) =>
  change(
    tx,
    sql`update affinity_groups set name = ${group.name}, description = ${group.description}, priority = ${group.priority}, vms_rule = ${json(group.vmsRule)},
          hosts_rule = ${json(group.hostsRule)} where id = ${id}`,
  );
export const removeGroup = (tx: Transaction, id: string) => change(tx, sql`delete from affinity_groups where id = ${id}`);

const places: Readonly<Record<MemberKind, { readonly table: string; readonly noun: VisibleNoun }>> = {
  vm: { table: 'vms', noun: 'vm' },
  host: { table: 'hosts', noun: 'host' },
  vm_label: { table: 'affinity_labels', noun: 'affinity_label' },
  host_label: { table: 'affinity_labels', noun: 'affinity_label' },
};

/** The members of a kind that the reader sees. */
export const membersOf = (db: Queries, reader: Reader, group: string, kind: MemberKind) =>
  rows<Named>(
    db,
    sql`select o.id, o.name from affinity_group_members m join ${sql.table(places[kind].table)} o on o.id = m.object_id
        where m.group_id = ${group} and m.kind = ${kind} and ${visibleTo(reader, places[kind].noun, sql`o.id`)} order by o.name`,
  );

export const isMember = async (db: Queries, group: string, kind: MemberKind, object: string): Promise<boolean> =>
  (await row(db, sql`select 1 from affinity_group_members where group_id = ${group} and kind = ${kind} and object_id = ${object}`)) !==
  undefined;
export const addMember = (tx: Transaction, group: string, kind: MemberKind, object: string) =>
  change(
    tx,
    sql`insert into affinity_group_members (group_id, kind, object_id) values (${group}, ${kind}, ${object}) on conflict do nothing`,
  );
export const removeMember = (tx: Transaction, group: string, kind: MemberKind, object: string) =>
  change(tx, sql`delete from affinity_group_members where group_id = ${group} and kind = ${kind} and object_id = ${object}`);
/** The members of a kind are these and no others. */
export async function replaceGroupMembers(tx: Transaction, group: string, kind: MemberKind, objects: readonly string[]): Promise<void> {
  await change(
    tx,
    sql`delete from affinity_group_members where group_id = ${group} and kind = ${kind} and object_id <> all(${[...objects]}::uuid[])`,
  );
  for (const object of objects) await addMember(tx, group, kind, object);
}
