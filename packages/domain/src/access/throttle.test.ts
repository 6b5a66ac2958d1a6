import { expect, test } from 'vitest';
import { failedOnceMore, noFailures, waitOf, type Failures, type Throttle } from './throttle.ts';

const throttle: Throttle = { free: 3, longest: 60_000, forgottenAfter: 600_000 };
const failed = (times: number, at = 0): Failures =>
  Array.from({ length: times }).reduce<Failures>((before) => failedOnceMore(before, throttle, at), noFailures);

test('some failures are free, then each doubles the wait, up to the longest', () => {
  expect([0, 2, 3, 4, 5, 9, 500].map((times) => waitOf(failed(times), throttle, 0))).toEqual([0, 0, 1000, 2000, 4000, 60_000, 60_000]);
});

test('the wait runs from the last failure, and ends', () => {
  const failures = failed(5, 10_000);
  expect(waitOf(failures, throttle, 13_000)).toBe(1000);
  expect(waitOf(failures, throttle, 14_000)).toBe(0);
});

test('silence makes up for everything before', () => {
  const later = 10_000_000;
  expect(waitOf(failed(500), throttle, later)).toBe(0);
  expect(failedOnceMore(failed(500), throttle, later)).toEqual({ count: 1, last: later });
});
