import { expect, test } from 'vitest';
import { domainState } from './domain-state.ts';
import { bigintParam, booleanParam, numberParam, paramsByName, stringParam } from './typed-params.ts';

test('states and reasons have libvirt’s names, and what a newer libvirt adds is unknown rather than wrong', () => {
  expect(domainState({ state: 3, reason: 5 })).toEqual({ state: 'paused', reason: 'ioerror' });
  expect(domainState({ state: 5, reason: 8 })).toEqual({ state: 'shutoff', reason: 'daemon' });
  expect(domainState({ state: 1, reason: 99 })).toEqual({ state: 'running', reason: 'unknown' });
  expect(domainState({ state: 8, reason: 1 })).toEqual({ state: 'unknown', reason: 'unknown' });
  expect(domainState({ state: -1, reason: 0 })).toEqual({ state: 'unknown', reason: 'unknown' });
});

test('typed parameters are read by name, and only as what they are', () => {
  const params = paramsByName([
    { field: 'cpu.time', value: { type: 'ullong', value: 2n ** 60n + 1n } },
    { field: 'vcpu.current', value: { type: 'uint', value: 4 } },
    { field: 'load', value: { type: 'double', value: 0.5 } },
    { field: 'os.name', value: { type: 'string', value: 'Debian' } },
    { field: 'enabled', value: { type: 'boolean', value: true } },
  ]);
  expect(bigintParam(params, 'cpu.time')).toBe(2n ** 60n + 1n);
  expect(numberParam(params, 'cpu.time')).toBe(2 ** 60);
  expect(bigintParam(params, 'vcpu.current')).toBe(4n);
  expect(bigintParam(params, 'load')).toBeUndefined();
  expect(numberParam(params, 'load')).toBe(0.5);
  expect(stringParam(params, 'os.name')).toBe('Debian');
  expect(numberParam(params, 'os.name')).toBeUndefined();
  expect(booleanParam(params, 'enabled')).toBe(true);
  expect(stringParam(params, 'absent')).toBeUndefined();
});
