/**
 * Byte ranges that were moved, merged. A ticket's `transferred` counts each byte once, however often a client
 * repeats it: a retried block must not make a transfer look finished.
 */

/** Half-open: `start` is in, `end` is not. Both in bytes. */
export type ByteRange = { start: number; end: number };

/**
 * Adds `[start, end)` to a sorted list of disjoint, non-touching ranges, in place: transfers append to one of a
 * few ranges almost always, so this costs a binary search and no allocation.
 */
export function addRange(ranges: ByteRange[], start: number, end: number): void {
  if (end <= start) return;
  const first = firstEndingAtOrAfter(ranges, start);
  let last = first;
  let merged = { start, end };
  for (let next = ranges[last]; next && next.start <= end; next = ranges[++last]) {
    merged = { start: Math.min(merged.start, next.start), end: Math.max(merged.end, next.end) };
  }
  const only = ranges[first];
  if (only && last === first + 1) Object.assign(only, merged);
  else ranges.splice(first, last - first, merged);
}

/** How many bytes the ranges cover. */
export function coveredBytes(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, range) => sum + range.end - range.start, 0);
}

/** The parts of `[0, size)` that the ranges leave out, in order: what a resumed transfer still has to move. */
export function missingRanges(ranges: readonly ByteRange[], size: number): ByteRange[] {
  const missing: ByteRange[] = [];
  let at = 0;
  for (const { start, end } of ranges) {
    if (start >= size) break;
    if (start > at) missing.push({ start: at, end: start });
    at = Math.max(at, end);
  }
  if (at < size) missing.push({ start: at, end: size });
  return missing;
}

function firstEndingAtOrAfter(ranges: readonly ByteRange[], offset: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.end ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
