import { row, sql, type Queries } from '../db/database.ts';

/** What attaching a storage domain asks of its data center. */
export const dataCenterForAttach = (db: Queries, id: string) =>
  row<{ id: string; name: string; local: boolean; masterVersion: number }>(
    db,
    sql`select id, name, local, master_version as "masterVersion" from data_centers where id = ${id}`,
  );
