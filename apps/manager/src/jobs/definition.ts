import type { Mandate } from '@ostler/agent-contract/calls';
import type { Plan } from '@ostler/domain/plan';
import type { Database, Transaction } from '../db/database.ts';
import type { Secrets } from '../db/secrets.ts';
import type { Agents } from '../monitoring/agents.ts';

/**
 * A job is its plan; its steps are a pure function of the plan. Each `do` and `undo` first looks at what is there and
 * is safe to repeat: the engine may run it again after any crash, and a second time for no reason at all.
 */
export interface Step {
  readonly name: string;
  readonly do: (context: StepContext) => Promise<unknown>;
  /** Takes back what `do` may have done, wholly, partly or not at all. A step without it changes nothing that lasts. */
  readonly undo?: (context: StepContext) => Promise<unknown>;
  /** Once begun, the job only goes forward: the step and those after it are repeated, never unwound. */
  readonly pointOfNoReturn?: boolean;
  /** How long one attempt may take, in milliseconds. */
  readonly deadline?: number;
}

export interface StepContext {
  readonly job: string;
  readonly correlation: string;
  readonly db: Database;
  /** Epoch, operation id and correlation for a call to an agent; the same step always has the same operation id. */
  readonly mandate: Mandate;
  /** A second, third, … operation id of this step, derived from the first: for steps that make several calls. */
  mandateFor(part: string): Mandate;
  /** Results of the steps that are done, by name. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Why the job is unwinding; undefined while it goes forward. */
  readonly failure?: JobFailure;
  readonly signal: AbortSignal;
  /** Whether somebody has asked to cancel; a long step passes it on. */
  cancelled(): Promise<boolean>;
  progress(percent: number): Promise<void>;
}

export interface JobFailure {
  readonly code: string;
  readonly message: string;
  readonly facts?: Readonly<Record<string, string | number>>;
}

/** Thrown by a step that has to wait: nothing is wrong, look again then, or when woken. */
export class NotYet extends Error {
  readonly again: number;
  constructor(again: number) {
    super('not yet');
    this.again = again;
  }
}

/** Thrown by a step that can never succeed: no retry, the job unwinds. */
export class StepFailed extends Error {
  readonly failure: JobFailure;
  constructor(failure: JobFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

export interface JobType<Data = never> {
  readonly type: string;
  readonly version: number;
  /** What the steps are, for this plan. `tools` is what they act through. */
  readonly steps: (plan: Plan<Data>, tools: Tools) => readonly Step[];
  /** Told once when the job has ended, in the transaction that ends it: rows that only then become true, the event. */
  readonly ended?: (plan: Plan<Data>, end: JobEnd) => Promise<void>;
}

export interface JobEnd {
  readonly db: Transaction;
  readonly job: string;
  readonly correlation: string;
  readonly owner: string | undefined;
  readonly outcome: 'finished' | 'failed' | 'aborted';
  readonly failure: JobFailure | undefined;
  readonly results: Readonly<Record<string, unknown>>;
}

/** What steps act through. Given by the controller, or by a test. */
export interface Tools {
  readonly agents: Agents;
  readonly secrets: Secrets;
  readonly now: () => number;
}

/** Declares a job type. Its steps' names must be unique: results are found by them. */
export function job<Data>(
  type: string,
  parts: { version: number; ended?: JobType<Data>['ended'] },
  steps: JobType<Data>['steps'],
): JobType<Data> {
  return { type, version: parts.version, steps, ...(parts.ended && { ended: parts.ended }) };
}

export const step = (name: string, parts: Omit<Step, 'name'>): Step => ({ name, ...parts });
