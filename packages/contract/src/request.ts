import { inputTypesOf } from './access.ts';
import { actionInput } from './action.ts';
import { readReference, shapeOf, type Shape } from './fields.ts';
import { defaultLimits, type Limits } from './input-error.ts';
import { parse, shapeFromJson } from './json.ts';
import { isAction, type Route } from './tree.ts';
import { shapeFromXml } from './xml-reader.ts';

/** What a request's body says: the handler's input, and what of `<action>` are really parameters. */
export interface ReadInput {
  readonly input: object | undefined;
  readonly parameters: { readonly async?: boolean; readonly correlation_id?: string };
}

/**
 * Reads a request's body for its method. Whether it is XML or JSON is seen from its first character: clients are careless with content
 * types. No body is an empty object, of which mandatory input is then missing. GET and DELETE have no input, whatever comes with them.
 * Throws `InputError`, and nothing else.
 */
export function readInput(
  route: Pick<Route, 'method' | 'declaration' | 'declared'>,
  body: string,
  limits: Limits = defaultLimits,
): ReadInput {
  const shape = inputShape(route);
  if (!shape) return { input: undefined, parameters: {} };
  const read = readBody(shape, body, limits);
  if (!isAction(route.method)) return { input: read, parameters: {} };
  const { async: wait, correlation_id: correlation, ...input } = read;
  return {
    input,
    parameters: {
      ...(typeof wait === 'boolean' && { async: wait }),
      ...(typeof correlation === 'string' && { correlation_id: correlation }),
    },
  };
}

function inputShape(route: Pick<Route, 'method' | 'declaration' | 'declared'>): Shape | undefined {
  if (isAction(route.method)) return actionInput(route.declaration);
  const [reference] = Object.values(inputTypesOf(route));
  if (reference === undefined || (route.method !== 'add' && route.method !== 'update')) return undefined;
  const { holds } = readReference(reference);
  return holds.kind === 'type' ? shapeOf(holds.type) : undefined;
}

function readBody(shape: Shape, body: string, limits: Limits): { [name: string]: unknown } {
  const first = /^[\s\ufeff]*(\S)/.exec(body)?.[1];
  if (first === undefined) return {};
  return first === '<' ? shapeFromXml(shape, body.trimStart(), limits) : shapeFromJson(shape, parse(body, limits), limits);
}
