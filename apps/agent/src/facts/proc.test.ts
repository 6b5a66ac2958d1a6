import { expect, test } from 'vitest';
import { cpuShares, readCpuinfo, readCpuTimes, readMeminfo, readNetDev, readOsRelease } from './proc.ts';

test('memory is told in bytes, what is not there is zero', () => {
  const memory = readMeminfo('MemTotal:       24667532 kB\nMemFree:             100 kB\nHugePages_Total:       3\n');
  expect(memory('MemTotal')).toBe(24667532 * 1024);
  expect(memory('SwapTotal')).toBe(0);
});

test('shares of the CPUs add up to a hundred; no time between two readings is idle time', () => {
  const before = readCpuTimes('cpu  100 10 50 800 40 5 5 0 20 0\ncpu0 1 2 3 4\n');
  expect(before).toEqual({ user: 110, system: 60, idle: 840 });
  expect(cpuShares(before, { user: 135, system: 85, idle: 890 })).toEqual({ user: 25, system: 25, idle: 50 });
  expect(cpuShares(before, before)).toEqual({ user: 0, system: 0, idle: 100 });
});

test('interfaces have their bytes in both directions, heading lines are none', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 321890813135 6539224    0    0    0     0          0         0 321890813136 6539224    0    0    0     0       0          0
  eth0: 315179473    8052    0    0    0     0          0         0   586640    4595    0    0    0     0       0          0
`;
  expect(readNetDev(text)).toEqual([
    { name: 'lo', receivedBytes: 321890813135, sentBytes: 321890813136 },
    { name: 'eth0', receivedBytes: 315179473, sentBytes: 586640 },
  ]);
});

test('the CPU has its model and flags', () => {
  const text = 'processor\t: 0\nmodel name\t: AMD EPYC\ncpu MHz\t\t: 2596.120\nflags\t\t: fpu vme de\n\nprocessor\t: 1\n';
  expect(readCpuinfo(text)).toEqual({ model: 'AMD EPYC', mhz: 2596.12, flags: ['fpu', 'vme', 'de'] });
});

test('the operating system is named with and without quotes', () => {
  expect(readOsRelease('NAME="Debian GNU/Linux"\nVERSION_ID="12"\n')).toEqual({ name: 'Debian GNU/Linux', version: '12' });
  expect(readOsRelease("NAME=Fedora\nVERSION_ID='41'\n")).toEqual({ name: 'Fedora', version: '41' });
});
