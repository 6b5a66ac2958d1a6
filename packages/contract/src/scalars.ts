import type { Held } from './fields.ts';
import { InputError, inputReasons } from './input-error.ts';
import type { EnumName } from './names.ts';
import { enums } from './schema.ts';

/** A value that is neither an object nor a list, in TypeScript. */
export type Scalar = string | number | boolean | Date;
/** One as it comes: text in XML, any of these in JSON. */
export type RawScalar = string | number | boolean;

type ScalarHeld = Exclude<Held, { kind: 'type' }>;

/**
 * Reads one value with the tolerance of RHV: JSON's numbers and booleans may be strings, enums and `true` come in any case, 0 and 1 are
 * booleans, and an empty value of anything but a string is none.
 */
export function readScalar(holds: ScalarHeld, raw: RawScalar, field: string): Scalar | undefined {
  if (holds.kind === 'string') return textOf(String(raw), field);
  const text = String(raw).trim();
  if (text === '') return undefined;
  const value = read(holds, raw, text);
  if (value === undefined) throw wrongValue(expectedOf(holds), text, field);
  return value;
}

/** PostgreSQL keeps no NUL, and nothing that a person writes has one. */
function textOf(text: string, field: string): string {
  if (text.includes('\0')) throw wrongValue('text without NUL characters', 'one', field);
  return text;
}

export const wrongValue = (expected: string, found: string, field: string): InputError =>
  new InputError(inputReasons.input_wrong_value({ expected, found: shortened(found) }, field));

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

function read(holds: ScalarHeld, raw: RawScalar, text: string): Scalar | undefined {
  if (holds.kind === 'boolean') return { true: true, 1: true, false: false, 0: false }[text.toLowerCase()];
  if (holds.kind === 'integer') return readInteger(raw, text);
  if (holds.kind === 'double') return readDouble(text);
  if (holds.kind === 'date') return readDate(text);
  return holds.kind === 'enum' ? valuesOf(holds.enum).get(text.toLowerCase()) : text;
}

function readInteger(raw: RawScalar, text: string): number | undefined {
  const value = typeof raw === 'number' ? raw : /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

function readDouble(text: string): number | undefined {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

const isoDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?$/;

/** Milliseconds since the epoch, as JSON has dates, or ISO 8601, where no zone means UTC. */
function readDate(text: string): Date | undefined {
  if (/^-?\d+$/.test(text)) return validDate(Number(text));
  const parts = isoDate.exec(text);
  if (!parts) return undefined;
  return validDate(Date.parse(parts[1] === undefined ? text.slice(0, 10) : parts[4] === undefined ? `${text}Z` : text));
}

/** Only years of four digits: others cannot be written as xs:dateTime. */
function validDate(time: number): Date | undefined {
  return time >= -62_167_219_200_000 && time <= 253_402_300_799_999 ? new Date(time) : undefined;
}

const lookups = new Map<EnumName, ReadonlyMap<string, string>>();

function valuesOf(name: EnumName): ReadonlyMap<string, string> {
  const known = lookups.get(name);
  if (known) return known;
  const made = new Map(enums[name].map((value) => [value.toLowerCase(), value]));
  lookups.set(name, made);
  return made;
}

const expected = { boolean: 'true or false', integer: 'a whole number', double: 'a number', date: 'a date', string: 'text' };

const expectedOf = (holds: ScalarHeld): string => (holds.kind === 'enum' ? `one of ${enums[holds.enum].join(', ')}` : expected[holds.kind]);
