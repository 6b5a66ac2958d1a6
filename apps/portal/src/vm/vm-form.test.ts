import { expect, test } from 'vitest';
import { formOf, inputOf } from './vm-form.ts';

const template = {
  memory: 1024 * 2 ** 20,
  cpu: { topology: { sockets: 1, cores: 2, threads: 1 } },
  os: { type: 'debian_12', boot: { devices: ['hd' as const] } },
};

test('a form that nobody changed asks for nothing', () => {
  expect(inputOf(formOf(template, 'blank'), {})).toEqual({});
});

test('what was changed is asked for, in the API’s words and bytes', () => {
  const form = { ...formOf(template, 'blank'), name: 'web', memory: '2048', sockets: '4', bootSecond: 'cdrom' as const };
  expect(inputOf(form, { name: true, memory: true, sockets: true, bootSecond: true })).toEqual({
    name: 'web',
    memory: 2048 * 2 ** 20,
    cpu: { topology: { sockets: 4 } },
    os: { boot: { devices: ['hd', 'cdrom'] } },
  });
});

test('an emptied size is left to the manager', () => {
  expect(inputOf({ ...formOf(template, 'blank'), guaranteed: '' }, { guaranteed: true })).toEqual({});
});
