import { ApiFault } from '@ostler/contract/client';
import { exitCodes, Problem, usageProblem } from '../problem.ts';
import type { Run } from '../run.ts';
import { methodAt, rowOf, rowsOf } from './ask.ts';
import { idOf, namesOf, type Row } from './row.ts';
import type { Noun } from './tree.ts';

/** Objects by what people call them, at any place: the ids of `vm web`, `nic nic1`. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The ids along a path of nouns, each looked for within the one before. */
export async function idsOf(run: Run, path: readonly Noun[], wanted: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [at, noun] of path.entries()) ids.push((await one(run, noun, ids, wanted[at] ?? '')).id);
  return ids;
}

/** One object, by its id or by a name that only one has. What it is called is told in what follows. */
export async function one(run: Run, noun: Noun, above: readonly string[], wanted: string): Promise<{ id: string; row: Row }> {
  const api = await run.api();
  const { item } = noun;
  if (item !== undefined && noun.ofOne.has('get') && (uuid.test(wanted) || !noun.ofAll.has('list'))) {
    const id = uuid.test(wanted) ? wanted.toLowerCase() : wanted;
    const row = await rowOf(methodAt(api, item, [...above, id], 'get')({ signal: run.cli.signal })).catch((error: unknown) => {
      if (error instanceof ApiFault && error.status === 404) return undefined;
      throw error;
    });
    if (row) return { id: idOf(row) ?? id, row };
  }
  const rows = await candidates(run, noun, above, wanted);
  const meant = rows.filter((row) => idOf(row) === wanted || namesOf(row).includes(wanted));
  const alike = meant.length > 0 ? meant : rows.filter((row) => namesOf(row).some((name) => name.toLowerCase() === wanted.toLowerCase()));
  const found = alike.length > 0 ? alike : rows.filter((row) => isBeginning(wanted, row));
  const [first, ...others] = found;
  const id = first && idOf(first);
  if (!first || id === undefined) throw new Problem(`There is no ${noun.title} ${wanted}, or you may not see it.`, exitCodes.notFound);
  if (others.length > 0)
    throw usageProblem(
      `${found.length} ${noun.title}s are called ${wanted}. Say which one by its id: ${found.map((row) => idOf(row) ?? '').join(', ')}.`,
    );
  return { id, row: first };
}

/** Things without a name are told by the first digits of their id. */
const isBeginning = (wanted: string, row: Row): boolean =>
  /^[0-9a-f-]{6,35}$/i.test(wanted) && namesOf(row).length === 0 && (idOf(row)?.startsWith(wanted.toLowerCase()) ?? false);

/** Those that may be meant. Where the API can search by name it does, for there may be thousands. */
async function candidates(run: Run, noun: Noun, above: readonly string[], wanted: string): Promise<Row[]> {
  const list = noun.ofAll.get('list');
  if (!list) return [];
  const field = searchField(noun);
  const search =
    field !== undefined && !/["*\\]/.test(wanted) && wanted !== '' ? { search: `${field}="${wanted}"`, case_sensitive: false } : {};
  const follow = noun.type === 'disk_attachment' ? { follow: 'disk' } : {};
  return rowsOf(methodAt(await run.api(), noun.template, above, 'list')({ ...search, ...follow, signal: run.cli.signal }));
}

function searchField({ ofAll, type }: Noun): string | undefined {
  if (ofAll.get('list')?.declaration.query?.['search'] === undefined) return undefined;
  return { disk: 'alias', vm: 'name', host: 'name', template: 'name', storage_domain: 'name' }[type as string];
}
