import { describe, expect, test } from 'vitest';
import { stateOf } from './state.ts';

const ran = { ran: true };
const minute = 60_000;

describe('a run that goes on', () => {
  test('is running, unless its guest has just been asked to shut down or reboot', () => {
    const running = { state: 'running', reason: 'booted' } as const;
    expect(stateOf(running, ran, 0)).toEqual({ kind: 'running' });
    expect(stateOf(running, { ran: true, asked: { what: 'shutdown', at: 0 } }, minute)).toEqual({ kind: 'shutting_down' });
    expect(stateOf(running, { ran: true, asked: { what: 'reboot', at: 0 } }, minute)).toEqual({ kind: 'rebooting' });
  });

  test('is running again when its guest does not follow', () => {
    const asked = { what: 'shutdown', at: 0 } as const;
    expect(stateOf({ state: 'running', reason: 'booted' }, { ran: true, asked }, 6 * minute)).toEqual({ kind: 'running' });
  });

  test('is paused for its reason; a full storage is told from a broken one', () => {
    expect(stateOf({ state: 'paused', reason: 'user' }, ran, 0)).toEqual({ kind: 'paused', reason: 'user' });
    expect(stateOf({ state: 'paused', reason: 'ioerror' }, ran, 0)).toEqual({ kind: 'paused', reason: 'io_error' });
    expect(stateOf({ state: 'paused', reason: 'ioerror' }, { ran: true, noSpace: true }, 0)).toEqual({
      kind: 'paused',
      reason: 'no_space',
    });
  });

  test('is still starting before QEMU has been up', () => {
    expect(stateOf({ state: 'shutoff', reason: 'unknown' }, { ran: false }, 0)).toEqual({ kind: 'starting' });
    expect(stateOf({ state: 'paused', reason: 'starting_up' }, { ran: false }, 0)).toEqual({ kind: 'starting' });
  });
});

describe('an end', () => {
  const end = (reason: 'shutdown' | 'destroyed' | 'crashed' | 'failed' | 'unknown' | 'daemon', about: object = {}) =>
    stateOf({ state: 'shutoff', reason }, { ran: true, ...about }, minute);
  const exit = (name: string) => ({ kind: 'ended', exit: name });

  test('by the guest itself, by the guest because it was asked, and by the host are three', () => {
    expect(end('shutdown')).toEqual(exit('guest_shutdown'));
    expect(end('shutdown', { asked: { what: 'shutdown', at: 0 } })).toEqual(exit('admin_shutdown'));
    expect(end('shutdown', { byHost: true })).toEqual(exit('host_shutdown'));
  });

  test('long after an unanswered request is the guest’s own', () => {
    expect(end('shutdown', { asked: { what: 'shutdown', at: -10 * minute } })).toEqual(exit('guest_shutdown'));
  });

  test('by force, by a crash and by a failed start are told by libvirt', () => {
    expect(end('destroyed')).toEqual(exit('destroyed'));
    expect(end('crashed')).toEqual(exit('crashed'));
    expect(end('failed')).toEqual(exit('start_failed'));
  });

  test('that nobody saw is lost', () => {
    expect(end('unknown')).toEqual(exit('lost'));
    expect(end('daemon')).toEqual(exit('lost'));
  });
});
