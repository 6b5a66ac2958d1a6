/** Reading libvirt's lists of typed parameters, such as bulk statistics, by name. */
import type { TypedParam } from './wire-types.ts';

export type TypedParams = ReadonlyMap<string, TypedParam['value']['value']>;

export function paramsByName(params: readonly TypedParam[]): TypedParams {
  return new Map(params.map(({ field, value }) => [field, value.value]));
}

/** A number, exact up to 2^53 and rounded beyond; undefined when the parameter is absent or not a number. */
export function numberParam(params: TypedParams, name: string): number | undefined {
  const value = params.get(name);
  return typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : undefined;
}

/** The exact integer, whatever its width on the wire. */
export function bigintParam(params: TypedParams, name: string): bigint | undefined {
  const value = params.get(name);
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

export function stringParam(params: TypedParams, name: string): string | undefined {
  const value = params.get(name);
  return typeof value === 'string' ? value : undefined;
}

export function booleanParam(params: TypedParams, name: string): boolean | undefined {
  const value = params.get(name);
  return typeof value === 'boolean' ? value : undefined;
}
