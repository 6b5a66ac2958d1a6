import type { Connection } from '@ostler/agent-contract/values';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';

export interface ConnectionRow {
  readonly id: string;
  readonly type: 'localfs' | 'posixfs' | 'nfs';
  readonly address: string | null;
  readonly path: string;
  readonly vfsType: string | null;
  readonly mountOptions: string | null;
}

/** Connections of domains that the reader may see; those that nothing uses are for who sees everything. */
const visible = (reader: Reader): Sql =>
  reader.filtered
    ? sql`exists (select 1 from storage_domains s where s.connection_id = c.id and ${visibleTo(reader, 'storage_domain', sql`s.id`)})`
    : sql`true`;

const select = sql`select c.id, c.storage_type as type, c.address, c.path, c.vfs_type as "vfsType", c.mount_options as "mountOptions" from storage_connections c`;

export const listConnections = (db: Queries, reader: Reader, max: number | undefined, within: Sql = sql`true`) =>
  rows<ConnectionRow>(db, sql`${select} where ${visible(reader)} and ${within} order by c.path, c.id ${limited(max)}`);
export const findConnection = (db: Queries, reader: Reader, id: string) =>
  row<ConnectionRow>(db, sql`${select} where c.id = ${id} and ${visible(reader)}`);
export const ofDomain = (domain: string): Sql => sql`c.id in (select connection_id from storage_domains where id = ${domain})`;

/** The domain that is reached over a connection, with its status. */
export const domainOver = (db: Queries, connection: string) =>
  row<{ name: string; status: string }>(
    db,
    sql`select s.name, st.status from storage_domains s join storage_domain_statuses st on st.id = s.id where s.connection_id = ${connection} limit 1`,
  );

const columns = (connection: Connection) => ({
  address: connection.type === 'nfs' ? connection.address : null,
  vfsType: connection.type === 'posixfs' ? connection.vfsType : null,
  mountOptions: connection.type === 'localfs' ? null : (connection.mountOptions ?? null),
});

export const connectionTaken = async (db: Queries, connection: Connection, except: string): Promise<boolean> =>
  (await row(
    db,
    sql`select 1 from storage_connections where storage_type = ${connection.type} and coalesce(address, '') = ${columns(connection).address ?? ''}
          and path = ${connection.path} and id <> ${except}`,
  )) !== undefined;

export function insertConnection(tx: Transaction, id: string, connection: Connection) {
  const { address, vfsType, mountOptions } = columns(connection);
  return change(
    tx,
    sql`insert into storage_connections (id, storage_type, address, path, vfs_type, mount_options) values (${id}, ${connection.type}, ${address}, ${connection.path}, ${vfsType}, ${mountOptions})`,
  );
}
export function updateConnection(tx: Transaction, id: string, connection: Connection) {
  const { address, vfsType, mountOptions } = columns(connection);
  return change(
    tx,
    sql`update storage_connections set address = ${address}, path = ${connection.path}, vfs_type = ${vfsType}, mount_options = ${mountOptions} where id = ${id}`,
  );
}
export const removeConnection = (tx: Transaction, id: string) => change(tx, sql`delete from storage_connections where id = ${id}`);
