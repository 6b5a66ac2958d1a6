import { once } from 'node:events';
import { createServer } from 'node:tls';
import { randomBytes, randomUUID } from 'node:crypto';
import { issue } from '@ostler/pki/authority';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { bench, type Bench } from './gateway.test-support.ts';

let door: Bench;
const consoles = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('binary') ? 'binary' : false) });
const paths: string[] = [];

beforeAll(async () => {
  door = await bench({ hostDeadline: 200, idle: 300 });
  door.hostServer.on('upgrade', (request, socket, head) => {
    paths.push(request.url ?? '');
    if (request.url === '/consoles/silent') return;
    if (request.url === '/consoles/refused') return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    consoles.handleUpgrade(request, socket, head, (client) => consoles.emit('connection', client, request));
  });
});
afterAll(async () => {
  for (const client of consoles.clients) client.terminate();
  await door.stop();
});

type Opened =
  | { readonly client: WebSocket; readonly status?: undefined }
  | { readonly client?: undefined; readonly status: number; readonly text: string };

async function dial(ticket: string): Promise<Opened> {
  const client = new WebSocket(`wss://127.0.0.1:${door.port}/consoles/${ticket}`, ['binary'], { ca: door.ca });
  return new Promise((resolve) => {
    client.on('open', () => resolve({ client }));
    client.on('error', () => undefined);
    client.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
  });
}

const ticket = (claims = {}) => door.ticket({ aud: 'consoles', ...claims });

async function opened(): Promise<{ client: WebSocket; console: WebSocket }> {
  const [accepted, dialled] = await Promise.all([once(consoles, 'connection'), ticket().then(dial)]);
  if (!dialled.client) throw new Error('The console did not open');
  return { client: dialled.client, console: accepted[0] };
}

test('a console leads to the host of its ticket, under the id that the host knows, with the protocol that both speak', async () => {
  const jti = randomUUID();
  const { client } = await dial(await ticket({ jti }));
  expect(client?.protocol).toBe('binary');
  expect(paths.at(-1)).toBe(`/consoles/${jti}`);
  client?.terminate();
});

test('bytes go both ways unchanged', async () => {
  const { client, console } = await opened();
  const data = randomBytes(300_000);
  const there = once(console, 'message');
  client.send(data);
  expect(data.equals((await there)[0])).toBe(true);
  const back = once(client, 'message');
  console.send(data);
  expect(data.equals((await back)[0])).toBe(true);
  client.terminate();
});

test('the first words of the console are not lost, though they come with the handshake', async () => {
  consoles.once('connection', (console: WebSocket) => console.send('login: '));
  const client = new WebSocket(`wss://127.0.0.1:${door.port}/consoles/${await ticket()}`, { ca: door.ca });
  const [first] = await once(client, 'message');
  expect(String(first)).toBe('login: ');
  client.terminate();
});

test('the end of one side is the end of the other', async () => {
  const one = await opened();
  const closed = once(one.client, 'close');
  one.console.close(1000, 'shut down');
  expect((await closed)[0]).toBe(1000);

  const other = await opened();
  const ended = once(other.console, 'close');
  other.client.terminate();
  await ended;
});

test('a console may stand still for longer than any request', async () => {
  const { client, console } = await opened();
  await new Promise((resolve) => setTimeout(resolve, 700));
  const heard = once(client, 'message');
  console.send('still here');
  expect(String((await heard)[0])).toBe('still here');
  client.terminate();
});

test.each([
  ['of a transfer', () => door.ticket()],
  ['that is over', () => ticket({ exp: Math.floor(Date.now() / 1000) - 10 })],
  ['that is none', async () => 'x'],
])('a ticket %s opens no console', async (_what, given) => {
  const before = paths.length;
  expect(await dial(await given())).toMatchObject({ status: 403, text: expect.stringContaining('ticket') });
  expect(paths.length).toBe(before);
});

test('what the host refuses is refused; a host that does not answer is not waited for', async () => {
  expect(await dial(await ticket({ jti: 'refused' }))).toMatchObject({ status: 403, text: expect.stringContaining('counts once') });
  expect(await dial(await ticket({ jti: 'silent' }))).toMatchObject({ status: 502 });
  expect(await dial(await ticket({ port: 1 }))).toMatchObject({ status: 502 });
});

test('a host with the certificate of another is not talked to', async () => {
  const other = await issue(door.authority, { commonName: 'other', role: 'host', names: [randomUUID(), '127.0.0.1'] }, new Date());
  const heard: string[] = [];
  const impostor = createServer({ ...other, ca: door.ca }, (socket) =>
    socket.on('data', (data) => heard.push(data.toString())).on('error', () => undefined),
  );
  impostor.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  const address = impostor.address();
  expect(await dial(await ticket({ port: typeof address === 'object' && address ? address.port : 0 }))).toMatchObject({ status: 502 });
  expect(heard).toEqual([]);
  impostor.close();
});

test('a console that is asked for without a WebSocket says so', async () => {
  expect((await door.ask(`/consoles/${await ticket()}`)).status).toBe(426);
});
