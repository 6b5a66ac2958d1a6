import { Option, type Command } from 'commander';
import { fieldsOf } from '@ostler/contract/fields';
import { isAction, type Route } from '@ostler/contract/tree';
import { carryOut, mutating, untilStatus, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { seconds } from '../options.ts';
import { usageProblem } from '../problem.ts';
import { on, type Run } from '../run.ts';
import { properties, statusWords } from '../show/table.ts';
import { methodAt, rowOf } from './ask.ts';
import { bodyFrom, documentFrom, merged } from './body.ts';
import { bodyFlags, queryFlags } from './flags.ts';
import { flagsLater } from './lazy.ts';
import { listCommand, type OwnList } from './list.ts';
import { idsOf, one } from './lookup.ts';
import { offer } from './offer.ts';
import { idOf, linesOf, nameOf, textAt, type Row } from './row.ts';
import { placeOf, type Noun } from './tree.ts';
import { doing, isAttaching, verbFor } from './words.ts';

/** What the verbs of a noun do that nobody has written by hand. */
export function addVerbs(command: Command, cli: Cli, noun: Noun, own?: OwnList, without: readonly string[] = []): void {
  const missing = (verb: string) =>
    !without.includes(verb) && !command.commands.some((known) => known.name() === verb || known.aliases().includes(verb));
  if (noun.ofAll.has('list') && missing('list')) listCommand(command, cli, noun, own);
  for (const routes of [noun.ofAll, noun.ofOne])
    for (const route of routes.values()) {
      const verb = verbFor(route.method, route.template);
      if (route.method !== 'list' && missing(verb)) verbCommand(command.command(verb), cli, noun, route, routes === noun.ofOne);
    }
}

interface VerbOptions extends MutationOptions, Row {
  readonly from?: string;
  readonly waitFor?: string;
  readonly timeout: number;
}

function verbCommand(command: Command, cli: Cli, noun: Noun, route: Route, ofOne: boolean): void {
  const path = ofOne && noun.item !== undefined ? [...noun.above, noun] : noun.above;
  for (const { word, title } of path) command.argument(`<${word}>`, `${title}, name or id`);
  offer(command, path);
  command.description(describe(noun, route));
  if (route.verb === 'GET') {
    flagsLater(command, () => queryFlags(route));
    command.option('--follow <links>', 'bring in what is linked, as nics,disk_attachments.disk');
    return void command.action(on(cli, (run: Run, ...given: unknown[]) => show(run, noun, route, path, given)));
  }
  const named = route.method === 'add' ? takesName(route) : undefined;
  if (isAttaching(route.template) && route.method === 'add') command.argument(`<${noun.word}>`, `${noun.title}, name or id`);
  else if (named) command.argument('[name]', 'of the new one');
  if (route.method !== 'remove') {
    flagsLater(command, () => bodyFlags(route).filter(({ name }) => name !== named));
    if (!isAction(route.method)) command.option('--from <file>', 'the rest, as a document of the API in JSON; "-" is standard input');
  }
  flagsLater(command, () => queryFlags(route));
  mutating(command);
  if (noun.ofOne.has('get') && route.method !== 'remove')
    command
      .addOption(new Option('--wait-for <status>', 'return when it has this status'))
      .option('--timeout <seconds>', 'how long to wait for that', seconds, 300);
  command.action(on(cli, (run: Run, ...given: unknown[]) => change(run, noun, route, path, given)));
}

/** The field by which a new one is called, if it has one. */
const takesName = (route: Route): 'name' | 'alias' | 'user-name' | undefined =>
  (['alias', 'user-name', 'name'] as const).find((name) =>
    fieldsOf(route.declared.type ?? 'identified').some((field) => field.name === name.replace('-', '_') && !field.flags.has('readonly')),
  );

function describe({ title }: Noun, { method, template }: Route): string {
  const verb = verbFor(method, template);
  if (verb === 'attach' || verb === 'detach') return `${verb} a ${title}`;
  const usual: Readonly<Record<string, string>> = {
    get: 'one of them',
    add: `make a ${title}`,
    update: `change a ${title}`,
    remove: `remove a ${title}`,
  };
  return usual[method] ?? doing[method] ?? `${verb.replaceAll('-', ' ')} it`;
}

async function show(run: Run, noun: Noun, route: Route, path: readonly Noun[], given: readonly unknown[]): Promise<void> {
  const { options, words } = split(given);
  const ids = await idsOf(run, path, words);
  const follow = textAt(options, 'follow');
  const query = await bodyFrom(run, queryFlags(route), options);
  const row = await rowOf(
    methodAt(await run.api(), route.template, ids, 'get')({ ...query, ...(follow !== undefined && { follow }), signal: run.cli.signal }),
  );
  run.print(row, properties(linesOf(row)));
}

const split = (given: readonly unknown[]): { options: VerbOptions; words: string[] } => ({
  options: Object(given.at(-1)),
  words: given.slice(0, -1).flatMap((word) => (word === undefined ? [] : [String(word)])),
});

async function change(run: Run, noun: Noun, route: Route, path: readonly Noun[], given: readonly unknown[]): Promise<void> {
  const { options, words } = split(given);
  const api = await run.api();
  const body = await inputOf(run, noun, route, options, words[path.length]);
  if (route.method === 'update' && Object.keys(body).length === 0) throw usageProblem('Say what to change: --help tells the flags.');
  // What it is called is known before it is gone.
  const above = await idsOf(run, path.slice(0, -1), words);
  const last = path.at(-1);
  const found = last && (await one(run, last, above, words[path.length - 1] ?? ''));
  const ids = found ? [...above, found.id] : above;
  const query = await bodyFrom(run, queryFlags(route), options);
  const method = methodAt(api, route.template, ids, route.method);
  const done = await carryOut(run, { ...options, wait: options.wait || options.waitFor !== undefined }, async (call) =>
    rowOf(route.method === 'remove' ? method({ ...query, ...call }) : method(body, { ...query, ...call })),
  );
  if (!done) return;
  const id = route.method === 'add' ? idOf(done.answer) : path.at(-1) === noun ? found?.id : undefined;
  const now =
    route.method === 'remove' || id === undefined ? undefined : await after(run, noun, route.method === 'add' ? ids : above, id, options);
  tell(run, noun, route, { answer: done.answer, now, found: found?.row, id: id ?? found?.id, begunOnly: !options.wait });
}

async function inputOf(run: Run, noun: Noun, route: Route, options: VerbOptions, name: string | undefined): Promise<Row> {
  const flags = bodyFlags(route);
  const named = route.method === 'add' ? takesName(route) : undefined;
  const place = placeOf(noun.type);
  if (isAttaching(route.template) && route.method === 'add' && place) return { id: (await one(run, place, [], name ?? '')).id };
  const document = options.from === undefined ? {} : await documentFrom(run, route.declared.type ?? 'identified', options.from);
  const own = await bodyFrom(run, named ? flags.filter((flag) => flag.name !== named) : flags, options);
  return merged(merged(document, own), named && name !== undefined ? { [named.replaceAll('-', '_')]: name } : {});
}

/** How it is when everything is done, or when it has come to what is awaited. */
async function after(run: Run, noun: Noun, above: readonly string[], id: string, options: VerbOptions): Promise<Row | undefined> {
  const { item } = noun;
  if (item === undefined || !noun.ofOne.has('get')) return undefined;
  const get = methodAt(await run.api(), item, [...above, id], 'get');
  const look = async (): Promise<Row & { status?: string | undefined }> => {
    const row = await rowOf(get({ signal: run.cli.signal }));
    return { ...row, status: textAt(row, 'status') ?? textAt(row, 'phase') };
  };
  const { waitFor: wanted } = options;
  if (wanted === undefined) return rowOf(get({ signal: run.cli.signal }));
  return untilStatus(run, { what: `The ${noun.title}`, statuses: [wanted.replaceAll('-', '_')], seconds: options.timeout }, look);
}

interface Done {
  readonly answer: Row;
  readonly now: Row | undefined;
  readonly found: Row | undefined;
  readonly id: string | undefined;
  readonly begunOnly: boolean;
}

function tell(run: Run, { title }: Noun, { method, declaration, template }: Route, { answer, now, found, id, begunOnly }: Done): void {
  const name = nameOf(now ?? found ?? answer);
  const what = `${title.charAt(0).toUpperCase()}${title.slice(1)}${name === '' ? '' : ` ${name}`}`;
  const status = now && (textAt(now, 'status') ?? textAt(now, 'phase'));
  const told = Object.keys(declaration.out ?? {});
  if (told.length > 0) {
    const out = Object.fromEntries(told.map((key) => [key, answer[key]]));
    return run.print(out, properties(linesOf(out)));
  }
  const has = begunOnly ? 'is being' : 'has been';
  if (isAttaching(template) && (method === 'add' || method === 'remove'))
    return run.print(now ?? answer, `${what} ${has} ${method === 'add' ? 'attached' : 'detached'}.\n`);
  if (method === 'add')
    return run.print(now ?? answer, `${what} ${has} made${id === undefined || id === name ? '' : `; its id is ${id}`}.\n`);
  if (method === 'update') return run.print(now ?? answer, `${what} has been changed.\n`);
  if (method === 'remove') return run.print({ id }, `${what} ${has} removed.\n`);
  run.print(
    now ?? answer,
    status === undefined
      ? `${what}: ${verbFor(method, template)} ${begunOnly ? 'has begun' : 'is done'}.\n`
      : `${what} is ${statusWords(status)}.\n`,
  );
}
