import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as send } from 'node:https';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bench, bodyOf, type Bench } from './gateway.test-support.ts';

let door: Bench;
beforeAll(async () => {
  door = await bench({ apiDeadline: 150 });
});
afterAll(() => door.stop());

const nothing = (): void => undefined;

/** Lets the api answer once it has read the request, and tells what reached it. */
function seenByApi(
  status = 200,
  answer = 'ok',
): Promise<{ method: string; url: string; headers: IncomingMessage['headers']; body: string }> {
  return new Promise((resolve) => {
    door.api = async (request, response) => {
      const body = (await bodyOf(request)).toString('utf8');
      response.writeHead(status, { 'content-type': 'application/json' }).end(answer);
      resolve({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    };
  });
}

test('a request reaches the api with its very target, headers and body, and the answer comes back', async () => {
  const seen = seenByApi(201, '{"id":"1"}');
  const target = '/ovirt-engine/api/vms;max=1?search=name%3Dweb%2A&x=%2e%2e';
  const answer = await door.ask(target, {
    method: 'POST',
    body: '{"name":"web"}',
    headers: { 'content-type': 'application/json', 'correlation-id': 'c1' },
  });
  expect(answer).toMatchObject({ status: 201, text: '{"id":"1"}', headers: { 'content-type': 'application/json' } });
  expect(await seen).toMatchObject({
    method: 'POST',
    url: target,
    body: '{"name":"web"}',
    headers: { 'correlation-id': 'c1', 'content-length': '14' },
  });
});

test('who the client is says the gateway, whatever the client claims', async () => {
  const seen = seenByApi();
  await door.ask('/ovirt-engine/api', {
    headers: {
      'x-forwarded-for': '198.51.100.7',
      'x-forwarded-proto': 'http',
      forwarded: 'for=198.51.100.7',
      'x-real-ip': '198.51.100.7',
      host: 'manager.example',
    },
  });
  const { headers } = await seen;
  expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'manager.example' });
  expect(JSON.stringify(headers)).not.toContain('198.51.100.7');
});

test('headers of one connection do not reach the next, those named by Connection included', async () => {
  const seen = seenByApi();
  await door.ask('/ovirt-engine/api', {
    headers: { connection: 'close, x-secret', 'x-secret': '1', te: 'trailers', 'proxy-authorization': 'x', 'x-kept': '2' },
  });
  const { headers } = await seen;
  expect(headers).toMatchObject({ 'x-kept': '2', connection: 'close' });
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-secret']));
  expect(headers['te'] ?? headers['proxy-authorization']).toBeUndefined();
});

test("RHV's Expect is for the api; 100-continue is answered at the door", async () => {
  let seen = seenByApi();
  await door.ask('/ovirt-engine/api/vms', { method: 'POST', body: '{}', headers: { expect: '201-created' } });
  expect((await seen).headers.expect).toBe('201-created');

  seen = seenByApi();
  const request = send({
    host: '127.0.0.1',
    port: door.port,
    ca: door.ca,
    method: 'POST',
    path: '/ovirt-engine/api/vms',
    agent: false,
    headers: { expect: '100-continue', 'content-length': 2 },
  });
  request.flushHeaders();
  await once(request, 'continue');
  request.end('{}');
  expect(await seen).toMatchObject({ body: '{}' });
  expect((await seen).headers.expect).toBeUndefined();
});

test('a body whose length is not told is passed on as it comes', async () => {
  const seen = seenByApi();
  const request = send({
    host: '127.0.0.1',
    port: door.port,
    ca: door.ca,
    method: 'POST',
    path: '/ovirt-engine/api/vms',
    agent: false,
    headers: { 'transfer-encoding': 'chunked' },
  });
  request.write('{"a":');
  request.end('1}');
  expect(await seen).toMatchObject({ body: '{"a":1}', headers: { 'transfer-encoding': 'chunked' } });
});

test('the body of a removal is framed, so that it is not taken for the next request', async () => {
  const seen = seenByApi();
  await door.ask('/ovirt-engine/api/vms/1', { method: 'DELETE', body: '<action/>' });
  expect(await seen).toMatchObject({ method: 'DELETE', body: '<action/>' });
});

test('the body that a GET announces and never sends is not waited for', async () => {
  const seen = seenByApi();
  const answer = await door.raw('GET /ovirt-engine/api HTTP/1.1\r\nHost: m\r\nContent-Length: 10\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect((await seen).headers['content-length']).toBeUndefined();
});

test('a stream comes as it is written, word for word', async () => {
  let more: () => void = nothing;
  door.api = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    more = () => void response.end('data: 2\n\n');
  };
  const request = send({ host: '127.0.0.1', port: door.port, ca: door.ca, path: '/ovirt-engine/api/changes', agent: false }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const [first] = await once(response, 'data');
  expect(String(first)).toBe('data: 1\n\n');
  more();
  expect((await bodyOf(response)).toString()).toBe('data: 2\n\n');
});

test('an answer that breaks off breaks off for the client too: a part is not the whole', async () => {
  door.api = (_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('part', () => response.destroy());
  };
  await expect(door.ask('/ovirt-engine/api')).rejects.toThrow();
});

test('a client that goes away takes its request with it', async () => {
  const gone = new Promise((resolve) => {
    door.api = (request, response) => {
      response.on('close', () => resolve('gone'));
      request.on('error', () => undefined);
      response.write('begun');
    };
  });
  const request = send({ host: '127.0.0.1', port: door.port, ca: door.ca, path: '/ovirt-engine/api', agent: false }).end();
  request.on('error', () => undefined);
  await once(request, 'response');
  request.destroy();
  expect(await gone).toBe('gone');
});

test('an api that is silent is a fault in the format that was asked for', async () => {
  door.api = () => undefined;
  const xml = await door.ask('/ovirt-engine/api/vms', { headers: { accept: 'application/xml' } });
  expect(xml).toMatchObject({ status: 504, text: expect.stringContaining('<fault><reason>Gateway Timeout</reason>') });
  const json = await door.ask('/ovirt-engine/api/vms', { headers: { accept: 'application/json' } });
  expect(json.status).toBe(504);
  expect(JSON.parse(json.text)).toMatchObject({ reason: 'Gateway Timeout' });
  const login = await door.ask('/ovirt-engine/sso/oauth/token');
  expect(JSON.parse(login.text)).toMatchObject({ error_code: 'server_error' });
});

test('an api that ends in the middle may have carried the request out; a reader may simply ask again', async () => {
  door.api = (request) => void request.socket.destroy();
  expect((await door.ask('/ovirt-engine/api/vms', { method: 'POST', body: '{}' })).status).toBe(502);
  expect(await door.ask('/ovirt-engine/api/vms')).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
});

test('an api that is away is told as such', async () => {
  const away = await bench();
  await new Promise((done) => away.apiServer.close(done));
  expect(await away.ask('/ovirt-engine/api', { method: 'POST', body: '{}', headers: { accept: 'application/json' } })).toMatchObject({
    status: 503,
    text: expect.stringContaining('not available right now'),
  });
  await away.stop();
});

test.each([
  ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
  ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks under a disguise', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['chunks twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n'],
  ['a space before the colon', 'Content-Length : 4\r\n\r\nabcd'],
  ['a folded header', 'X-A: 1\r\n Content-Length: 4\r\n\r\nabcd'],
  ['a length that is no number', 'Content-Length: +4\r\n\r\nabcd'],
  ['a size of a chunk that is none', 'Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n'],
  ['a bare line feed', 'X-A: 1\nX-B: 2\r\n\r\n'],
])('a request with %s is understood by nobody, and smuggles nothing', async (_what, rest) => {
  const urls: string[] = [];
  door.api = async (request, response) => {
    urls.push(request.url ?? '');
    request.on('error', () => undefined);
    await bodyOf(request).catch(() => undefined);
    response.end('ok');
  };
  const answer = await door.raw(`POST /ovirt-engine/api/vms HTTP/1.1\r\nHost: m\r\nConnection: close\r\n${rest}`);
  expect(answer).toMatch(/^(HTTP\/1\.1 (400|501|503|502|504) .*)?$/s);
  expect(answer).not.toContain('ok');
});

const plain = async (text: string): Promise<string> => {
  const socket = connect(door.port, '127.0.0.1');
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
};

test('who comes without TLS is led to where they should have come', async () => {
  expect(await plain('GET /ovirt-engine/api HTTP/1.1\r\nHost: m:8443\r\n\r\n')).toMatch(
    /^HTTP\/1.1 301 .*location: https:\/\/m:8443\/ovirt-engine\/api\r\n/is,
  );
  expect(await plain('POST /ovirt-engine/sso/oauth/token HTTP/1.1\r\nHost: m\r\nContent-Length: 0\r\n\r\n')).toMatch(
    /^HTTP\/1.1 400 .*speaks HTTPS/s,
  );
  expect(await plain('GET / HTTP/1.1\r\nHost: m<script>\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
});
