import { expect, test } from 'vitest';
import { clockOffset, timeZoneFits } from './time-zone.ts';

const summer = Date.UTC(2025, 6, 1);
const winter = Date.UTC(2025, 0, 1);

test('the clock is set off by the zone, summer time included', () => {
  expect(clockOffset(undefined, 'rhel_8x64', summer)).toBe(0);
  expect(clockOffset('Europe/Berlin', 'rhel_8x64', summer)).toBe(7200);
  expect(clockOffset('Europe/Berlin', 'rhel_8x64', winter)).toBe(3600);
  expect(clockOffset('India Standard Time', 'windows_2019x64', winter)).toBe(19_800);
  expect(clockOffset(undefined, 'windows_2019x64', summer)).toBe(3600);
  expect(clockOffset('Eastern Standard Time', 'windows_10', winter + 999)).toBe(-18_000);
});

test('Windows has names of its own', () => {
  expect(timeZoneFits('GMT Standard Time', 'windows_10')).toBe(true);
  expect(timeZoneFits('GMT Standard Time', 'other')).toBe(false);
  expect(timeZoneFits('America/Nowhere', 'other')).toBe(false);
});
