import { readAt } from '@ostler/contract/input';
import { inGib } from '../sizes.ts';
import { words } from '../show/table.ts';

/** An object of the API whose type only the contract knows. */
export type Row = Readonly<Record<string, unknown>>;

export const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

export const textAt = (row: Row, path: string): string | undefined => {
  const [first] = readAt(row, path);
  return typeof first === 'string' || typeof first === 'number' || typeof first === 'boolean' ? String(first) : undefined;
};

/** What people may call an object by, besides its id. */
const namePaths = ['name', 'alias', 'user_name', 'principal', 'disk.alias', 'disk.name', 'fqdn'];

export const namesOf = (row: Row): string[] => [
  ...new Set(
    namePaths.flatMap((path) => {
      const name = textAt(row, path);
      return name === undefined || name === '' ? [] : [name];
    }),
  ),
];

export const idOf = (row: Row): string | undefined => textAt(row, 'id');

/** What a sentence calls it. */
export const nameOf = (row: Row): string => textAt(row, 'alias') ?? namesOf(row)[0] ?? idOf(row) ?? '';

const bytes = /(?:^|_|\.)(?:memory|size|available|used|committed|guaranteed|memory_policy\.max)$/;

/** What stands at a path, as people read it: sizes in their unit, times to the second, several after one another. */
export function shownAt(row: Row, path: string): string {
  return readAt(row, path)
    .map((value) => shown(value, path))
    .filter((text) => text !== '')
    .join(', ');
}

function shown(value: unknown, path: string): string {
  if (value instanceof Date) return moment(value);
  if (typeof value === 'number') return bytes.test(path) ? inGib(value) : String(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return /(?:^|\.)(?:status|status_detail|phase|usages)$/.test(path) ? (words(value) ?? '') : value;
  return isRow(value) ? nameOf(value) : '';
}

export const moment = (time: Date): string => time.toISOString().slice(0, 19).replace('T', ' ');

/** Everything that an object has, a line each: what it is made of by dotted names, what it refers to by name. */
export function linesOf(row: Row, above = ''): (readonly [string, string])[] {
  return Object.entries(row).flatMap(([key, value]): (readonly [string, string])[] => {
    if (['href', 'link', 'actions', 'action_states'].includes(key)) return [];
    const path = above === '' ? key : `${above}.${key}`;
    const label = path.replaceAll('_', ' ');
    if (Array.isArray(value))
      return value.flatMap((one: unknown) => (isRow(one) ? [[label, inOneLine(one)] as const] : [[label, shown(one, path)] as const]));
    if (!isRow(value)) return [[label, shown(value, path)]];
    return isReference(value) ? [[label, nameOf(value)]] : linesOf(value, path);
  });
}

const isReference = (row: Row): boolean => idOf(row) !== undefined;

const inOneLine = (row: Row): string =>
  namesOf(row)[0] ??
  linesOf(row)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
