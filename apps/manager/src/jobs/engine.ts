import type pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../db/database.ts';
import { advance, Deposed, type AdvanceContext } from './advance.ts';
import type { JobType } from './definition.ts';
import { dueJobs, pruneJobs, untilNextDue } from './store.ts';

export interface EngineOptions extends Omit<AdvanceContext, 'typeOf'> {
  readonly pool: pg.Pool;
  readonly types: readonly JobType[];
  readonly deposed: () => void;
  readonly log: { warn(details: object, message: string): void };
  readonly concurrency?: number;
}

/**
 * The controller's half of the job engine: woken by NOTIFY within milliseconds of a commit, and by the clock for what
 * waits, it advances every live job, many at a time, each by one runner only.
 */
export async function runEngine(options: EngineOptions): Promise<void> {
  const { db, signal, concurrency = 64 } = options;
  const types = new Map(options.types.map((type) => [type.type, type]));
  const context: AdvanceContext = { ...options, typeOf: (name) => types.get(name) };
  const running = new Map<string, { again: boolean }>();
  const bell = await listen(options.pool, 'ostler_jobs', signal);

  const begin = (id: string): void => {
    const already = running.get(id);
    if (already) return void (already.again = true);
    if (running.size >= concurrency) return;
    const mine = { again: false };
    running.set(id, mine);
    void advance(context, id)
      .catch((thrown: unknown) => {
        if (thrown instanceof Deposed) return options.deposed();
        if (!signal.aborted)
          options.log.warn({ job: id, problem: thrown instanceof Error ? thrown.message : String(thrown) }, 'job could not be advanced');
        return sleep(500, undefined, { signal }).catch(() => undefined);
      })
      .finally(() => {
        running.delete(id);
        bell.ring();
      });
  };

  let pruned = 0;
  while (!signal.aborted) {
    const wait = await lookRound(db, begin, running.size < concurrency).catch(() => 500);
    if (options.tools.now() - pruned > 60_000) {
      pruned = options.tools.now();
      await pruneJobs(db).catch(() => undefined);
    }
    await bell.next(wait);
  }
}

async function lookRound(db: Database, begin: (id: string) => void, room: boolean): Promise<number> {
  if (room) for (const { id } of await dueJobs(db)) begin(id);
  return Math.min(5_000, (await untilNextDue(db)) ?? 5_000) + 1;
}

/** A dedicated connection that LISTENs, replaced when it breaks. `next` returns at a notification, a ring, or after the wait. */
export async function listen(
  pool: pg.Pool,
  channel: string,
  signal: AbortSignal,
): Promise<{ ring: () => void; next: (milliseconds: number) => Promise<void> }> {
  let rung = false;
  let wakeUp: (() => void) | undefined;
  const ring = () => {
    rung = true;
    wakeUp?.();
  };
  const open = async (): Promise<void> => {
    if (signal.aborted) return;
    try {
      const client = await pool.connect();
      let held = true;
      // Once only, whichever comes first: its end, or that of whoever listens.
      const close = () => {
        signal.removeEventListener('abort', close);
        if (held) client.release(true);
        held = false;
      };
      client.on('notification', ring);
      client.on('error', () => {
        if (!held) return;
        close();
        void sleep(500).then(open);
      });
      signal.addEventListener('abort', close, { once: true });
      await client.query(`listen ${channel}`);
      ring();
    } catch {
      void sleep(500).then(open);
    }
  };
  await open();
  return {
    ring,
    next: async (milliseconds) => {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(() => done(), milliseconds);
          const done = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            resolve();
          };
          wakeUp = done;
          signal.addEventListener('abort', done, { once: true });
        });
        wakeUp = undefined;
      }
      rung = false;
    },
  };
}
