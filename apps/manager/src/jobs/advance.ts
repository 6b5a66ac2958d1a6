import { createHash } from 'node:crypto';
import { AgentError, isTransient } from '@ostler/agent-contract/errors';
import type { Database } from '../db/database.ts';
import { NotYet, StepFailed, type JobFailure, type JobType, type Step, type StepContext, type Tools } from './definition.ts';
import {
  endJob,
  findJob,
  isCancelRequested,
  markStep,
  needAttention,
  postpone,
  setProgress,
  stepsOf,
  stillActive,
  turnBack,
  type JobRow,
  type StepRow,
} from './store.ts';

/** This manager no longer is the one that acts: whatever it was doing, another has taken it over. */
export class Deposed extends Error {}

export interface AdvanceContext {
  readonly db: Database;
  readonly epoch: number;
  readonly tools: Tools;
  readonly signal: AbortSignal;
  readonly typeOf: (type: string) => JobType | undefined;
  /** Kill points of the tests: called around every effect. */
  readonly hook?: (point: { job: string; step: string; direction: 'do' | 'undo'; when: 'before' | 'after' }) => Promise<void>;
}

const usualDeadline = 180_000;
/** Ten tries, about two minutes with the back-off: a restarting agent or libvirtd is back by then. */
const patience = 10;
const backOff = (attempts: number) => Math.min(30_000, 200 * 2 ** attempts);

/**
 * Takes a job as far as it goes now: to its end, to a step that must wait, or to where a person is needed.
 * Everything that is known about it is in the database before and after every effect.
 */
export async function advance(context: AdvanceContext, id: string): Promise<void> {
  const found = await findJob(context.db, id);
  if (!found || (found.state !== 'running' && found.state !== 'unwinding')) return;
  const type = context.typeOf(found.type);
  if (!type || type.version < found.version) {
    const message = `This version of Ostler cannot carry on a ${found.type} job of version ${found.version}`;
    await needAttention(context.db, id, { code: 'job_type_unknown', message });
    return;
  }
  const course: Course = {
    context,
    job: found,
    type,
    steps: type.steps(found.plan, context.tools),
    records: await stepsOf(context.db, id),
  };
  if (course.steps.map((one) => one.name).join() !== course.records.map((one) => one.name).join()) {
    await needAttention(context.db, id, {
      code: 'job_steps_changed',
      message: `The steps of ${found.type} are not those that this job began with`,
    });
    return;
  }
  if (found.state === 'running') await goForward(course);
  else await goBack(course, found.error ?? { code: 'unknown', message: 'unknown' });
}

interface Course {
  readonly context: AdvanceContext;
  readonly job: JobRow;
  readonly type: JobType;
  readonly steps: readonly Step[];
  readonly records: readonly StepRow[];
}

async function goForward(course: Course): Promise<void> {
  const { context, job, steps, records } = course;
  const results = resultsOf(records);
  let justDone: { id: string; state: 'done'; result?: unknown } | undefined;
  for (const [number, one] of steps.entries()) {
    const record = recordAt(records, number);
    if (record.state === 'done') continue;
    const committed =
      steps.slice(0, number).some((earlier) => earlier.pointOfNoReturn) || (one.pointOfNoReturn && record.state === 'doing');
    if (!committed && (number === 0 || justDone ? await isCancelRequested(context.db, job.id) : job.cancelRequested)) {
      if (justDone) await mark(course, justDone, undefined);
      return turn(course, { code: 'cancelled', message: 'Cancelled on request' });
    }
    await mark(course, justDone, record.state === 'doing' ? undefined : { id: record.id, state: 'doing' });
    justDone = undefined;
    try {
      await context.hook?.({ job: job.id, step: one.name, direction: 'do', when: 'before' });
      const result = await attempt(course, one, record, 'do', results);
      await context.hook?.({ job: job.id, step: one.name, direction: 'do', when: 'after' });
      results[one.name] = result;
      justDone = { id: record.id, state: 'done', ...(result === undefined ? {} : { result }) };
    } catch (thrown) {
      return stumble(course, one, committed || one.pointOfNoReturn === true, thrown);
    }
  }
  await end(course, 'finished', undefined, results, justDone);
}

/** A step did not succeed: wait, try again, turn back, or call a person. */
async function stumble(course: Course, one: Step, committed: boolean, thrown: unknown): Promise<void> {
  const { context, job } = course;
  if (thrown instanceof Deposed) throw thrown;
  if (context.signal.aborted) return;
  if (thrown instanceof NotYet) return void (await postpone(context.db, job.id, thrown.again, { attempts: 0 }));
  const failure = failureOf(thrown);
  const attempts = (await currentAttempts(course)) + 1;
  if (mayRetry(thrown) && attempts < patience)
    return void (await postpone(context.db, job.id, backOff(attempts), { attempts, error: failure }));
  if (committed) return void (await needAttention(context.db, job.id, failure));
  await turn(course, failure);
}

async function turn(course: Course, failure: JobFailure): Promise<void> {
  await turnBack(course.context.db, course.job.id, failure);
  await goBack({ ...course, records: await stepsOf(course.context.db, course.job.id) }, failure);
}

async function goBack(course: Course, failure: JobFailure): Promise<void> {
  const { context, job, steps, records } = course;
  const results = resultsOf(records);
  let justUndone: { id: string; state: 'undone' } | undefined;
  for (const [number, one] of [...steps.entries()].toReversed()) {
    const record = recordAt(records, number);
    if (record.state === 'pending' || record.state === 'undone') continue;
    if (!one.undo) {
      if (justUndone) await mark(course, justUndone, undefined);
      justUndone = { id: record.id, state: 'undone' };
      continue;
    }
    await mark(course, justUndone, { id: record.id, state: 'undoing' });
    justUndone = undefined;
    try {
      await context.hook?.({ job: job.id, step: one.name, direction: 'undo', when: 'before' });
      await attempt(course, one, record, 'undo', results, failure);
      await context.hook?.({ job: job.id, step: one.name, direction: 'undo', when: 'after' });
      justUndone = { id: record.id, state: 'undone' };
    } catch (thrown) {
      if (thrown instanceof Deposed) throw thrown;
      if (context.signal.aborted) return;
      if (thrown instanceof NotYet) return void (await postpone(context.db, job.id, thrown.again));
      const attempts = (await currentAttempts(course)) + 1;
      if (attempts < patience) return void (await postpone(context.db, job.id, backOff(attempts), { attempts }));
      const trouble = failureOf(thrown);
      await needAttention(context.db, job.id, {
        ...trouble,
        message: `${failure.message}. Unwinding stopped at ${one.name}: ${trouble.message}`,
      });
      return;
    }
  }
  await end(course, failure.code === 'cancelled' ? 'aborted' : 'failed', failure, results, justUndone);
}

async function attempt(
  course: Course,
  one: Step,
  record: StepRow,
  direction: 'do' | 'undo',
  results: Record<string, unknown>,
  failure?: JobFailure,
): Promise<unknown> {
  const { context, job } = course;
  const operation = direction === 'do' ? record.doOperation : record.undoOperation;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(one.deadline ?? usualDeadline)]);
  const mandate = { epoch: context.epoch, operation, correlation: job.correlation };
  const stepContext: StepContext = {
    job: job.id,
    correlation: job.correlation,
    db: context.db,
    mandate,
    mandateFor: (part) => ({ ...mandate, operation: derivedId(operation, part) }),
    results,
    signal,
    cancelled: () => isCancelRequested(context.db, job.id),
    progress: async (percent) => void (await setProgress(context.db, record.id, percent)),
    ...(failure && { failure }),
  };
  const run = direction === 'do' ? one.do : one.undo;
  return Promise.race([run?.(stepContext), rejectWhen(signal)]);
}

/** A step that hangs in something uninterruptible is left behind; its repetition looks at what it did. */
function rejectWhen(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new AgentError('deadline', 'The step took too long')), { once: true });
  });
}

async function end(
  course: Course,
  outcome: 'finished' | 'failed' | 'aborted',
  failure: JobFailure | undefined,
  results: Record<string, unknown>,
  last: { id: string; state: 'done' | 'undone'; result?: unknown } | undefined,
): Promise<void> {
  const { context, job, type } = course;
  await context.db.transaction().execute(async (tx) => {
    if (!(await stillActive(tx, context.epoch))) throw new Deposed();
    if (last) await markStep(tx, context.epoch, last, undefined);
    await type.ended?.(job.plan, {
      db: tx,
      job: job.id,
      correlation: job.correlation,
      owner: job.owner ?? undefined,
      outcome,
      failure,
      results,
    });
    await endJob(tx, job.id, outcome);
  });
}

async function mark(
  course: Course,
  done: { id: string; state: 'done' | 'undone'; result?: unknown } | undefined,
  next: { id: string; state: 'doing' | 'undoing' } | undefined,
): Promise<void> {
  if (!done && !next) return;
  if (!(await markStep(course.context.db, course.context.epoch, done, next))) throw new Deposed();
}

const currentAttempts = async (course: Course) => (await findJob(course.context.db, course.job.id))?.attempts ?? 0;

function mayRetry(thrown: unknown): boolean {
  if (thrown instanceof StepFailed) return false;
  // A defect of ours or of the database's connection is tried again like a broken line; a refusal by the host is not.
  return thrown instanceof AgentError ? isTransient(thrown) || thrown.code === 'internal' : true;
}

export function failureOf(thrown: unknown): JobFailure {
  if (thrown instanceof StepFailed) return thrown.failure;
  if (thrown instanceof AgentError) return { code: thrown.code, message: thrown.message, facts: thrown.facts };
  return { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) };
}

function resultsOf(records: readonly StepRow[]): Record<string, unknown> {
  return Object.fromEntries(records.filter((one) => one.result !== null).map((one) => [one.name, one.result]));
}

function recordAt(records: readonly StepRow[], number: number): StepRow {
  const record = records[number];
  if (!record) throw new Error(`Step ${number} has no row`);
  return record;
}

/** The same part of the same operation is the same uuid, for ever and everywhere. */
function derivedId(operation: string, part: string): string {
  const hex = createHash('sha256').update(`${operation}/${part}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
