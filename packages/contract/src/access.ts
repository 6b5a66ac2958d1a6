import type { PermitName } from '@ostler/domain/access/permits';
import { isTypeName, readReference, shapeOf, type Held } from './fields.ts';
import { readAt } from './input.ts';

import type { MethodDeclaration, ServiceDeclaration } from './service-language.ts';
import type { TypeName } from './names.ts';

/**
 * Who may call a method. Every built method says it, or does not compile.
 * - `login`: whoever is logged in.
 * - `visible`: whoever may see the object; lists answer what the reader may see.
 * - `needs`: whoever has all of the permits, each on its object, or owns the named one.
 */
export type Access =
  { readonly login: true } | { readonly visible: true } | { readonly needs: readonly Permit[]; readonly orOwnerOf?: string };

export interface Permit {
  readonly permit: PermitName;
  readonly on: AccessObject;
  readonly when?: Condition;
}

/** A permit that is asked for only if the input has something at the place, or has nothing there, or a parameter has the value. */
export type Condition = { readonly given: string } | { readonly missing: string } | { readonly parameter: string; readonly is: boolean };

/**
 * What a permit must be held on.
 * - `path`: the object whose id is in the path, under the name it has there.
 * - `owner`: the object whose sub-collection this is, for services that hang under many kinds of objects.
 * - `body`: what the input refers to at the place; every one of a list.
 */
export type AccessObject =
  | { readonly of: 'system' }
  | { readonly of: 'path'; readonly id: string }
  | { readonly of: 'owner' }
  | ({ readonly of: 'body'; readonly at: string } & BodyOptions);

export interface BodyOptions {
  /** If the input refers to nothing there: ask for the permit on the system, or not at all. Otherwise the input is incomplete. */
  readonly absent?: 'system' | 'skip';
  /** Only references by id count: an object that is described there to be created has a name too. */
  readonly by?: 'id';
}

export const login: Access = { login: true };
export const visible: Access = { visible: true };
export const needs = (first: Permit, ...others: (Permit | { orOwnerOf: string })[]): Access => ({
  needs: [first, ...others.filter((other) => 'permit' in other)],
  ...others.find((other) => 'orOwnerOf' in other),
});
export const permit = (name: PermitName, on: AccessObject, when?: Condition): Permit => ({ permit: name, on, ...(when && { when }) });
export const system: AccessObject = { of: 'system' };
export const owner: AccessObject = { of: 'owner' };
export const path = (id: string): AccessObject => ({ of: 'path', id });
export const body = (at: string, options: BodyOptions = {}): AccessObject => ({ of: 'body', at, ...options });

/** An object on which a permit must be held, as the request names it: by id, or by name where the input does. */
export type Named =
  { readonly type: 'system' } | { readonly type: TypeName; readonly id: string } | { readonly type: TypeName; readonly name: string };

export interface Requirement {
  readonly permit: PermitName;
  readonly object: Named;
}

/** What a request asks of its caller, or the place in the input that is missing. */
export type Required = { readonly requirements: readonly Requirement[] } | { readonly missing: string };

/** The parts of a call that access is decided on. `template` is the declared path that matched: `vms/{vm}/permissions`. */
export interface Asked {
  readonly template: string;
  readonly ids: Readonly<Record<string, string | undefined>>;
  /** The input under its type's name, or the parameters of an action: places begin with that name. */
  readonly input: Readonly<Record<string, unknown>>;
  /** What stands under each of those names: references as in declarations. */
  readonly inputTypes: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What a call asks of its caller. An object that must be named and is not makes the input incomplete. */
export function requirementsOf(permits: readonly Permit[], asked: Asked): Required {
  const requirements: Requirement[] = [];
  for (const { permit: name, on, when } of permits) {
    if (when && !holds(when, asked)) continue;
    const objects = objectsOf(on, asked);
    if (objects === undefined) return { missing: on.of === 'body' ? on.at : on.of };
    requirements.push(...objects.map((object) => ({ permit: name, object })));
  }
  return { requirements };
}

function holds(condition: Condition, asked: Asked): boolean {
  if ('parameter' in condition) return asked.parameters[condition.parameter] === condition.is;
  if ('given' in condition) return readAt(asked.input, condition.given).length > 0;
  return readAt(asked.input, condition.missing).length === 0;
}

function objectsOf(on: AccessObject, asked: Asked): readonly Named[] | undefined {
  if (on.of === 'system') return [{ type: 'system' }];
  if (on.of === 'path') return inPath(on.id, asked);
  if (on.of === 'owner') return inPath(ownerIn(asked.template), asked);
  const objects = referred(on.at, on, asked);
  if (objects.length > 0) return objects;
  if (on.absent === 'skip') return [];
  return on.absent === 'system' ? [{ type: 'system' }] : undefined;
}

function inPath(id: string, { ids }: Asked): readonly Named[] | undefined {
  const value = ids[id];
  return value !== undefined && isTypeName(id) ? [{ type: id, id: value }] : undefined;
}

/** `vm` in `vms/{vm}/permissions/{permission}`; empty for a collection at the root, which is the system's. */
export const ownerIn = (template: string): string => /^.*\{(\w+)\}\/\w+(?:\/\{\w+\})?$/.exec(template)?.[1] ?? '';

function referred(place: string, { by }: BodyOptions, { input, inputTypes }: Asked): readonly Named[] {
  const type = typeAt(place, inputTypes);
  return readAt(input, place).flatMap((object): Named[] => {
    const [id] = readAt(object, 'id');
    if (typeof id === 'string') return [{ type, id }];
    const [name] = readAt(object, 'name');
    return typeof name === 'string' && by !== 'id' ? [{ type, name }] : [];
  });
}

/** The type of what a place of the input refers to. Throws if the place is not in the model: only a mistake in a declaration can. */
export function typeAt(place: string, inputTypes: Asked['inputTypes']): TypeName {
  const [root = '', ...steps] = place.split('.');
  let held: Held = readReference(inputTypes[root] ?? '').holds;
  for (const step of steps) {
    const field = held.kind === 'type' ? shapeOf(held.type).byName.get(step) : undefined;
    if (!field) throw new Error(`The model has no ${place}`);
    held = field.holds;
  }
  if (held.kind !== 'type') throw new Error(`${place} is not an object`);
  return held.type;
}

/** What may stand in the input of a method, by name: the object's type for `add` and `update`, the parameters of an action. */
export function inputTypesOf(route: { method: string; declaration: MethodDeclaration; declared: ServiceDeclaration }): Asked['inputTypes'] {
  const { method, declaration, declared } = route;
  if (method !== 'add' && method !== 'update') return declaration.action ?? {};
  const reference = declaration.body ?? declared.type;
  return reference === undefined ? {} : { [reference.replace('[]', '')]: reference };
}
