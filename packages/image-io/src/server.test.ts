import { Agent } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { BLOCK_SIZE } from './backend.ts';
import { ImageError } from './errors.ts';
import { ask, eventually, memoryBackend, MiB, randomBuffer, serve } from './testing.ts';

const SIZE = 4 * BLOCK_SIZE;

test('OPTIONS tells what a ticket allows', async () => {
  await using writable = await serve(memoryBackend(SIZE), {}, { unixSocket: '\0/org/ovirt/imageio' });
  const answer = await writable.ask('OPTIONS', '/images/ticket');
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual({
    unix_socket: '\0/org/ovirt/imageio',
    features: ['checksum', 'extents', 'flush', 'transferred', 'zero'],
    max_readers: 8,
    max_writers: 8,
  });
  expect(answer.headers.allow).toBe('OPTIONS,GET,PUT,PATCH');
  await using readable = await serve(memoryBackend(SIZE), { ops: ['read'] });
  const reading = await readable.ask('OPTIONS', '/images/ticket');
  expect(JSON.parse(reading.text).features).toEqual(['checksum', 'extents', 'transferred']);
  expect(reading.headers.allow).toBe('OPTIONS,GET');
});

test.each(['*', '/images/*'])('OPTIONS %s asks the server, without a ticket', async (path) => {
  await using server = await serve(memoryBackend(SIZE));
  const answer = await server.ask('OPTIONS', path);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ max_writers: 8 });
});

test('a browser may ask from any origin', async () => {
  await using server = await serve(memoryBackend(SIZE));
  const preflight = await server.ask('OPTIONS', '/images/ticket', {
    headers: { Origin: 'https://portal', 'Access-Control-Request-Method': 'PUT' },
  });
  expect(preflight.headers).toMatchObject({ 'access-control-allow-origin': '*', 'access-control-max-age': '86400' });
  expect(preflight.headers['access-control-allow-methods']).toContain('PUT');
  expect((await server.ask('GET', '/images/unknown')).headers['access-control-allow-origin']).toBe('*');
});

test('OPTIONS keeps a ticket alive', async () => {
  await using server = await serve(memoryBackend(SIZE));
  server.clock.now += 50_000;
  await server.ask('OPTIONS', '/images/ticket');
  server.clock.now += 50_000;
  expect((await server.ask('OPTIONS', '/images/ticket')).status).toBe(200);
});

test('GET without a range is the whole image, with one it is that part', async () => {
  const backend = memoryBackend(SIZE);
  randomBuffer(SIZE).copy(backend.bytes);
  await using server = await serve(backend, { ops: ['read'], filename: 'disk.qcow2' });
  const whole = await server.ask('GET', '/images/ticket');
  expect([whole.status, whole.headers['content-length'], whole.headers['content-disposition']]).toEqual([
    200,
    String(SIZE),
    'attachment; filename=disk.qcow2',
  ]);
  expect(whole.body.equals(backend.bytes)).toBe(true);
  const part = await server.ask('GET', '/images/ticket', { headers: { Range: 'bytes=1000-2999999' } });
  expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 1000-2999999/${SIZE}`]);
  expect(part.body.equals(backend.bytes.subarray(1000, 3_000_000))).toBe(true);
  const rest = await server.ask('GET', '/images/ticket', { headers: { Range: `bytes=${SIZE - 5}-` } });
  expect([rest.status, rest.headers['content-range']]).toEqual([206, `bytes ${SIZE - 5}-${SIZE - 1}/${SIZE}`]);
  expect(rest.body.equals(backend.bytes.subarray(SIZE - 5))).toBe(true);
});

test('an empty image can be downloaded', async () => {
  await using server = await serve(memoryBackend(0), { ops: ['read'] });
  const answer = await server.ask('GET', '/images/ticket');
  expect([answer.status, answer.body.length]).toEqual([200, 0]);
});

test.each([
  ['a suffix', 'bytes=-5', 416],
  ['several', 'bytes=0-1,5-6', 416],
  ['a reversed one', 'bytes=9-5', 416],
  ['one beyond the end', `bytes=0-${SIZE}`, 416],
  ['one that begins at the end', `bytes=${SIZE}-`, 416],
  ['another unit', 'lines=0-1', 400],
  ['garbage', 'bytes=a-b', 400],
])('GET with %s as range is refused', async (_, range, status) => {
  await using server = await serve(memoryBackend(SIZE), { ops: ['read'] });
  const answer = await server.ask('GET', '/images/ticket', { headers: { Range: range } });
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('text/plain; charset=UTF-8');
  expect(answer.headers['content-range']).toBe(status === 416 ? `bytes */${SIZE}` : undefined);
});

test('PUT writes where Content-Range begins, in whole blocks, and flushes unless told not to', async () => {
  const backend = memoryBackend(SIZE);
  await using server = await serve(backend);
  const body = randomBuffer(2 * BLOCK_SIZE);
  const offset = BLOCK_SIZE / 2;
  const answer = await server.ask('PUT', '/images/ticket', {
    body,
    headers: { 'Content-Range': `bytes ${offset}-${offset + body.length - 1}/*` },
  });
  expect([answer.status, answer.text]).toEqual([200, '']);
  expect(backend.bytes.subarray(offset, offset + body.length).equals(body)).toBe(true);
  // The first write ends at a block's border, the last is what was left.
  expect(backend.calls).toEqual([
    `write ${BLOCK_SIZE / 2}+${BLOCK_SIZE / 2}`,
    `write ${BLOCK_SIZE}+${BLOCK_SIZE}`,
    `write ${2 * BLOCK_SIZE}+${BLOCK_SIZE / 2}`,
    'flush',
  ]);
  expect(server.book.info('ticket').transferred).toBe(2 * BLOCK_SIZE);

  backend.calls.length = 0;
  await server.ask('PUT', '/images/ticket?flush=n', { body: 'abc' });
  await server.ask('PUT', '/images/ticket?flush=y', { body: Buffer.alloc(0) });
  expect(backend.calls).toEqual(['write 0+3', 'flush']);
});

test('PUT keeps the connection open, and closes it when asked', async () => {
  await using server = await serve(memoryBackend(SIZE));
  const agent = new Agent({ keepAlive: true });
  expect((await server.ask('PUT', '/images/ticket', { body: 'a', agent })).headers.connection).toBe('keep-alive');
  expect((await server.ask('PUT', '/images/ticket?close=y', { body: 'a', agent })).headers.connection).toBe('close');
  await eventually('the connection is forgotten', () => server.book.info('ticket').connections === 0);
  agent.destroy();
});

test.each([
  ['without a length', { 'Transfer-Encoding': 'chunked' }, '', 400],
  ['with a broken range', { 'Content-Range': 'bytes 5-' }, '', 400],
  ['with a reversed range', { 'Content-Range': 'bytes 5-1/*' }, '', 400],
  ['with an unknown flush', {}, '?flush=maybe', 400],
  ['beyond the end', { 'Content-Range': `bytes ${SIZE - 2}-${SIZE}/*` }, '', 416],
])('PUT %s is refused and writes nothing', async (_, headers, query, status) => {
  const backend = memoryBackend(SIZE);
  await using server = await serve(backend);
  const length = 'Transfer-Encoding' in headers ? {} : { 'Content-Length': 3 };
  const answer = await server.ask('PUT', `/images/ticket${query}`, { body: 'abc', headers: { ...length, ...headers } });
  expect(answer.status).toBe(status);
  expect(answer.headers['content-range']).toBe(status === 416 ? `bytes */${SIZE}` : undefined);
  expect(backend.calls).toEqual([]);
});

test('a refusal reaches a client that is still sending', async () => {
  await using server = await serve(memoryBackend(SIZE), { ops: ['read'] });
  const answer = await server.ask('PUT', '/images/ticket', { body: randomBuffer(SIZE) });
  expect([answer.status, answer.headers.connection]).toEqual([403, 'close']);
});

test('PATCH zeroes, and flushes when told', async () => {
  const backend = memoryBackend(SIZE);
  backend.bytes.fill(1);
  await using server = await serve(backend);
  const patch = (body: unknown) => server.ask('PATCH', '/images/ticket', { body: JSON.stringify(body) });
  expect((await patch({ op: 'zero', offset: 10, size: 20 })).status).toBe(200);
  expect(backend.bytes.subarray(9, 31)).toEqual(Buffer.from([1, ...Array<number>(20).fill(0), 1]));
  expect((await patch({ op: 'zero', size: 5, flush: true })).status).toBe(200);
  expect((await patch({ op: 'flush' })).status).toBe(200);
  expect(backend.calls).toEqual(['zero 10+20', 'zero 0+5', 'flush', 'flush']);
  expect(server.book.info('ticket').transferred).toBe(25);
});

test('PATCH zero steps by 128 MiB, so that a revocation is seen between', async () => {
  const backend = { ...memoryBackend(0), size: 1024 * MiB, calls: [] as string[] };
  backend.zero = async (offset, length) => void backend.calls.push(`${offset / MiB}+${length / MiB}`);
  await using server = await serve(backend);
  await server.ask('PATCH', '/images/ticket', { body: JSON.stringify({ op: 'zero', offset: 0, size: 300 * MiB }) });
  expect(backend.calls).toEqual(['0+128', '128+128', '256+44']);
});

test.each([
  ['no JSON', 'zero', 400],
  ['no object', '[]', 400],
  ['an unknown op', '{"op":"trim"}', 400],
  ['a negative offset', '{"op":"zero","offset":-1,"size":1}', 400],
  ['no size', '{"op":"zero"}', 400],
  ['a flush that is no flag', '{"op":"zero","size":1,"flush":"y"}', 400],
  ['a range beyond the end', `{"op":"zero","offset":1,"size":${SIZE}}`, 416],
  ['too long a body', `{"op":"flush"}${' '.repeat(70_000)}`, 400],
])('PATCH with %s is refused', async (_, body, status) => {
  await using server = await serve(memoryBackend(SIZE));
  expect((await server.ask('PATCH', '/images/ticket', { body })).status).toBe(status);
});

test('extents say what is zero and what is a hole, and in a backup what is dirty', async () => {
  const list = [
    { start: 0, length: MiB, zero: false, hole: false, dirty: true },
    { start: MiB, length: SIZE - MiB, zero: true, hole: true, dirty: false },
  ];
  await using server = await serve(memoryBackend(SIZE, list), { ops: ['read'], dirty: true });
  const zero = await server.ask('GET', '/images/ticket/extents');
  expect([zero.status, zero.headers['content-type']]).toEqual([200, 'application/json']);
  expect(JSON.parse(zero.text)).toEqual(list.map(({ start, length, zero: isZero, hole }) => ({ start, length, zero: isZero, hole })));
  const dirty = await server.ask('GET', '/images/ticket/extents?context=dirty');
  expect(JSON.parse(dirty.text)).toEqual(
    list.map(({ start, length, zero: isZero, dirty: changed }) => ({ start, length, dirty: changed, zero: isZero })),
  );
  expect((await server.ask('GET', '/images/ticket/extents?context=other')).status).toBe(400);
});

test('dirty extents of what has none are not found', async () => {
  await using server = await serve(memoryBackend(SIZE), { ops: ['read'] });
  expect((await server.ask('GET', '/images/ticket/extents?context=dirty')).status).toBe(404);
});

test('transferred tells what a resumed upload can leave out', async () => {
  await using server = await serve(memoryBackend(SIZE));
  await server.ask('PUT', '/images/ticket', { body: 'abc', headers: { 'Content-Range': 'bytes 10-12/*' } });
  await server.ask('PUT', '/images/ticket', { body: 'de', headers: { 'Content-Range': 'bytes 13-14/*' } });
  expect(JSON.parse((await server.ask('GET', '/images/ticket/transferred')).text)).toEqual([{ start: 10, length: 5 }]);
});

test.each(['HEAD', 'POST', 'DELETE'])('%s is not allowed', async (method) => {
  await using server = await serve(memoryBackend(SIZE));
  const answer = await server.ask(method, '/images/ticket');
  expect([answer.status, answer.headers.allow]).toEqual([405, 'OPTIONS, GET, PUT, PATCH']);
  expect((await server.ask(method, '/images/ticket/extents')).status).toBe(405);
});

test.each(['/', '/images', '/images/', '/images/ticket/unknown', '/tickets/ticket', '/images/ticket/checksum/other'])(
  '%s is not found',
  async (path) => {
    await using server = await serve(memoryBackend(SIZE));
    expect((await server.ask('GET', path)).status).toBe(404);
  },
);

test('/info/ answers without a ticket', async () => {
  await using server = await serve(memoryBackend(SIZE));
  const answer = await server.ask('GET', '/info/');
  expect([answer.status, JSON.parse(answer.text)]).toEqual([200, expect.objectContaining({ version: expect.any(String) })]);
});

test('an unknown, an expired and a revoked ticket are 403, and the connection closes', async () => {
  await using server = await serve(memoryBackend(SIZE));
  const refused = async (path: string) => {
    const answer = await server.ask('GET', path);
    expect([answer.status, answer.headers.connection]).toEqual([403, 'close']);
  };
  await refused('/images/unknown');
  server.clock.now += 60_000;
  await refused('/images/ticket');
  server.book.extend('ticket', 60);
  expect((await server.ask('OPTIONS', '/images/ticket')).status).toBe(200);
  await server.book.remove('ticket', 1000);
  await refused('/images/ticket');
});

test('the caller maps what stands in the path to a ticket', async () => {
  const ticketIdOf = (token: string) => (token.startsWith('signed.') ? token.slice('signed.'.length) : undefined);
  await using server = await serve(memoryBackend(SIZE), {}, { ticketIdOf });
  expect((await server.ask('OPTIONS', '/images/signed.ticket')).status).toBe(200);
  expect((await server.ask('OPTIONS', '/images/ticket')).status).toBe(403);
});

test('what fails inside is a 500 that tells nothing; a full storage is named', async () => {
  const backend = memoryBackend(SIZE);
  await using server = await serve(backend);
  backend.failWith = new Error('secret path /rhev/x');
  const answer = await server.ask('PUT', '/images/ticket', { body: randomBuffer(2 * MiB) });
  expect([answer.status, answer.text]).toEqual([500, 'The server failed\n']);
  expect(server.logged.join()).toContain('secret path');
  backend.failWith = new ImageError('no_space', 'ENOSPC');
  expect((await server.ask('PUT', '/images/ticket', { body: 'abc' })).text).toBe('No space is left on the storage\n');
  expect(server.book.info('ticket')).toMatchObject({ active: false, transferred: 0 });
});

test('a download that fails half way is cut off, never padded', async () => {
  const backend = memoryBackend(SIZE);
  await using server = await serve(backend, { ops: ['read'] });
  const read = backend.read;
  backend.read = async (offset, into) => {
    if (offset >= 2 * MiB) throw new Error('gone');
    await read(offset, into);
  };
  await expect(server.ask('GET', '/images/ticket')).rejects.toThrow('aborted');
  expect(server.book.info('ticket').active).toBe(false);
});

test('a client that disconnects in the middle leaves what was written, and the ticket goes on', async () => {
  const backend = memoryBackend(SIZE);
  await using server = await serve(backend);
  const body = randomBuffer(SIZE);
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`PUT /images/ticket HTTP/1.1\r\nHost: x\r\nContent-Length: ${SIZE}\r\n\r\n`);
  socket.write(body.subarray(0, 2 * BLOCK_SIZE + 1000));
  await eventually('two blocks are written', () => server.book.info('ticket').transferred === 2 * BLOCK_SIZE);
  socket.destroy();
  await eventually('the operation is over', () => !server.book.info('ticket').active);
  expect(server.book.info('ticket')).toMatchObject({ transferred: 2 * BLOCK_SIZE, connections: 0 });
  expect(backend.bytes.subarray(0, 2 * BLOCK_SIZE).equals(body.subarray(0, 2 * BLOCK_SIZE))).toBe(true);
  expect(backend.bytes.subarray(2 * BLOCK_SIZE).every((byte) => byte === 0)).toBe(true);
  const rest = await server.ask('PUT', '/images/ticket', {
    body: body.subarray(2 * BLOCK_SIZE),
    headers: { 'Content-Range': `bytes ${2 * BLOCK_SIZE}-${SIZE - 1}/*` },
  });
  expect(rest.status).toBe(200);
  expect(backend.bytes.equals(body)).toBe(true);
});

test('revoking ends a running upload with 403, after the last write has settled', async () => {
  const backend = memoryBackend(SIZE);
  await using server = await serve(backend);
  const held = Promise.withResolvers<void>();
  backend.hold = held.promise;
  const answer = server.ask('PUT', '/images/ticket', { body: randomBuffer(SIZE) });
  await eventually('a write is running', () => backend.calls.length > 0);
  let removed = false;
  const removing = server.book.remove('ticket', 5000).then(() => (removed = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(removed).toBe(false);
  held.resolve();
  await removing;
  expect((await answer).status).toBe(403);
  const { length } = backend.calls;
  await new Promise((resolve) => setImmediate(resolve));
  expect(backend.calls).toHaveLength(length);
});

test('revoking cuts off a running download', async () => {
  const size = 64 * MiB;
  const backend = memoryBackend(size);
  await using server = await serve(backend, { ops: ['read'] });
  const socket = connect(server.port, '127.0.0.1');
  socket.write('GET /images/ticket HTTP/1.1\r\nHost: x\r\n\r\n');
  const ended = new Promise((resolve) => socket.once('close', resolve));
  // The client does not read: the download stands still, and must end all the same.
  await eventually('the download has begun', () => server.book.info('ticket').active);
  await server.book.remove('ticket', 5000);
  socket.resume();
  await ended;
  expect(socket.bytesRead).toBeLessThan(size);
});

test('a client that falls silent in the middle of its body is dropped', async () => {
  await using server = await serve(memoryBackend(SIZE), {}, { idleTimeout: 100 });
  const socket = connect(server.port, '127.0.0.1');
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write('PUT /images/ticket HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc');
  await ended;
  await eventually('the operation is over', () => !server.book.info('ticket').active);
  expect(server.book.info('ticket').transferred).toBe(0);
});

test('a client that waits for slow storage is not dropped', async () => {
  const backend = memoryBackend(SIZE);
  await using server = await serve(backend, {}, { idleTimeout: 50 });
  const held = Promise.withResolvers<void>();
  backend.hold = held.promise;
  const answer = server.ask('PUT', '/images/ticket', { body: 'abc' });
  setTimeout(held.resolve, 300);
  expect((await answer).status).toBe(200);
});

test('a slow storage holds the client back instead of filling the memory', async () => {
  const backend = memoryBackend(64 * MiB);
  await using server = await serve(backend);
  const held = Promise.withResolvers<void>();
  backend.hold = held.promise;
  const answer = server.ask('PUT', '/images/ticket', { body: randomBuffer(64 * MiB) });
  await eventually('as many writes run as may', () => backend.calls.length === 4);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(backend.calls).toHaveLength(4);
  held.resolve();
  expect((await answer).status).toBe(200);
});

test('a ninth operation at once is refused', async () => {
  const backend = memoryBackend(SIZE);
  await using server = await serve(backend);
  const held = Promise.withResolvers<void>();
  backend.hold = held.promise;
  const running = Array.from({ length: 8 }, () => server.ask('PUT', '/images/ticket', { body: 'abc' }));
  await eventually('eight are running', () => backend.calls.length === 8);
  expect(server.book.info('ticket').connections).toBe(8);
  expect((await server.ask('PUT', '/images/ticket', { body: 'abc' })).status).toBe(403);
  expect((await server.ask('OPTIONS', '/images/ticket')).status).toBe(200);
  held.resolve();
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual(Array(8).fill(200));
});

test('checksums skip holes and equal those of the bytes', async () => {
  const holes = [
    { start: 0, length: MiB + 5, zero: false, hole: false, dirty: false },
    { start: MiB + 5, length: SIZE - MiB - 5, zero: true, hole: true, dirty: false },
  ];
  const sparse = memoryBackend(SIZE, holes);
  randomBuffer(MiB + 5).copy(sparse.bytes);
  const dense = memoryBackend(SIZE);
  sparse.bytes.copy(dense.bytes);
  await using first = await serve(sparse, { ops: ['read'] });
  await using second = await serve(dense, { ops: ['read'] });
  const path = '/images/ticket/checksum?algorithm=sha256&block_size=1048576';
  const [a, b] = [await first.ask('GET', path), await second.ask('GET', path)];
  expect(JSON.parse(a.text)).toMatchObject({ algorithm: 'sha256', block_size: MiB });
  expect(a.text).toBe(b.text);
  expect(sparse.calls).toEqual([`read 0+${MiB}`, `read ${MiB}+${MiB}`]);
  expect(dense.calls).toHaveLength(SIZE / MiB);
});

test('offered checksums work, others are refused', async () => {
  await using server = await serve(memoryBackend(MiB), { ops: ['read'] });
  const { algorithms } = JSON.parse((await server.ask('GET', '/images/ticket/checksum/algorithms')).text);
  expect(algorithms).toContain('sha256');
  for (const algorithm of algorithms) expect((await server.ask('GET', `/images/ticket/checksum?algorithm=${algorithm}`)).status).toBe(200);
  for (const wrong of ['algorithm=none', 'block_size=4096', 'block_size=1048577', 'block_size=33554432']) {
    expect((await server.ask('GET', `/images/ticket/checksum?${wrong}`)).status).toBe(400);
  }
});

test('a broken request line does not disturb others', async () => {
  await using server = await serve(memoryBackend(SIZE));
  expect((await ask({ port: server.port, method: 'GET', path: '/images/%E0%A4%A' })).status).toBe(400);
  expect((await server.ask('OPTIONS', '/images/ticket')).status).toBe(200);
});
