import { change, row, rows, sql, type Queries } from '../db/database.ts';

export interface RoleRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly administrative: boolean;
  readonly mutable: boolean;
  readonly permits: readonly string[];
}

const roleColumns = sql`id, name, description, administrative, mutable, permits`;

export const listRoles = (db: Queries, max?: number) =>
  rows<RoleRow>(db, sql`select ${roleColumns} from roles order by mutable, name ${max === undefined ? sql`` : sql`limit ${max}`}`);

export const findRole = (db: Queries, id: string) => row<RoleRow>(db, sql`select ${roleColumns} from roles where id::text = lower(${id})`);

export const findRoleNamed = (db: Queries, name: string) =>
  row<RoleRow>(db, sql`select ${roleColumns} from roles where lower(name) = lower(${name})`);

export const timesHeld = async (db: Queries, role: string) =>
  Number((await row<{ count: number }>(db, sql`select count(*) as count from permissions where role_id = ${role}`))?.count ?? 0);

type Settings = Omit<RoleRow, 'mutable'> & { readonly inherits: boolean };

export const insertRole = (db: Queries, role: Settings) =>
  change(
    db,
    sql`insert into roles (id, name, description, administrative, inherits, permits)
        values (${role.id}, ${role.name}, ${role.description}, ${role.administrative}, ${role.inherits}, ${[...role.permits]})`,
  );

export const updateRole = (db: Queries, role: Settings) =>
  change(
    db,
    sql`update roles set name = ${role.name}, description = ${role.description}, administrative = ${role.administrative}, inherits = ${role.inherits}, permits = ${[...role.permits]}
        where id = ${role.id} and mutable`,
  );

export const removeRole = (db: Queries, id: string) => change(db, sql`delete from roles where id = ${id} and mutable`);
