import type { Flag, Primitives, TypeDeclaration } from './language.ts';
import { schema, type EnumName, type TypeName } from './schema.ts';

/** What a reference says, taken apart. */
export type Held =
  | { readonly kind: keyof Primitives }
  | { readonly kind: 'enum'; readonly enum: EnumName }
  | { readonly kind: 'type'; readonly type: TypeName };

/** One field of a type as the codecs walk it. */
export interface Field {
  /** The name in TypeScript and in `follow`. */
  readonly name: string;
  /** The name on the wire: XML element and JSON key. */
  readonly wire: string;
  /** The element of one item of a list, and the key of the list in JSON: `{"vm":[…]}`. Empty when there is one value only. */
  readonly item: string;
  readonly list: boolean;
  readonly holds: Held;
  /** Other objects, which `follow` may bring in. */
  readonly link: boolean;
  readonly flags: ReadonlySet<Flag>;
}

const declarations: Readonly<Record<string, TypeDeclaration>> = schema.types;
const primitives: ReadonlySet<string> = new Set<keyof Primitives>(['string', 'boolean', 'integer', 'double', 'date']);

export const isTypeName = (name: string): name is TypeName => Object.hasOwn(schema.types, name);
const isEnumName = (name: string): name is EnumName => Object.hasOwn(schema.enums, name);
const isPrimitive = (name: string): name is keyof Primitives => primitives.has(name);

/** Takes a reference such as `'disk[]?readonly'` apart. Throws when it names nothing: only a mistake in a declaration can. */
export function readReference(reference: string): { holds: Held; list: boolean; flags: ReadonlySet<Flag> } {
  const [held = '', flags = ''] = reference.split('?');
  const list = held.endsWith('[]');
  return { holds: heldBy(list ? held.slice(0, -2) : held), list, flags: new Set(flags.split(',') as Flag[]) };
}

function heldBy(name: string): Held {
  if (isPrimitive(name)) return { kind: name };
  if (isEnumName(name)) return { kind: 'enum', enum: name };
  if (isTypeName(name)) return { kind: 'type', type: name };
  throw new Error(`The model has no ${name}`);
}

/** The element of one object of the type, as a document or in a list. */
export const elementOf = (type: TypeName): string => declarations[type]?.element ?? type;

/** A field of the given name and reference, as it stands on the wire. Actions use it for their parameters too. */
export function fieldOf(name: string, reference: string, link = false, wire = name): Field {
  const { holds, list, flags } = readReference(reference);
  const item = !list ? '' : holds.kind === 'type' ? elementOf(holds.type) : name.replace(/s$/, '');
  return { name, wire, item, list, holds, link, flags };
}

const tables = new Map<TypeName, readonly Field[]>();

/**
 * All fields of a type, inherited ones too, in the order in which they are written: id, name, description, comment, then `status`,
 * then the rest. Scripts such as fence_rhevm take the first `<status>` of a document, so it must come before any nested object.
 */
export function fieldsOf(type: TypeName): readonly Field[] {
  const known = tables.get(type);
  if (known) return known;
  const made = [...allFieldsOf(type).values()].toSorted((a, b) => rank(a) - rank(b));
  tables.set(type, made);
  return made;
}

const leading = ['id', 'name', 'description', 'comment', 'status'];
const rank = (field: Field): number => (leading.includes(field.name) ? leading.indexOf(field.name) : leading.length);

function allFieldsOf(type: string): Map<string, Field> {
  const declared = declarations[type];
  const fields = declared?.extends === undefined ? new Map<string, Field>() : allFieldsOf(declared.extends);
  for (const [part, link] of [['attributes', false] as const, ['links', true] as const]) {
    for (const [name, reference] of Object.entries(declared?.[part] ?? {})) {
      fields.set(name, fieldOf(name, reference, link, declared?.elements?.[name] ?? name));
    }
  }
  return fields;
}

/** A set of fields under an element: what the codecs read and write. A type has one, and so has the `<action>` of a method. */
export interface Shape {
  readonly element: string;
  readonly fields: readonly Field[];
  /** The fields by the names that a client may use for them: the one on the wire, and the one in the model. */
  readonly byName: ReadonlyMap<string, Field>;
}

export function newShape(element: string, fields: readonly Field[]): Shape {
  const names = fields.flatMap((field) => [[field.name, field] as const, [field.wire, field] as const]);
  return { element, fields, byName: new Map(names) };
}

const shapes = new Map<TypeName, Shape>();

export function shapeOf(type: TypeName): Shape {
  const known = shapes.get(type);
  if (known) return known;
  const made = newShape(elementOf(type), fieldsOf(type));
  shapes.set(type, made);
  return made;
}
