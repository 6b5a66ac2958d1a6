/** A peer that speaks the protocol as well, or as badly, as a test wants: what a real libvirtd cannot be made to do. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, ConnectOptions } from './connection.ts';
import { connect } from './connection.ts';
import type { Header, Packet } from './packet.ts';
import { createPacketReader, encodePacket, encodeRawPacket, programs } from './packet.ts';
import type { ArgsOf, ProcedureName } from './procedures.ts';
import { procedures } from './procedures.ts';
import type { ErrorPayload } from './wire-types.ts';
import { errorPayload } from './wire-types.ts';
import type { AnyCodec } from './xdr.ts';
import { decode } from './xdr.ts';

/** One call as the peer received it. */
export type Received = {
  readonly header: Header;
  readonly name: ProcedureName;
  readonly args: unknown;
  /** Answers with success, as this procedure's row declares it. */
  answer(ret: unknown): void;
  refuse(code: number, message: string): void;
  /** The answer's bytes, for a test that wants to spoil them. `change` alters the header. */
  answerBytes(ret: unknown, change?: Partial<Header>): Buffer;
};

export type FakePeer = {
  readonly socketPath: string;
  /** Everything but keepalives that the client sent, in order. */
  readonly packets: Packet[];
  readonly pings: number;
  socket(): Socket;
  send(bytes: Buffer): void;
  sendStream(name: ProcedureName, serial: number, status: Header['status'], data?: Uint8Array): void;
  sendEvent(procedure: number, codec: AnyCodec, message: unknown): void;
  stop(): Promise<void>;
};

export type PeerBehaviour = {
  /** Takes the calls behind the opening of the connection, which is answered as libvirtd does. */
  onCall?(call: Received, peer: FakePeer): void;
  /** Takes every call, the opening too. */
  onEveryCall?(call: Received, peer: FakePeer): void;
  answersPings?: boolean;
};

export async function startFakePeer(behaviour: PeerBehaviour): Promise<FakePeer> {
  const directory = await mkdtemp(join(tmpdir(), 'ostler-peer-'));
  const socketPath = join(directory, 'sock');
  const sockets = new Set<Socket>();
  const packets: Packet[] = [];
  let latest: Socket | undefined;
  let pings = 0;

  const server = createServer((socket) => {
    latest = socket;
    sockets.add(socket);
    socket.on('error', () => undefined);
    const read = createPacketReader((packet) => {
      if (packet.header.program === programs.keepalive) {
        pings += 1;
        if (behaviour.answersPings !== false && packet.header.procedure === 1) socket.write(keepalive(2));
        return;
      }
      packets.push(packet);
      if (packet.header.type === 'call') dispatch(receive(packet, socket), behaviour, peer);
    });
    socket.on('data', read);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));

  const peer: FakePeer = {
    socketPath,
    packets,
    get pings() {
      return pings;
    },
    socket() {
      if (latest === undefined) throw new Error('Nobody has connected yet');
      return latest;
    },
    send: (bytes) => void peer.socket().write(bytes),
    sendStream(name, serial, status, data = new Uint8Array(0)) {
      const { program, number } = procedures[name];
      peer.send(encodeRawPacket({ program, version: 1, procedure: number, type: 'stream', serial, status }, data));
    },
    sendEvent(procedure, codec, message) {
      const header: Header = { program: programs.remote, version: 1, procedure, type: 'message', serial: 0, status: 'ok' };
      peer.send(encodePacket(header, codec, message));
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
  return peer;
}

export const keepalive = (procedure: 1 | 2) =>
  encodeRawPacket({ program: programs.keepalive, version: 1, procedure, type: 'message', serial: 0, status: 'ok' }, new Uint8Array(0));

function receive({ header, payload }: Packet, socket: Socket): Received {
  const found = Object.entries(procedures).find(([, row]) => row.program === header.program && row.number === header.procedure);
  if (found === undefined) throw new Error(`A call of procedure ${header.procedure}, which no row has`);
  const name = found[0] as ProcedureName;
  const row: { args: AnyCodec; ret: AnyCodec } = found[1] as never;
  const replyBytes = (ret: unknown, change: Partial<Header> = {}) =>
    encodePacket({ ...header, type: 'reply', status: 'ok', ...change }, row.ret, ret);
  return {
    header,
    name,
    args: decode(row.args, payload),
    answerBytes: replyBytes,
    answer: (ret) => void socket.write(replyBytes(ret)),
    refuse: (code, message) =>
      void socket.write(encodePacket({ ...header, type: 'reply', status: 'error' }, errorPayload, libvirtError(code, message))),
  };
}

export const libvirtError = (code: number, message: string | null): ErrorPayload => ({
  code,
  domain: 10,
  message,
  level: 2,
  dom: null,
  str1: null,
  str2: null,
  str3: null,
  int1: 0,
  int2: 0,
  net: null,
});

function dispatch(call: Received, behaviour: PeerBehaviour, peer: FakePeer): void {
  if (behaviour.onEveryCall !== undefined) behaviour.onEveryCall(call, peer);
  else if (call.name === 'authList') call.answer(['none']);
  else if (call.name === 'connectSupportsFeature') call.answer(true);
  else if (call.name === 'connectOpen' || call.name === 'connectClose') call.answer(undefined);
  else behaviour.onCall?.(call, peer);
}

/** A connection to a fake peer, and an end to both when the test is over. */
export async function connectTo(
  behaviour: PeerBehaviour,
  options: Partial<ConnectOptions> = {},
): Promise<{ peer: FakePeer; libvirt: Connection } & AsyncDisposable> {
  const peer = await startFakePeer(behaviour);
  const libvirt = await connect(peer, { uri: 'test:///default', ...options });
  return {
    peer,
    libvirt,
    async [Symbol.asyncDispose]() {
      await libvirt.close();
      await peer.stop();
    },
  };
}

/** Arguments of the call that tests make when it does not matter which. */
export const someDomain: ArgsOf<'domainSuspend'>['dom'] = { name: 'web', uuid: '00112233-4455-6677-8899-aabbccddeeff', id: 3 };

/** Waits until `holds`, at most five seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('It did not come to pass within five seconds');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
