import { afterAll, beforeAll, expect, test } from 'vitest';
import { shapeOf } from '@ostler/contract/fields';
import { unserved } from '@ostler/contract/handlers';
import { allMethods, type Route } from '@ostler/contract/tree';
import { sql } from '../db/database.ts';
import { callBody, callPath } from '../testing/contract-calls.ts';
import { foreignWorld, runOnForeignHost, type ForeignWorld } from '../testing/foreign-world.ts';
import { testManager, type Login, type TestManager } from '../testing/manager.ts';
import { allServices } from '../services.ts';

/**
 * Every built method of the contract is called for objects that its caller may not see: no answer tells of them, and
 * nothing is changed. What will be built later is called too: the calls are made from the contract.
 */

let manager: TestManager;
let world: ForeignWorld;
let nobody: Login;
let vmUser: Login;
let ownVm: string;
let idleVm: string;
const built = [...allMethods()].filter(({ access, declaration }) => access !== undefined && declaration.raw === undefined);
const waiting = new Set(unserved(allServices));

beforeAll(async () => {
  manager = await testManager();
  world = await foreignWorld(manager.db);
  const login = async (name: string): Promise<Login & { id: string }> => {
    const password = 'a-good-long-password';
    const added = await manager.ask('POST', 'users', { user_name: name, domain: { name: 'internal' }, password });
    return { name: `${name}@internal`, password, id: added.body.id };
  };
  nobody = await login('nobody');
  const ann = await login('ann');
  vmUser = ann;
  ownVm = (await manager.ask('POST', 'vms', { name: 'own-vm', cluster: { name: 'Default' }, template: { name: 'Blank' } })).body.id;
  await manager.ask('POST', `vms/${ownVm}/permissions`, { role: { name: 'UserRole' }, user: { id: ann.id } });
  idleVm = (await manager.ask('POST', 'vms', { name: 'idle-vm', cluster: { name: 'Default' }, template: { name: 'Blank' } })).body.id;
  await manager.ask('POST', `vms/${idleVm}/permissions`, { role: { name: 'UserRole' }, user: { id: ann.id } });
  await runOnForeignHost(manager.db, ownVm, world);
});
afterAll(() => manager?.stop());

const nameOf = ({ service, method }: Route) => `${service}.${method}`;

/** What leaks: an answer may repeat of the foreign world only what the question named, and only to refuse it. */
function leaks(status: number, answer: string, question: string): string[] {
  return world.secrets.filter((secret) => answer.includes(secret) && !(status >= 400 && question.includes(secret)));
}

const pathOf = (route: Route, own?: Readonly<Record<string, string>>) => callPath(route, world.ids, own);
const bodyOf = (route: Route) => callBody(route, world.ids);

/** A list or an object is asked for in every way there is: plainly, by a search, with everything followed. */
function queriesOf({ declaration, declared, method }: Route): string[] {
  const follows =
    declared.type === undefined
      ? []
      : shapeOf(declared.type)
          .fields.filter((field) => field.link)
          .map((field) => field.name);
  const groups = Array.from(
    { length: Math.ceil(follows.length / 25) },
    (_group, index) => `?follow=${follows.slice(index * 25, index * 25 + 25).join(',')}`,
  );
  const searches =
    method === 'list' && declaration.query?.['search'] !== undefined
      ? ['?search=foreign*', '?search=*foreign*&max=50&case_sensitive=false']
      : [];
  return ['', ...groups, ...searches];
}

/** What the contract lets everybody read, since it tells of nobody's objects. */
const open = (route: Route) => route.access !== undefined && 'login' in route.access;

test('reading tells nobody of what they may not see, by no way of asking', async () => {
  const found: string[] = [];
  const called = new Set<string>();
  for (const route of built.filter(({ verb }) => verb === 'GET'))
    for (const [reader, own] of [
      [nobody, {}],
      [vmUser, {}],
      [vmUser, { vm: ownVm }],
    ] as const)
      for (const query of queriesOf(route)) {
        const path = pathOf(route, own) + query;
        const { status, text, headers } = await manager.xml('GET', path, undefined, reader);
        called.add(nameOf(route));
        if (waiting.has(nameOf(route))) continue;
        const told = leaks(status, text + JSON.stringify(headers), path);
        if (told.length > 0) found.push(`${reader.name} GET ${path} tells of ${told.join(', ')}`);
        if (status >= 500) found.push(`${reader.name} GET ${path} failed: ${text}`);
        if (status === 200 && route.method === 'get' && route.template.includes('{') && !open(route) && !('vm' in own))
          found.push(`${reader.name} GET ${path} answers 200`);
      }
  expect(found).toEqual([]);
  expect(
    built
      .filter(({ verb }) => verb === 'GET')
      .map(nameOf)
      .filter((name) => !called.has(name)),
  ).toEqual([]);
});

test('changing what one may not see is refused as if it were not there, or for want of a permit, and changes nothing', async () => {
  const found: string[] = [];
  const called = new Set<string>();
  const before = await rowCounts();
  for (const route of built.filter(({ verb }) => verb !== 'GET'))
    for (const reader of [nobody, vmUser]) {
      const path = pathOf(route);
      const body = bodyOf(route);
      const { status, body: answer } = await manager.ask(route.verb, path, route.verb === 'DELETE' ? undefined : body, reader);
      called.add(nameOf(route));
      if (waiting.has(nameOf(route))) continue;
      if (status !== 403 && status !== 404)
        found.push(`${reader.name} ${route.verb} ${path} is answered ${status}: ${JSON.stringify(answer)} to ${JSON.stringify(body)}`);
      const told = leaks(status, JSON.stringify(answer), path + JSON.stringify(body));
      if (told.length > 0) found.push(`${reader.name} ${route.verb} ${path} tells of ${told.join(', ')}`);
    }
  expect(found).toEqual([]);
  expect(await rowCounts()).toEqual(before);
  expect(
    built
      .filter(({ verb }) => verb !== 'GET')
      .map(nameOf)
      .filter((name) => !called.has(name)),
  ).toEqual([]);
});

test('what one may do with one’s own VM says nothing of the host that it runs on, nor of others’ objects', async () => {
  const found: string[] = [];
  const routes = built.filter(({ verb, template }) => verb !== 'GET' && template.includes('{vm}'));
  for (const [route, vm] of [ownVm, idleVm].flatMap((own) => routes.map((one) => [one, own] as const))) {
    const path = pathOf(route, { vm }) + '?dry_run=true';
    const { status, body } = await manager.ask(route.verb, path, route.verb === 'DELETE' ? undefined : bodyOf(route), vmUser);
    if (waiting.has(nameOf(route))) continue;
    const told = leaks(status, JSON.stringify(body), path + JSON.stringify(bodyOf(route)));
    if (told.length > 0) found.push(`${route.verb} ${path} tells of ${told.join(', ')}: ${JSON.stringify(body)}`);
    if (status >= 500 && status !== 503) found.push(`${route.verb} ${path} failed: ${JSON.stringify(body)}`);
  }
  expect(found).toEqual([]);
  await sql`update vms set hardware = jsonb_set(hardware, '{boot}', '["cdrom"]') where id = ${idleVm}`.execute(manager.db);
  const start = () => manager.ask('POST', `vms/${idleVm}/start?dry_run=true`, {}, vmUser);
  const plan = await start();
  expect(plan.body).toMatchObject({
    allowed: 'true',
    effects: { effect: expect.arrayContaining([expect.stringContaining('(not shown)')]) },
  });
  expect(leaks(plan.status, JSON.stringify(plan.body), '')).toEqual([]);
  await sql`update hosts set facts = jsonb_set(facts, '{memory}', '1') where id = ${world.ids['host']}`.execute(manager.db);
  const refused = await start();
  expect(refused.body).toMatchObject({
    allowed: 'false',
    reasons: { reason: [{ code: 'vm_no_host', text: expect.stringContaining('(not shown)') }] },
  });
  expect(leaks(refused.status, JSON.stringify(refused.body), '')).toEqual([]);
});

test('a search for what a VM’s user is not told of finds nothing, whatever it is compared with', async () => {
  for (const search of ['host=foreign*', 'host=*', 'host!=nothing and host=*'])
    expect([search, (await manager.ask('GET', `vms?search=${encodeURIComponent(search)}`, undefined, vmUser)).body]).toEqual([
      search,
      { vm: [] },
    ]);
  expect((await manager.ask('GET', 'vms?search=name%3Down-vm', undefined, vmUser)).body.vm).toHaveLength(1);
});

test('an administrator who asks filtered, and a user who asks unfiltered, get no more than is theirs', async () => {
  const unfiltered = await manager.ask('GET', 'vms?filter=false', undefined, vmUser);
  expect(unfiltered.status).toBe(403);
  const filtered = await manager.ask('GET', 'users?filter=true');
  expect(filtered.status).toBe(200);
});

test('the enumeration reaches every built method, and what waits for its handler says so', async () => {
  const handled = built.map(nameOf).filter((name) => !waiting.has(name));
  expect(new Set(handled).size).toBeGreaterThan(60);
  for (const route of built.filter((one) => waiting.has(nameOf(one)))) {
    const { status } = await manager.ask(
      route.verb,
      pathOf(route),
      route.verb === 'GET' || route.verb === 'DELETE' ? undefined : bodyOf(route),
    );
    expect([nameOf(route), status]).toEqual([nameOf(route), 501]);
  }
});

async function rowCounts(): Promise<Record<string, number>> {
  const tables = await manager.database.pool.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('sessions', 'change_log')`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables.rows)
    counts[name] = Number((await manager.database.pool.query<{ count: number }>(`select count(*) from ${name}`)).rows[0]?.count);
  return counts;
}
