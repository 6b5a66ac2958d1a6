/**
 * Which parts of an image hold data, read as zeros, or are not there at all; and, in a backup, which changed.
 * NBD answers one list per metadata context, each cut at its own places; here they become one.
 */

/**
 * One run of an image. `zero`: reads as zeros. `hole`: not allocated in the top layer, so that a layer restored
 * from here must leave it out (a zero that is no hole hides what lies below). `dirty`: changed since the checkpoint.
 */
export type Extent = { start: number; length: number; zero: boolean; hole: boolean; dirty: boolean };

/** A run as a metadata context reports it: `length` bytes with the context's own flags. */
export type FlagRun = { length: number; flags: number };

/** What the server said about the same stretch, per context. Without `base` everything counts as data. */
export type ContextRuns = { base: readonly FlagRun[]; allocationDepth?: readonly FlagRun[]; dirty?: readonly FlagRun[] };

// Flags of base:allocation and qemu:dirty-bitmap, from the NBD protocol and QEMU's docs/interop/nbd.txt.
const BASE_HOLE = 1;
const BASE_ZERO = 2;
const DIRTY = 1;

/** Lays the contexts over each other from `start` on, as far as all of them reach. */
export function combineRuns(start: number, runs: ContextRuns): Extent[] {
  const base = walk(runs.base);
  const depth = runs.allocationDepth && walk(runs.allocationDepth);
  const dirty = runs.dirty && walk(runs.dirty);
  const extents: Extent[] = [];
  for (let at = start; ;) {
    const length = Math.min(base.left(), depth?.left() ?? Infinity, dirty?.left() ?? Infinity);
    if (length === 0) return extents;
    extents.push({
      start: at,
      length,
      zero: (base.flags() & BASE_ZERO) !== 0,
      // base:allocation calls every zero cluster a hole; the depth, where offered, knows better.
      hole: depth ? depth.flags() === 0 : (base.flags() & BASE_HOLE) !== 0,
      dirty: dirty ? (dirty.flags() & DIRTY) !== 0 : false,
    });
    at += length;
    for (const walker of [base, depth, dirty]) walker?.advance(length);
  }
}

/** Joins neighbours that say the same, so that a client sees each run once. */
export async function* mergeNeighbours(extents: AsyncIterable<Extent>): AsyncGenerator<Extent> {
  let last: Extent | undefined;
  for await (const extent of extents) {
    if (last && last.zero === extent.zero && last.hole === extent.hole && last.dirty === extent.dirty) {
      last = { ...last, length: last.length + extent.length };
    } else {
      if (last) yield last;
      last = extent;
    }
  }
  if (last) yield last;
}

function walk(runs: readonly FlagRun[]) {
  let index = 0;
  let used = 0;
  return {
    left: () => (runs[index]?.length ?? 0) - used,
    flags: () => runs[index]?.flags ?? 0,
    advance(length: number) {
      used += length;
      if (used >= (runs[index]?.length ?? 0)) {
        index += 1;
        used = 0;
      }
    },
  };
}
