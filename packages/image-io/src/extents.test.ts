import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineRuns, type Extent, type FlagRun, mergeNeighbours } from './extents.ts';

async function collected(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const all: Extent[] = [];
  for await (const extent of extents) all.push(extent);
  return all;
}

const runs = fc.array(fc.record({ length: fc.integer({ min: 1, max: 9 }), flags: fc.nat(3) }), { minLength: 1, maxLength: 12 });

function flagsAt(list: readonly FlagRun[], offset: number): number | undefined {
  let end = 0;
  return list.find(({ length }) => (end += length) > offset)?.flags;
}

test('a zero cluster that hides a backing file is a zero, but no hole', () => {
  expect(
    combineRuns(0, {
      base: [{ length: 8, flags: 3 }],
      allocationDepth: [
        { length: 4, flags: 1 },
        { length: 4, flags: 0 },
      ],
    }),
  ).toEqual([
    { start: 0, length: 4, zero: true, hole: false, dirty: false },
    { start: 4, length: 4, zero: true, hole: true, dirty: false },
  ]);
});

test('combined extents say at each byte what each context says there, as far as all of them reach', async () => {
  await fc.assert(
    fc.asyncProperty(runs, runs, runs, async (base, allocationDepth, dirty) => {
      const extents = combineRuns(100, { base, allocationDepth, dirty });
      const total = (list: readonly FlagRun[]) => list.reduce((sum, { length }) => sum + length, 0);
      const reach = Math.min(total(base), total(allocationDepth), total(dirty));
      const merged = await collected(
        mergeNeighbours(
          (async function* () {
            yield* extents;
          })(),
        ),
      );
      for (const list of [extents, merged]) {
        expect(list.reduce((sum, { length }) => sum + length, 0)).toBe(reach);
        for (const { start, length, zero, hole, dirty: changed } of list) {
          for (let at = start - 100; at < start - 100 + length; at += 1) {
            expect(zero).toBe(((flagsAt(base, at) ?? 0) & 2) !== 0);
            expect(hole).toBe(flagsAt(allocationDepth, at) === 0);
            expect(changed).toBe(((flagsAt(dirty, at) ?? 0) & 1) !== 0);
          }
        }
      }
      const facts = merged.map(({ zero, hole, dirty: changed }) => `${zero} ${hole} ${changed}`);
      expect(facts.filter((fact, index) => fact === facts[index - 1])).toEqual([]);
    }),
  );
});
