import { readReference } from './fields.ts';
import { enums } from './schema.ts';

/** A read value; undefined when an empty one says nothing. Or what would have been right. */
export type ReadParameter = { readonly value: string | number | boolean | undefined } | { readonly expected: string };

const truths = new Set(['', 'true', 't', 'yes', 'y', '1']);
const lies = new Set(['false', 'f', 'no', 'n', '0']);

/**
 * Reads a query or matrix parameter as RHV does: a boolean without a value is true (`?current`), every other empty value is no value
 * (`follow=`, `search=` come from Ansible), and a negative `max` means no limit.
 */
export function readParameter(reference: string, text: string): ReadParameter {
  const { holds } = readReference(reference);
  if (holds.kind === 'boolean') return readTruth(text);
  if (text.trim() === '') return { value: undefined };
  if (text.includes('\0')) return { expected: 'text without NUL characters' };
  if (holds.kind === 'integer') return readInteger(text.trim());
  if (holds.kind !== 'enum') return { value: text };
  const value = enums[holds.enum].find((one) => one === text.toLowerCase());
  return value === undefined ? { expected: `one of ${enums[holds.enum].join(', ')}` } : { value };
}

function readTruth(text: string): ReadParameter {
  const word = text.trim().toLowerCase();
  if (truths.has(word)) return { value: true };
  return lies.has(word) ? { value: false } : { expected: 'true or false' };
}

function readInteger(text: string): ReadParameter {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) return { expected: 'a whole number' };
  return { value: value < 0 ? undefined : value };
}
