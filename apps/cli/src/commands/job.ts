import type { Command } from 'commander';
import type { Api } from '@ostler/contract/schema';
import type { Cli } from '../cli.ts';
import { findJob } from '../find.ts';
import { count } from '../options.ts';
import { on, type Run } from '../run.ts';
import { humanDuration } from '../sizes.ts';
import { properties, table, words, type Column } from '../show/table.ts';

export function jobCommands(program: Command, cli: Cli): void {
  const job = program.command('job').description('what Ostler is doing, and has done');
  job
    .command('list')
    .description('the newest first')
    .option('--search <text>', 'as in the search bar: "status=started"')
    .option('--max <number>', 'of jobs', count, 25)
    .action(on(cli, list));
  job.command('show').argument('<job>', 'id, or its first digits').description('one, with its steps').action(on(cli, show));
  for (const [name, description] of [
    ['cancel', 'ask it to stop; what it has done is undone'],
    ['resume', 'let a job that needs attention try again'],
    ['abandon', 'give up a job that needs attention, as it stands; its objects are free again'],
  ] as const)
    job
      .command(name)
      .argument('<job>', 'id, or its first digits')
      .description(description)
      .action(
        on(cli, async (run: Run, wanted: string) => {
          const api = await run.api();
          const { id, description: title } = await findJob(api, wanted);
          await api.jobs(id)[name]({});
          run.print({ id }, `Asked to ${name}: ${title}.\n`);
        }),
      );
}

const statusOf = ({ status, needs_attention: stuck, cancel_requested: cancelling }: Api['job']): string | undefined =>
  stuck ? 'needs attention' : status === 'started' ? (cancelling ? 'is being cancelled' : 'running') : words(status);

const duration = ({ start_time: start, end_time: end, last_updated: updated }: Api['job']): string => {
  const until = end ?? updated;
  return start && until ? humanDuration((until.getTime() - start.getTime()) / 1000) : '';
};

const columns: readonly Column<Api['job']>[] = [
  { title: 'ID', cell: ({ id }) => id?.slice(0, 8) },
  { title: 'STATUS', cell: statusOf },
  { title: 'DONE', cell: ({ progress }) => (progress === undefined ? '' : `${progress} %`), right: true },
  { title: 'STARTED', cell: ({ start_time: start }) => start && moment(start) },
  { title: 'TOOK', cell: duration, right: true },
  { title: 'JOB', cell: ({ description, problem }) => `${description ?? ''}${problem === undefined ? '' : ` — ${problem}`}` },
];

export const moment = (time: Date): string => time.toISOString().slice(0, 19).replace('T', ' ');

async function list(run: Run, { search, max }: { search?: string; max: number }): Promise<void> {
  const jobs = await (await run.api()).jobs.list({ search, max, signal: run.cli.signal });
  run.print(jobs, jobs.length === 0 ? 'There are no such jobs.\n' : table(columns, jobs));
}

async function show(run: Run, wanted: string): Promise<void> {
  const api = await run.api();
  const job = await findJob(api, wanted);
  const steps = (await api.jobs(job.id).steps.list()).toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0));
  const about = properties([
    ['job', job.description],
    ['id', job.id],
    ['status', statusOf(job)],
    ['problem', job.problem],
    ['started', job.start_time && moment(job.start_time)],
    ['ended', job.end_time && moment(job.end_time)],
    ['correlation id', job.correlation_id],
  ]);
  const stepRows = table<Api['step']>(
    [
      { title: 'STEP', cell: ({ number }) => String(number ?? ''), right: true },
      { title: 'STATUS', cell: ({ status }) => (status === 'unknown' ? 'to come' : status === 'started' ? 'running' : words(status)) },
      { title: 'DONE', cell: ({ progress }) => (progress === undefined ? '' : `${progress} %`), right: true },
      { title: 'WHAT', cell: ({ description }) => description },
    ],
    steps,
  );
  run.print({ ...job, steps }, steps.length === 0 ? about : `${about}\n${stepRows}`);
}
