import { expect, test } from 'vitest';
import { ImageError } from './errors.ts';
import { type Access, createTicketBook, MAX_OPERATIONS } from './tickets.ts';
import { parseTicket } from './ticket-spec.ts';
import { ticketOf } from './testing.ts';

function bookWith(fields = {}) {
  const clock = { now: 50_000 };
  const book = createTicketBook(() => clock.now);
  book.add(ticketOf({ size: 1000, ...fields }));
  const begin = (access: Access, connection = 'c1') => book.begin({ ticket: 'ticket', connection, access, counted: access !== 'any' });
  return { clock, book, begin };
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error);
  }
  return undefined;
}

test('a ticket says what ovirt-imageio says, in its terms', () => {
  const { book, begin, clock } = bookWith({ transfer_id: 't1', filename: 'disk.img' });
  expect(book.info('ticket')).toEqual({
    uuid: 'ticket',
    active: false,
    canceled: false,
    connections: 0,
    expires: 110,
    idle_time: 0,
    ops: ['write'],
    size: 1000,
    sparse: true,
    dirty: false,
    timeout: 60,
    url: 'file:///nowhere',
    transfer_id: 't1',
    filename: 'disk.img',
    transferred: 0,
  });
  const permit = begin('write');
  permit.advance(0, 100);
  permit.advance(50, 150);
  expect(book.info('ticket')).toMatchObject({ active: true, connections: 1, transferred: 150 });
  permit.finish();
  clock.now += 7000;
  expect(book.info('ticket')).toMatchObject({ active: false, idle_time: 7, transferred: 150 });
  book.disconnected('c1');
  expect(book.info('ticket').connections).toBe(0);
});

test('a ticket of two operations has no transferred', () => {
  expect(bookWith({ ops: ['read', 'write'] }).book.info('ticket')).not.toHaveProperty('transferred');
});

test('who may write may read, who may read may not write, and both may ask', () => {
  const writer = bookWith();
  const reader = bookWith({ ops: ['read'] });
  for (const access of ['any', 'read'] as const) {
    expect(codeOf(() => writer.begin(access))).toBeUndefined();
    expect(codeOf(() => reader.begin(access))).toBeUndefined();
  }
  expect(codeOf(() => writer.begin('write'))).toBeUndefined();
  expect(codeOf(() => reader.begin('write'))).toBe('forbidden');
});

test('an expired ticket is refused, and every finished operation puts the expiry off', () => {
  const { begin, clock } = bookWith();
  clock.now += 59_999;
  const permit = begin('write');
  clock.now += 30_000;
  permit.finish();
  clock.now += 59_999;
  begin('any').finish();
  clock.now += 60_000;
  expect(codeOf(() => begin('any'))).toBe('forbidden');
});

test('extending counts from now and revives an expired ticket', () => {
  const { begin, book, clock } = bookWith();
  clock.now += 100_000;
  book.extend('ticket', 300);
  clock.now += 299_999;
  expect(codeOf(() => begin('any'))).toBeUndefined();
  expect(codeOf(() => book.extend('other', 300))).toBe('not_found');
});

test('no more than eight operations of a ticket run at once; asking what the server can do is not counted', () => {
  const { begin } = bookWith();
  const permits = Array.from({ length: MAX_OPERATIONS }, () => begin('write'));
  expect(codeOf(() => begin('read'))).toBe('forbidden');
  expect(codeOf(() => begin('any'))).toBeUndefined();
  permits[0]?.finish();
  permits[0]?.finish();
  expect(codeOf(() => begin('read'))).toBeUndefined();
  expect(codeOf(() => begin('read'))).toBe('forbidden');
});

test('removing a ticket refuses new operations, aborts those that run, and waits for them', async () => {
  const { begin, book } = bookWith();
  const permit = begin('write');
  let removed = false;
  let closed = false;
  const removing = book
    .remove('ticket', 5000, async () => {
      closed = true;
    })
    .then(() => (removed = true));
  expect(permit.revoked.aborted).toBe(true);
  expect(codeOf(() => begin('any'))).toBe('forbidden');
  expect(book.info('ticket').canceled).toBe(true);
  await Promise.resolve();
  expect([removed, closed]).toEqual([false, false]);
  permit.finish();
  await removing;
  expect([removed, closed]).toEqual([true, true]);
  expect(codeOf(() => book.info('ticket'))).toBe('not_found');
  await book.remove('ticket', 5000);
});

test('a ticket whose operation does not end is busy; it stays revoked, and removing it again succeeds later', async () => {
  const { begin, book } = bookWith();
  const permit = begin('write');
  await expect(book.remove('ticket', 10)).rejects.toMatchObject({ code: 'busy' });
  expect(codeOf(() => begin('any'))).toBe('forbidden');
  expect(codeOf(() => book.add(ticketOf({ size: 1000 })))).toBe('busy');
  permit.finish();
  await book.remove('ticket', 10);
  expect(book.has('ticket')).toBe(false);
});

test('adding the same ticket again extends it; the same id for something else is refused', () => {
  const { begin, book, clock } = bookWith();
  begin('write').advance(0, 10);
  clock.now += 59_000;
  book.add(ticketOf({ size: 1000 }));
  expect(book.info('ticket')).toMatchObject({ transferred: 10, expires: 169 });
  expect(codeOf(() => book.add(ticketOf({ size: 1001 })))).toBe('bad_request');
});

test.each([
  ['no object', []],
  ['no uuid', { size: 1, ops: ['read'], timeout: 1, url: 'file:///x' }],
  ['negative size', { uuid: 'a', size: -1, ops: ['read'], timeout: 1, url: 'file:///x' }],
  ['fractional timeout', { uuid: 'a', size: 1, ops: ['read'], timeout: 1.5, url: 'file:///x' }],
  ['unknown operation', { uuid: 'a', size: 1, ops: ['delete'], timeout: 1, url: 'file:///x' }],
  ['no operation', { uuid: 'a', size: 1, ops: [], timeout: 1, url: 'file:///x' }],
  ['relative path', { uuid: 'a', size: 1, ops: ['read'], timeout: 1, url: 'file://x' }],
  ['foreign scheme', { uuid: 'a', size: 1, ops: ['read'], timeout: 1, url: 'https://host/images/x' }],
  ['sparse that is no flag', { uuid: 'a', size: 1, ops: ['read'], timeout: 1, url: 'file:///x', sparse: 'no' }],
])('a ticket with %s is a bad request', (_, json) => {
  expect(codeOf(() => parseTicket(json))).toBe('bad_request');
});

test('urls name files and exports of NBD servers', () => {
  const source = (url: string) => ticketOf({ url }).source;
  expect(source('file:///a%20b')).toEqual({ type: 'file', path: '/a b' });
  expect(source('nbd:unix:/run/x.sock')).toEqual({ type: 'nbd', socket: '/run/x.sock', exportName: '' });
  expect(source('nbd:unix:/run/x.sock:exportname=sda')).toEqual({ type: 'nbd', socket: '/run/x.sock', exportName: 'sda' });
});
