import { change, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';

/** What belongs to a user: public keys and options. */

export interface KeyRow {
  readonly id: string;
  readonly content: string;
}
export const keysOf = (db: Queries, user: string) =>
  rows<KeyRow>(db, sql`select id, content from ssh_public_keys where user_id = ${user} order by content`);
export const insertKey = (tx: Transaction, user: string, { id, content }: KeyRow) =>
  change(tx, sql`insert into ssh_public_keys (id, user_id, content) values (${id}, ${user}, ${content})`);
export const updateKey = (tx: Transaction, { id, content }: KeyRow) =>
  change(tx, sql`update ssh_public_keys set content = ${content} where id = ${id}`);
export const removeKey = (tx: Transaction, id: string) => change(tx, sql`delete from ssh_public_keys where id = ${id}`);

export interface OptionRow {
  readonly id: string;
  readonly name: string;
  readonly content: string;
}
export const optionsOf = (db: Queries, user: string) =>
  rows<OptionRow>(db, sql`select id, name, content from user_options where user_id = ${user} order by name`);
export const insertOption = (tx: Transaction, user: string, { id, name, content }: OptionRow) =>
  change(tx, sql`insert into user_options (id, user_id, name, content) values (${id}, ${user}, ${name}, ${content})`);
export const removeOption = (tx: Transaction, id: string) => change(tx, sql`delete from user_options where id = ${id}`);

// ---- groups --------------------------------------------------------------------------------------------------------

export const groupNameTaken = async (db: Queries, name: string): Promise<boolean> =>
  (await row(db, sql`select 1 from groups where lower(name) = lower(${name})`)) !== undefined;
export const insertGroup = (tx: Transaction, id: string, name: string) =>
  change(tx, sql`insert into groups (id, name) values (${id}, ${name})`);
export async function removeGroup(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`delete from permissions where principal_id = ${id}`);
  await change(tx, sql`delete from groups where id = ${id}`);
}
/** A user by id, or by name with or without the domain. */
export const memberNamed = (db: Queries, named: { readonly id?: string | undefined; readonly user_name?: string | undefined }) =>
  row<{ id: string; name: string }>(
    db,
    sql`select id, user_name as name from users where ${
      named.id === undefined
        ? sql`lower(${named.user_name ?? ''}) in (lower(user_name), lower(user_name || '@' || domain))`
        : sql`id::text = lower(${named.id})`
    }`,
  );
export const isInGroup = async (db: Queries, group: string, user: string): Promise<boolean> =>
  (await row(db, sql`select 1 from group_members where group_id = ${group} and user_id = ${user}`)) !== undefined;
export const joinGroup = (tx: Transaction, group: string, user: string) =>
  change(tx, sql`insert into group_members (group_id, user_id) values (${group}, ${user}) on conflict do nothing`);
export const leaveGroup = (tx: Transaction, group: string, user: string) =>
  change(tx, sql`delete from group_members where group_id = ${group} and user_id = ${user}`);

/** The roles that a user or a group holds on the system. */
export const systemRolesOf = (db: Queries, principal: string, system: string) =>
  rows<{ id: string }>(
    db,
    sql`select distinct r.id, r.name from permissions p join roles r on r.id = p.role_id where p.principal_id = ${principal} and p.object_id = ${system} order by r.name`,
  );
