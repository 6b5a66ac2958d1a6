import type { Lock, Phrase } from '@ostler/domain/plan';
import { change, json, rows, sql, type Queries, type Transaction } from '../db/database.ts';

/**
 * Serialises the planning of mutations of the same objects until the transaction ends. It must come before the facts
 * are read: in READ COMMITTED the statements after it see whatever the holder before us has committed.
 */
export async function takeTurn(tx: Transaction, objects: readonly string[]): Promise<void> {
  for (const object of [...new Set(objects)].toSorted())
    await sql`select pg_advisory_xact_lock(hashtextextended(${object}, 0))`.execute(tx);
}

export interface Holder {
  readonly object: string;
  readonly job: string;
  readonly title: Phrase;
  readonly showsAs: string | null;
}

/** The live jobs that stand against these locks. Two shared locks stand each other. */
export async function holdersOf(db: Queries, locks: readonly Pick<Lock, 'object' | 'mode'>[]): Promise<Holder[]> {
  if (locks.length === 0) return [];
  return rows<Holder>(
    db,
    sql`select distinct on (held.object_id) held.object_id as object, held.job_id as job, jobs.title, held.shows_as as "showsAs"
        from jsonb_to_recordset(${json(locks)}) as wished(object uuid, mode text)
        join job_locks held on held.object_id = wished.object and (held.mode = 'exclusive' or wished.mode = 'exclusive')
        join jobs on jobs.id = held.job_id
        order by held.object_id`,
  );
}

export async function placeLocks(tx: Transaction, job: string, locks: readonly Lock[]): Promise<void> {
  for (const lock of locks)
    await change(
      tx,
      sql`insert into job_locks (object_id, job_id, kind, mode, shows_as) values (${lock.object}, ${job}, ${lock.kind}, ${lock.mode}, ${lock.showsAs ?? null})`,
    );
}
