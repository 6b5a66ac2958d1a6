import type { AffinityLabelSettings } from '@ostler/domain/affinity/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';

/** A VM or host as groups and labels show it. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface LabelRow extends AffinityLabelSettings {
  readonly id: string;
  readonly readOnly: boolean;
}

const select = sql`select l.id, l.name, l.read_only as "readOnly", l.implicit_group as "implicitGroup" from affinity_labels l`;
const visible = (reader: Reader): Sql => visibleTo(reader, 'affinity_label', sql`l.id`);

export const listLabels = (db: Queries, reader: Reader, max: number | undefined) =>
  rows<LabelRow>(db, sql`${select} where ${visible(reader)} order by l.name ${limited(max)}`);
export const findLabel = (db: Queries, reader: Reader, id: string) =>
  row<LabelRow>(db, sql`${select} where l.id::text = lower(${id}) and ${visible(reader)}`);
export const findLabelNamed = (db: Queries, reader: Reader, name: string) =>
  row<LabelRow>(db, sql`${select} where lower(l.name) = lower(${name}) and ${visible(reader)}`);
export const labelsOf = (db: Queries, reader: Reader, object: string) =>
  rows<LabelRow>(
    db,
    sql`${select} join affinity_label_members m on m.label_id = l.id where m.object_id = ${object} and ${visible(reader)} order by l.name`,
  );

export const labelNames = async (db: Queries, except: string): Promise<string[]> =>
  (await rows<{ name: string }>(db, sql`select name from affinity_labels where id <> ${except}`)).map((one) => one.name);

export const insertLabel = (tx: Transaction, id: string, label: AffinityLabelSettings) =>
  change(tx, sql`insert into affinity_labels (id, name, implicit_group) values (${id}, ${label.name}, ${label.implicitGroup})`);
export const updateLabel = (tx: Transaction, id: string, label: AffinityLabelSettings) =>
  change(tx, sql`update affinity_labels set name = ${label.name}, implicit_group = ${label.implicitGroup} where id = ${id}`);
export const removeLabel = (tx: Transaction, id: string) => change(tx, sql`delete from affinity_labels where id = ${id}`);

export type LabelledKind = 'vm' | 'host';
const tables = { vm: 'vms', host: 'hosts' } as const;

/** The members of a kind that the reader sees. */
export const membersOfLabel = (db: Queries, reader: Reader, label: string, kind: LabelledKind) =>
  rows<Named>(
    db,
    sql`select o.id, o.name from affinity_label_members m join ${sql.table(tables[kind])} o on o.id = m.object_id
        where m.label_id = ${label} and m.kind = ${kind} and ${visibleTo(reader, kind, sql`o.id`)} order by o.name`,
  );

/** An object of a kind by its id or name, if the reader sees it. */
export const objectNamed = (
  db: Queries,
  reader: Reader,
  kind: LabelledKind,
  named: { readonly id?: string | undefined; readonly name?: string | undefined },
) =>
  row<Named & { readonly cluster: string }>(
    db,
    sql`select o.id, o.name, o.cluster_id as cluster from ${sql.table(tables[kind])} o
        where ${named.id === undefined ? sql`lower(o.name) = lower(${named.name ?? ''})` : sql`o.id::text = lower(${named.id})`} and ${visibleTo(reader, kind, sql`o.id`)}`,
  );

export const wearsLabel = async (db: Queries, label: string, object: string): Promise<boolean> =>
  (await row(db, sql`select 1 from affinity_label_members where label_id = ${label} and object_id = ${object}`)) !== undefined;
export const putLabel = (tx: Transaction, label: string, kind: LabelledKind, object: string) =>
  change(
    tx,
    sql`insert into affinity_label_members (label_id, kind, object_id) values (${label}, ${kind}, ${object}) on conflict do nothing`,
  );
export const takeLabel = (tx: Transaction, label: string, object: string) =>
  change(tx, sql`delete from affinity_label_members where label_id = ${label} and object_id = ${object}`);
/** The members of a kind are these and no others. */
export async function replaceMembers(tx: Transaction, label: string, kind: LabelledKind, objects: readonly string[]): Promise<void> {
  await change(
    tx,
    sql`delete from affinity_label_members where label_id = ${label} and kind = ${kind} and object_id <> all(${[...objects]}::uuid[])`,
  );
  for (const object of objects) await putLabel(tx, label, kind, object);
}
