import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { connect } from './connection.ts';
import type { DomainEvent } from './domain-events.ts';
import { domainEvents } from './domain-events.ts';
import { LibvirtError, RpcError, XdrError, isLibvirtError, isRpcError } from './errors.ts';
import type { FakePeer, PeerBehaviour, Received } from './fake-peer.test-support.ts';
import { connectTo, keepalive, someDomain, startFakePeer, until } from './fake-peer.test-support.ts';
import type { Header } from './packet.ts';
import { createPacketReader, encodePacket, encodeRawPacket, maxPacketBytes, programs } from './packet.ts';
import type { AnyCodec } from './xdr.ts';
import { text } from './wire-types.ts';

const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => new Error(`It did not reject but gave ${String(value)}`),
    (error: unknown) => error,
  );

const header: Header = { program: programs.remote, version: 1, procedure: 59, type: 'reply', serial: 1, status: 'ok' };

const word = (number: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
};
const spoiled = (call: Received, at: number, number: number) => {
  const bytes = Buffer.from(call.answerBytes('host'));
  bytes.writeUInt32BE(number, at);
  return bytes;
};

const callbacks = (call: Received) => call.answer(call.name === 'connectDomainEventCallbackRegisterAny' ? 7 : undefined);
const send = (peer: FakePeer, name: keyof typeof domainEvents, fields: object) =>
  peer.sendEvent(domainEvents[name].procedure, domainEvents[name].message as AnyCodec, { callbackID: 7, dom: someDomain, ...fields });

/** Answers the opening, and closes the connection behind its first `at` bytes. */
const cutAt = (at: number): PeerBehaviour => {
  let sent = 0;
  return {
    onEveryCall(call, peer) {
      const bytes = call.answerBytes(call.name === 'authList' ? ['none'] : call.name === 'connectSupportsFeature' ? true : undefined);
      const left = at - sent;
      sent += bytes.length;
      if (left < bytes.length) peer.socket().end(bytes.subarray(0, Math.max(0, left)));
      else peer.send(bytes);
    },
  };
};

describe('opening', () => {
  test('says which URI is wanted, after asking for authentication and keepalives', async () => {
    await using it = await connectTo({}, { uri: 'qemu:///system', readOnly: true });
    expect(it.peer.packets.map((packet) => packet.header.procedure)).toEqual([66, 60, 1]);
  });

  test('without keepalives the peer is not asked for them', async () => {
    await using it = await connectTo({}, { keepalive: false });
    expect(it.peer.packets.map((packet) => packet.header.procedure)).toEqual([66, 1]);
  });

  test('an authentication that we do not speak is named, with what would help', async () => {
    const peer = await startFakePeer({ onEveryCall: (call) => call.answer(['polkit']) });
    const error = await rejection(connect(peer, { uri: 'qemu:///system' }));
    expect(isRpcError(error, 'unauthenticated')).toBe(true);
    expect(String(error)).toContain('asks for polkit authentication');
    await peer.stop();
  });

  test('a refused URI is libvirt’s own error', async () => {
    const peer = await startFakePeer({
      onEveryCall: (call) => (call.name === 'connectOpen' ? call.refuse(5, 'no connection driver') : answerOpening(call)),
    });
    expect(isLibvirtError(await rejection(connect(peer, { uri: 'nonsense:///' })), 'noConnect')).toBe(true);
    await peer.stop();
  });

  test('a socket that is not there is unreachable', async () => {
    const error = await rejection(connect({ socketPath: '/nonexistent/libvirt-sock' }, { uri: 'qemu:///system' }));
    expect(isRpcError(error, 'unreachable')).toBe(true);
    expect(String(error)).toContain('/nonexistent/libvirt-sock');
  });

  test('a peer that says nothing is given up at the deadline', async () => {
    const peer = await startFakePeer({ onEveryCall: () => undefined });
    expect(isRpcError(await rejection(connect(peer, { uri: 'x', connectDeadline: 50 })), 'deadline')).toBe(true);
    await peer.stop();
  });

  test('the caller can break it off', async () => {
    const peer = await startFakePeer({ onEveryCall: () => undefined });
    const stop = new AbortController();
    const connecting = rejection(connect(peer, { uri: 'x', signal: stop.signal }));
    stop.abort();
    expect(isRpcError(await connecting, 'aborted')).toBe(true);
    await peer.stop();
  });
});

const answerOpening = (call: Received) =>
  call.answer(call.name === 'authList' ? ['none'] : call.name === 'connectSupportsFeature' ? true : undefined);

describe('calls', () => {
  test('answers are matched by serial, in whatever order they come', async () => {
    const held: Received[] = [];
    await using it = await connectTo({ onCall: (call) => held.push(call) }, { window: 1000 });
    const names = Array.from({ length: 200 }, (_, index) => `vm${index}`);
    const found = names.map((name) => it.libvirt.call('domainLookupByName', { name }));
    await until(() => held.length === names.length);
    for (const call of shuffled(held)) call.answer({ ...someDomain, name: (call.args as { name: string }).name });
    expect((await Promise.all(found)).map((dom) => dom.name)).toEqual(names);
  });

  test('no more than the window are under way at once', async () => {
    const held: Received[] = [];
    let most = 0;
    const onCall = (call: Received) => {
      most = Math.max(most, held.push(call));
      setTimeout(() => held.shift()?.answer('h'), 2);
    };
    await using it = await connectTo({ onCall }, { window: 3 });
    const calls = Array.from({ length: 20 }, () => it.libvirt.call('connectGetHostname'));
    expect(await Promise.all(calls)).toHaveLength(20);
    expect(most).toBe(3);
  });

  test('a refusal carries libvirt’s code, domain and level, and our name for the code', async () => {
    await using it = await connectTo({ onCall: (call) => call.refuse(42, "Domain not found: no domain with matching name 'web'") });
    const error = await rejection(it.libvirt.call('domainLookupByName', { name: 'web' }));
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({ code: 42, domain: 10, level: 2, reason: 'noDomain', procedure: 'domainLookupByName' });
    expect(isLibvirtError(error, 'operationInvalid', 'noDomain')).toBe(true);
  });

  test('arguments that do not fit are refused before anything is sent', async () => {
    await using it = await connectTo({ onCall: (call) => call.answer('still here') });
    const error = await rejection(it.libvirt.call('domainSuspend', { dom: { ...someDomain, uuid: 'web' } }));
    expect(error).toBeInstanceOf(XdrError);
    expect(String(error)).toContain('dom.uuid: is not a UUID');
    expect(await it.libvirt.call('connectGetHostname')).toBe('still here');
  });

  test('a call that is not answered in time rejects, and its late answer disturbs nobody', async () => {
    const held: Received[] = [];
    await using it = await connectTo({ onCall: (call) => (call.name === 'connectGetType' ? held.push(call) : call.answer('h')) });
    const error = await rejection(it.libvirt.call('connectGetType', undefined, { deadline: 20 }));
    expect(error).toMatchObject({ kind: 'deadline', sent: true });
    held[0]?.answer('QEMU');
    expect(await it.libvirt.call('connectGetHostname')).toBe('h');
  });

  test('a call that expires while it waits its turn was never sent', async () => {
    await using it = await connectTo({ onCall: () => undefined }, { window: 1 });
    const first = rejection(it.libvirt.call('connectGetType'));
    const error = await rejection(it.libvirt.call('domainSuspend', { dom: someDomain }, { deadline: 20 }));
    expect(error).toMatchObject({ kind: 'deadline', sent: false });
    expect(it.peer.packets.some((packet) => packet.header.procedure === 34)).toBe(false);
    await it.libvirt.close();
    expect(await first).toMatchObject({ kind: 'closed', sent: true });
  });

  test('a call that was given up keeps its place until libvirt is done with it', async () => {
    const held: Received[] = [];
    await using it = await connectTo(
      { onCall: (call) => (call.name === 'connectGetType' ? held.push(call) : call.answer('h')) },
      { window: 1 },
    );
    await rejection(it.libvirt.call('connectGetType', undefined, { deadline: 10 }));
    expect(await rejection(it.libvirt.call('connectGetHostname', undefined, { deadline: 30 }))).toMatchObject({
      kind: 'deadline',
      sent: false,
    });
    held[0]?.answer('QEMU');
    expect(await it.libvirt.call('connectGetHostname')).toBe('h');
  });

  test('a call may wait for ever', async () => {
    await using it = await connectTo({ onCall: (call) => setTimeout(() => call.answer('h'), 20) });
    expect(await it.libvirt.call('connectGetHostname', undefined, { deadline: Infinity })).toBe('h');
  });

  test('a caller’s signal ends its call and no other', async () => {
    const held: Received[] = [];
    await using it = await connectTo({ onCall: (call) => held.push(call) });
    const stop = new AbortController();
    const stopped = rejection(it.libvirt.call('connectGetType', undefined, { signal: stop.signal }));
    const other = it.libvirt.call('connectGetHostname');
    await until(() => held.length === 2);
    stop.abort(new Error('no longer wanted'));
    expect(await stopped).toMatchObject({ kind: 'aborted', sent: true, cause: new Error('no longer wanted') });
    held[1]?.answer('h');
    expect(await other).toBe('h');
    expect(await rejection(it.libvirt.call('connectGetType', undefined, { signal: stop.signal }))).toMatchObject({
      kind: 'aborted',
      sent: false,
    });
  });

  test('an answered call leaves nothing on the caller’s signal', async () => {
    await using it = await connectTo({ onCall: (call) => call.answer('h') });
    const { signal } = new AbortController();
    await it.libvirt.call('connectGetHostname', undefined, { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('closing takes leave of libvirt and rejects what is under way', async () => {
    await using it = await connectTo({ onCall: () => undefined });
    const call = rejection(it.libvirt.call('connectGetHostname'));
    await it.libvirt.close();
    expect(await call).toMatchObject({ kind: 'closed' });
    expect(it.peer.packets.at(-1)?.header.procedure).toBe(2);
    expect(await it.libvirt.closed).toMatchObject({ kind: 'closed' });
    expect(await rejection(it.libvirt.call('connectGetHostname'))).toMatchObject({ kind: 'closed', sent: false });
    await it.libvirt.close();
  });
});

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value, index) => ({ value, key: (index * 7919) % 211 }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

describe('a connection that breaks', () => {
  test('at any byte of an answer rejects the call as lost', async () => {
    const whole = encodePacket(header, text, 'host.example').length;
    for (let cut = 0; cut < whole; cut += 1) {
      await using it = await connectTo({ onCall: (call, peer) => peer.socket().end(call.answerBytes('host.example').subarray(0, cut)) });
      const [first, second] = await Promise.all([
        rejection(it.libvirt.call('connectGetHostname')),
        rejection(it.libvirt.call('connectGetType')),
      ]);
      expect([cut, first, second]).toMatchObject([cut, { kind: 'lost', sent: true }, { kind: 'lost', sent: true }]);
      expect(await it.libvirt.closed).toMatchObject({ kind: 'lost' });
    }
  });

  test('is lost at once also while the peer takes no data', async () => {
    await using it = await connectTo({ onCall: (call) => call.answer(undefined) }, { keepalive: false });
    const { stream } = await it.libvirt.openStream('domainOpenConsole', { dom: someDomain });
    it.peer.socket().pause();
    const writing = rejection(stream.write(Buffer.alloc(16_000_000)));
    it.peer.socket().end();
    expect(await it.libvirt.closed).toMatchObject({ kind: 'lost' });
    expect(await writing).toMatchObject({ kind: 'lost' });
  });

  test('at any byte of the opening rejects the attempt as lost', async () => {
    let cut = 0;
    for (; cut < 1000; cut += 1) {
      const peer = await startFakePeer(cutAt(cut));
      const outcome = await connect(peer, { uri: 'test:///default' }).catch((error: unknown) => error);
      await peer.stop();
      if (!(outcome instanceof RpcError)) break;
      expect([cut, outcome]).toMatchObject([cut, { kind: 'lost' }]);
    }
    // Three answers: 28 bytes each with 8, 4 and 0 bytes of result.
    expect(cut).toBe(28 * 3 + 12);
  });
});

describe('what libvirt never sends', () => {
  const violations: [string, (call: Received) => Buffer][] = [
    ['a length without room for a header', () => word(27)],
    ['a length of nothing', () => word(0)],
    ['a length beyond the limit, before any of it has come', () => word(maxPacketBytes + 5)],
    ['the largest length there is', () => word(0xffffffff)],
    ['a program that was never used', (call) => spoiled(call, 4, 0x20008088)],
    ['another version of the protocol', (call) => spoiled(call, 8, 2)],
    ['the answer of another procedure', (call) => spoiled(call, 12, 3)],
    ['the answer of another program', (call) => call.answerBytes('host', { program: programs.qemu })],
    ['a type that does not exist', (call) => spoiled(call, 16, 9)],
    ['an answer with file descriptors', (call) => spoiled(call, 16, 5)],
    ['a call', (call) => call.answerBytes('host', { type: 'call' })],
    ['an answer to a call that nobody made', (call) => spoiled(call, 20, 4711)],
    ['a status that does not exist', (call) => spoiled(call, 24, 3)],
    ['an answer that continues', (call) => call.answerBytes('host', { status: 'continue' })],
    ['a result that does not fit', (call) => spoiled(call, 28, 0x7fffffff)],
    [
      'a result with more behind it',
      (call) => encodeRawPacket({ ...call.header, type: 'reply' }, Buffer.concat([word(4), Buffer.from('host'), word(0)])),
    ],
    ['a failure without an error', (call) => call.answerBytes('host', { status: 'error' })],
    ['a broken event', () => encodeRawPacket({ ...header, procedure: 318, type: 'message', serial: 0 }, word(1))],
  ];

  test.each(violations)('%s ends the connection, and everything on it, as a protocol error', async (_what, bytes) => {
    await using it = await connectTo({ onCall: (call, peer) => call.name === 'connectGetHostname' && peer.send(bytes(call)) });
    const bystander = rejection(it.libvirt.call('connectGetType'));
    expect(await rejection(it.libvirt.call('connectGetHostname'))).toMatchObject({ kind: 'protocol', sent: true });
    expect(await bystander).toMatchObject({ kind: 'protocol' });
    expect(await it.libvirt.closed).toMatchObject({ kind: 'protocol' });
  });

  test('noise never does more than end the connection', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 28, maxLength: 200 }), async (noise) => {
        await using it = await connectTo({ onCall: (_call, peer) => void peer.socket().end(noise) });
        expect(isRpcError(await rejection(it.libvirt.call('connectGetHostname')), 'protocol', 'lost')).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

test('packets come out whole however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (payloads, cuts) => {
        const bytes = Buffer.concat(payloads.map((payload) => encodeRawPacket(header, payload)));
        const seen: Buffer[] = [];
        const read = createPacketReader(({ payload }) => void seen.push(Buffer.from(payload)));
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          read(bytes.subarray(at, at + length));
          at += length;
        }
        expect(seen).toEqual(payloads.map((payload) => Buffer.from(payload)));
      },
    ),
  );
});

describe('keepalive', () => {
  const quick = { interval: 20, count: 2 };

  test('a peer that answers nothing is dead after the last ping, and every call learns of it', async () => {
    await using it = await connectTo({ onCall: () => undefined, answersPings: false }, { keepalive: quick });
    const started = performance.now();
    const errors = await Promise.all([rejection(it.libvirt.call('connectGetHostname')), rejection(it.libvirt.call('connectGetType'))]);
    expect(errors).toMatchObject([
      { kind: 'dead_peer', sent: true },
      { kind: 'dead_peer', sent: true },
    ]);
    expect(performance.now() - started).toBeGreaterThan(quick.interval * quick.count);
    expect(it.peer.pings).toBe(quick.count);
  });

  test('a peer that answers pings lives, however long a call takes', async () => {
    const held: Received[] = [];
    await using it = await connectTo({ onCall: (call) => held.push(call) }, { keepalive: quick });
    const call = it.libvirt.call('connectGetHostname');
    await until(() => it.peer.pings > quick.count * 3);
    held[0]?.answer('h');
    expect(await call).toBe('h');
  });

  test('any traffic counts as life, and makes pings needless', async () => {
    const slower = { interval: 200, count: 2 };
    await using it = await connectTo({ onCall: (call) => call.answer('h'), answersPings: false }, { keepalive: slower });
    for (let i = 0; i < 35; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, slower.interval / 10));
      expect(await it.libvirt.call('connectGetHostname')).toBe('h');
    }
    expect(it.peer.pings).toBe(0);
  });

  test('a ping from the peer is answered with a pong', async () => {
    await using it = await connectTo({}, { keepalive: false });
    it.peer.send(keepalive(1));
    await until(() => it.peer.pings > 0);
    expect(it.peer.pings).toBe(1);
  });
});

describe('events', () => {
  test('come in libvirt’s words', async () => {
    await using it = await connectTo({ onCall: callbacks });
    const seen: DomainEvent[] = [];
    it.libvirt.onEvent((event) => seen.push(event));
    send(it.peer, 'lifecycle', { event: 5, detail: 2 });
    send(it.peer, 'lifecycle', { event: 4, detail: 99 });
    send(it.peer, 'lifecycle', { event: 99, detail: 0 });
    send(it.peer, 'ioErrorReason', { srcPath: '/disk', devAlias: 'ua-1', action: 1, reason: 'enospc' });
    send(it.peer, 'blockJob2', { disk: 'vda', type: 4, status: 3 });
    send(it.peer, 'agentLifecycle', { state: 1, reason: 2 });
    send(it.peer, 'watchdog', { action: 2 });
    send(it.peer, 'deviceRemoved', { devAlias: 'ua-2' });
    send(it.peer, 'blockThreshold', { dev: 'vda', path: null, threshold: 10n, excess: 2n ** 63n });
    send(it.peer, 'graphics', {
      phase: 2,
      local: { family: 0, node: '127.0.0.1', service: '5900' },
      remote: { family: 1, node: '::1', service: '4711' },
      authScheme: 'vnc',
      subject: [{ type: 'x509', name: 'CN=a' }],
    });
    await until(() => seen.length === 10);
    expect(seen).toEqual([
      { event: 'lifecycle', type: 'stopped', detail: 'crashed', dom: someDomain },
      { event: 'lifecycle', type: 'resumed', detail: 'unknown', dom: someDomain },
      { event: 'lifecycle', type: 'unknown', detail: 'unknown', dom: someDomain },
      { event: 'ioErrorReason', dom: someDomain, srcPath: '/disk', devAlias: 'ua-1', action: 'pause', reason: 'enospc' },
      { event: 'blockJob2', dom: someDomain, disk: 'vda', type: 'active_commit', status: 'ready' },
      { event: 'agentLifecycle', dom: someDomain, state: 'connected', reason: 'channel' },
      { event: 'watchdog', dom: someDomain, action: 'reset' },
      { event: 'deviceRemoved', dom: someDomain, devAlias: 'ua-2' },
      { event: 'blockThreshold', dom: someDomain, dev: 'vda', path: null, threshold: 10n, excess: 2n ** 63n },
      {
        event: 'graphics',
        dom: someDomain,
        phase: 'disconnect',
        local: { family: 'ipv4', node: '127.0.0.1', service: '5900' },
        remote: { family: 'ipv6', node: '::1', service: '4711' },
        authScheme: 'vnc',
        subject: [{ type: 'x509', name: 'CN=a' }],
      },
    ]);
  });

  test('of a kind that we do not know are passed over', async () => {
    await using it = await connectTo({ onCall: (call) => call.answer('h') });
    it.peer.send(encodeRawPacket({ ...header, procedure: 999, type: 'message', serial: 0 }, Buffer.from('anything')));
    expect(await it.libvirt.call('connectGetHostname')).toBe('h');
  });

  test('are asked for once, and again after they were given up', async () => {
    await using it = await connectTo({ onCall: callbacks });
    await Promise.all([it.libvirt.watch(['lifecycle', 'reboot']), it.libvirt.watch(['lifecycle'])]);
    await it.libvirt.unwatch(['lifecycle', 'watchdog']);
    await it.libvirt.watch(['lifecycle']);
    expect(it.peer.packets.slice(3).map((packet) => packet.header.procedure)).toEqual([316, 316, 317, 316]);
  });

  test('reach a listener until it is taken off', async () => {
    await using it = await connectTo({ onCall: (call) => call.answer('h') });
    const listener = vi.fn<(event: DomainEvent) => void>();
    const off = it.libvirt.onEvent(listener);
    send(it.peer, 'reboot', {});
    await it.libvirt.call('connectGetHostname');
    off();
    send(it.peer, 'reboot', {});
    await it.libvirt.call('connectGetHostname');
    expect(listener.mock.calls).toEqual([[{ event: 'reboot', dom: someDomain }]]);
  });
});
