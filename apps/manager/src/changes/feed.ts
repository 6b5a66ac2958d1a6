import type pg from 'pg';
import { row, sql, type Database } from '../db/database.ts';
import { listen } from '../jobs/engine.ts';

/** Tells all streams of a process that there is something new to read. It works only while there are streams. */
export interface ChangeFeed {
  /** Counts a stream in; what is returned counts it out. */
  join(): () => void;
  /** Rises whenever more of the log is settled. A stream notes it before it reads, so that nothing falls in between. */
  version(): number;
  /** Returns when the version is above the given one, after the wait, or with the signal. */
  after(version: number, milliseconds: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * A change may be announced before it is settled, while an older transaction runs: the log is looked at now and then
 * besides, once for all streams.
 */
export function changeFeed(db: Database, pool: pg.Pool, lookEvery = 250): ChangeFeed {
  const waiting = new Set<() => void>();
  const end = new AbortController();
  let version = 0;
  let streams = 0;
  let working = false;
  let newest = '';

  const work = async (): Promise<void> => {
    const idle = new AbortController();
    const signal = AbortSignal.any([end.signal, idle.signal]);
    const bell = await listen(pool, 'ostler_changes', signal);
    while (!signal.aborted && streams > 0) {
      const settled = await newestSettled(db).catch(() => newest);
      if (settled !== newest) {
        newest = settled;
        version++;
        for (const wake of waiting) wake();
      }
      await bell.next(lookEvery);
    }
    idle.abort();
  };
  const begin = (): void => {
    if (working || end.signal.aborted) return;
    working = true;
    void work()
      .catch(() => undefined)
      .finally(() => {
        working = false;
        // A stream that came while the last one went.
        if (streams > 0) begin();
      });
  };

  return {
    join() {
      streams++;
      begin();
      return () => void streams--;
    },
    version: () => version,
    after: (seen, milliseconds, signal) =>
      new Promise<void>((resolve) => {
        if (version > seen || signal.aborted) return resolve();
        const done = () => {
          clearTimeout(timer);
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, milliseconds);
        waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      }),
    close: () => end.abort(),
  };
}

async function newestSettled(db: Database): Promise<string> {
  const found = await row<{ at: string }>(
    db,
    sql`select xid || '-' || seq as at from change_log where xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid desc, seq desc limit 1`,
  );
  return found?.at ?? '';
}
