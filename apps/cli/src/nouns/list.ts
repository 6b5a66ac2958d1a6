import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { count } from '../options.ts';
import { on, type Run } from '../run.ts';
import { table, type Column } from '../show/table.ts';
import { methodAt, rowsOf } from './ask.ts';
import { bodyFrom } from './body.ts';
import { queryFlags } from './flags.ts';
import { idsOf } from './lookup.ts';
import { textAt, type Row } from './row.ts';
import type { Noun } from './tree.ts';
import { chosenColumns, viewOf } from './views.ts';
import { offer } from './offer.ts';
import { flagsLater } from './lazy.ts';

export interface ListOptions {
  readonly search?: string;
  readonly max?: number;
  readonly sort?: string;
  readonly follow?: string;
  readonly columns?: string;
}

/** Where a list is more than what the API lists: how its rows are had, and how they look. */
export type OwnList = (run: Run, options: ListOptions) => Promise<{ readonly rows: readonly Row[]; readonly text: string }>;

export function listCommand(parent: Command, cli: Cli, noun: Noun, own?: OwnList): void {
  const route = noun.ofAll.get('list');
  if (!route) return;
  const command = parent.command('list').description('all that you may see');
  for (const { title, word } of noun.above) command.argument(`<${word}>`, `${title}, name or id`);
  offer(command, noun.above);
  const query = route.declaration.query ?? {};
  if (query['search'] !== undefined) command.option('--search <text>', 'as in the search bar: "name=web* and status=up"');
  command
    .option('--max <number>', 'not more than these', count)
    .option('--sort <field>', 'by this field, "memory:desc" the largest first')
    .option('--columns <paths>', 'which, as name,status,cpu.topology.sockets')
    .option('--follow <links>', 'bring in what is linked, as nics,disk_attachments.disk');
  flagsLater(command, () => queryFlags(route));
  command.action(
    on(cli, async (run: Run, ...given: unknown[]) => {
      const options: ListOptions & Row = Object(given.at(-1));
      const ids = await idsOf(run, noun.above, given.slice(0, -1).map(String));
      const { rows, text = undefined } = own ? await own(run, options) : { rows: await rowsAt(run, noun, ids, options) };
      const columns: readonly Column<Row>[] = options.columns === undefined ? viewOf(noun.type).columns : chosenColumns(options.columns);
      const shown = options.columns === undefined && text !== undefined ? text : table(columns, rows, run.style);
      run.print(rows, rows.length === 0 ? 'There are none.\n' : shown);
    }),
  );
}

async function rowsAt(run: Run, noun: Noun, ids: readonly string[], options: ListOptions & Row): Promise<readonly Row[]> {
  const route = noun.ofAll.get('list');
  const query = route?.declaration.query ?? {};
  const { search, max, sort, follow = viewOf(noun.type).follow } = options;
  const ask = methodAt(await run.api(), noun.template, ids, 'list');
  const searched = query['search'] !== undefined;
  const call = {
    ...(route && (await bodyFrom(run, queryFlags(route), options))),
    ...(searched && withSort(search, sort)),
    ...(max !== undefined && query['max'] !== undefined && { max }),
    ...(follow !== undefined && { follow }),
    signal: run.cli.signal,
  };
  const rows = await rowsOf(ask(call));
  const sorted = searched || sort === undefined ? rows : sortedBy(rows, sort);
  return max === undefined ? sorted : sorted.slice(0, max);
}

/** The API sorts where it searches, before it counts to `max`. */
const withSort = (search: string | undefined, sort: string | undefined): { search?: string } =>
  sort === undefined ? (search === undefined ? {} : { search }) : { search: searchSorted(search, sort) };

export function searchSorted(search: string | undefined, sort: string): string {
  const { field, descending } = readSort(sort);
  return `${search ?? ''} sortby ${field} ${descending ? 'desc' : 'asc'}`.trim();
}

export function readSort(text: string): { field: string; descending: boolean } {
  const [field = '', direction] = text.split(':');
  return { field, descending: direction?.toLowerCase() === 'desc' };
}

export function sortedBy(rows: readonly Row[], sort: string): Row[] {
  const { field, descending } = readSort(sort);
  const by = (row: Row): string => textAt(row, field.replaceAll('-', '_')) ?? '';
  const ascending = rows.toSorted((a, b) => by(a).localeCompare(by(b), undefined, { numeric: true }));
  return descending ? ascending.toReversed() : ascending;
}
