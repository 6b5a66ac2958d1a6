import { once } from 'node:events';
import { randomBytes, randomUUID } from 'node:crypto';
import { request as send } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import { issue } from '@ostler/pki/authority';
import { newTicketKeys } from '@ostler/pki/tickets';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bench, bodyOf, type Bench } from './gateway.test-support.ts';

let door: Bench;
beforeAll(async () => {
  door = await bench({ hostDeadline: 200 });
});
afterAll(() => door.stop());

test('a request for image data reaches the host of its ticket, under the id that the host knows', async () => {
  const jti = randomUUID();
  let seen = {};
  door.host = async (request, response) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate().subject.CN;
    seen = {
      url: request.url,
      method: request.method,
      range: request.headers['content-range'],
      body: (await bodyOf(request)).toString(),
      peer,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
  };
  const answer = await door.ask(`/images/${await door.ticket({ jti })}/extents?context=zero`, {
    method: 'PUT',
    body: 'data',
    headers: { 'content-range': 'bytes 0-3/*' },
  });
  expect(answer).toMatchObject({ status: 200, text: '[]' });
  expect(seen).toEqual({ url: `/images/${jti}/extents?context=zero`, method: 'PUT', range: 'bytes 0-3/*', body: 'data', peer: 'gateway' });
});

test('bytes go both ways unchanged, however many', async () => {
  const data = randomBytes(5 * 1024 * 1024 + 17);
  door.host = async (request, response) => {
    const body = await bodyOf(request);
    response.writeHead(200, { 'content-length': body.length }).end(body);
  };
  const request = send({
    host: '127.0.0.1',
    port: door.port,
    ca: door.ca,
    path: `/images/${await door.ticket()}`,
    method: 'PUT',
    agent: false,
    headers: { 'content-length': data.length },
  });
  request.end(data);
  const [response] = await once(request, 'response');
  expect((await bodyOf(response)).equals(data)).toBe(true);
});

test('the refusals of a host are passed on in its own words', async () => {
  door.host = (_request, response) =>
    void response.writeHead(416, { 'content-range': 'bytes */100' }).end('The range is outside of the image\n');
  expect(await door.ask(`/images/${await door.ticket()}`)).toMatchObject({
    status: 416,
    text: 'The range is outside of the image\n',
    headers: { 'content-range': 'bytes */100' },
  });
});

test('the host decides whether it wants a body that is announced with 100-continue', async () => {
  door.hostServer.removeAllListeners('checkContinue');
  door.hostServer.once(
    'checkContinue',
    (_request, response) => void response.writeHead(403, { connection: 'close' }).end('no such ticket'),
  );
  const request = send({
    host: '127.0.0.1',
    port: door.port,
    ca: door.ca,
    path: `/images/${await door.ticket()}`,
    method: 'PUT',
    agent: false,
    headers: { expect: '100-continue', 'content-length': 1024 },
  });
  let continued = false;
  request.on('continue', () => (continued = true)).on('error', () => undefined);
  request.flushHeaders();
  const [response] = await once(request, 'response');
  expect([response.statusCode, continued]).toEqual([403, false]);
  request.destroy();

  door.hostServer.once('checkContinue', async (incoming, answer) => {
    answer.writeContinue();
    answer.end(await bodyOf(incoming));
  });
  const wanted = send({
    host: '127.0.0.1',
    port: door.port,
    ca: door.ca,
    path: `/images/${await door.ticket()}`,
    method: 'PUT',
    agent: false,
    headers: { expect: '100-continue', 'content-length': 4 },
  });
  wanted.flushHeaders();
  await once(wanted, 'continue');
  wanted.end('data');
  const [answered] = await once(wanted, 'response');
  expect((await bodyOf(answered)).toString()).toBe('data');
});

test.each([
  ['that somebody else signed', () => door.ticket({}, newTicketKeys().privateKey)],
  ['of a console', () => door.ticket({ aud: 'consoles' })],
  ['that is over', () => door.ticket({ exp: Math.floor(Date.now() / 1000) - 10 })],
  ['that was changed', async () => (await door.ticket()).replace(/\.(.)/, (_whole, first: string) => `.${first === 'e' ? 'f' : 'e'}`)],
  ['without a signature', async () => `${(await door.ticket()).split('.').slice(0, 2).join('.')}.`],
  ['that says that it needs none', async () => unsigned(await door.ticket())],
  ['that climbs', () => door.ticket({ jti: '../../etc' })],
  ['to a port that is none', () => door.ticket({ port: 0 })],
  ['with an address that is more than one', () => door.ticket({ address: '127.0.0.1/@x' })],
  ['that is none', async () => 'not-a-ticket'],
])('a ticket %s opens nothing', async (_what, ticket) => {
  let reached = false;
  door.host = (_request, response) => {
    reached = true;
    response.end();
  };
  expect((await door.ask(`/images/${await ticket()}`)).status).toBe(403);
  expect(reached).toBe(false);
});

const unsigned = (ticket: string): string =>
  `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${ticket.split('.')[1] ?? ''}.`;

test('a refused upload is told so, though its client is still sending', async () => {
  const request = send({
    host: '127.0.0.1',
    port: door.port,
    ca: door.ca,
    path: '/images/none',
    method: 'PUT',
    agent: false,
    headers: { 'content-length': 8 * 1024 * 1024 },
  });
  request.on('error', () => undefined);
  request.write(Buffer.alloc(1024 * 1024));
  const [response] = await once(request, 'response');
  expect(response.statusCode).toBe(403);
  request.destroy();
});

test('a host with the certificate of another is not talked to', async () => {
  const other = await issue(
    door.authority,
    { commonName: 'other', role: 'host', names: [randomUUID(), '127.0.0.1', 'localhost'] },
    new Date(),
  );
  const requests: string[] = [];
  const impostor = createServer({ ...other, ca: door.ca }, (socket) =>
    socket.on('data', (data) => requests.push(data.toString())).on('error', () => undefined),
  );
  impostor.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  const address = impostor.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  expect((await door.ask(`/images/${await door.ticket({ port })}`)).status).toBe(502);
  expect(requests).toEqual([]);
  expect(door.warnings.at(-1)).toMatchObject({ host: door.hostId, message: expect.stringContaining('not that of host') });
  impostor.close();
});

test('a host that is away is a bad gateway', async () => {
  expect((await door.ask(`/images/${await door.ticket({ port: 1 })}`)).status).toBe(502);
});

test('an answer that the host breaks off breaks off for the client', async () => {
  door.host = (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('part', () => response.destroy());
  };
  await expect(door.ask(`/images/${await door.ticket()}`)).rejects.toThrow();
});

function beginUpload(ticket: string) {
  const headers = { 'content-length': 1024 * 1024 };
  const request = send({
    host: '127.0.0.1',
    port: door.port,
    ca: door.ca,
    path: `/images/${ticket}`,
    method: 'PUT',
    agent: false,
    headers,
  });
  request.on('error', () => undefined);
  request.write(Buffer.alloc(1024));
  return request;
}

test('a client that breaks off an upload ends it at the host', async () => {
  const upload = beginUpload(await door.ticket());
  const ended = new Promise((resolve) => {
    door.host = (request) => {
      request.on('error', () => undefined).on('close', () => resolve(request.complete));
      request.resume();
      upload.destroy();
    };
  });
  expect(await ended).toBe(false);
});

test('a client that has gone before its ticket was checked troubles no host', async () => {
  let reached = false;
  door.host = (_request, response) => {
    reached = true;
    response.end();
  };
  const { promise, resolve: go } = Promise.withResolvers<void>();
  door.beforeTicket = promise;
  const connected = once(door.gateway.server, 'request');
  const upload = beginUpload(await door.ticket());
  const [, response] = await connected;
  const gone = once(response, 'close');
  upload.destroy();
  await gone;
  go();
  door.beforeTicket = Promise.resolve();
  // Another request, begun afterwards, has been answered: the first one would have been there before it.
  expect((await door.ask(`/images/${await door.ticket({ port: 1 })}`)).status).toBe(502);
  expect(reached).toBe(false);
});

test('no ticket stands in what is logged', async () => {
  const jti = randomUUID();
  await door.ask(`/images/${await door.ticket({ jti, port: 1 })}`);
  expect(JSON.stringify(door.warnings)).not.toContain(jti);
});
