import type { MethodDeclaration } from './service-language.ts';

/**
 * What stands in an input at a path such as `cluster.id`; a list on the way gives all that its items have there. Nothing found, or only
 * empty strings, is an empty answer. `cluster.id|name` is what either of the two gives.
 */
export function readAt(input: unknown, path: string): readonly unknown[] {
  let found = [input];
  for (const step of path.split('.')) found = step.split('|').flatMap((key) => found.flatMap((value) => inside(value, key)));
  return found.filter((value) => value !== '');
}

function inside(value: unknown, key: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return [];
  const held: unknown = Reflect.get(value, key);
  if (Array.isArray(held)) return held;
  return held === undefined || held === null ? [] : [held];
}

/** The mandatory places that the input lacks. Where a method has variants and none is complete, those of the one that lacks the least. */
export function missingInput(method: MethodDeclaration, input: unknown): readonly string[] {
  const lacking = (paths: readonly string[]) => paths.filter((path) => readAt(input, path).length === 0);
  const variants = (method.variants ?? []).map(lacking).toSorted((a, b) => a.length - b.length);
  return [...lacking(method.mandatory ?? []), ...(variants[0] ?? [])];
}
