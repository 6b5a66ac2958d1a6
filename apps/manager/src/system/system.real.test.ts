import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '@ostler/contract/coverage';
import { events } from '@ostler/domain/events/catalogue';
import { operatingSystems } from '@ostler/domain/operating-system/catalogue';
import { phrase, plan } from '@ostler/domain/plan';
import { emit } from '../audit/store.ts';
import { sql } from '../db/database.ts';
import { insertJob, needAttention } from '../jobs/store.ts';
import { testManager, type Login, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
let user: Login & { id: string };
beforeAll(async () => {
  manager = await testManager();
  const login = { name: 'ann@internal', password: 'a-good-long-password' };
  const added = await manager.ask('POST', 'users', { user_name: 'ann', domain: { name: 'internal' }, password: login.password });
  user = { ...login, id: added.body.id };
});
afterAll(() => manager?.stop());

const vm = async (name: string) =>
  (await manager.ask('POST', 'vms', { name, cluster: { name: 'Default' }, template: { name: 'Blank' } })).body.id as string;

// ---- the entry point --------------------------------------------------------------------------------------------

test('the entry point has the product, the counts, the special objects and a link to every collection', async () => {
  const { text } = await manager.xml('GET', '/ovirt-engine/api/');
  expect(text).toContain('<name>Ostler</name>');
  expect(text).toMatch(/<version[^>]*>.*<major>4<\/major>/s);
  expect(text).toContain('<link href="/ovirt-engine/api/vms" rel="vms"/>');
  expect(text).toContain('href="/ovirt-engine/api/vms?search={query}" rel="vms/search"');
  expect(text).toContain('href="/ovirt-engine/api/events;from={event_id}?search={query}" rel="events/search"');
  const { body } = await manager.ask('GET', '');
  expect(body.special_objects).toMatchObject({
    blank_template: { id: '00000000-0000-0000-0000-000000000000' },
    root_tag: { id: '00000000-0000-0000-0000-000000000000' },
  });
  expect(body.summary.users).toMatchObject({ total: '2' });
  expect((await manager.ask('GET', '', undefined, user)).body).not.toHaveProperty('summary');
  proves('system.get');
});

test('operating systems come under the root that the SDKs know, each by RHV’s number', async () => {
  expect((await manager.xml('GET', 'operatingsystems')).text).toContain('<operation_systems>');
  expect((await manager.ask('GET', 'operatingsystems')).body.operating_system).toHaveLength(operatingSystems.length);
  expect((await manager.ask('GET', 'operatingsystems/30')).body).toMatchObject({ name: 'rhel_8x64', architecture: 'x86_64' });
  expect((await manager.ask('GET', 'operatingsystems/99999')).status).toBe(404);
  proves('operating_systems.list', 'operating_system.get');
});

test('cluster levels, the root tag and the options that hold are there; other options are not found', async () => {
  expect((await manager.ask('GET', 'clusterlevels')).body.cluster_level.map((one: { id: string }) => one.id)).toContain('4.7');
  expect((await manager.ask('GET', 'clusterlevels/4.6')).status).toBe(200);
  expect((await manager.ask('GET', 'tags')).body.tag).toMatchObject([{ name: 'root' }]);
  expect((await manager.ask('GET', 'options/UserSessionTimeOutInterval')).body.values.system_option_value).toEqual([
    { value: '30', version: 'general' },
  ]);
  expect((await manager.ask('GET', 'options/constructor')).status).toBe(404);
  proves('cluster_levels.list', 'cluster_level.get', 'tags.list', 'system_option.get');
});

// ---- events -----------------------------------------------------------------------------------------------------

test('events are numbered, found by a search, and read on from a number', async () => {
  const id = await vm('found');
  const found = await manager.ask('GET', 'events?search=event_vm%3Dfound+and+type%3D34&max=1');
  expect(found.body.event).toMatchObject([{ code: '34', severity: 'normal', vm: { id }, description: 'VM found was created by admin.' }]);
  const { index } = found.body.event[0];
  expect(found.body.event[0].id).toBe(index);
  expect((await manager.ask('GET', `events?from=${index}`)).body.event).toEqual([]);
  expect((await manager.ask('GET', `events;from=${Number(index) - 1}`)).body.event).toHaveLength(1);
  expect((await manager.ask('GET', 'events?search=message%3D%22*found+was+created*%22')).body.event.length).toBeGreaterThan(0);
  expect((await manager.ask('GET', 'events?search=%22VM+found+was%22')).body.event).toHaveLength(1);
  proves('events.list');
});

test('a program adds events of its own, each number once, and an administrator takes them away', async () => {
  const wish = { origin: 'backup', custom_id: 7, severity: 'alert', description: 'The nightly backup failed' };
  const added = await manager.ask('POST', 'events', wish);
  expect([added.status, added.body]).toMatchObject([
    201,
    { origin: 'backup', custom_id: '7', severity: 'alert', code: '9804', description: wish.description },
  ]);
  expect((await manager.ask('POST', 'events', wish)).body).toMatchObject({ field: 'event.custom_id' });
  expect((await manager.ask('POST', 'events', { ...wish, custom_id: 8, origin: 'oVirt' })).body).toMatchObject({ field: 'event.origin' });
  expect((await manager.ask('POST', 'events', { ...wish, custom_id: 9 }, user)).status).toBe(403);
  expect((await manager.ask('DELETE', `events/${added.body.id}`)).status).toBe(200);
  const held = async () => (await manager.ask('GET', 'events?search=origin%3Dbackup')).body.event.length;
  expect(await held()).toBe(0);
  expect((await manager.ask('POST', 'events/undelete', {})).status).toBe(200);
  expect(await held()).toBe(1);
  proves('events.add', 'event.remove', 'events.undelete', 'event.get');
});

test('who sees a VM reads what happened to it, but not on which host, nor who did it', async () => {
  const id = await vm('mine');
  await manager.ask('POST', `vms/${id}/permissions`, { role: { name: 'UserRole' }, user: { id: user.id } });
  await emit(manager.db, events.vm_run_requested({ vm: 'mine', user: 'admin', host: 'secret-host' }), { vm: id });
  await emit(manager.db, events.vm_start_failed({ vm: 'mine', reason: 'no room' }), { vm: id });
  const told = (await manager.ask('GET', 'events?search=type%3D153', undefined, user)).body.event;
  expect(told).toMatchObject([{ description: 'VM mine is being started by another user on host (not shown).', vm: { id } }]);
  for (const search of ['message=*secret-host*', '"secret-host"', 'event_host=*', 'usrname=admin'])
    expect([search, (await manager.ask('GET', `events?search=${encodeURIComponent(search)}`, undefined, user)).body.event]).toEqual([
      search,
      [],
    ]);
  expect((await manager.ask('GET', 'events?search=message%3D%22*no+room*%22', undefined, user)).body.event).toHaveLength(1);
});

// ---- jobs -------------------------------------------------------------------------------------------------------

async function stuckJob(vmId: string): Promise<string> {
  const id = randomUUID();
  await manager.db.transaction().execute(async (tx) => {
    const locks = [{ object: vmId, kind: 'vm', mode: 'exclusive' } as const];
    await insertJob(tx, {
      id,
      type: 'start-vm',
      version: 1,
      plan: plan({ title: phrase('vm.start', { vm: 'stuck' }), data: {}, locks }),
      steps: [{ name: 'begin' }, { name: 'wait' }],
      owner: undefined,
      correlation: 'corr-1',
    });
    await needAttention(tx, id, { code: 'unreachable', message: 'Host secret-host does not answer' });
  });
  return id;
}

test('a job that needs a person is told so, with its reason, and is resumed or abandoned by name', async () => {
  const id = await vm('stuck');
  const job = await stuckJob(id);
  const shown = await manager.ask('GET', `jobs/${job}`);
  expect(shown.body).toMatchObject({
    status: 'started',
    needs_attention: 'true',
    problem: 'Host secret-host does not answer',
    correlation_id: 'corr-1',
  });
  expect(shown.body.actions.link.map((link: { rel: string }) => link.rel).toSorted()).toEqual([
    'abandon',
    'cancel',
    'clear',
    'end',
    'resume',
  ]);
  expect((await manager.ask('GET', 'jobs?search=correlation_id%3Dcorr-1')).body.job).toHaveLength(1);
  expect((await manager.ask('GET', `jobs/${job}/steps`)).body.step).toMatchObject([
    { description: 'begin', status: 'unknown' },
    { description: 'wait' },
  ]);
  expect((await manager.ask('GET', 'jobs?follow=steps')).body.job[0].steps.step).toHaveLength(2);

  expect((await manager.ask('POST', `jobs/${job}/cancel`, {})).body).toMatchObject({ code: 'job_cannot_be_cancelled' });
  expect((await manager.ask('POST', `jobs/${job}/resume`, {})).status).toBe(200);
  expect((await manager.ask('POST', `jobs/${job}/abandon`, {})).status).toBe(409);
  await needAttention(manager.db, job, { code: 'unreachable', message: 'still' });
  expect((await manager.ask('POST', `jobs/${job}/abandon?dry_run=true`, {})).body).toMatchObject({ allowed: 'true' });
  expect((await manager.ask('DELETE', `vms/${id}`)).status).toBe(409);
  expect((await manager.ask('POST', `jobs/${job}/abandon`, {})).status).toBe(200);
  expect((await manager.ask('GET', `jobs/${job}`)).body).toMatchObject({ status: 'aborted' });
  expect((await manager.ask('GET', `vms/${id}`)).body).toMatchObject({ status: 'down' });
  expect((await sql`select 1 from job_locks where job_id = ${job}`.execute(manager.db)).rows).toEqual([]);
  proves('jobs.list', 'job.get', 'job.resume', 'job.abandon', 'steps.list');
});

test('a job is seen by who sees what it is about, without what hosts said, and steered by its owner or by permit', async () => {
  const other = await vm('others');
  const hidden = await stuckJob(other);
  expect((await manager.ask('GET', `jobs/${hidden}`, undefined, user)).status).toBe(404);
  const own = await vm('shared');
  await manager.ask('POST', `vms/${own}/permissions`, { role: { name: 'UserRole' }, user: { id: user.id } });
  const job = await stuckJob(own);
  const seen = await manager.ask('GET', `jobs/${job}`, undefined, user);
  expect(seen.body.problem).toBe('It failed (unreachable). An administrator can see why.');
  expect((await manager.ask('POST', `jobs/${job}/abandon`, {}, user)).status).toBe(403);
});

// ---- logging in -------------------------------------------------------------------------------------------------

const sso = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  manager.server.inject({
    method: 'POST',
    url: `/ovirt-engine/${path}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
    payload: new URLSearchParams(form).toString(),
  });
const passwordGrant = { grant_type: 'password', scope: 'ovirt-app-api', username: 'admin@internal', password: 'test-admin-password' };
const bearer = (token: string) =>
  manager.server.inject({ method: 'GET', url: '/ovirt-engine/api', headers: { authorization: `Bearer ${token}` } });

test('the HTTP grant takes Basic, and a token tells whose it is', async () => {
  const authorization = `Basic ${Buffer.from('admin@internal:test-admin-password').toString('base64')}`;
  for (const path of ['sso/oauth/token', 'sso/oauth/token-http-auth']) {
    const login = await sso(path, { grant_type: 'urn:ovirt:params:oauth:grant-type:http', scope: 'ovirt-app-api' }, { authorization });
    expect(login.json()).toMatchObject({ token_type: 'bearer', scope: 'ovirt-app-api', exp: '9223372036854775807' });
    const info = await sso('sso/oauth/token-info', { token: login.json().access_token });
    expect(info.json()).toMatchObject({
      active: true,
      token_type: 'bearer',
      user_id: 'admin@internal',
      user_authz: 'internal-authz',
      ovirt: { version: '0', namespace: '*', first_name: 'admin', group_ids: [], groups: [] },
    });
  }
  expect(
    (await sso('sso/oauth/token', { grant_type: 'urn:ovirt:params:oauth:grant-type:http', scope: 'ovirt-app-api' })).json(),
  ).toMatchObject({ error_code: 'invalid_request' });
});

test('what is wrong with a login is JSON with 400, in the shape that the scope asks for', async () => {
  const refused = async (form: Record<string, string>) => {
    const reply = await sso('sso/oauth/token', form, { 'x-forwarded-for': '192.0.2.1' });
    expect(reply.headers['content-type']).toContain('application/json');
    return [reply.statusCode, reply.json()];
  };
  expect(await refused({ ...passwordGrant, password: 'wrong' })).toEqual([
    400,
    { error_code: 'access_denied', error: expect.stringContaining('admin@internal') },
  ]);
  expect(await refused({ ...passwordGrant, password: 'wrong', scope: 'ovirt-app-api ovirt-app-admin' })).toEqual([
    400,
    { error: 'access_denied', error_description: expect.any(String) },
  ]);
  expect(await refused({ ...passwordGrant, grant_type: 'implicit' })).toMatchObject([400, { error_code: 'unsupported_grant_type' }]);
  expect(await refused({ grant_type: 'password', scope: 'ovirt-app-api', username: 'admin@internal' })).toMatchObject([
    400,
    { error_code: 'invalid_request' },
  ]);
  expect(await refused({ ...passwordGrant, username: 'nobody\0@internal' })).toMatchObject([400, { error_code: 'access_denied' }]);
  expect(await refused({ ...passwordGrant, username: 'nobody@internal', password: 'x'.repeat(100_000) })).toMatchObject([
    400,
    { error_code: 'access_denied' },
  ]);
});

test('expired, revoked and invented tokens open nothing and tell nothing', async () => {
  const token = async () => (await sso('sso/oauth/token', passwordGrant)).json().access_token as string;
  const [expired, idle, revoked, ended] = [await token(), await token(), await token(), await token()];
  const { tokenHash } = await import('../access/store.ts');
  await sql`update sessions set expires_at = now() where token_hash = ${tokenHash(expired)}`.execute(manager.db);
  await sql`update sessions set last_used = now() - interval '31 minutes' where token_hash = ${tokenHash(idle)}`.execute(manager.db);
  expect((await sso('sso/oauth/revoke', { scope: '', token: revoked })).json()).toEqual({});
  expect((await sso('services/sso-logout', { scope: 'ovirt-app-api', token: ended })).json()).toEqual({});
  expect((await sso('services/sso-logout', { scope: 'ovirt-app-api', token: 'never-was' })).json()).toEqual({});
  for (const one of [expired, idle, revoked, ended, 'garbage', 'a'.repeat(5000), '%00']) {
    const [answer, info] = [await bearer(one), await sso('sso/oauth/token-info', { token: one, scope: 'ovirt-app-api' })];
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Basic realm="Ostler"']);
    expect([info.statusCode, info.json().error_code]).toEqual([400, 'invalid_grant']);
  }
});

test('after five failures a name has to wait, even with the right password, and others need not', async () => {
  await manager.ask('POST', 'users', { user_name: 'tess', domain: { name: 'internal' }, password: 'a-good-long-password' });
  const attempt = (username: string, password: string, address: string) =>
    sso('sso/oauth/token', { ...passwordGrant, username, password }, { 'x-forwarded-for': address });
  for (let tries = 0; tries < 8; tries++) await attempt('tess@internal', 'wrong', `198.51.100.${tries}`);
  const waiting = await attempt('tess@internal', 'a-good-long-password', '198.51.100.99');
  expect([waiting.statusCode, waiting.json().error]).toEqual([400, expect.stringContaining('too many failures')]);
  const basic = await manager.ask('GET', 'vms', undefined, { name: 'tess@internal', password: 'still-wrong' });
  expect([basic.status, Number(basic.headers['retry-after'])]).toEqual([401, expect.any(Number)]);
  expect((await attempt('ann@internal', user.password, '198.51.100.99')).statusCode).toBe(200);
});

test('with persistent-auth a Basic login leaves a session, which the first request without it ends', async () => {
  const ask = (headers: Record<string, string>) => manager.server.inject({ method: 'GET', url: '/ovirt-engine/api', headers });
  const authorization = `Basic ${Buffer.from('admin@internal:test-admin-password').toString('base64')}`;
  const first = await ask({ authorization, prefer: 'persistent-auth', 'session-ttl': '5' });
  const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
  expect(String(first.headers['set-cookie'])).toContain('HttpOnly');
  expect((await ask({ cookie, prefer: 'persistent-auth' })).statusCode).toBe(200);
  expect((await ask({ cookie })).statusCode).toBe(200);
  expect((await ask({ cookie, prefer: 'persistent-auth' })).statusCode).toBe(401);
});
