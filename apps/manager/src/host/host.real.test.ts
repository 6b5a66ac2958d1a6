import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { answersTo, createRequest, fingerprint } from '@ostler/pki/authority';
import { change, row, sql } from '../db/database.ts';
import { testManager, type TestManager } from '../testing/manager.ts';
import { hostsUp, simulatedWorld } from '../testing/world.test-support.ts';
import { createEnrollmentToken, renewCertificates } from './service.ts';

let manager: TestManager;
let ahead = 0;
beforeAll(async () => {
  manager = await testManager({ now: () => Date.now() + ahead });
});
beforeEach(() => {
  ahead += 3_600_001;
});
afterAll(() => manager?.stop());

const machine = async (name: string, more: object = {}) => ({
  name,
  address: `${name}.test`,
  port: 54_321,
  hardware_uuid: randomUUID(),
  request: (await createRequest(name)).request,
  ...more,
});

/** Enrolls as a machine does: without a login. */
async function enroll(
  token: string,
  body: object,
  address = '192.0.2.1',
): Promise<{ status: number; retryAfter: unknown; body: Record<string, string> }> {
  const reply = await manager.server.inject({
    method: 'POST',
    url: '/ovirt-engine/services/host-enrollment',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    payload: JSON.stringify({ token, ...body }),
  });
  return { status: reply.statusCode, retryAfter: reply.headers['retry-after'], body: reply.json() };
}
const newToken = (hostName?: string) => createEnrollmentToken(manager.db, { cluster: 'Default', hostName });

test('a machine with a token becomes a host, with a certificate for its id, address and name', async () => {
  const { status, body } = await enroll(await newToken('alpha'), await machine('alpha'));
  expect(status).toBe(200);
  expect(body['ca']).toBe(manager.authority.cert);
  expect(answersTo(body['certificate'] ?? '', [body['host_id'] ?? '', 'alpha.test', 'alpha'])).toBe(true);
  const host = await row<object>(
    manager.db,
    sql`select name, wanted, status, spm_id, certificate_fingerprint from hosts where id = ${body['host_id']}`,
  );
  expect(host).toEqual({
    name: 'alpha',
    wanted: 'up',
    status: 'unassigned',
    spm_id: 1,
    certificate_fingerprint: fingerprint(body['certificate'] ?? ''),
  });
});

test('the same machine is the same host, with a fresh certificate; another one gets the lowest free number', async () => {
  const same = await machine('beta');
  const first = await enroll(await newToken(), same);
  const again = await enroll(await newToken(), { ...same, address: '10.0.0.9' });
  expect(again.body['host_id']).toBe(first.body['host_id']);
  expect(again.body['certificate']).not.toBe(first.body['certificate']);
  expect(answersTo(again.body['certificate'] ?? '', ['10.0.0.9'])).toBe(true);
  const { body } = await enroll(await newToken(), await machine('gamma'));
  const ids = await row<{ ids: number[] }>(manager.db, sql`select array_agg(spm_id order by spm_id) as ids from hosts`);
  expect(ids).toEqual({ ids: [1, 2, 3] });
  await change(manager.db, sql`delete from hosts where id = ${first.body['host_id']}`);
  const delta = await enroll(await newToken(), await machine('delta'));
  expect(await row(manager.db, sql`select spm_id from hosts where id = ${delta.body['host_id']}`)).toEqual({ spm_id: 2 });
  expect(body['host_id']).not.toBe(delta.body['host_id']);
});

test('a token is good once, for an hour, and only as its hash in the database', async () => {
  const token = await newToken();
  const held = await row<{ held: string }>(manager.db, sql`select string_agg(t::text, ' ') as held from enrollment_tokens t`);
  expect(held?.held).not.toContain(token);
  const tries = await Promise.all([enroll(token, await machine('one')), enroll(token, await machine('two'))]);
  expect(tries.map(({ status }) => status).toSorted()).toEqual([200, 401]);
  expect((await enroll(token, await machine('three'))).status).toBe(401);
  const late = await newToken();
  await change(manager.db, sql`update enrollment_tokens set expires_at = now() - interval '1 second' where used_by is null`);
  expect((await enroll(late, await machine('four'))).status).toBe(401);
  expect((await enroll('made-up', await machine('five'))).body).toMatchObject({ code: 'enrollment_token_unknown' });
});

test('what is wrong with an enrollment is refused by its field, and the token stays good', async () => {
  const token = await newToken('wanted');
  for (const [wrong, field] of [
    [{ name: 'a b' }, 'name'],
    [{ name: 'other' }, 'name'],
    [{ address: 'https://h:1' }, 'address'],
    [{ port: 0 }, 'port'],
    [{ port: '54321' }, 'port'],
    [{ hardware_uuid: 'x' }, 'hardware_uuid'],
    [{ request: 'none' }, 'request'],
  ] as const)
    expect(await enroll(token, { ...(await machine('wanted')), ...wrong })).toMatchObject({ status: 400, body: { field } });
  expect((await enroll(await newToken(), await machine('alpha'))).body).toMatchObject({ field: 'name', code: 'enrollment_name_taken' });
  expect((await enroll('', await machine('wanted'))).body).toMatchObject({ field: 'token' });
  expect((await enroll(token, await machine('wanted'))).status).toBe(200);
});

test('whoever tries tokens in vain must wait, each address by itself, and is heard again when the time has come', async () => {
  const vain = async (address: string) => (await enroll('made-up', {}, address)).status;
  const from = async (address: string, times: number) => {
    const seen: number[] = [];
    for (let each = 0; each < times; each++) seen.push(await vain(address));
    return seen;
  };
  expect(await from('198.51.100.7', 6)).toEqual([401, 401, 401, 401, 401, 429]);
  const token = await newToken();
  expect(await enroll(token, await machine('eta'), '198.51.100.7')).toMatchObject({
    status: 429,
    retryAfter: '1',
    body: { code: 'enrollment_throttled', detail: expect.stringContaining('1 seconds') },
  });
  expect(await from('2001:db8:0:1::1', 5)).toEqual([401, 401, 401, 401, 401]);
  expect(await vain('2001:db8:0:1:ffff::2')).toBe(429);
  expect(await vain('2001:db8:0:2::1')).toBe(401);
  ahead += 2_000;
  expect((await enroll(token, await machine('eta'), '198.51.100.7')).status).toBe(200);
  expect(await from('198.51.100.7', 5)).toEqual([401, 401, 401, 401, 401]);
});

test('a storm from many addresses is refused as a whole, and over in ten seconds', async () => {
  ahead += 3_600_000;
  const seen = new Set<number>();
  for (let host = 1; host <= 120; host++) seen.add((await enroll('made-up', {}, `203.0.113.${host}`)).status);
  expect(seen).toEqual(new Set([401, 429]));
  ahead += 10_000;
  expect((await enroll(await newToken(), await machine('theta'), '203.0.113.250')).status).toBe(200);
});

test('an administrator gets a token from the cluster, for the machine that is to be called so', async () => {
  const issued = await manager.ask('POST', `clusters/${fixedIds.defaultCluster}/issueenrollmenttoken`, { host_name: 'epsilon' });
  expect(issued.body).toMatchObject({ status: 'complete', valid_until: expect.any(Number) });
  expect((await enroll(issued.body.enrollment_token, await machine('zeta'))).body).toMatchObject({ field: 'name' });
  expect((await enroll(issued.body.enrollment_token, await machine('epsilon'))).status).toBe(200);
  const overSsh = await manager.ask('POST', 'hosts', { name: 'h', address: 'h.test', root_password: 'secret' });
  expect([overSsh.status, overSsh.body.detail]).toEqual([501, expect.stringContaining('issueenrollmenttoken')]);
});

test('a host is shown as its agent described it, and goes to maintenance and back', async () => {
  const world = await simulatedWorld();
  const { stop } = world.watch();
  try {
    await hostsUp(world);
    const [host] = (await world.ask('GET', 'hosts')).body.host;
    expect(host).toMatchObject({
      name: 'host1',
      status: 'up',
      type: 'rhel',
      summary: { total: '0' },
      cluster: { id: fixedIds.defaultCluster },
    });
    expect(Number(host.memory)).toBeGreaterThan(Number(host.max_scheduling_memory));
    expect(host.cpu.topology.sockets).toMatch(/^\d+$/);
    expect((await world.ask('GET', `hosts/${host.id}/nics`)).status).toBe(200);
    const status = async () => (await world.ask('GET', `hosts/${host.id}`)).body.status as string;
    expect((await world.ask('DELETE', `hosts/${host.id}`)).body).toMatchObject({ code: 'host_not_in_maintenance' });
    await world.did('POST', `hosts/${host.id}/deactivate`, { reason: 'new fans' });
    await world.until(status, (seen) => seen === 'maintenance');
    await world.did('POST', `hosts/${host.id}/activate`, {});
    await world.until(status, (seen) => seen === 'up');
    await world.did('POST', `hosts/${host.id}/deactivate`, {});
    await world.until(status, (seen) => seen === 'maintenance');
    expect((await world.ask('DELETE', `hosts/${host.id}`)).status).toBe(200);
    expect((await world.ask('GET', 'hosts')).body).toEqual({ host: [] });
  } finally {
    stop();
    await world.stop();
  }
});

test("a host's certificate is renewed at two thirds of its life, by its own connection; what fails is tried again", async () => {
  const world = await simulatedWorld();
  const [host] = world.hosts;
  const stop = new AbortController();
  const log = { warn: () => undefined };
  const renewing = renewCertificates({ ...world, epoch: 0, log }, stop.signal, 20);
  try {
    const held = () =>
      row<{ print: string; due: Date | null }>(
        world.db,
        sql`select certificate_fingerprint as print, certificate_renew_at as due from hosts where id = ${host.hostId}`,
      );
    await change(world.db, sql`update hosts set status = 'up', certificate_renew_at = null`);
    await world.until(held, (seen) => seen?.due != null);
    const first = host.world.certificate() ?? '';
    expect((await held())?.print).toBe(fingerprint(first));
    expect(answersTo(first, [host.hostId, 'host1', 'host1.test'])).toBe(true);

    world.passTime(200 * 86_400_000);
    host.faults.disconnect();
    world.passTime(70 * 86_400_000);
    await expect.poll(() => host.world.certificate()).toBe(first);
    host.faults.reconnect();
    await world.until(
      () => host.world.certificate(),
      (seen) => seen !== first,
    );
    await world.until(held, (seen) => seen?.print === fingerprint(host.world.certificate() ?? ''));
    const told = await row<{ count: number }>(world.db, sql`select count(*)::int as count from events where code = 10845`);
    expect(told).toEqual({ count: 2 });
  } finally {
    stop.abort();
    await renewing;
    await world.stop();
  }
});

test('a host on which VMs run is not moved to maintenance, and says which', async () => {
  const world = await simulatedWorld();
  try {
    const [host] = world.hosts;
    await change(world.db, sql`update hosts set status = 'up' where id = ${host.hostId}`);
    const vm = (await world.ask('POST', 'vms', { name: 'web', cluster: { name: 'Default' }, template: { name: 'Blank' } })).body.id;
    await change(world.db, sql`update vms set run_id = ${randomUUID()}, run_host_id = ${host.hostId}, run_status = 'up' where id = ${vm}`);
    const refused = await world.ask('POST', `hosts/${host.hostId}/deactivate`, {});
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('VM web')]);
  } finally {
    await world.stop();
  }
});
