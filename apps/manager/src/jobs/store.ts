import { randomUUID } from 'node:crypto';
import type { Phrase, Plan } from '@ostler/domain/plan';
import { change, json, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';
import type { JobFailure, Step } from './definition.ts';
import { placeLocks } from './locks.ts';

export type JobState = 'running' | 'unwinding' | 'needs_attention' | 'finished' | 'failed' | 'aborted';
export type StepState = 'pending' | 'doing' | 'done' | 'undoing' | 'undone' | 'failed';

export interface JobRow {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly plan: Plan<never>;
  readonly title: Phrase;
  readonly external: boolean;
  readonly state: JobState;
  readonly direction: 'forward' | 'backward';
  readonly cancelRequested: boolean;
  readonly error: JobFailure | null;
  readonly attempts: number;
  readonly owner: string | null;
  readonly correlation: string;
  readonly startedAt: Date;
  readonly updatedAt: Date;
  readonly endedAt: Date | null;
}

export interface StepRow {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  /** Of a step of a program outside: what it says of it itself. */
  readonly description: string | null;
  readonly kind: string | null;
  readonly parent: string | null;
  readonly external: boolean;
  readonly state: StepState;
  readonly doOperation: string;
  readonly undoOperation: string;
  readonly result: unknown;
  readonly progress: number | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

const jobColumns = sql`id, type, version, plan, title, external, state, direction, cancel_requested as "cancelRequested", error, attempts,
  owner_id as owner, correlation_id as correlation, started_at as "startedAt", updated_at as "updatedAt", ended_at as "endedAt"`;

const stepColumns = sql`id, number, name, description, kind, parent_id as parent, external, state, do_operation as "doOperation", undo_operation as "undoOperation", result, progress,
  started_at as "startedAt", ended_at as "endedAt"`;

export interface NewJob {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly plan: Plan<unknown>;
  readonly steps: readonly Pick<Step, 'name'>[];
  readonly owner: string | undefined;
  readonly correlation: string;
}

/** The job, its steps and its locks, in the caller's transaction with the rows that it creates; the notification goes out with the commit. */
export async function insertJob(tx: Transaction, job: NewJob): Promise<void> {
  await change(
    tx,
    sql`insert into jobs (id, type, version, plan, title, owner_id, correlation_id)
        values (${job.id}, ${job.type}, ${job.version}, ${json(job.plan)}, ${json(job.plan.title)}, ${job.owner ?? null}, ${job.correlation})`,
  );
  const steps = job.steps.map(({ name }, index) => ({
    id: randomUUID(),
    number: index,
    name,
    do_operation: randomUUID(),
    undo_operation: randomUUID(),
  }));
  await change(
    tx,
    sql`insert into job_steps (id, job_id, number, name, do_operation, undo_operation)
        select id, ${job.id}::uuid, number, name, do_operation, undo_operation
        from jsonb_to_recordset(${json(steps)}) as s(id uuid, number int, name text, do_operation uuid, undo_operation uuid)`,
  );
  await placeLocks(tx, job.id, job.plan.locks);
  await change(
    tx,
    sql`insert into job_objects (job_id, object_id, kind)
        select distinct ${job.id}::uuid, object, kind from jsonb_to_recordset(${json(job.plan.locks)}) as l(object uuid, kind text)`,
  );
  await sql`select pg_notify('ostler_jobs', ${job.id})`.execute(tx);
}

export const findJob = (db: Queries, id: string) => row<JobRow>(db, sql`select ${jobColumns} from jobs where id = ${id}`);

export const stepsOf = (db: Queries, job: string) =>
  rows<StepRow>(db, sql`select ${stepColumns} from job_steps where job_id = ${job} order by number`);

/** Live jobs whose time has come, oldest first. */
export const dueJobs = (db: Queries) =>
  rows<{ id: string }>(db, sql`select id from jobs where state in ('running', 'unwinding') and not external and next_try <= now() order by started_at`);

/** When the next live job is due, in milliseconds from now; undefined when none waits. */
export async function untilNextDue(db: Queries): Promise<number | undefined> {
  const found = await row<{ wait: number | null }>(
    db,
    sql`select extract(epoch from min(next_try) - now()) * 1000 as wait from jobs where state in ('running', 'unwinding') and not external and next_try > now()`,
  );
  return found?.wait == null ? undefined : Math.max(0, Number(found.wait));
}

/** Whether this manager still is the one that acts. Held until the end of the transaction, so that nobody takes over in between. */
export async function stillActive(tx: Queries, epoch: number): Promise<boolean> {
  return (await row(tx, sql`select 1 from manager_epoch where epoch = ${epoch} for share`)) !== undefined;
}

/** One statement for what happened and what comes next: a step costs one round trip. */
export async function markStep(
  db: Queries,
  epoch: number,
  done: { id: string; state: StepState; result?: unknown } | undefined,
  next: { id: string; state: 'doing' | 'undoing' } | undefined,
): Promise<boolean> {
  const result = done?.result === undefined ? null : JSON.stringify(done.result);
  const touched = await change(
    db,
    sql`update job_steps set
          state = case id when ${done?.id ?? null}::uuid then ${done?.state ?? null} else ${next?.state ?? null} end,
          result = case id when ${done?.id ?? null}::uuid then coalesce(${result}::jsonb, result) else result end,
          started_at = case id when ${next?.id ?? null}::uuid then coalesce(started_at, now()) else started_at end,
          ended_at = case id when ${done?.id ?? null}::uuid then now() else null end
        where id in (${done?.id ?? null}::uuid, ${next?.id ?? null}::uuid)
          and exists (select 1 from manager_epoch where epoch = ${epoch})`,
  );
  return touched > 0;
}

export const setProgress = (db: Queries, step: string, percent: number) =>
  change(
    db,
    sql`update job_steps set progress = ${Math.round(percent)} where id = ${step} and progress is distinct from ${Math.round(percent)}`,
  );

export const postpone = (db: Queries, job: string, milliseconds: number, parts: { attempts?: number; error?: JobFailure | null } = {}) =>
  change(
    db,
    sql`update jobs set next_try = now() + ${`${Math.max(0, Math.round(milliseconds))} milliseconds`}::interval, updated_at = now(),
          attempts = coalesce(${parts.attempts ?? null}, attempts),
          error = ${parts.error === undefined ? sql`error` : parts.error === null ? sql`null` : json(parts.error)}
        where id = ${job}`,
  );

export const turnBack = (db: Queries, job: string, failure: JobFailure) =>
  change(
    db,
    sql`update jobs set state = 'unwinding', direction = 'backward', attempts = 0, error = ${json(failure)}, updated_at = now(), next_try = now() where id = ${job} and state = 'running'`,
  );

export const needAttention = (db: Queries, job: string, failure: JobFailure) =>
  change(
    db,
    sql`update jobs set state = 'needs_attention', error = ${json(failure)}, updated_at = now() where id = ${job} and state in ('running', 'unwinding')`,
  );

/** The job is over and so are its locks, in one transaction. */
export async function endJob(tx: Transaction, job: string, state: 'finished' | 'failed' | 'aborted'): Promise<void> {
  await change(tx, sql`delete from job_locks where job_id = ${job}`);
  await change(tx, sql`update jobs set state = ${state}, ended_at = now(), updated_at = now() where id = ${job}`);
}

export const requestCancel = (db: Queries, job: string) =>
  change(db, sql`update jobs set cancel_requested = true, next_try = now() where id = ${job} and state = 'running'`).then(wake(db, job));

/** A person, or the return of what it waited for, lets a stuck job try again, the way it was going. */
export const resumeJob = (db: Queries, job: string) =>
  change(
    db,
    sql`update jobs set state = case direction when 'forward' then 'running' else 'unwinding' end, attempts = 0, next_try = now(), updated_at = now()
        where id = ${job} and state = 'needs_attention'`,
  ).then(wake(db, job));

/** A person takes it over as it stands: the job is over, what it held is free, and nothing is done about what it left. */
export async function abandonJob(tx: Transaction, job: string): Promise<boolean> {
  const abandoned = await change(tx, sql`update jobs set state = 'aborted', ended_at = now(), updated_at = now() where id = ${job} and state = 'needs_attention'`);
  if (abandoned > 0) await change(tx, sql`delete from job_locks where job_id = ${job}`);
  return abandoned > 0;
}

/** Makes a waiting job look again now. */
export const wakeJob = (db: Queries, job: string) =>
  change(db, sql`update jobs set next_try = now() where id = ${job} and state in ('running', 'unwinding')`).then(wake(db, job));

function wake(db: Queries, job: string) {
  return async (touched: number): Promise<boolean> => {
    if (touched > 0) await sql`select pg_notify('ostler_jobs', ${job})`.execute(db);
    return touched > 0;
  };
}

export const isCancelRequested = async (db: Queries, job: string) =>
  (await row<{ asked: boolean }>(db, sql`select cancel_requested as asked from jobs where id = ${job}`))?.asked === true;

/** What a program outside wants to keep stays. Finished jobs go after ten minutes, others after an hour, as in RHV (infra.md 1.6). */
export const pruneJobs = (db: Queries) =>
  change(
    db,
    sql`delete from jobs where auto_cleared and ((state = 'finished' and ended_at < now() - interval '10 minutes') or (state in ('failed', 'aborted') and ended_at < now() - interval '60 minutes'))`,
  );
