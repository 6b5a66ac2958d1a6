import type { Client } from '@ostler/contract/client';
import { isRow, type Row } from './row.ts';

type Method = (...given: unknown[]) => Promise<unknown>;
const isFunction = (value: unknown): value is (...given: unknown[]) => unknown => typeof value === 'function';

/** A method of the client by its place in the contract: what the client's type tells to those who know the place when they write it. */
export function methodAt(api: Client, template: string, ids: readonly string[], method: string): Method {
  let node: unknown = api;
  let at = 0;
  for (const step of template.split('/')) node = step.startsWith('{') ? itemOf(node, ids[at++] ?? '') : Reflect.get(Object(node), step);
  const found: unknown = Reflect.get(Object(node), method);
  if (!isFunction(found)) throw new Error(`The client has no ${method} at ${template}`);
  return async (...given) => found(...given);
}

function itemOf(node: unknown, id: string): unknown {
  if (!isFunction(node)) throw new Error('The client has no items there');
  return node(id);
}

export async function rowsOf(answer: Promise<unknown>): Promise<Row[]> {
  const rows = await answer;
  return Array.isArray(rows) ? rows.filter(isRow) : [];
}

export async function rowOf(answer: Promise<unknown>): Promise<Row> {
  const row = await answer;
  return isRow(row) ? row : {};
}
