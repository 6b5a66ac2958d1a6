/** The newer value, with every part of the older in it that says the same: rows that did not change are the same rows. Dates too. */
export function shared(before: unknown, after: unknown): unknown {
  if (Object.is(before, after)) return before;
  if (before instanceof Date && after instanceof Date) return before.getTime() === after.getTime() ? before : after;
  if (Array.isArray(before) && Array.isArray(after)) {
    const known = new Map(before.flatMap((one: unknown) => (idOf(one) === undefined ? [] : [[idOf(one), one] as const])));
    const items = after.map((one: unknown, index) => shared(known.get(idOf(one)) ?? before[index], one));
    return items.length === before.length && items.every((one, index) => one === before[index]) ? before : items;
  }
  if (!isPlain(before) || !isPlain(after)) return after;
  const merged = Object.fromEntries(Object.entries(after).map(([key, value]) => [key, shared(before[key], value)]));
  const keys = Object.keys(merged);
  return keys.length === Object.keys(before).length && keys.every((key) => key in before && merged[key] === before[key]) ? before : merged;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const idOf = (value: unknown): unknown => (isPlain(value) ? value['id'] : undefined);
