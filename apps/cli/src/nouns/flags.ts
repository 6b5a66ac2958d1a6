import { fieldOf, fieldsOf, type Field } from '@ostler/contract/fields';
import { enums, type TypeName } from '@ostler/contract/schema';
import { allMethods, isAction, type Route } from '@ostler/contract/tree';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseSize } from '../sizes.ts';
import { placeOf } from './tree.ts';

/** The flags of a method, from the types of the contract: `memory_policy.max` is `--memory-policy.max`. */
export interface Flag {
  /** Where its value stands in the input, or the parameter's name. */
  readonly path: readonly string[];
  /** Without the dashes. */
  readonly name: string;
  readonly kind: 'switch' | 'value' | 'reference' | 'secret';
  readonly list: boolean;
  /** For references: what is meant by a name. */
  readonly refersTo?: TypeName;
  readonly hint: string;
  readonly choices?: readonly string[];
  readonly read: (text: string) => unknown;
}

/** Deeper than this a document says it better: `--from FILE`. What an action takes of an object is a step deeper. */
const deepest = 3;

const kebab = (name: string): string => name.replaceAll('_', '-');

/** What goes into the body: for `add` and `update` the type's own fields, for an action its elements. */
export function bodyFlags({ method, declaration, declared, template }: Route): Flag[] {
  if (isAction(method))
    return Object.entries(declaration.action ?? {}).flatMap(([name, reference]) =>
      flagsOf(fieldOf(name, reference), [], declared.type, deepest + 1),
    );
  if (method !== 'add' && method !== 'update') return [];
  const type = declared.type ?? 'identified';
  const collection = method === 'add' ? template : template.slice(0, template.lastIndexOf('/'));
  return fieldsOf(type).flatMap((field) => (isSubcollection(collection, field) ? [] : flagsOf(field, [], type)));
}

/** What goes into the query, besides what every list has flags for. */
export function queryFlags({ method, declaration }: Route): Flag[] {
  const own = method === 'list' ? ['search', 'max', 'case_sensitive'] : [];
  return Object.entries(declaration.query ?? {})
    .filter(([name]) => !own.includes(name))
    .flatMap(([name, reference]) => flagsOf({ ...fieldOf(name, reference), link: false }, [], undefined));
}

/** What parts of an object have as well, and nobody sets there. */
const aside: ReadonlySet<string> = new Set(['id', 'description', 'comment']);

/** `vms/nics`: what each object of a collection has a collection of. */
const subcollections: ReadonlySet<string> = new Set(
  [...allMethods()].flatMap(({ template }) => {
    const [, collection, rel] = /^(?:(.*)\/)\{\w+\}\/(\w+)$/.exec(template) ?? [];
    return rel === undefined ? [] : [`${collection}/${rel}`];
  }),
);

/** What an object has many of, at a place of their own, is not given with it. */
const isSubcollection = (collection: string, { link, list, name }: Field): boolean =>
  link && list && subcollections.has(`${collection}/${name.replaceAll('_', '')}`);

function flagsOf(field: Field, above: readonly string[], owner: TypeName | undefined, limit = deepest): Flag[] {
  const { name, holds, list, flags, link } = field;
  if (flags.has('readonly') || flags.has('deprecated')) return [];
  if (above.length === 0 && name === 'id' && owner !== undefined) return [];
  const path = [...above, name];
  const base = { path, name: path.map(kebab).join('.'), list };
  if (flags.has('secret')) return [{ ...base, name: `${base.name}-file`, kind: 'secret', hint: '<file>', read: String }];
  if (holds.kind === 'type') {
    const refers = link || (above.length === 0 && holds.type !== owner && placeOf(holds.type) !== undefined);
    if (refers)
      return [{ ...base, kind: 'reference', refersTo: holds.type, hint: `<${kebab(name).replace(/s$/, list ? '' : 's')}>`, read: String }];
    if (list) return [{ ...base, kind: 'value', hint: '<key=value,…>', read: readObject }];
    if (path.length >= limit) return [];
    const inside = fieldsOf(holds.type);
    const isIdentified = inside.some((inner) => inner.name === 'name');
    const shown = inside.filter((inner) => !(isIdentified && aside.has(inner.name)) && !(inner.link && inner.list));
    return shown.flatMap((inner) => flagsOf(inner, path, holds.type, limit));
  }
  if (holds.kind === 'boolean' && !list) return [{ ...base, kind: 'switch', hint: '', read: Boolean }];
  if (holds.kind === 'enum')
    return [{ ...base, kind: 'value', hint: `<${kebab(name)}>`, choices: enums[holds.enum], read: choiceOf(enums[holds.enum]) }];
  if (holds.kind === 'integer') return [{ ...base, kind: 'value', hint: '<number>', read: readInteger }];
  return [{ ...base, kind: 'value', hint: holds.kind === 'string' ? '<text>' : `<${holds.kind}>`, read: String }];
}

/** A number, also of bytes with their unit. */
function readInteger(text: string): number {
  const number = /^-\d+$/.test(text) ? Number(text) : parseSize(text);
  if (number === undefined) throw new InvalidArgumentError('It is a whole number; where it counts bytes it may be written as 4GiB.');
  return number;
}

const choiceOf =
  (choices: readonly string[]) =>
  (text: string): string => {
    const meant = text.toLowerCase().replaceAll('-', '_');
    if (!choices.includes(meant)) throw new InvalidArgumentError(`It is one of ${choices.join(', ')}.`);
    return meant;
  };

/** `name=web,value=1`, or the object in JSON. */
function readObject(text: string): unknown {
  if (text.startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new InvalidArgumentError(`It is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }
  const pairs = text.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
  if (text.split(',').some((pair) => !/^[^=]+=/.test(pair)))
    throw new InvalidArgumentError('Write it as key=value,key=value, or as an object in JSON.');
  return Object.fromEntries(pairs.map(([key, value]) => [key.replaceAll('-', '_').trim(), value]));
}

/** Gives a command the flags that it does not have by hand already; answers those that it got. */
export function addFlags(command: Command, flags: readonly Flag[]): readonly Flag[] {
  const taken = new Set([...reserved, ...command.options.map(({ long }) => long ?? '')]);
  const added = flags.filter(({ name }) => !taken.has(`--${name}`));
  for (const flag of added) for (const option of optionsOf(flag)) command.addOption(option);
  return added;
}

const reserved = ['--output', '--quiet', '--help', '--dry-run', '--wait', '--from', '--no-wait', '--timeout', '--wait-for'];

export const keyOf = (flag: Flag): string => new Option(`--${flag.name}${flag.hint === '' ? '' : ` ${flag.hint}`}`).attributeName();

function optionsOf(flag: Flag): Option[] {
  const { name, kind, hint, list, choices, read, refersTo } = flag;
  const heading = 'Properties:';
  if (kind === 'switch') return [new Option(`--${name}`, `or --no-${name}`).helpGroup(heading), new Option(`--no-${name}`).hideHelp()];
  const option = new Option(`--${name} ${hint}`, describe(kind, list, choices, refersTo)).helpGroup(heading);
  return [
    option.argParser((text: string, before: unknown) => (list ? [...(Array.isArray(before) ? before : []), read(text)] : read(text))),
  ];
}

function describe(kind: Flag['kind'], list: boolean, choices: readonly string[] | undefined, refersTo: TypeName | undefined): string {
  const said = [
    kind === 'secret' && 'its first line; "-" is standard input',
    refersTo !== undefined && 'name or id',
    choices !== undefined && (choices.length <= 8 ? choices.join(', ') : `${choices.slice(0, 6).join(', ')}, …`),
    list && 'may be given several times',
  ];
  return said.filter(Boolean).join('; ');
}
