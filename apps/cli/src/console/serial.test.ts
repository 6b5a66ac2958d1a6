import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { listenFor } from './serial.ts';

test('a text is heard wherever the pieces in which it comes are cut', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.string(),
      fc.string(),
      fc.array(fc.nat(64)),
      (wanted, before, behind, cuts) => {
        const all = Buffer.from(before + wanted + behind);
        const heard = listenFor(Buffer.from(wanted));
        const places = [...new Set([0, ...cuts.filter((cut) => cut < all.length), all.length])].toSorted((a, b) => a - b);
        return places.slice(1).some((end, at) => heard(all.subarray(places[at], end)));
      },
    ),
  );
});

test('what was not said is not heard', () => {
  const heard = listenFor(Buffer.from('login:'));
  expect(['logi', 'log', 'in', ' login', ' :'].map((piece) => heard(Buffer.from(piece)))).toEqual([false, false, false, false, false]);
  expect(heard(Buffer.from('login:'))).toBe(true);
});
