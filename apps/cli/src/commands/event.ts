import type { Command } from 'commander';
import type { Api } from '@ostler/contract/schema';
import { looks } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { count } from '../options.ts';
import { on, type Run } from '../run.ts';
import { printable, words } from '../show/table.ts';
import { plain } from '../show/plain.ts';
import { moment } from './job.ts';

export function eventCommands(program: Command, cli: Cli): void {
  program
    .command('event')
    .description('what has happened')
    .command('list')
    .description('the newest last')
    .option('--search <text>', 'as in the search bar: "severity=error"')
    .option('--max <number>', 'of events', count, 25)
    .option('--follow', 'go on with those that happen, until Ctrl-C')
    .action(on(cli, list));
}

async function list(run: Run, { search, max, follow }: { search?: string; max: number; follow?: boolean }): Promise<void> {
  const api = await run.api();
  const newest = byIndex(await api.events.list({ search, max, signal: run.cli.signal })).slice(-max);
  if (!follow) return run.print(newest, newest.length === 0 ? 'There are no such events.\n' : newest.map(line).join(''));
  for (const event of newest) one(run, event);
  let last = newest.at(-1)?.index ?? (await api.events.list({ max: 1, signal: run.cli.signal }))[0]?.index ?? 0;
  for await (const events of looks(run, () => api.events.list({ search, from: last, signal: run.cli.signal })))
    for (const event of byIndex(events).filter(({ index = 0 }) => index > last)) {
      last = event.index ?? last;
      one(run, event);
    }
}

const byIndex = (events: readonly Api['event'][]): Api['event'][] => events.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0));

/** One after the other: as a line, or as a document of JSON lines or YAML. */
function one(run: Run, event: Api['event']): void {
  if (run.output === 'json') return void run.cli.out.write(`${JSON.stringify(plain(event))}\n`);
  if (run.output === 'yaml') run.cli.out.write('---\n');
  run.print(event, line(event));
}

const line = ({ time, severity, description = '' }: Api['event']): string =>
  `${time ? moment(time) : ''.padEnd(19)}  ${(severity === 'normal' ? '' : (words(severity) ?? '')).padEnd(7)}  ${printable(description)}\n`;
