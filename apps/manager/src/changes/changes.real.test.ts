import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { change, sql } from '../db/database.ts';
import { adminLogin, testManager, type Login, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
let url: string;
beforeAll(async () => {
  manager = await testManager();
  await manager.server.listen({ host: '127.0.0.1', port: 0 });
  const address = manager.server.server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/ovirt-engine/api/changes`;
});
afterAll(() => manager?.stop());

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: { noun?: string; id?: string; operation?: string };
}

interface Stream {
  /** The next event that matches; those before it are passed over and kept in `passed`. */
  next(matches: (one: Told) => boolean): Promise<Told>;
  readonly passed: Told[];
  /** Until the server ends the stream. */
  ended(): Promise<'ended'>;
  close(): void;
}

async function stream(options: { as?: Login; authorization?: string; lastSeen?: string } = {}): Promise<Stream> {
  const { name, password } = options.as ?? adminLogin;
  const authorization = options.authorization ?? `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const stop = new AbortController();
  const reply = await fetch(url, {
    headers: { authorization, accept: 'text/event-stream', ...(options.lastSeen !== undefined && { 'last-event-id': options.lastSeen }) },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]),
  });
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const pieces = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  const passed: Told[] = [];
  const read = async (): Promise<Told | undefined> => {
    for (;;) {
      const end = held.indexOf('\n\n');
      if (end >= 0) {
        const block = held.slice(0, end);
        held = held.slice(end + 2);
        const field = (of: string) => new RegExp(`^${of}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        if (field('event') !== '') return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) as Told['data'] };
        continue;
      }
      const piece = await pieces?.read();
      if (!piece || piece.done) return undefined;
      held += piece.value;
    }
  };
  return {
    passed,
    async next(matches) {
      for (;;) {
        const one = await read();
        if (!one) throw new Error(`The stream ended before; it told ${JSON.stringify(passed)}`);
        if (matches(one)) return one;
        passed.push(one);
      }
    },
    async ended() {
      while (await read());
      return 'ended';
    },
    close: () => stop.abort(),
  };
}

const about = (id: string, operation?: string) => (one: Told) =>
  one.data.id === id && (operation === undefined || one.data.operation === operation);
const hello = (one: Told) => one.event === 'hello';
const addDataCenter = async () => (await manager.ask('POST', 'datacenters', { name: `dc-${randomUUID().slice(0, 8)}` })).body.id as string;

async function newUser(): Promise<Login & { id: string }> {
  const name = `user-${randomUUID().slice(0, 8)}`;
  const password = 'a-good-long-password';
  const added = await manager.ask('POST', 'users', { user_name: name, domain: { name: 'internal' }, password });
  await manager.ask('POST', 'permissions', { role: { name: 'UserProfileEditor' }, user: { id: added.body.id } });
  return { name: `${name}@internal`, password, id: added.body.id };
}

test('nobody listens without a login', async () => {
  const reply = await fetch(url);
  await reply.text();
  expect(reply.status).toBe(401);
});

test('what is created, changed and removed is told as it happens', async () => {
  const changes = await stream();
  expect((await changes.next(hello)).id).toMatch(/^\d+-\d+$/);
  const id = await addDataCenter();
  await changes.next(about(id, 'created'));
  await manager.ask('PUT', `datacenters/${id}`, { description: 'changed' });
  await changes.next(about(id, 'changed'));
  await manager.ask('DELETE', `datacenters/${id}`);
  expect((await changes.next(about(id, 'removed'))).data).toEqual({ noun: 'data_center', id, operation: 'removed' });
  changes.close();
});

test('a client that comes back is told what it missed, and nothing twice', async () => {
  const before = await stream();
  await before.next(hello);
  const first = await addDataCenter();
  const seen = await before.next(about(first));
  before.close();
  const missed = await addDataCenter();
  const again = await stream({ lastSeen: seen.id });
  await again.next(about(missed, 'created'));
  expect(again.passed.map((one) => one.data.id)).not.toContain(first);
  again.close();
});

test('who was away for longer than the log is kept, or comes with another database’s position, is told to resync', async () => {
  const one = await stream();
  const { id } = await one.next(hello);
  one.close();
  await addDataCenter();
  await change(manager.db, sql`update change_log_horizon set xid = pg_current_xact_id()`);
  for (const lastSeen of [id, 'nonsense', '99999999999-1']) {
    const late = await stream({ lastSeen });
    expect((await late.next(() => true)).event).toBe('resync');
    late.close();
  }
  await change(manager.db, sql`update change_log_horizon set xid = '0'`);
});

test('a user is told of their own objects alone, and to resync when what they may see changes', async () => {
  const user = await newUser();
  const vm = async () =>
    (
      await manager.ask('POST', 'vms', {
        name: `vm-${randomUUID().slice(0, 8)}`,
        cluster: { name: 'Default' },
        template: { name: 'Blank' },
      })
    ).body.id as string;
  const [own, foreign] = [await vm(), await vm()];
  await manager.ask('POST', `vms/${own}/permissions`, { role: { name: 'UserRole' }, user: { id: user.id } });
  const changes = await stream({ as: user });
  await changes.next(hello);
  await manager.ask('PUT', `vms/${foreign}`, { description: 'not for others' });
  await manager.ask('PUT', `vms/${own}`, { description: 'mine' });
  await changes.next(about(own, 'changed'));
  await manager.ask('POST', `vms/${foreign}/permissions`, { role: { name: 'UserRole' }, user: { id: user.id } });
  await changes.next((one) => one.event === 'resync');
  expect(JSON.stringify(changes.passed)).not.toContain(foreign);
  await manager.ask('PUT', `vms/${foreign}`, { description: 'now it is' });
  await changes.next(about(foreign, 'changed'));
  changes.close();
});

test('a stream ends with its user, and with the server', async () => {
  const user = await newUser();
  const changes = await stream({ as: user });
  await changes.next(hello);
  await manager.ask('DELETE', `users/${user.id}`);
  expect(await changes.ended()).toBe('ended');
  const other = await stream();
  await other.next(hello);
  await manager.server.close();
  expect(await other.ended()).toBe('ended');
});
