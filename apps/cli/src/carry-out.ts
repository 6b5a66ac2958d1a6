import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { ApiFault, ApiUnreachable, type CallOptions, type Client } from '@ostler/contract/client';
import type { Api } from '@ostler/contract/schema';
import { exitCodes, Problem } from './problem.ts';
import type { Run } from './run.ts';
import { showPlan } from './show/plan.ts';
import { statusWords } from './show/table.ts';

/** How a change is asked for: planned only, begun only, or done to the end. */
export interface MutationOptions {
  readonly dryRun?: boolean;
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

export type MutationCall = CallOptions & { readonly correlation_id: string };

/** The options that every command has that changes something. */
export const mutating = (command: Command): Command =>
  command
    .option('--dry-run', 'show the plan, or what speaks against it, and change nothing')
    .option('--wait', 'return when it is done', true)
    .option('--no-wait', 'return when it has begun');

export type CarriedOut<T> = { readonly answer: T; readonly correlation: string };

/**
 * Asks for a change, and follows the jobs that carry it out to their end. Undefined after a dry run, whose plan has been shown.
 * Every request bears an id of its own, by which its jobs are found; so a job is not lost though its answer was.
 */
export async function carryOut<T>(
  run: Run,
  options: MutationOptions,
  ask: (call: MutationCall) => Promise<T>,
): Promise<CarriedOut<T> | undefined> {
  const correlation = randomUUID();
  const call = { correlation_id: correlation, signal: run.cli.signal };
  if (options.dryRun) {
    const answer: unknown = await ask({ ...call, dryRun: true });
    if (!isPlan(answer))
      throw new Problem('The API answered a dry run with something that is no plan. Look whether it has changed anything.');
    showPlan(run, answer);
    if (answer.allowed === false) throw new Problem('That is not possible now.');
    return undefined;
  }
  const answer = await ask(call);
  if (options.wait) await jobsEnded(run, correlation);
  return { answer, correlation };
}

const isPlan = (answer: unknown): answer is Api['plan'] => typeof answer === 'object' && answer !== null && 'allowed' in answer;

/** Follows the jobs of one request, saying which step they are at, and fails with them. */
export async function jobsEnded(run: Run, correlation: string): Promise<void> {
  const api = await run.api();
  for await (const jobs of looks(run, () => api.jobs.list({ search: `correlation_id="${correlation}"`, signal: run.cli.signal }))) {
    const stuck = jobs.find(({ needs_attention: needed }) => needed === true);
    if (stuck)
      throw new Problem(
        `${stuck.description} needs attention: ${stuck.problem ?? 'it can neither go on nor be undone'} See "ostler job show ${stuck.id}".`,
      );
    const running = jobs.find(({ status }) => status === 'started');
    if (!running) {
      run.progress.clear();
      const failed = jobs.find(({ status }) => status !== 'finished');
      if (failed) throw new Problem(failureOf(failed));
      return;
    }
    await tellStep(run, api, running);
  }
}

export const failureOf = (job: Api['job']): string =>
  `${job.description ?? 'The job'} ${job.status === 'aborted' ? 'was aborted' : 'failed'}${job.problem === undefined ? '' : `: ${job.problem}`}`.replace(
    /\.?$/,
    '.',
  );

async function tellStep(run: Run, api: Client, job: Api['job']): Promise<void> {
  const steps = job.id === undefined ? [] : await api.jobs(job.id).steps.list({ signal: run.cli.signal });
  const step = steps.find(({ status }) => status === 'started');
  const doing = `${job.description ?? ''}${step?.description === undefined ? '' : `: ${step.description}`}`;
  const percent = step?.progress ?? job.progress;
  run.progress.state(`${doing}${percent === undefined || percent === 0 ? '' : ` (${percent} %)`}`, doing);
}

const firstPause = 100;
const longestPause = 1_000;
/** Milliseconds that the API may be away while something is waited for: a manager that starts again takes a few seconds. */
const patience = 60_000;

/** Looks again and again, soon at first, then every second. An API that is away for a moment is waited for. */
export async function* looks<T>(run: Run, look: () => Promise<T>): AsyncGenerator<T> {
  let awaySince: number | undefined;
  for (let pause = firstPause; ; pause = Math.min(longestPause, pause * 1.5)) {
    try {
      yield await look();
      awaySince = undefined;
    } catch (error) {
      if (!isAway(error) || run.cli.signal.aborted) throw error;
      awaySince ??= run.cli.now();
      if (run.cli.now() - awaySince > patience) throw error;
      run.progress.state('The API does not answer; waiting for it');
    }
    await sleep(pause, undefined, { signal: run.cli.signal });
  }
}

const isAway = (error: unknown): boolean =>
  (error instanceof ApiUnreachable && error.code !== 'not_the_api') ||
  (error instanceof ApiFault && [502, 503, 504].includes(error.status));

/** Waits until an object is in one of the statuses that are wanted. `seconds` later nobody knows whether it ever will be. */
export async function untilStatus<T extends { readonly status?: string | undefined }>(
  run: Run,
  wanted: {
    readonly what: string;
    readonly statuses: readonly string[];
    readonly unless?: readonly string[];
    readonly seconds: number;
    readonly help?: string;
  },
  look: () => Promise<T>,
): Promise<T> {
  const since = run.cli.now();
  for await (const found of looks(run, look)) {
    const status = found.status ?? 'unknown';
    if (wanted.statuses.includes(status)) return found;
    if (wanted.unless?.includes(status))
      throw new Problem(`${wanted.what} is ${statusWords(status)}.${wanted.help === undefined ? '' : ` ${wanted.help}`}`);
    if (run.cli.now() - since > wanted.seconds * 1000)
      throw new Problem(
        `${wanted.what} is ${statusWords(status)} after ${wanted.seconds} seconds.${wanted.help === undefined ? '' : ` ${wanted.help}`}`,
        exitCodes.timeout,
      );
    run.progress.state(`${wanted.what} is ${statusWords(status)}`);
  }
  throw new Error('It is looked at until it is as wanted');
}
