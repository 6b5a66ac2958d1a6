import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addRange, type ByteRange, coveredBytes, missingRanges } from './ranges.ts';

const SIZE = 64;
const piece = fc.tuple(fc.nat(SIZE), fc.nat(SIZE)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));

function added(pieces: readonly ByteRange[]): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (const { start, end } of pieces) addRange(ranges, start, end);
  return ranges;
}

/** The slow truth: a flag for each byte. */
function touched(pieces: readonly ByteRange[]): boolean[] {
  return Array.from({ length: SIZE }, (_, at) => pieces.some(({ start, end }) => start <= at && at < end));
}

test('ranges cover exactly the bytes that were added, each counted once', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const ranges = added(pieces);
      expect(touched(ranges)).toEqual(touched(pieces));
      expect(coveredBytes(ranges)).toBe(touched(pieces).filter(Boolean).length);
    }),
  );
});

test('ranges stay sorted, apart from each other and not empty', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const ranges = added(pieces);
      for (const [index, range] of ranges.entries()) {
        expect(range.start).toBeLessThan(range.end);
        expect(range.start).toBeGreaterThan(ranges[index - 1]?.end ?? -1);
      }
    }),
  );
});

test('the order in which pieces arrive does not matter', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      expect(added(pieces.toReversed())).toEqual(added(pieces));
    }),
  );
});

test('what is missing and what is there make the whole, without overlap', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.nat(SIZE), (pieces, size) => {
      const missing = touched(missingRanges(added(pieces), size));
      const there = touched(pieces);
      for (let at = 0; at < size; at += 1) expect(missing[at]).toBe(!there[at]);
      expect(missing.slice(size)).not.toContain(true);
    }),
  );
});
