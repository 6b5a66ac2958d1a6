import { inputTypesOf, typeAt } from '@ostler/contract/access';
import { isTypeName, readReference, shapeOf, type Field, type Held } from '@ostler/contract/fields';
import { enums } from '@ostler/contract/schema';
import { isAction, type Route } from '@ostler/contract/tree';

/** Requests made from the contract alone, for tests that call every method. `ids` holds an object's id for each type. */

type Ids = Readonly<Record<string, string>>;

/** The path of a method, with `own` before `ids` for every id in it. */
export function callPath({ template, method }: Route, ids: Ids, own: Ids = {}): string {
  const path = template.replace(/\{(\w+)\}/g, (_whole, type: string) => own[type] ?? ids[type] ?? '00000000-0000-0000-0000-0000000000ff');
  return isAction(method) ? `${path}/${method}` : path;
}

/** A body, as JSON, that has everything mandatory and refers to the given objects wherever it refers to something. */
export function callBody(route: Route, ids: Ids): Record<string, unknown> {
  const { mandatory = [], variants = [] } = route.declaration;
  const types = inputTypesOf(route);
  const prefix = isAction(route.method) ? [] : [Object.keys(types)[0] ?? ''];
  const body: Record<string, unknown> = {};
  for (const place of [...mandatory, ...(variants[0] ?? [])]) {
    const steps = place.replaceAll(/\|\w+/g, '').split('.');
    let at = body;
    for (const [index, step] of steps.entries()) {
      const holder = [...prefix, ...steps.slice(0, index)];
      const field = holder.length === 0 ? undefined : shapeOf(typeAt(holder.join('.'), types)).byName.get(step);
      const holds = field?.holds ?? heldByAction(types[step]);
      if (index < steps.length - 1) at = inside(at, step, field);
      else if (step === 'id') at[step] = ids[typeAt(holder.join('.'), types)] ?? 'none';
      else at[step] = valueFor(holds, ids);
    }
  }
  return body;
}

function inside(at: Record<string, unknown>, step: string, field: Field | undefined): Record<string, unknown> {
  const held = at[step];
  if (isRecord(held)) {
    // What was begun as a list goes on in its first item.
    const [item] = field?.list && Array.isArray(held[field.item]) ? (held[field.item] as unknown[]) : [held];
    return isRecord(item) ? item : held;
  }
  const inner: Record<string, unknown> = {};
  at[step] = field?.list ? { [field.item]: [inner] } : inner;
  return inner;
}

function valueFor(holds: Held, ids: Ids): unknown {
  if (holds.kind === 'type') return { id: ids[holds.type] ?? 'none' };
  if (holds.kind === 'enum') return enums[holds.enum][0];
  return holds.kind === 'string' ? 'something-new' : 1;
}

const heldByAction = (reference: string | undefined): Held =>
  reference === undefined ? { kind: 'string' } : readReference(reference).holds;

/** Where a method's input can hold a secret, as steps of JSON keys; two levels of objects deep, which is as deep as they stand. */
export function secretPlaces(route: Route): string[][] {
  const types = inputTypesOf(route);
  if (isAction(route.method))
    return Object.entries(types).flatMap(([name, reference]) => {
      const { holds, flags } = readReference(reference);
      return flags.has('secret') ? [[name]] : holds.kind === 'type' ? below(holds.type, 1).map((place) => [name, ...place]) : [];
    });
  const [type] = Object.keys(types);
  return type !== undefined && isTypeName(type) ? below(type, 2) : [];
}

function below(type: Parameters<typeof shapeOf>[0], depth: number): string[][] {
  return shapeOf(type).fields.flatMap((field) => {
    if (field.flags.has('secret')) return [[field.name]];
    if (depth === 0 || field.holds.kind !== 'type' || field.link) return [];
    const step = field.list ? [field.name, field.item] : [field.name];
    return below(field.holds.type, depth - 1).map((place) => [...step, ...place]);
  });
}

/** Puts a value where the steps lead. */
export function plant(body: Record<string, unknown>, [step = '', ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) {
    body[step] = value;
    return;
  }
  const held = body[step];
  const inner = isRecord(held) ? held : {};
  body[step] = inner;
  plant(inner, rest, value);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
