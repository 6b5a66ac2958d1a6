import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allMethods } from '@ostler/contract/tree';
import { change, sql } from '../db/database.ts';
import { postgresBinaries } from '../db/test-database.ts';
import type { Agents } from '../monitoring/agents.ts';
import { callBody, callPath, plant, secretPlaces } from '../testing/contract-calls.ts';
import { foreignWorld, type ForeignWorld } from '../testing/foreign-world.ts';
import { testManager, type Login, type TestManager } from '../testing/manager.ts';

/**
 * A canary is planted in every secret that can be sent, and one taken of every secret that is made. None of them is found
 * in the database, as it is or encoded, nor in logs, events, jobs or any answer, but the one that gave it to its owner.
 */

let manager: TestManager;
let world: ForeignWorld;
const canaries = new Map<string, string>();
const lines: string[] = [];
const answers: string[] = [];
/** What hosts were told: a console's password has to arrive there. */
const calls: string[] = [];

const canary = (name: string): string => {
  const value = `canary-${randomUUID()}`;
  canaries.set(name, value);
  return value;
};
const agents = {
  of: () => ({ call: async (name: string, input: object) => void calls.push(name, JSON.stringify(input)) }),
} as unknown as Agents;

async function ask(method: string, path: string, body?: object, as?: Login) {
  const answer = await manager.ask(method, path, body, as);
  answers.push(JSON.stringify(answer));
  return answer;
}

beforeAll(async () => {
  const stream = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) });
  manager = await testManager({ agents, log: pino({ level: 'trace' }, stream) });
  world = await foreignWorld(manager.db);
  await change(manager.db, sql`update hosts set images_port = 1, consoles_port = 2, cluster_id = ${world.ids['cluster']}`);
  await change(manager.db, sql`delete from job_locks`);
});
afterAll(() => manager?.stop());

test('logins, right and wrong, by form and by Basic', async () => {
  const password = canary('user password');
  const added = await ask('POST', 'users', { user_name: 'ann', domain: { name: 'internal' }, password });
  const as = { name: 'ann@internal', password };
  expect((await ask('GET', 'vms', undefined, as)).status).toBe(200);
  const changed = canary('new password');
  expect((await ask('POST', `users/${added.body.id}/setpassword`, { password: changed, current_password: password }, as)).status).toBe(200);
  expect((await ask('GET', 'vms', undefined, { name: 'ann@internal', password: canary('wrong Basic password') })).status).toBe(401);
  for (const [username, typed] of [
    ['ann@internal', changed],
    ['ann@internal', canary('wrong password')],
    ['nobody', canary('password of nobody')],
  ] as const) {
    const reply = await manager.server.inject({
      method: 'POST',
      url: '/ovirt-engine/sso/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ grant_type: 'password', scope: 'ovirt-app-api', username, password: typed }).toString(),
    });
    if (reply.statusCode === 200) canaries.set('access token', reply.json().access_token);
    else answers.push(reply.body);
  }
  // Somebody types the password where the name belongs; the answer repeats it to them alone.
  const typedAsName = canary('password typed as a name');
  await manager.server.inject({
    method: 'POST',
    url: `/ovirt-engine/sso/oauth/token?grant_type=password&username=${typedAsName}&password=x`,
  });
  expect(canaries.has('access token')).toBe(true);
});

test('documents that cannot be read are not quoted', async () => {
  const bodies = (secret: string) => [
    `<user><user_name>x</user_name><password>${secret}</user>`,
    `<user><password>${secret}`,
    `{"user_name":"x","password":"${secret}"`,
    `{"password":"${secret}" oops}`,
    `<user><password><deep>${secret}</deep></password></user>`,
    `{"password":{"deep":"${secret}"}}`,
    `<!DOCTYPE user [<!ENTITY x "${secret}">]><user><password>&x;</password></user>`,
  ];
  for (const body of bodies(canary('password in a broken document'))) {
    const { status, text } = await manager.xml('POST', 'users', body);
    answers.push(text);
    expect([body, status]).toEqual([body, 400]);
  }
});

test('every secret field of every built method, by the contract', async () => {
  const planted: string[] = [];
  for (const route of [...allMethods()].filter(({ access, verb }) => access !== undefined && (verb === 'POST' || verb === 'PUT')))
    for (const place of secretPlaces(route)) {
      const body = callBody(route, world.ids);
      const name = `${route.service}.${route.method} ${place.join('.')}`;
      plant(body, place, canary(name));
      await ask(route.verb, callPath(route, world.ids), body);
      planted.push(name);
    }
  expect(planted).toEqual(
    expect.arrayContaining(['users.add password', 'user.setpassword password', 'vms.add initialization.root_password']),
  );
});

test('consoles: the password that a client chooses, the one that is made, and the signed tickets', async () => {
  const vm = world.ids['vm'];
  await change(
    manager.db,
    sql`update vms set run_id = gen_random_uuid(), run_host_id = ${world.ids['host']}, run_status = 'up', hardware = jsonb_set(hardware, '{display,type}', '"vnc"') where id = ${vm}`,
  );
  await change(manager.db, sql`update vms set hardware = jsonb_set(hardware, '{serialConsole}', 'true') where id = ${vm}`);
  const chosen = canary('console password');
  expect((await manager.ask('POST', `vms/${vm}/ticket`, { ticket: { value: chosen, expiry: 60 } })).body.ticket.value).toBe(chosen);
  expect(calls.join()).toContain(chosen);
  const made = await manager.ask('POST', `vms/${vm}/ticket`, {});
  canaries.set('console password that was made', made.body.ticket.value);
  const serial = await manager.ask('POST', `vms/${vm}/serialconsoleticket`, {});
  expect(serial.status).toBe(200);
  canaries.set('serial console ticket', serial.body.ticket.value);
});

test('transfers: the ticket that opens the host’s image server', async () => {
  const disk = randomUUID();
  await change(manager.db, sql`insert into disks (id, alias, provisioned_size) values (${disk}, 'to-transfer', 1048576)`);
  await change(
    manager.db,
    sql`insert into volumes (id, disk_id, domain_id, format, sparse, capacity) values (${randomUUID()}, ${disk}, ${world.ids['storage_domain']}, 'raw', true, 1048576)`,
  );
  const added = await ask('POST', 'imagetransfers', { disk: { id: disk }, direction: 'download', format: 'raw' });
  expect([added.status, added.body]).toMatchObject([202, {}]);
  const [kept] = (
    await sql<{ id: string }>`select id from secrets where kind = 'transfer ticket' and object_id = ${added.body.id}`.execute(manager.db)
  ).rows;
  canaries.set('transfer ticket', (await manager.secrets.get(manager.db, kept?.id ?? '')) ?? '');
  await ask('GET', `imagetransfers/${added.body.id}`);
});

test('afterwards none of them is anywhere', async () => {
  for (const path of ['events', 'jobs', 'users', 'vms', 'imagetransfers', 'vms?follow=nics,snapshots']) await ask('GET', path);
  const dump = await promisify(execFile)(join(await postgresBinaries(), 'pg_dump'), ['--dbname', manager.database.url], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  expect(dump.stdout).toContain('CREATE TABLE public.secrets');
  const places = { 'the database': dump.stdout, 'the log': lines.join(''), 'the answers': answers.join('\n') };
  const found: string[] = [];
  for (const [name, value] of canaries) {
    expect([name, value.length > 7]).toEqual([name, true]);
    const written = [
      value,
      Buffer.from(value).toString('hex'),
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      encodeURIComponent(value),
    ];
    for (const [place, text] of Object.entries(places)) if (written.some((one) => text.includes(one))) found.push(`${name} is in ${place}`);
  }
  expect(found).toEqual([]);
  expect(canaries.size).toBeGreaterThan(12);
});
