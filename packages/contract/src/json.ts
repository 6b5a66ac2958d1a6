import { shapeOf, type Field, type Shape } from './fields.ts';
import { defaultLimits, InputError, inputReasons, type Limits } from './input-error.ts';
import type { Link } from './language.ts';
import { readScalar, wrongValue } from './scalars.ts';
import type { TypeName } from './names.ts';

/**
 * JSON as RHV writes it: integers and booleans are strings ("true", "1073741824"), doubles are numbers, dates are milliseconds, and a list
 * is an object whose one key is the name of its items: `{"disk":[…]}`.
 */
export type Json = { [key: string]: unknown };

/** `send` is for clients, which must be able to send a password; a server never sends one back. */
export interface WriteOptions {
  readonly secrets?: 'omit' | 'send';
}

export function toJson(type: TypeName, value: object, options: WriteOptions = {}): Json {
  return shapeToJson(shapeOf(type), value, options);
}

/** One row of a streamed list: `openJson('vm')`, rows with commas between, `closeJson`. */
export function rowJson(type: TypeName, value: object, options: WriteOptions = {}): string {
  return JSON.stringify(shapeToJson(shapeOf(type), value, options));
}
export const openJson = (member: string): string => `{${JSON.stringify(member)}:[`;
export const closeJson = ']}';

export function shapeToJson(shape: Shape, value: object, options: WriteOptions = {}): Json {
  const source: Readonly<Record<string, unknown>> = { ...value };
  const json: Json = {};
  if (Array.isArray(source['actions']) && source['actions'].length > 0) json['actions'] = { link: source['actions'] };
  if (Array.isArray(source['link']) && source['link'].length > 0) json['link'] = source['link'];
  for (const field of shape.fields) {
    const held = source[field.name];
    if (held === undefined || held === null || (options.secrets !== 'send' && field.flags.has('secret'))) continue;
    const written = field.list
      ? { [field.item]: itemsOf(held).map((item) => oneToJson(field, item, options)) }
      : oneToJson(field, held, options);
    if (written !== undefined) json[field.wire] = written;
  }
  if (source['href'] !== undefined) json['href'] = source['href'];
  return json;
}

const itemsOf = (held: unknown): readonly unknown[] => (Array.isArray(held) ? held : [held]);

function oneToJson(field: Field, value: unknown, options: WriteOptions): unknown {
  const { holds } = field;
  if (holds.kind === 'type') return shapeToJson(shapeOf(holds.type), Object(value), options);
  if (value instanceof Date) return value.getTime();
  if (holds.kind === 'double') return Number.isFinite(value) ? value : undefined;
  return String(value);
}

/** Parses and reads a document of the given type. Throws `InputError`, and nothing else. */
export const parseJson = (type: TypeName, text: string, limits: Limits = defaultLimits): Json =>
  shapeFromJson(shapeOf(type), parse(text, limits), limits);

export function parse(text: string, limits: Limits): unknown {
  if (text.length > limits.size) throw new InputError(inputReasons.input_too_large({ limit: limits.size }));
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the document, which may hold a password.
    const position = /position \d+/.exec(String(error))?.[0] ?? 'its end';
    throw new InputError(inputReasons.input_not_json({ problem: `syntax error at ${position}` }));
  }
}

/**
 * Reads parsed JSON into the fields of a shape: strings or bare values, wrapped lists or plain ones; unknown keys are skipped and null is
 * absent. A value that cannot be what its field holds is an error that names the field. What comes out is as the type declares.
 */
export const shapeFromJson = (shape: Shape, json: unknown, limits: Limits = defaultLimits): Json =>
  readObject(shape, json, shape.element, limits, 1);

function readObject(shape: Shape, json: unknown, at: string, limits: Limits, depth: number): Json {
  if (depth > limits.depth) throw new InputError(inputReasons.input_too_deep({ limit: limits.depth }, at));
  if (!isObject(json)) throw wrongValue('an object', kindOf(json), at);
  const value: Json = {};
  if (typeof json['href'] === 'string') value['href'] = json['href'];
  const links = readLinks(json['link']);
  if (links.length > 0) value['link'] = links;
  const actions = isObject(json['actions']) ? readLinks(json['actions']['link']) : [];
  if (actions.length > 0) value['actions'] = actions;
  for (const [key, held] of Object.entries(json)) {
    const field = shape.byName.get(key);
    if (!field || held === null || held === undefined) continue;
    const read = readField(field, held, `${at}.${key}`, limits, depth);
    if (read !== undefined) value[field.name] = read;
  }
  return value;
}

function readField(field: Field, held: unknown, at: string, limits: Limits, depth: number): unknown {
  if (!field.list) return readOne(field, held, at, limits, depth);
  return itemsIn(field, held, at)
    .filter((item) => item !== null)
    .map((item) => readOne(field, item, at, limits, depth + 1))
    .filter((item) => item !== undefined);
}

/** `{"disk":[…]}`, `{"disk":{…}}` or `[…]`. */
function itemsIn(field: Field, held: unknown, at: string): readonly unknown[] {
  if (Array.isArray(held)) return held;
  if (!isObject(held)) throw wrongValue('a list', kindOf(held), at);
  const items = held[field.item] ?? (field.holds.kind === 'type' ? held[field.holds.type] : undefined) ?? [];
  return Array.isArray(items) ? items : [items];
}

function readOne(field: Field, held: unknown, at: string, limits: Limits, depth: number): unknown {
  const { holds } = field;
  if (holds.kind === 'type') return readObject(shapeOf(holds.type), held, at, limits, depth + 1);
  if (typeof held === 'string' || typeof held === 'number' || typeof held === 'boolean') return readScalar(holds, held, at);
  throw wrongValue('a single value', kindOf(held), at);
}

function readLinks(json: unknown): Link[] {
  if (!Array.isArray(json)) return [];
  return json.filter(isObject).flatMap(({ rel, href }) => (typeof rel === 'string' && typeof href === 'string' ? [{ rel, href }] : []));
}

const isObject = (json: unknown): json is Json => typeof json === 'object' && json !== null && !Array.isArray(json);
const kindOf = (json: unknown): string =>
  Array.isArray(json) ? 'a list' : json === null ? 'null' : typeof json === 'object' ? 'an object' : `a ${typeof json}`;
