import { afterAll, beforeAll, expect, test } from 'vitest';
import { testManager, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
});
afterAll(() => manager?.stop());

test('a fresh installation has the Default data center, uninitialized until it gets storage', async () => {
  const { status, body } = await manager.ask('GET', 'datacenters');
  expect(status).toBe(200);
  expect(body.data_center).toMatchObject([
    { id: '58cfb470-02f3-03d7-0386-0000000003bc', name: 'Default', status: 'uninitialized', local: 'false' },
  ]);
});

test('a data center is added, changed and removed, in XML and in JSON', async () => {
  const added = await manager.xml('POST', 'datacenters', '<data_center><name>east</name><local>true</local></data_center>');
  expect(added.status).toBe(201);
  const id = /<data_center href="[^"]*" id="([^"]+)"/.exec(added.text)?.[1] ?? '';
  expect(added.headers['location']).toBe(`/ovirt-engine/api/datacenters/${id}`);
  expect((await manager.ask('PUT', `datacenters/${id}`, { description: 'by the sea' })).body).toMatchObject({
    name: 'east',
    description: 'by the sea',
  });
  expect((await manager.ask('DELETE', `datacenters/${id}`)).body).toMatchObject({ status: 'complete' });
  expect((await manager.ask('GET', `datacenters/${id}`)).status).toBe(404);
});

test('a dry run says what would happen and changes nothing', async () => {
  const planned = await manager.ask('POST', 'datacenters?dry_run=true', { name: 'west' });
  expect(planned.status).toBe(200);
  expect(planned.body).toMatchObject({ allowed: 'true', title: 'Adding data center west' });
  const refused = await manager.ask('POST', 'datacenters?dry_run=true', { name: 'default' });
  expect(refused.body).toMatchObject({
    allowed: 'false',
    reasons: { reason: [{ code: 'data_center_name_taken', field: 'data_center.name' }] },
  });
  expect((await manager.ask('GET', 'datacenters?search=name%3Dwest')).body).toEqual({ data_center: [] });
});

test('bad input is refused with its field, and nothing is left behind', async () => {
  const taken = await manager.ask('POST', 'datacenters', { name: 'Default' });
  expect([taken.status, taken.body.field]).toEqual([409, 'data_center.name']);
  expect((await manager.ask('POST', 'datacenters', { name: 'a/b' })).status).toBe(400);
  expect((await manager.ask('POST', 'datacenters', {})).body).toMatchObject({
    reason: 'Incomplete parameters',
    detail: expect.stringContaining('name'),
  });
  expect((await manager.ask('GET', 'datacenters?search=colour%3Dred')).body).toMatchObject({ field: 'search' });
  expect((await manager.ask('GET', 'datacenters')).body.data_center).toHaveLength(1);
});

test('a data center with clusters is not removed', async () => {
  const refused = await manager.ask('DELETE', 'datacenters/58cfb470-02f3-03d7-0386-0000000003bc');
  expect(refused.status).toBe(409);
  expect(refused.body.detail).toContain('clusters (Default)');
});

test('who is not logged in is asked to, and nobody else is let in', async () => {
  const reply = await manager.server.inject({ method: 'GET', url: '/ovirt-engine/api/datacenters' });
  expect([reply.statusCode, reply.headers['www-authenticate'], reply.headers['connection']]).toEqual([
    401,
    'Basic realm="Ostler"',
    'close',
  ]);
  expect((await manager.ask('GET', 'datacenters', undefined, { name: 'admin@internal', password: 'wrong' })).status).toBe(401);
});

test('a token from the SSO endpoint opens the API, and is worth nothing after logout', async () => {
  const form = 'grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=test-admin-password';
  const login = await manager.server.inject({
    method: 'POST',
    url: '/ovirt-engine/sso/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    payload: form,
  });
  const { access_token: token, exp } = login.json();
  expect(exp).toBe('9223372036854775807');
  const get = () =>
    manager.server.inject({ method: 'GET', url: '/ovirt-engine/api/v4/datacenters/', headers: { authorization: `Bearer ${token}` } });
  expect((await get()).statusCode).toBe(200);
  await manager.server.inject({
    method: 'POST',
    url: '/ovirt-engine/services/sso-logout',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `scope=ovirt-app-api&token=${token}`,
  });
  expect((await get()).statusCode).toBe(401);
});
