import { expect, test } from 'vitest';
import { bytes, duration, relative } from './amounts.ts';

test('bytes are said in the largest unit that is reached', () => {
  expect([0, 1023, 1024, 1536, 1024 ** 3 - 1, 1024 ** 3, 2.5 * 1024 ** 4].map((one) => bytes(one, 'en'))).toEqual([
    '0 B',
    '1,023 B',
    '1 KiB',
    '1.5 KiB',
    '1,024 MiB',
    '1 GiB',
    '2.5 TiB',
  ]);
  expect(bytes(1536, 'de')).toBe('1,5 KiB');
});

test('what is no amount is a dash', () => {
  expect([bytes(-1, 'en'), bytes(Number.NaN, 'en')]).toEqual(['–', '–']);
});

test('durations have at most two units, and no empty ones', () => {
  expect([0, 59, 60, 3661, 86_400 + 60].map((one) => duration(one, 'en'))).toEqual(['0 sec', '59 sec', '1 min', '1 hr 1 min', '1 day']);
});

test('what was long ago has its date', () => {
  const now = Date.UTC(2026, 10, 25);
  expect(relative(new Date(now - 90_000), now, 'en')).toBe('1 minute ago');
  expect(relative(new Date(now - 86_400_000), now, 'en')).toBe('yesterday');
  expect(relative(new Date(now - 30 * 86_400_000), now, 'en')).toMatch(/^Oct 26, 2026/);
});
