import { expect, test } from 'vitest';
import { groupFor, passwdFor } from './accounts.ts';

const group = 'root:x:0:\nkvm:x:107:alice\n';

test('vdsm is in the group that owns /dev/kvm, whatever its name here', () => {
  expect(groupFor(group, 107)).toContain('\nkvm:x:107:alice,vdsm\n');
  expect(groupFor(group, 109)).toContain('\nkvm:x:107:alice\n');
  expect(groupFor(group, 109)).toContain('\nkvm-device:x:109:vdsm\n');
  expect(groupFor(groupFor(group, 109), 109)).toBe(groupFor(group, 109));
});

test('guests are in no group of root', () => {
  expect(groupFor(group, 0)).not.toContain('vdsm');
  expect(groupFor(group, undefined)).not.toContain('vdsm');
});

test('an account that is there stays as it is', () => {
  expect(passwdFor('vdsm:x:36:36:mine:/:/bin/sh\n')).toMatch(/^vdsm:x:36:36:mine:\/:\/bin\/sh\nlibvirt-qemu:.*\n$/);
});
