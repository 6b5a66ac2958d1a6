/** Objects of the API for programs: their fields as they are, dates in ISO 8601, without what only serves to find one's way in the API. */

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

const waymarks: ReadonlySet<string> = new Set(['link', 'actions', 'href']);

export function plain(value: unknown): Plain {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object') return String(value);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, held]) => (held === undefined || waymarks.has(key) ? [] : [[key, plain(held)] as const])),
  );
}

export const toJsonText = (value: unknown): string => `${JSON.stringify(plain(value), undefined, 2)}\n`;

/** YAML 1.2, of which JSON's scalars are a part: whatever could be read as something else stands in quotes. */
export const toYamlText = (value: unknown): string => `${block(plain(value), '')}\n`;

function block(value: Plain, indent: string): string {
  if (isList(value)) return value.length === 0 ? '[]' : value.map((item) => `${indent}- ${under(item, `${indent}  `)}`).join('\n');
  if (!isRecord(value)) return scalar(value);
  const entries = Object.entries(value);
  return entries.length === 0 ? '{}' : entries.map(([key, held]) => `${indent}${scalar(key)}:${behind(held, indent)}`).join('\n');
}

/** Behind the dash of a list: its first line goes on, the others are indented. */
const under = (value: Plain, indent: string): string => block(value, indent).slice(isEmpty(value) || isScalar(value) ? 0 : indent.length);

/** Behind a key: short things on its line, others below. */
const behind = (value: Plain, indent: string): string =>
  isScalar(value) || isEmpty(value) ? ` ${block(value, '')}` : `\n${block(value, `${indent}  `)}`;

const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value);
const isRecord = (value: Plain): value is { readonly [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !isList(value);
const isScalar = (value: Plain): boolean => typeof value !== 'object' || value === null;
const isEmpty = (value: Plain): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** Words that some reader of YAML takes for a truth, a null or a number. */
const ambiguous = /^(?:true|false|yes|no|on|off|y|n|null|~|\.nan|[-+]?\.?inf|[-+]?[\d.][\d._:eExXoO+-]*)$/i;

const scalar = (value: Plain): string =>
  typeof value === 'string' && /^[A-Za-z_/][\w ./@+-]*$/.test(value) && !ambiguous.test(value) && !value.endsWith(' ')
    ? value
    : JSON.stringify(value);
