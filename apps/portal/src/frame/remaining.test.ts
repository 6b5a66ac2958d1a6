import { expect, test } from 'vitest';
import { remaining } from './remaining.ts';

test('what is left follows from what is done, where enough is known', () => {
  expect([remaining(30, 50), remaining(10, 90), remaining(1, 50), remaining(60, 2), remaining(60, 100)]).toEqual([
    30,
    1,
    undefined,
    undefined,
    undefined,
  ]);
});
