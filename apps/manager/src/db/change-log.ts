import { change, row, rows, sql, type Queries } from './database.ts';

/** Where a reader stands: everything up to it has been read. As text it is the `Last-Event-ID` of the change stream. */
export interface Position {
  readonly xid: string;
  readonly seq: number;
}

export interface Change {
  readonly position: Position;
  readonly noun: string;
  readonly object: string;
  readonly operation: 'created' | 'changed' | 'removed';
}

export const positionText = (position: Position): string => `${position.xid}-${position.seq}`;

export function parsePosition(text: string): Position | undefined {
  const found = /^(\d{1,20})-(\d{1,19})$/.exec(text);
  return found?.[1] === undefined || found[2] === undefined ? undefined : { xid: found[1], seq: Number(found[2]) };
}

/**
 * The changes after a position, in commit order as far as it is settled: a transaction that began before another one
 * may commit after it, so nothing at or beyond the oldest running transaction is read yet.
 */
export async function changesAfter(db: Queries, position: Position, limit = 1000): Promise<Change[]> {
  const found = await rows<{ xid: string; seq: number; noun: string; object: string; operation: Change['operation'] }>(
    db,
    sql`select xid::text as xid, seq, noun, object_id as object, operation from change_log
        where xid < pg_snapshot_xmin(pg_current_snapshot()) and (xid, seq) > (${position.xid}::xid8, ${position.seq})
        order by xid, seq limit ${limit}`,
  );
  return found.map(({ xid, seq, ...rest }) => ({ position: { xid, seq }, ...rest }));
}

/** The newest settled position: for a reader that reads the present first and the changes after it. */
export async function newestPosition(db: Queries): Promise<Position> {
  const found = await row<{ xid: string }>(db, sql`select pg_snapshot_xmin(pg_current_snapshot())::text as xid`);
  return { xid: String(BigInt(found?.xid ?? '1') - 1n), seq: Number.MAX_SAFE_INTEGER };
}

/** Whether the log still holds what came after a position; otherwise the reader must read everything anew. */
export async function stillHeld(db: Queries, position: Position): Promise<boolean> {
  return (await row(db, sql`select 1 from change_log_horizon where xid <= ${position.xid}::xid8`)) !== undefined;
}

/** Forgets changes older than an hour. The horizon is the newest transaction of which something was forgotten. */
export async function pruneChanges(db: Queries): Promise<void> {
  await change(
    db,
    sql`with gone as (delete from change_log where at < now() - interval '1 hour' returning xid)
        update change_log_horizon set xid = greatest(xid, (select max(xid) from gone)) where exists (select 1 from gone)`,
  );
}
