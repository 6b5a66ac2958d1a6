import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, expectTypeOf, test } from 'vitest';
import { ApiFault, ApiUnreachable, client, type ActionResult } from './client.ts';
import type { Api } from './schema.ts';

type Reply = { status?: number; body?: unknown; headers?: Record<string, string> };
type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string };

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** A server that answers what it is told, and remembers what it was asked. */
async function server(answer: (asked: Seen, count: number) => Reply | undefined) {
  const seen: Seen[] = [];
  const http = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      seen.push(asked);
      const reply = answer(asked, seen.length);
      if (!reply) return;
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closers.push(() => http.close().closeAllConnections());
  return { seen, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/ovirt-engine/api` };
}

test('lists, gets, adds, updates and acts, typed by the declarations', async () => {
  const { url, seen } = await server(({ url: asked, method }) => {
    if (method === 'GET')
      return { body: asked.includes('/vms?') ? { vm: [{ id: '1', memory: '1024', stateless: 'true' }] } : { id: '1', name: 'web' } };
    return { body: asked.endsWith('start') ? { status: 'complete', job: { id: 'j' } } : { id: '2', name: 'new' } };
  });
  const api = client({ url, token: 't' });

  const vms = await api.vms.list({ search: 'name=web', max: 5, follow: 'nics' });
  expect(vms).toEqual([{ id: '1', memory: 1024, stateless: true }]);
  expect(await api.vms('1').get()).toEqual({ id: '1', name: 'web' });
  expect(await api.vms('1').diskattachments.add({ disk: { id: 'd' }, interface: 'virtio_scsi', bootable: true })).toMatchObject({
    id: '2',
  });
  expect(await api.networks('n/1').update({ mtu: 9000 })).toMatchObject({ name: 'new' });
  const started = await api.vms('1').start({ pause: true });
  expect(started.job?.id).toBe('j');

  expect(seen.map(({ method, url: asked, body }) => `${method} ${asked.slice('/ovirt-engine/api'.length)} ${body}`)).toEqual([
    'GET /vms?search=name%3Dweb&max=5&follow=nics ',
    'GET /vms/1 ',
    'POST /vms/1/diskattachments {"bootable":"true","interface":"virtio_scsi","disk":{"id":"d"}}',
    'PUT /networks/n%2F1 {"mtu":"9000"}',
    'POST /vms/1/start {"pause":"true"}',
  ]);
  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer t', accept: 'application/json', version: '4' });
  expectTypeOf(vms).toEqualTypeOf<Api['vm'][]>();
  expectTypeOf(started).toExtend<ActionResult>();
});

test('a dry run answers a plan, and its type says so', async () => {
  const { url, seen } = await server(() => ({
    body: { allowed: 'true', title: 'Starting VM web', steps: { plan_step: [{ name: 'start' }] } },
  }));
  const plan = await client({ url, token: 't' }).vms('1').start({}, { dryRun: true });
  expectTypeOf(plan).toEqualTypeOf<Api['plan']>();
  expect(plan).toEqual({ allowed: true, title: 'Starting VM web', steps: [{ name: 'start' }] });
  expect(seen[0]?.url).toBe('/ovirt-engine/api/vms/1/start?dry_run=true');
});

test('a console ticket comes typed', async () => {
  const { url } = await server(() => ({ body: { status: 'complete', ticket: { value: 'pw', expiry: '120' } } }));
  const { ticket } = await client({ url, token: 't' }).vms('1').graphicsconsoles('2').ticket();
  expect(ticket).toEqual({ value: 'pw', expiry: 120 });
});

test('passwords are sent', async () => {
  const { url, seen } = await server(() => ({ body: {} }));
  await client({ url, token: 't' }).hosts.add({ name: 'h', root_password: 'pw' });
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ name: 'h', root_password: 'pw' });
});

test('a fault is an error with status, code, field and correlation id', async () => {
  const { url } = await server(({ headers }) => ({
    status: 409,
    body: { reason: 'Operation Failed', detail: '[VM web is locked.]', code: 'vm_locked', field: 'vm' },
    headers: { 'correlation-id': String(headers['correlation-id']) },
  }));
  const failure = await client({ url, token: 't' })
    .vms('1')
    .remove({ correlation_id: 'mine' })
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ApiFault);
  expect(failure).toMatchObject({
    status: 409,
    message: 'VM web is locked.',
    reason: 'Operation Failed',
    code: 'vm_locked',
    field: 'vm',
    correlationId: 'mine',
  });
});

test('a fault inside a failed action is one too', async () => {
  const { url } = await server(() => ({ body: { status: 'failed', fault: { reason: 'Operation Failed', detail: '[no]' } } }));
  await expect(client({ url, token: 't' }).hosts('1').activate()).rejects.toThrow(
    expect.objectContaining({ name: 'ApiFault', detail: '[no]' }),
  );
});

test('a name and a password fetch a token once, and once more when it is refused', async () => {
  let token = 0;
  const { url, seen } = await server(({ url: asked, headers }) => {
    if (asked === '/ovirt-engine/sso/oauth/token') return { body: { access_token: `t${++token}` } };
    return headers.authorization === 'Bearer t1' && token === 1 && seen.length > 3 ? { status: 401 } : { body: { id: '1' } };
  });
  const api = client({ url, username: 'admin@internal', password: 'p&q' });
  await Promise.all([api.vms('1').get(), api.vms('2').get()]);
  expect(seen.map(({ url: asked }) => asked)).toEqual(['/ovirt-engine/sso/oauth/token', expect.any(String), expect.any(String)]);
  expect(seen[0]?.body).toBe('grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=p%26q');
  await api.vms('3').get();
  expect(token).toBe(2);
});

test('a wrong password is a fault, and the next call tries again', async () => {
  const { url, seen } = await server(() => ({ status: 400, body: { error_code: 'access_denied', error: 'Cannot authenticate user' } }));
  const api = client({ url, username: 'admin@internal', password: 'wrong' });
  for (const _ of [1, 2]) await expect(api.vms.list()).rejects.toThrow('Cannot authenticate user');
  expect(seen).toHaveLength(2);
});

test('no answer, a late one, and one from something else are told apart', async () => {
  const silent = await server(() => undefined);
  await expect(client({ url: silent.url, token: 't' }).vms.list({ deadline: 20 })).rejects.toThrow(
    expect.objectContaining({ code: 'deadline' }),
  );
  await expect(client({ url: 'http://127.0.0.1:1/ovirt-engine/api', token: 't' }).vms.list()).rejects.toThrow(ApiUnreachable);
  const page = await server(() => ({ status: 404, body: '<html>not here</html>' }));
  await expect(client({ url: page.url, token: 't' }).vms.list()).rejects.toThrow(expect.objectContaining({ code: 'not_the_api' }));
});

test('what is not built is not offered', () => {
  const api = client({ url: 'http://127.0.0.1:1', token: 't' });
  // @ts-expect-error screenshot is not built
  expect(api.vms('1').screenshot).toBeUndefined();
  // @ts-expect-error there is no such collection
  expect(api.unicorns).toBeUndefined();
});
