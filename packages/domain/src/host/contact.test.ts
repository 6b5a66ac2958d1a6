import { expect, test } from 'vitest';
import { afterContact, afterSilence, graceOf, type HostContact } from './contact.ts';

const host = (parts: Partial<HostContact> = {}): HostContact => ({
  status: 'up',
  wanted: 'up',
  lastContact: 100_000,
  watchingSince: 0,
  runningVms: 0,
  ...parts,
});

test('a host that answers is up', () => {
  expect(afterContact(host({ status: 'non_responsive' }))).toBe('up');
});

test('a host that shall go into maintenance prepares for it while VMs run there', () => {
  expect(afterContact(host({ wanted: 'maintenance', runningVms: 2 }))).toBe('preparing_for_maintenance');
  expect(afterContact(host({ wanted: 'maintenance' }))).toBe('maintenance');
});

test('a lost host is connecting for thirty seconds and half a second for each VM, then non-responsive', () => {
  const lost = host({ runningVms: 10 });
  expect(graceOf(lost)).toBe(35_000);
  expect(afterSilence(lost, 100_000 + 34_999)).toBe('connecting');
  expect(afterSilence(lost, 100_000 + 35_000)).toBe('non_responsive');
});

test('silence counts only while a controller was listening', () => {
  const afterTakeover = host({ watchingSince: 500_000 });
  expect(afterSilence(afterTakeover, 500_001)).toBe('connecting');
  expect(afterSilence(afterTakeover, 530_000)).toBe('non_responsive');
});

test('a non-responsive host stays so until it answers', () => {
  expect(afterSilence(host({ status: 'non_responsive', lastContact: 999_999 }), 1_000_000)).toBe('non_responsive');
});

test('a silent host in maintenance is not missed', () => {
  expect(afterSilence(host({ wanted: 'maintenance' }), 10_000_000)).toBe('maintenance');
});
