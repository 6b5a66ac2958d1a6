import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { consoleTickets, ticketIn } from './tickets.ts';

const grant = { vm: 'v', run: 'r', console: 'vnc' } as const;

test('a ticket lets one in, once, until it expires', () => {
  let now = 0;
  const tickets = consoleTickets(() => now);
  tickets.push('a', grant, 100);
  tickets.push('b', grant, 100);
  expect(tickets.redeem('a')).toEqual(grant);
  expect(tickets.redeem('a')).toBeUndefined();
  now = 100;
  expect(tickets.redeem('b')).toBeUndefined();
  expect(tickets.redeem('never')).toBeUndefined();
});

test('a ticket is shown as itself or inside a signed token, and as nothing else', () => {
  const ticket = randomUUID();
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  expect(ticketIn(ticket)).toBe(ticket);
  expect(ticketIn(`${part({ alg: 'EdDSA' })}.${part({ jti: ticket })}.c2ln`)).toBe(ticket);
  for (const bad of [
    '',
    'x',
    `${part({})}.${part({ jti: ticket })}`,
    `${part({})}.${part({ jti: 5 })}.s`,
    `${part({})}.${part(null)}.s`,
    'a.%%%.c',
    `${ticket} `,
  ])
    expect(ticketIn(bad)).toBeUndefined();
});
