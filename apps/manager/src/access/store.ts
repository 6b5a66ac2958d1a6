import { createHash } from 'node:crypto';
import { fixedIds } from '@ostler/domain/fixed-ids';
import type { PermitName } from '@ostler/domain/access/permits';
import { change, row, rows, sql, type Queries, type Sql } from '../db/database.ts';
import { noSearch, type SearchResult } from '../search/sql.ts';
import type { Reader } from './login.ts';
import { visibleTo } from './visibility.ts';

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly lastName: string;
  readonly userName: string;
  readonly domain: string;
  readonly email: string;
  readonly department: string;
  readonly namespace: string;
  readonly disabled: boolean;
}

const userColumns = sql`users.id, users.name, users.last_name as "lastName", users.user_name as "userName", users.domain, users.email, users.department, users.namespace, users.disabled`;

export const findUser = (db: Queries, id: string) => row<UserRow>(db, sql`select ${userColumns} from users where id = ${id}`);

/** By the name that a person types: `admin@internal`; without a profile it is the internal one. */
export function findLogin(db: Queries, login: string) {
  const [name = '', profile = 'internal'] = splitLogin(login);
  return row<UserRow & { passwordHash: string | null }>(
    db,
    sql`select ${userColumns}, password_hash as "passwordHash" from users where lower(user_name) = lower(${name}) and domain = ${`${profile}-authz`}`,
  );
}

export function splitLogin(login: string): readonly [string, string | undefined] {
  const at = login.lastIndexOf('@');
  return at < 0 ? [login, undefined] : [login.slice(0, at), login.slice(at + 1)];
}

export interface NewUser {
  readonly id: string;
  readonly name: string;
  readonly lastName?: string | undefined;
  readonly userName: string;
  readonly email?: string | undefined;
  readonly department?: string | undefined;
  readonly passwordHash?: string | undefined;
}

export const insertUser = (db: Queries, user: NewUser) =>
  change(
    db,
    sql`insert into users (id, name, last_name, user_name, email, department, password_hash)
        values (${user.id}, ${user.name}, ${user.lastName ?? ''}, ${user.userName}, ${user.email ?? ''}, ${user.department ?? ''}, ${user.passwordHash ?? null})`,
  );

export const updateUser = (db: Queries, id: string, user: { name: string; lastName: string; email: string; department: string }) =>
  change(
    db,
    sql`update users set name = ${user.name}, last_name = ${user.lastName}, email = ${user.email}, department = ${user.department} where id = ${id}`,
  );

export const removeUser = async (db: Queries, id: string) => {
  await change(db, sql`delete from permissions where principal_id = ${id}`);
  return change(db, sql`delete from users where id = ${id}`);
};

/** By id, if the reader may see that there is such a user. */
export const visibleUser = (db: Queries, reader: Reader, id: string) =>
  row<UserRow>(db, sql`select ${userColumns} from users where id::text = lower(${id}) and ${visibleTo(reader, 'user', sql`users.id`)}`);

/** RHV's user names carry the domain: tools search for `usrname=admin@internal-authz`. */
export const userSearchColumns: Readonly<Record<string, Sql>> = {
  id: sql`users.id`,
  name: sql`users.name`,
  lastname: sql`users.last_name`,
  usrname: sql`(users.user_name || '@' || users.domain)`,
  login: sql`users.user_name`,
  directory: sql`users.domain`,
  department: sql`users.department`,
};

export const listUsers = (db: Queries, reader: Reader, search: SearchResult) =>
  rows<UserRow>(
    db,
    sql`select ${userColumns} from users where ${visibleTo(reader, 'user', sql`users.id`)} and ${search.condition} order by ${search.order(sql`users.user_name`)} ${search.page}`,
  );

export const setPasswordHash = (db: Queries, id: string, hash: string) =>
  change(db, sql`update users set password_hash = ${hash} where id = ${id}`);

export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
}

export const groupSearchColumns: Readonly<Record<string, Sql>> = { id: sql`id`, name: sql`name`, directory: sql`domain` };

export const listGroups = (db: Queries, reader: Reader, search: SearchResult = noSearch, within: Sql = sql`true`) =>
  rows<GroupRow>(
    db,
    sql`select id, name, domain from groups where ${visibleTo(reader, 'group', sql`groups.id`)} and ${within} and ${search.condition} order by ${search.order(sql`name`)} ${search.page}`,
  );

// ---- sessions --------------------------------------------------------------------------------------------------

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

/** RHV's hard life of a token is 100 hours; an idle session ends after half an hour (infra.md 8.6). */
export const insertSession = (db: Queries, session: { token: string; user: string; scope: string; idleMinutes?: number | undefined }) =>
  change(
    db,
    sql`insert into sessions (token_hash, user_id, scope, idle_timeout, expires_at)
        values (${tokenHash(session.token)}, ${session.user}, ${session.scope}, make_interval(mins => ${session.idleMinutes ?? 30}), now() + interval '100 hours')`,
  );

export interface SessionRow {
  readonly user: string;
  readonly scope: string;
}

/** The live session of a token; looking at it keeps it alive, written at most every ten seconds. */
export async function touchSession(db: Queries, token: string): Promise<SessionRow | undefined> {
  const found = await row<SessionRow & { stale: boolean }>(
    db,
    sql`select user_id as user, scope, last_used < now() - interval '10 seconds' as stale from sessions
        where token_hash = ${tokenHash(token)} and expires_at > now() and last_used + idle_timeout > now()`,
  );
  if (found?.stale) await change(db, sql`update sessions set last_used = now() where token_hash = ${tokenHash(token)}`);
  return found;
}

export const sessionLives = async (db: Queries, token: string): Promise<boolean> =>
  (await row(
    db,
    sql`select 1 from sessions where token_hash = ${tokenHash(token)} and expires_at > now() and last_used + idle_timeout > now()`,
  )) !== undefined;

export const removeSession = (db: Queries, token: string) => change(db, sql`delete from sessions where token_hash = ${tokenHash(token)}`);

export const removeSessionsOf = (db: Queries, user: string) => change(db, sql`delete from sessions where user_id = ${user}`);

export const pruneSessions = (db: Queries) =>
  change(db, sql`delete from sessions where expires_at <= now() or last_used + idle_timeout <= now()`);

// ---- throttling ------------------------------------------------------------------------------------------------

/** Seconds that a key (a login name, an address) must still wait: doubling from the fifth failure on, a quarter of an hour at most. */
export async function secondsToWait(db: Queries, keys: readonly string[]): Promise<number> {
  const found = await row<{ wait: number | null }>(
    db,
    sql`select max(extract(epoch from last_failure + make_interval(secs => least(900, power(2, failures - 5)::int)) - now())) as wait
        from login_failures where key = any(${[...keys]}) and failures >= 5 and last_failure > now() - interval '1 hour'`,
  );
  return Math.max(0, Math.ceil(Number(found?.wait ?? 0)));
}

export const noteFailure = async (db: Queries, keys: readonly string[]) => {
  for (const key of keys)
    await change(
      db,
      sql`insert into login_failures (key, failures, last_failure) values (${key}, 1, now())
          on conflict (key) do update set last_failure = now(),
            failures = case when login_failures.last_failure < now() - interval '1 hour' then 1 else least(login_failures.failures + 1, 100) end`,
    );
};

export const forgetFailures = (db: Queries, keys: readonly string[]) =>
  change(db, sql`delete from login_failures where key = any(${[...keys]})`);

// ---- grants ----------------------------------------------------------------------------------------------------

/** One permission as it counts: a role's permits on an object, and whether what lies below is included. */
export interface Grant {
  readonly role: string;
  readonly object: string;
  readonly objectType: string;
  readonly inherits: boolean;
  readonly administrative: boolean;
  readonly permits: readonly PermitName[];
}

/** The user's own permissions, those of the groups, and those of Everyone. */
export const grantsOf = (db: Queries, user: string) =>
  rows<Grant>(
    db,
    sql`select p.role_id as role, p.object_id as object, p.object_type as "objectType", r.inherits, r.administrative, r.permits
        from permissions p join roles r on r.id = p.role_id
        where p.principal_id = ${user} or p.principal_id = ${fixedIds.everyone} or p.principal_id in (select group_id from group_members where user_id = ${user})`,
  );
