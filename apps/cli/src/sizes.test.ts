import { expect, test } from 'vitest';
import { humanDuration, humanSize, inGib, parseSize } from './sizes.ts';

test.each([
  ['1048576', 1024 ** 2],
  ['64MiB', 64 * 1024 ** 2],
  ['64m', 64 * 1024 ** 2],
  ['1.5 GiB', 1.5 * 1024 ** 3],
  ['2T', 2 * 1024 ** 4],
  ['512 bytes', 512],
  ['0', 0],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', 'much', '-1', '10GB', '1e3', '0.3', '9999999P', '1 2', '0x10', '١٢'])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test('lists show GiB, and what is less than a hundredth is not nothing', () => {
  expect([undefined, 0, 1, 64 * 1024 ** 2, 1024 ** 3, 20.5 * 1024 ** 3].map(inGib)).toEqual([
    '',
    '0 GiB',
    '< 0.01 GiB',
    '0.06 GiB',
    '1 GiB',
    '20.5 GiB',
  ]);
});

test('progress shows the unit that suits', () => {
  expect([0, 1, 1023, 1024, 1536, 20 * 1024 ** 2, 3.25 * 1024 ** 4].map(humanSize)).toEqual([
    '0 bytes',
    '1 bytes',
    '1023 bytes',
    '1.00 KiB',
    '1.50 KiB',
    '20.0 MiB',
    '3.25 TiB',
  ]);
});

test('durations are told in the two largest units', () => {
  expect([0.2, 59, 60, 200, 3600, 7500].map(humanDuration)).toEqual(['0 s', '59 s', '1 min', '3 min 20 s', '1 h', '2 h 5 min']);
});
