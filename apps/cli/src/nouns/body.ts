import { readFile } from 'node:fs/promises';
import { shapeFromJson } from '@ostler/contract/json';
import { shapeOf } from '@ostler/contract/fields';
import type { TypeName } from '@ostler/contract/schema';
import { Problem, usageProblem } from '../problem.ts';
import type { Run } from '../run.ts';
import { passwordFrom } from '../session/secrets.ts';
import { keyOf, type Flag } from './flags.ts';
import { one } from './lookup.ts';
import { isRow, type Row } from './row.ts';
import { placeOf } from './tree.ts';

/** What the flags that were given say, as the input of a method: references looked up, secrets read from their files. */
export async function bodyFrom(run: Run, flags: readonly Flag[], options: Row): Promise<Row> {
  let body: Row = {};
  for (const flag of flags) {
    const given = options[keyOf(flag)];
    if (given === undefined) continue;
    body = merged(body, nested(flag.path, await valueOf(run, flag, given)));
  }
  return body;
}

const nested = ([first = '', ...rest]: readonly string[], value: unknown): Row => ({
  [first]: rest.length === 0 ? value : nested(rest, value),
});

async function valueOf(run: Run, { kind, refersTo, list }: Flag, given: unknown): Promise<unknown> {
  if (kind === 'secret') return passwordFrom(run.cli, String(given));
  if (kind !== 'reference' || refersTo === undefined) return given;
  if (!list) return reference(run, refersTo, String(given));
  return Promise.all((Array.isArray(given) ? given : [given]).map((wanted) => reference(run, refersTo, String(wanted))));
}

/** By id, so that nothing else can be meant than what was found. Where the API lists none of them it must know the name itself. */
async function reference(run: Run, type: TypeName, wanted: string): Promise<Row> {
  const place = placeOf(type);
  if (!place) return /^[0-9a-f]{8}-/i.test(wanted) ? { id: wanted } : { name: wanted };
  return { id: (await one(run, place, [], wanted)).id };
}

/** Two inputs as one; where both say something, the second counts. */
export function merged(first: Row, second: Row): Row {
  const both = Object.entries(second).map(([key, value]) => {
    const before = first[key];
    return [key, isRow(before) && isRow(value) ? merged(before, value) : value] as const;
  });
  return { ...first, ...Object.fromEntries(both) };
}

/** A document of the API in JSON, from a file or standard input: for what no flag says. */
export async function documentFrom(run: Run, type: TypeName, file: string): Promise<Row> {
  const text =
    file === '-'
      ? await everything(run)
      : await readFile(file, 'utf8').catch((error: Error) => {
          throw new Problem(`Cannot read ${file}: ${error.message}`);
        });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw usageProblem(`${file} holds no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const read: unknown = shapeFromJson(shapeOf(type), isRow(json) ? json : {});
  return isRow(read) ? read : {};
}

async function everything({ cli }: Run): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of cli.in) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
