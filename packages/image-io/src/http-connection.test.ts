import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { readInto } from './read-into.ts';
import { memoryBackend, serve } from './testing.ts';

const OPTIONS = 'OPTIONS /images/ticket HTTP/1.1\r\nHost: x\r\n\r\n';

/** All that comes back for what is sent, until the server closes the connection or `enough` has come. */
function conversation(port: number, parts: readonly (string | Buffer)[], enough = /(?!)/): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let said = '';
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (enough.test(said)) socket.destroy();
    });
    socket.once('connect', () => void sendAll(socket, parts));
  });
}

async function sendAll(socket: Socket, parts: readonly (string | Buffer)[]): Promise<void> {
  for (const part of parts) {
    await new Promise((resolve) => socket.write(part, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const statuses = (said: string) => [...said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

test('a head may come in pieces, and the next one right behind a body', async () => {
  const backend = memoryBackend(100);
  await using server = await serve(backend);
  const put = 'PUT /images/ticket?flush=n HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n';
  const last = 'GET /info/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const said = await conversation(server.port, [put.slice(0, 9), put.slice(9, -1), `${put.slice(-1)}hello${OPTIONS}${put}world`, last]);
  expect(statuses(said)).toEqual([200, 200, 200, 200]);
  expect(backend.calls).toEqual(['write 0+5', 'write 0+5']);
  expect(backend.bytes.toString('latin1', 0, 5)).toBe('world');
});

test('a body that nobody wants is passed over', async () => {
  await using server = await serve(memoryBackend(100));
  const options = OPTIONS.replace('\r\n\r\n', '\r\nContent-Length: 7\r\n\r\n');
  const last = 'GET /info/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  expect(statuses(await conversation(server.port, [options, 'nothing', last]))).toEqual([200, 200]);
});

test('who asks whether to go on is told to when the body is wanted, and refused without it when not', async () => {
  await using server = await serve(memoryBackend(100));
  const ask = (ticket: string) => `PUT /images/${ticket} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n`;
  expect(statuses(await conversation(server.port, [ask('ticket')], /100 Continue/))).toEqual([100]);
  expect(statuses(await conversation(server.port, [ask('unknown')]))).toEqual([403]);
});

test('a client that has nothing more to send reads its answer all the same', async () => {
  await using server = await serve(memoryBackend(100));
  const said = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(OPTIONS));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
  });
  expect(statuses(said)).toEqual([200]);
});

test.each([
  ['what is no HTTP', ['hello\r\n\r\n'], 400],
  ['a head without an end', [`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}`], 431],
])('%s ends the connection', async (_, parts, status) => {
  await using server = await serve(memoryBackend(100));
  expect(statuses(await conversation(server.port, parts))).toEqual([status]);
});

test('a head that does not come to its end ends the connection, however busily it drips', async () => {
  await using server = await serve(memoryBackend(100), {}, { idleTimeout: 200 });
  const socket = connect(server.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nX: ');
  const drip = setInterval(() => socket.write('x'), 20);
  await closed;
  clearInterval(drip);
  expect(socket.bytesRead).toBe(0);
});

test('this Node reads accepted sockets into our buffers without a copy', async () => {
  const place = Buffer.alloc(100);
  let filled = 0;
  const direct = Promise.withResolvers<boolean>();
  const server = createServer((socket) => {
    const onread = { buffer: () => place.subarray(filled), callback: (count: number) => (filled += count) > 0 };
    direct.resolve(readInto(socket, onread));
    socket.resume().once('end', () => server.close());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('No port');
  connect(address.port, '127.0.0.1').end('directly');
  await new Promise((resolve) => server.once('close', resolve));
  expect(await direct.promise).toBe(true);
  expect(place.toString('latin1', 0, filled)).toBe('directly');
});
