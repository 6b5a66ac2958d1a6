import { describe, expect, test } from 'vitest';
import { LibvirtError, isRpcError } from './errors.ts';
import type { Received } from './fake-peer.test-support.ts';
import { connectTo, libvirtError, someDomain, until } from './fake-peer.test-support.ts';
import type { Packet } from './packet.ts';
import { encodePacket, maxStreamChunk } from './packet.ts';
import { readAll } from './stream.ts';
import type { Stream, StreamOptions } from './stream.ts';
import { errorPayload } from './wire-types.ts';
import type { ConnectOptions } from './connection.ts';

const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => new Error(`It did not reject but gave ${String(value)}`),
    (error: unknown) => error,
  );

/** An open console at a peer that confirms every end of a stream, as libvirtd does. */
async function openConsole(options: StreamOptions = {}, connectOptions: Partial<ConnectOptions> = {}) {
  const it = await connectTo(
    {
      onCall: (call) => call.answer(call.name === 'domainScreenshot' ? 'image/png' : call.name === 'connectGetHostname' ? 'h' : undefined),
    },
    connectOptions,
  );
  const { stream } = await it.libvirt.openStream('domainOpenConsole', { dom: someDomain }, options);
  const serial = it.peer.packets.at(-1)?.header.serial ?? 0;
  const ends = () =>
    it.peer.packets.filter(({ header }) => header.type === 'stream' && header.status !== 'continue').map(({ header }) => header.status);
  const confirm = async () => {
    await until(() => ends().length > 0);
    it.peer.sendStream('domainOpenConsole', serial, 'ok');
  };
  const send = (data: string) => it.peer.sendStream('domainOpenConsole', serial, 'continue', Buffer.from(data));
  return { ...it, stream, serial, send, ends, confirm, [Symbol.asyncDispose]: () => it[Symbol.asyncDispose]() };
}

const written = (packets: readonly Packet[]) =>
  packets.filter(({ header }) => header.type === 'stream' && header.status === 'continue').map(({ payload }) => payload);

async function firstOf(stream: Stream): Promise<Buffer | undefined> {
  for await (const chunk of stream) return chunk;
  return undefined;
}

describe('reading', () => {
  test('gives the data in order and, at its end, closes the stream in good order', async () => {
    await using it = await openConsole();
    it.send('Sea');
    it.send('BIOS');
    it.send('');
    const all = readAll(it.stream, 100);
    await it.confirm();
    expect((await all).toString()).toBe('SeaBIOS');
    expect(it.ends()).toEqual(['ok']);
  });

  test('waits for data that is yet to come', async () => {
    await using it = await openConsole();
    const first = firstOf(it.stream);
    it.send('login:');
    void it.confirm();
    expect((await first)?.toString()).toBe('login:');
  });

  test('that is left early breaks the stream off', async () => {
    await using it = await openConsole();
    it.send('more than wanted');
    const first = firstOf(it.stream);
    await it.confirm();
    await first;
    expect(it.ends()).toEqual(['error']);
  });

  test('ends with libvirt’s error when libvirt breaks the stream off', async () => {
    await using it = await openConsole();
    it.send('half');
    it.peer.send(
      encodePacket(
        { program: 0x20008086, version: 1, procedure: 201, type: 'stream', serial: it.serial, status: 'error' },
        errorPayload,
        libvirtError(38, 'cannot read from stream'),
      ),
    );
    const error = await rejection(readAll(it.stream, 100));
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({ reason: 'systemError' });
    expect(await rejection(it.stream.write(Buffer.from('x')))).toBe(error);
  });

  test('ends when the connection is lost', async () => {
    await using it = await openConsole();
    const all = rejection(readAll(it.stream, 100));
    it.peer.socket().destroy();
    expect(await all).toMatchObject({ kind: 'lost' });
    expect(await rejection(it.stream.finish())).toMatchObject({ kind: 'lost' });
  });

  test('data for a stream that has ended is dropped, and the connection goes on', async () => {
    await using it = await openConsole();
    const aborted = it.stream.abort();
    await it.confirm();
    await aborted;
    it.send('too late');
    expect(await it.libvirt.call('connectGetHostname')).toBe('h');
  });

  test('of more than the caller allows is broken off', async () => {
    await using it = await openConsole();
    it.send('12345');
    void it.confirm();
    expect(isRpcError(await rejection(readAll(it.stream, 4)), 'overflow')).toBe(true);
  });
});

describe('a reader that is too slow', () => {
  test('loses the stream, and nobody else is held up', async () => {
    await using it = await openConsole({ maxUnread: 10 });
    it.send('0123456789');
    it.send('!');
    await it.confirm();
    expect(await it.libvirt.call('connectGetHostname')).toBe('h');
    expect(await rejection(readAll(it.stream, 100))).toMatchObject({ kind: 'overflow' });
    expect(it.ends()).toEqual(['error']);
  });

  test('holds the peer up where that was asked for, and loses nothing', async () => {
    await using it = await openConsole({ maxUnread: 100_000, whenFull: 'pause' }, { keepalive: false });
    const piece = 'x'.repeat(50_000);
    const pieces = 200;
    for (let i = 0; i < pieces; i += 1) it.send(piece);
    it.send('');
    // The kernel's buffers take a little of the ten megabytes; the rest must stay with the peer.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(it.peer.socket().writableLength).toBeGreaterThan(5_000_000);
    const all = readAll(it.stream, 20_000_000);
    await it.confirm();
    expect((await all).length).toBe(pieces * piece.length);
  });
});

describe('a connection that stands still for a slow reader', () => {
  test('is not taken for a dead peer', async () => {
    await using it = await openConsole({ maxUnread: 10, whenFull: 'pause' }, { keepalive: { interval: 15, count: 2 } });
    it.send('more than ten characters');
    await new Promise((resolve) => setTimeout(resolve, 200));
    it.send('');
    const all = readAll(it.stream, 100);
    await it.confirm();
    expect((await all).toString()).toBe('more than ten characters');
  });

  test('goes on when the stream ends in the middle of it', async () => {
    await using it = await openConsole({ maxUnread: 10, whenFull: 'pause' });
    it.peer.socket().cork();
    it.send('more than ten characters');
    it.peer.sendStream('domainOpenConsole', it.serial, 'ok');
    it.peer.socket().uncork();
    expect(await it.libvirt.call('connectGetHostname')).toBe('h');
  });

  test('does not do so for data that comes after the stream was ended here', async () => {
    await using it = await openConsole({ maxUnread: 10, whenFull: 'pause' });
    const finished = it.stream.finish();
    it.send('more than ten characters');
    await it.confirm();
    await finished;
    expect(await it.libvirt.call('connectGetHostname')).toBe('h');
  });
});

describe('writing', () => {
  test('cuts data into pieces that libvirt takes', async () => {
    await using it = await openConsole();
    const data = Buffer.alloc(maxStreamChunk * 2 + 3, 'a');
    await it.stream.write(data);
    const finished = it.stream.finish();
    await it.confirm();
    await finished;
    expect(written(it.peer.packets).map((piece) => piece.length)).toEqual([maxStreamChunk, maxStreamChunk, 3]);
    expect(Buffer.concat(written(it.peer.packets)).equals(data)).toBe(true);
    expect(it.ends()).toEqual(['ok']);
  });

  test('waits for a peer that does not read', async () => {
    await using it = await openConsole({}, { keepalive: false });
    it.peer.socket().pause();
    let done = false;
    const writing = it.stream.write(Buffer.alloc(16_000_000)).then(() => (done = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done).toBe(false);
    it.peer.socket().resume();
    expect(await writing).toBe(true);
  });

  test('is over once the stream has been ended', async () => {
    await using it = await openConsole();
    const finished = it.stream.finish();
    expect(await rejection(it.stream.write(Buffer.from('x')))).toMatchObject({ kind: 'closed' });
    await it.confirm();
    await finished;
  });
});

describe('ending', () => {
  test('that libvirt does not confirm rejects at the deadline', async () => {
    await using it = await openConsole({}, { deadline: 30 });
    expect(await rejection(it.stream.finish())).toMatchObject({ kind: 'deadline' });
  });

  test('by abort never rejects, and twice is as good as once', async () => {
    await using it = await openConsole({}, { deadline: 30 });
    await Promise.all([it.stream.abort(), it.stream.abort()]);
    expect(await readAll(it.stream, 10)).toHaveLength(0);
    expect(it.ends()).toEqual(['error']);
  });

  test('a stream that opens after its caller gave up is broken off', async () => {
    const held: Received[] = [];
    await using it = await connectTo({ onCall: (call) => held.push(call) });
    expect(await rejection(it.libvirt.openStream('domainOpenConsole', { dom: someDomain }, { deadline: 20 }))).toMatchObject({
      kind: 'deadline',
    });
    held[0]?.answer(undefined);
    await until(() =>
      it.peer.packets.some(
        ({ header }) => header.type === 'stream' && header.status === 'error' && header.serial === held[0]?.header.serial,
      ),
    );
    expect(it.peer.packets.at(-1)?.header.procedure).toBe(201);
  });

  test('the answer that opens a stream is handed out with it', async () => {
    await using it = await openConsole();
    const { answer } = await it.libvirt.openStream('domainScreenshot', { dom: someDomain });
    expect(answer).toBe('image/png');
  });
});
