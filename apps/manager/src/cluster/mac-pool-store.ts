import type { MacPoolSettings, MacPoolSurroundings, MacRange } from '@ostler/domain/network/mac';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, json, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';

export interface MacPoolRow extends MacPoolSettings {
  readonly id: string;
  readonly defaultPool: boolean;
}

const select = sql`select p.id, p.name, p.description, p.ranges, p.allow_duplicates as "allowDuplicates", p.default_pool as "defaultPool" from mac_pools p`;

export const listMacPools = (db: Queries, reader: Reader, max: number | undefined) =>
  rows<MacPoolRow>(db, sql`${select} where ${visibleTo(reader, 'mac_pool', sql`p.id`)} order by p.name ${limited(max)}`);
export const findMacPool = (db: Queries, reader: Reader, id: string) =>
  row<MacPoolRow>(db, sql`${select} where p.id = ${id} and ${visibleTo(reader, 'mac_pool', sql`p.id`)}`);

/** The other pools, and an address that NICs of this pool's clusters share. */
export const macPoolSurroundings = async (db: Queries, pool: string): Promise<MacPoolSurroundings> => ({
  others: await rows<{ name: string; ranges: MacRange[] }>(db, sql`select name, ranges from mac_pools where id <> ${pool}`),
  duplicate:
    (
      await row<{ mac: string }>(
        db,
        sql`select n.mac from nics n join vms m on m.id = n.vm_id join clusters c on c.id = m.cluster_id where c.mac_pool_id = ${pool}
            group by n.mac having count(*) > 1 order by n.mac limit 1`,
      )
    )?.mac ?? null,
});

/** What gets its addresses from a pool, in words. */
export const usersOfMacPool = async (db: Queries, pool: string): Promise<string[]> =>
  (
    await rows<{ text: string }>(
      db,
      sql`select 'data center ' || name as text from data_centers where mac_pool_id = ${pool}
          union all select 'cluster ' || name from clusters where mac_pool_id = ${pool} order by 1`,
    )
  ).map((one) => one.text);

export const insertMacPool = (tx: Transaction, id: string, pool: MacPoolSettings) =>
  change(
    tx,
    sql`insert into mac_pools (id, name, description, ranges, allow_duplicates) values (${id}, ${pool.name}, ${pool.description}, ${json(pool.ranges)}, ${pool.allowDuplicates})`,
  );

export const updateMacPool = (tx: Transaction, id: string, pool: MacPoolSettings) =>
  change(
    tx,
    sql`update mac_pools set name = ${pool.name}, description = ${pool.description}, ranges = ${json(pool.ranges)}, allow_duplicates = ${pool.allowDuplicates} where id = ${id}`,
  );

export async function removeMacPool(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`delete from permissions where object_id = ${id}`);
  await change(tx, sql`delete from mac_pools where id = ${id}`);
}
