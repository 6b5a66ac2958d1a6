import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inputTypesOf } from '@ostler/contract/access';
import { isTypeName, shapeOf, type Field } from '@ostler/contract/fields';
import { unserved } from '@ostler/contract/handlers';
import { allMethods, isAction, parametersOf, type Route } from '@ostler/contract/tree';
import { searchables, type FieldKind, type SearchNoun } from '@ostler/domain/search/fields';
import { allServices } from '../services.ts';
import { callBody, callPath } from '../testing/contract-calls.ts';
import { foreignWorld } from '../testing/foreign-world.ts';
import { testManager, type TestManager } from '../testing/manager.ts';

/** Whatever is sent, by whomever: it is answered with what is wrong with it, never with a failure of ours, and nothing is changed. */

let manager: TestManager;
/** An object of every kind. */
let ids: Readonly<Record<string, string>>;
const waiting = new Set(unserved(allServices));
const built = [...allMethods()].filter(
  ({ access, declaration, service, method }) =>
    access !== undefined && declaration.raw === undefined && !waiting.has(`${service}.${method}`),
);
const writing = built.filter(({ verb }) => verb === 'POST' || verb === 'PUT');

beforeAll(async () => {
  manager = await testManager();
  ids = { ...(await foreignWorld(manager.db)).ids, role: '00000000-0000-0000-0001-000000000001' };
  // Objects are held by nobody, so that it is the input that is looked at.
  await manager.database.pool.query('delete from job_locks');
});
afterAll(() => manager?.stop());

interface Odd {
  readonly route: Route;
  readonly body?: string;
  readonly path?: string;
}

async function send({ route, body, path }: Odd): Promise<{ status: number; text: string; called: string }> {
  const url = path ?? callPath(route, ids);
  const { status, text } = await manager.xml(route.verb, url, body);
  return {
    status,
    text,
    called: `${route.verb} ${url.slice(0, 200)} ${(body ?? '').slice(0, 200)} is answered ${status}: ${text.slice(0, 300)}`,
  };
}

/** There are tens of thousands of requests: while the database looks at one, the manager reads others. */
function* inGroups<Item>(all: Iterable<Item>, size = 8): Generator<Item[]> {
  let group: Item[] = [];
  for (const one of all) {
    group.push(one);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
/** Every field of every method with every value: minutes, on a machine that does something else besides. */
const patience = 300_000;

/** Sends all of them, and tells what was answered by anything but a refusal, and what was changed. */
async function refusals(
  all: Iterable<Odd>,
  fits: (answer: { status: number; text: string }) => boolean = ({ status }) => status >= 400 && status < 500,
): Promise<string[]> {
  const before = await fingerprint();
  const found: string[] = [];
  let sent = 0;
  for (const some of inGroups(all)) {
    const answers = await Promise.all(some.map(send));
    sent += answers.length;
    found.push(...answers.filter((answer) => !fits(answer)).map((answer) => answer.called));
  }
  if (sent === 0) found.push('nothing was sent');
  const after = await fingerprint();
  return [
    ...found,
    ...Object.keys(after)
      .filter((table) => after[table] !== before[table])
      .map((table) => `rows of ${table} were added or removed`),
  ];
}

test('documents that are none are refused wherever a document is sent', async () => {
  const laughs = `<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>`;
  const bodies = (root: string) => [
    `<${root}`,
    `<${root}><name>x</${root}>`,
    `<${root}>&undefined;</${root}>`,
    `${laughs}<${root}><name>&c;</name></${root}>`,
    `<!DOCTYPE ${root} SYSTEM "file:///etc/passwd"><${root}/>`,
    `<${root}>${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}</${root}>`,
    `<wrong_root_element/>`,
    `<${root}>\u0000</${root}>`,
    '{"name":',
    '[]',
    '"text"',
    '12',
    'null',
    'neither XML nor JSON',
  ];
  function* all(): Generator<Odd> {
    for (const route of writing)
      for (const body of bodies(isAction(route.method) ? 'action' : (route.declared.type ?? 'action'))) yield { route, body };
  }
  expect(await refusals(all())).toEqual([]);
  const deep = `${'{"name":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
  expect(await refusals(writing.filter(({ method }) => !isAction(method)).map((route) => ({ route, body: deep })))).toEqual([]);
}, patience);

test('a body beyond the limit is refused unread', async () => {
  const [route] = writing;
  if (!route) throw new Error('Nothing can be written');
  const reply = await manager.xml(route.verb, callPath(route, ids), `<a>${'x'.repeat(9 * 1024 * 1024)}</a>`);
  expect([reply.status, reply.text]).toEqual([413, expect.stringContaining('<fault>')]);
});

test('a value that cannot be what its field holds is refused with the field’s name', async () => {
  function* all(): Generator<Odd & { field: string }> {
    for (const route of writing.filter(({ method }) => !isAction(method)))
      for (const [name, field] of fieldsOf(route)) {
        const value = field.holds.kind === 'string' ? { an: 'object' } : field.holds.kind === 'type' ? 'text' : 'absurd';
        const list = field.list ? { [field.item]: [value] } : value;
        yield { route, field: `${route.declared.type}.${name}`, body: JSON.stringify({ ...callBody(route, ids), [name]: list }) };
      }
  }
  const before = await fingerprint();
  const found: string[] = [];
  for (const odd of all()) {
    const { status, text, called } = await send(odd);
    if (status !== 400 || !text.includes(`<field>${odd.field}`)) found.push(called);
  }
  expect(found).toEqual([]);
  expect(await fingerprint()).toEqual(before);
}, patience);

test('values that fit their type and nothing else are refused or planned, never failed on', async () => {
  const odd: Readonly<Record<string, readonly unknown[]>> = {
    string: [
      '',
      ' ',
      '\u0000',
      'a\u0000b',
      '\ud800',
      "'; drop table vms; --",
      '../../etc/passwd',
      '%00',
      'x'.repeat(100_000),
      '\u202e',
      '☃'.repeat(300),
    ],
    integer: [-1, 0, 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 31, '9007199254740993'],
    double: [-1, 1e308],
    date: [0, -62_167_219_200_000, '9999-12-31T23:59:59Z'],
    type: [
      {},
      { id: '' },
      { id: 'no-uuid' },
      { id: '\u0000' },
      { id: '00000000-0000-0000-0000-0000000000ff' },
      { name: '' },
      { name: '\u0000' },
      { name: "'" },
      { id: 'x'.repeat(5000) },
    ],
  };
  function* all(): Generator<Odd> {
    for (const route of writing) {
      const path = `${callPath(route, ids)}?dry_run=true`;
      const fields = isAction(route.method) ? [] : fieldsOf(route);
      for (const [name, field] of fields)
        for (const value of odd[field.holds.kind] ?? [])
          yield { route, path, body: JSON.stringify({ ...callBody(route, ids), [name]: field.list ? { [field.item]: [value] } : value }) };
      yield { route, path, body: '{}' };
      yield { route, path, body: '' };
    }
  }
  expect(
    await refusals(all(), ({ status, text }) => status < 500 || (status === 501 && text.includes('<fault>')) || status === 503),
  ).toEqual([]);
}, patience);

test('an id that a client chooses is a UUID, or refused', async () => {
  const adding = writing.filter(({ method, declared: { type } }) => method === 'add' && type !== 'permit' && type !== 'network_label');
  const all = adding.flatMap((route) =>
    ['', 'x', "'", '../..', '1'].map((id) => ({ route, body: JSON.stringify({ ...callBody(route, ids), id }) })),
  );
  expect(await refusals(all, ({ status, text }) => status === 400 && text.includes('.id</field>'))).toEqual([]);
}, patience);

test('ids that are none lead nowhere', async () => {
  const none = [
    'x',
    "'",
    '%27%20or%201=1--',
    '..%2f..%2fetc%2fpasswd',
    '%00',
    '%ff',
    'x'.repeat(3000),
    '00000000-0000-0000-0000-00000000000',
    '{vm}',
    '-1',
    '1e9',
    '99999999999999999999',
    '%F0%9F%90%B4',
    'null',
    '__proto__',
    'constructor',
  ];
  function* all(): Generator<Odd> {
    for (const route of built)
      for (const type of [...route.template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))
        for (const id of none)
          yield {
            route,
            path: callPath(route, ids, { [type]: id }),
            ...(route.verb === 'POST' || route.verb === 'PUT' ? { body: JSON.stringify(callBody(route, ids)) } : {}),
          };
  }
  expect(await refusals(all())).toEqual([]);
}, patience);

test('parameters that are none are refused with their names', async () => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    integer: ['x', '1.5', '99999999999999999999', '1e3', '0x10'],
    boolean: ['maybe', '2'],
  };
  function* all(): Generator<Odd & { parameter: string }> {
    for (const route of built)
      for (const [parameter, kind] of Object.entries(parametersOf(route)))
        for (const value of wrong[kind] ?? [])
          yield { route, parameter, path: `${callPath(route, ids)}?${parameter}=${encodeURIComponent(value)}` };
  }
  const found: string[] = [];
  for (const odd of all()) {
    const { status, text, called } = await send({
      ...odd,
      ...(odd.route.verb === 'POST' || odd.route.verb === 'PUT' ? { body: '{}' } : {}),
    });
    if (status !== 400 || !text.includes(`<field>${odd.parameter}</field>`)) found.push(called);
  }
  expect(found).toEqual([]);
}, patience);

test('absurd searches, pages and follows are answered or refused by name, never failed on', async () => {
  const searches = [
    'name',
    'name=',
    '=',
    'and',
    'or or',
    '"',
    "'",
    '(',
    'name=x or',
    'colour=red',
    'sortby',
    'sortby colour',
    'page',
    'page 0',
    'page -1',
    'page 999999999',
    'page 99999999999999999999',
    'name=\u0000',
    '\u0000',
    'a\u0000b',
    '*',
    '**',
    '%',
    '_',
    '\\',
    "name='; drop table vms; --'",
    'x'.repeat(4000),
    'x'.repeat(5000),
    'a and '.repeat(600),
    'id=x',
    'time=never',
    'time>2026-99-99',
    'memory=x',
    'memory=99999999999999999999999',
    'type=1e400',
    'name=\ud800',
  ];
  function* all(): Generator<Odd> {
    for (const route of built.filter(({ method }) => method === 'list')) {
      const path = callPath(route, ids);
      for (const max of ['-1', '0', '1', '2147483648', '9007199254740991']) yield { route, path: `${path}?max=${max}` };
      for (const follow of ['nonsense', 'a.b.c.d.e.f', '..', ',,,', 'id', 'x'.repeat(5000), '\u0000', '__proto__'])
        yield { route, path: `${path}?follow=${encodeURIComponent(follow)}` };
      if (route.declaration.query?.['search'] === undefined) continue;
      // Every field that the language knows of this noun has its column.
      for (const [field, kind] of fieldsOfSearch(route.template))
        for (const search of [`${field}=${kind === 'time' ? 'today' : kind === 'boolean' ? 'true' : '1'}`, `sortby ${field} desc`])
          yield { route, path: `${path}?search=${encodeURIComponent(search)}` };
      for (const search of searches)
        for (const rest of ['', '&max=1', '&case_sensitive=false'])
          yield { route, path: `${path}?search=${encodeURIComponent(search.toWellFormed())}${rest}` };
      yield { route, path: `${path}?search=%ff` };
      yield { route, path: `${path}?from=9007199254740991` };
    }
  }
  const fits = ({ status, text }: { status: number; text: string }) =>
    status === 200 || (status === 400 && /<field>(search|follow|max)<\/field>|<fault>/.test(text));
  expect(await refusals(all(), fits)).toEqual([]);
}, patience);

test('paths that climb, repeat or end nowhere are not found, and other verbs not allowed', async () => {
  // Over a socket: clients' libraries would tidy the paths up before they are sent.
  await manager.server.listen({ host: '127.0.0.1', port: 0 });
  const address = manager.server.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const authorization = `Basic ${Buffer.from('admin@internal:test-admin-password').toString('base64')}`;
  const ask = (path: string, method = 'GET') =>
    new Promise<number>((resolve, reject) =>
      httpRequest({ host: '127.0.0.1', port, path, method, headers: { authorization }, timeout: 10_000 }, (reply) =>
        resolve(reply.resume().statusCode ?? 0),
      )
        .on('error', reject)
        .end(),
    );
  for (const path of [
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/vms/../users',
    '/vms/%2e%2e/users',
    '/vms/..%2f..',
    '/nothing',
    'x',
    '/vms/x/y/z/../..',
    '//vms//x',
    '/users/..',
    '/permissions/%2e%2e',
  ])
    expect([path, await ask(`/ovirt-engine/api${path}`)]).toEqual([path, 404]);
  expect(await ask('/ovirt-engine/services/files/../../config.json')).toBe(404);
  expect([
    await ask('/ovirt-engine/api/v3/vms'),
    await ask('/ovirt-engine/api/vms;max=x'),
    await ask('/ovirt-engine/api/%'),
    await ask('/ovirt-engine/api/vms/%00'),
  ]).toEqual([400, 400, 400, 400]);
  expect([await ask('/ovirt-engine/api/vms', 'PUT'), await ask('/ovirt-engine/api/vms', 'DELETE')]).toEqual([405, 405]);
}, patience);

test('headers that are none are refused or passed over', async () => {
  const get = (headers: Record<string, string>) => manager.server.inject({ method: 'GET', url: '/ovirt-engine/api', headers });
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  for (const headers of [
    { authorization: 'Basic' },
    { authorization: 'Basic !!!' },
    { authorization: 'Bearer' },
    { authorization: 'Negotiate x' },
    basic('no-colon'),
    basic('a\0b:c'),
    basic(`x:${'y'.repeat(10_000)}`),
    { cookie: 'JSESSIONID=../../x' },
  ])
    expect([headers, (await get({ ...headers, 'x-forwarded-for': '203.0.113.9' })).statusCode]).toEqual([headers, 401]);
  const good = basic('admin@internal:test-admin-password');
  for (const headers of [
    { 'correlation-id': '\u00ff'.repeat(500) },
    { accept: 'image/png' },
    { accept: '' },
    { version: '99' },
    { filter: 'maybe' },
    { prefer: ';;;' },
    { 'session-ttl': '-5', prefer: 'persistent-auth' },
  ])
    expect([headers, (await get({ ...good, ...headers })).statusCode]).toEqual([headers, 200]);
});

const nounOf: Readonly<Record<string, SearchNoun>> = {
  storagedomains: 'storage',
  datacenters: 'data_centers',
  vnicprofiles: 'vnic_profiles',
};
const isNoun = (name: string): name is SearchNoun => Object.hasOwn(searchables, name);
function fieldsOfSearch(template: string): [string, FieldKind][] {
  const last = template.split('/').at(-1) ?? '';
  const noun = nounOf[last] ?? last;
  return isNoun(noun) ? Object.entries(searchables[noun].fields) : [];
}

const fieldsOf = (route: Route): [string, Field][] => {
  const [type] = Object.keys(inputTypesOf(route));
  return type !== undefined && isTypeName(type)
    ? shapeOf(type)
        .fields.filter((field) => !field.flags.has('readonly'))
        .map((field) => [field.name, field])
    : [];
};

/** Every table's rows, by number: sessions and the change log aside, which live their own life. */
async function fingerprint(): Promise<Record<string, number>> {
  const tables = await manager.database.pool.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('sessions', 'change_log')`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables.rows)
    counts[name] = Number((await manager.database.pool.query<{ count: number }>(`select count(*) from ${name}`)).rows[0]?.count);
  return counts;
}
