import { fixedIds } from '@ostler/domain/fixed-ids';
import { superUserRole } from '@ostler/domain/access/rules';
import { change, row, rows, sql, type Queries, type Sql } from '../db/database.ts';
import type { Reader } from './login.ts';
import { visibleTo } from './visibility.ts';

export interface PermissionRow {
  readonly id: string;
  readonly role: string;
  readonly roleName: string;
  readonly administrative: boolean;
  readonly principal: string;
  readonly principalName: string;
  readonly kind: 'user' | 'group';
  readonly object: string;
  readonly objectType: string;
}

const select = sql`select p.id, p.role_id as role, r.name as "roleName", r.administrative, p.principal_id as principal, coalesce(u.user_name, g.name, '') as "principalName",
    case when g.id is null then 'user' else 'group' end as kind, p.object_id as object, p.object_type as "objectType"
  from permissions p join roles r on r.id = p.role_id left join users u on u.id = p.principal_id left join groups g on g.id = p.principal_id`;

export const onObject = (object: string): Sql => sql`p.object_id = ${object}`;
export const ofPrincipal = (principal: string): Sql => sql`p.principal_id = ${principal}`;

export const listPermissions = (db: Queries, reader: Reader, within: Sql) =>
  rows<PermissionRow>(db, sql`${select} where ${within} and ${visibleTo(reader, 'permission', sql`p.id`)} order by r.name, p.id`);

export const findPermission = (db: Queries, reader: Reader, id: string) =>
  row<PermissionRow>(db, sql`${select} where p.id::text = lower(${id}) and ${visibleTo(reader, 'permission', sql`p.id`)}`);

export const permissionById = (db: Queries, id: string) => row<PermissionRow>(db, sql`${select} where p.id::text = lower(${id})`);

export const permissionLike = (db: Queries, wish: { role: string; principal: string; object: string }) =>
  row<PermissionRow>(
    db,
    sql`${select} where p.role_id = ${wish.role} and p.principal_id = ${wish.principal} and p.object_id = ${wish.object}`,
  );

export const insertPermission = (db: Queries, p: { id: string; role: string; principal: string; object: string; objectType: string }) =>
  change(
    db,
    sql`insert into permissions (id, role_id, principal_id, object_id, object_type) values (${p.id}, ${p.role}, ${p.principal}, ${p.object}, ${p.objectType})`,
  );

export const removePermission = (db: Queries, id: string) => change(db, sql`delete from permissions where id = ${id}`);

/** Whether anybody would still be SuperUser of the system without this permission, or without this user's. */
export const othersAreSuperUsers = async (db: Queries, without: { permission: string } | { user: string }) =>
  (await row(
    db,
    sql`select 1 from permissions p join users u on u.id = p.principal_id and not u.disabled
        where p.role_id = ${superUserRole} and p.object_id = ${fixedIds.system}
          and ${'user' in without ? sql`p.principal_id <> ${without.user}` : sql`p.id <> ${without.permission}`}`,
  )) !== undefined;

export const isSuperUser = (reader: Reader): boolean =>
  reader.grants.some((grant) => grant.object === fixedIds.system && grant.role === superUserRole);

/** A user or a group, for a permission. */
export const findPrincipal = (db: Queries, kind: 'user' | 'group', id: string) =>
  kind === 'user'
    ? row<{ id: string; name: string }>(db, sql`select id, user_name || '@' || domain as name from users where id::text = lower(${id})`)
    : row<{ id: string; name: string }>(db, sql`select id, name from groups where id::text = lower(${id})`);
