import { row, sql, type Queries } from '../db/database.ts';

/** `admin@internal`, as events and jobs name a user. */
export const userName = async (db: Queries, id: string): Promise<string | undefined> =>
  (
    await row<{ name: string }>(
      db,
      sql`select user_name || '@' || regexp_replace(domain, '-authz$', '') as name from users where id = ${id}`,
    )
  )?.name;
