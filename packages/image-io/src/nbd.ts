/**
 * An NBD client over a unix socket: fixed newstyle handshake, structured replies where offered, many requests in
 * flight on one connection.
 *
 * Payloads are not copied: what is written goes out with its header in one writev, and what is read lands in the
 * caller's buffer straight from the kernel. For that the receiving side is a generator which yields the buffer to be
 * filled next; the socket's `onread` fills it and resumes the generator, all in one tick.
 *
 * A request that misses its deadline breaks the connection: its reply could still arrive and would be written into
 * a buffer that its owner has given away.
 */
import { connect, type Socket } from 'node:net';
import type { ContextRuns, FlagRun } from './extents.ts';
import * as wire from './nbd-protocol.ts';

export type NbdErrorCode = 'connect_failed' | 'protocol' | 'refused' | 'deadline' | 'closed' | 'io' | 'no_space' | 'read_only';

export class NbdError extends Error {
  readonly code: NbdErrorCode;
  constructor(code: NbdErrorCode, message: string) {
    super(message);
    this.name = 'NbdError';
    this.code = code;
  }
}

export type NbdOptions = {
  /** A path, or `\0name` for an abstract socket. */
  socketPath: string;
  /** Empty for the default export. */
  exportName?: string;
  /** Ask for the export's dirty bitmap (`qemu:dirty-bitmap:…`), as an incremental backup needs. */
  dirty?: boolean;
  /** Until the handshake is over, in milliseconds. */
  connectTimeout?: number;
  /** For each request, in milliseconds. Long by default: storage may stall and come back. */
  requestTimeout?: number;
};

export type NbdConnection = {
  /** Bytes of the export. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Whether the server has a dirty bitmap for this export; only looked for when asked. */
  readonly hasDirty: boolean;
  /** True once the connection is of no more use; every call rejects then. */
  readonly broken: boolean;
  /** Fills `into` from `offset`. At most 32 MiB at once. */
  read(offset: number, into: Buffer): Promise<void>;
  /** `data` must not change until the promise settles. At most 32 MiB at once. */
  write(offset: number, data: Buffer): Promise<void>;
  /** With `punch` the server may leave a hole, without it the blocks stay allocated. */
  writeZeroes(offset: number, length: number, punch: boolean): Promise<void>;
  /** All completed writes are on stable storage when this resolves. */
  flush(): Promise<void>;
  /** May cover less than asked for, never nothing. */
  blockStatus(offset: number, length: number): Promise<ContextRuns>;
  /** Lets what is in flight finish, says goodbye, and resolves when the socket is closed. */
  close(): Promise<void>;
};

type Pending = {
  readonly command: number;
  readonly offset: number;
  readonly into: Buffer | undefined;
  received: number;
  readonly runs: Map<number, FlagRun[]>;
  error: NbdError | undefined;
  readonly settle: (error?: NbdError) => void;
};

type Export = { size: number; flags: number; contexts: Map<number, string>; structured: boolean };

const MAX_OPTION_REPLY = 64 * 1024;
const MAX_CONTROL_PAYLOAD = 16 * 1024 * 1024;

export async function connectNbd(options: NbdOptions): Promise<NbdConnection> {
  const { socketPath, exportName = '', dirty = false, connectTimeout = 10_000, requestTimeout = 120_000 } = options;
  const pending = new Map<number, Pending>();
  let lastCookie = 0;
  let failure: NbdError | undefined;
  let closing = false;
  const ready = Promise.withResolvers<Export>();
  ready.promise.catch(() => undefined);
  const closed = Promise.withResolvers<void>();
  let whenIdle: (() => void) | undefined;

  const receiver = receive();
  let target = receiver.next().value;
  let filled = 0;
  const socket: Socket = connect({
    path: socketPath,
    onread: { buffer: () => target.subarray(filled), callback: received },
  });
  const handshakeTimer = setTimeout(
    () => fail(new NbdError('deadline', `No NBD handshake on ${shown(socketPath)} within ${connectTimeout} ms`)),
    connectTimeout,
  );
  socket.on('error', (error) => fail(new NbdError('connect_failed', `NBD connection to ${shown(socketPath)} failed: ${error.message}`)));
  socket.on('close', () => {
    fail(new NbdError('closed', `The NBD server on ${shown(socketPath)} closed the connection`));
    closed.resolve();
  });

  let nbdExport: Export;
  try {
    nbdExport = await ready.promise;
  } finally {
    clearTimeout(handshakeTimer);
  }
  const contextNames = [...nbdExport.contexts.values()];

  return {
    size: nbdExport.size,
    readOnly: (nbdExport.flags & wire.TRANSMISSION.readOnly) !== 0,
    hasDirty: contextNames.some(isDirtyContext),
    get broken() {
      return failure !== undefined || closing;
    },
    async read(offset, into) {
      if (into.length > 0) await request(wire.COMMAND.read, 0, offset, into.length, undefined, into);
    },
    async write(offset, data) {
      if (data.length > 0) await request(wire.COMMAND.write, 0, offset, data.length, data);
    },
    async writeZeroes(offset, length, punch) {
      if (length > 0) await request(wire.COMMAND.writeZeroes, punch ? 0 : wire.COMMAND_FLAG_NO_HOLE, offset, length);
    },
    async flush() {
      if (nbdExport.flags & wire.TRANSMISSION.flush) await request(wire.COMMAND.flush, 0, 0, 0);
    },
    async blockStatus(offset, length) {
      if (contextNames.length === 0) return { base: [{ length, flags: 0 }] };
      const runs = await request(wire.COMMAND.blockStatus, 0, offset, length);
      return contextRuns(runs, nbdExport.contexts, length);
    },
    async close() {
      if (!failure && !closing) {
        closing = true;
        if (pending.size > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
        socket.end(wire.requestHeader(wire.COMMAND.disconnect, 0, 0, 0, 0));
      }
      // A server that does not close in turn is not waited for.
      const timer = setTimeout(() => socket.destroy(), connectTimeout);
      await closed.promise;
      clearTimeout(timer);
    },
  };

  function fail(error: NbdError): void {
    if (failure) return;
    failure = error;
    socket.destroy();
    ready.reject(error);
    for (const waiting of pending.values()) waiting.settle(error);
  }

  /** The socket has put `count` bytes into what is left of `target`. */
  function received(count: number): boolean {
    filled += count;
    try {
      while (filled === target.length) {
        const next = receiver.next();
        target = next.value;
        filled = 0;
      }
    } catch (error) {
      fail(error instanceof NbdError ? error : new NbdError('protocol', `NBD reply not understood: ${String(error)}`));
    }
    return true;
  }

  function request(
    command: number,
    flags: number,
    offset: number,
    length: number,
    data?: Buffer,
    into?: Buffer,
  ): Promise<Map<number, FlagRun[]>> {
    if (failure) return Promise.reject(failure);
    if (closing) return Promise.reject(new NbdError('closed', 'The NBD connection is being closed'));
    if (data && data.length > wire.MAX_PAYLOAD)
      return Promise.reject(new NbdError('protocol', `A write of ${data.length} bytes is above NBD's limit`));
    if (into && into.length > wire.MAX_PAYLOAD)
      return Promise.reject(new NbdError('protocol', `A read of ${into.length} bytes is above NBD's limit`));
    const cookie = (lastCookie = (lastCookie + 1) >>> 0);
    return new Promise((resolve, reject) => {
      const runs = new Map<number, FlagRun[]>();
      const timer = setTimeout(
        () => fail(new NbdError('deadline', `NBD request on ${shown(socketPath)} at ${offset} got no reply within ${requestTimeout} ms`)),
        requestTimeout,
      );
      pending.set(cookie, {
        command,
        offset,
        into,
        received: 0,
        runs,
        error: undefined,
        settle: (error) => {
          clearTimeout(timer);
          pending.delete(cookie);
          if (pending.size === 0) whenIdle?.();
          if (error) reject(error);
          else resolve(runs);
        },
      });
      const header = wire.requestHeader(command, flags, cookie, offset, length);
      if (!data) {
        socket.write(header);
        return;
      }
      socket.cork();
      socket.write(header);
      socket.write(data);
      socket.uncork();
    });
  }

  /** The whole conversation's receiving side: yields the buffer that is to be filled next. */
  function* receive(): Generator<Buffer, never, void> {
    const greeting = Buffer.alloc(18);
    yield greeting;
    ready.resolve(yield* handshake(greeting));
    const header = Buffer.alloc(20);
    for (;;) {
      const simple = header.subarray(0, 16);
      yield simple;
      const magic = header.readUInt32BE(0);
      if (magic === wire.SIMPLE_REPLY_MAGIC) yield* simpleReply(header);
      else if (magic === wire.STRUCTURED_REPLY_MAGIC) {
        yield header.subarray(16);
        yield* chunk(header);
      } else throw new NbdError('protocol', `Unknown NBD reply magic 0x${magic.toString(16)}`);
    }
  }

  function* handshake(greeting: Buffer): Generator<Buffer, Export, void> {
    if (greeting.readBigUInt64BE(0) !== wire.NBD_MAGIC || greeting.readBigUInt64BE(8) !== wire.OPTION_MAGIC) {
      throw new NbdError('protocol', `${shown(socketPath)} does not speak newstyle NBD`);
    }
    const handshakeFlags = greeting.readUInt16BE(16);
    if (!(handshakeFlags & wire.HANDSHAKE_FIXED_NEWSTYLE))
      throw new NbdError('protocol', 'The NBD server is too old: no fixed newstyle handshake');
    const clientFlags = Buffer.alloc(4);
    clientFlags.writeUInt32BE(wire.HANDSHAKE_FIXED_NEWSTYLE | (handshakeFlags & wire.HANDSHAKE_NO_ZEROES));
    socket.write(clientFlags);

    const structured = (yield* option(wire.OPTION.structuredReply, Buffer.alloc(0))).ok;
    const contexts = structured ? yield* negotiateContexts() : new Map<number, string>();
    const go = yield* option(wire.OPTION.go, wire.goData(exportName));
    if (!go.ok) throw new NbdError('refused', `The NBD server refuses export "${exportName}": ${go.message}`);
    const info = go.replies.find((reply) => reply.length >= 12 && reply.readUInt16BE(0) === wire.INFO.export);
    if (!info) throw new NbdError('protocol', 'The NBD server did not say how large the export is');
    return { size: Number(info.readBigUInt64BE(2)), flags: info.readUInt16BE(10), contexts, structured };
  }

  function* negotiateContexts(): Generator<Buffer, Map<number, string>, void> {
    const queries = ['base:allocation', 'qemu:allocation-depth'];
    if (dirty) {
      const listed = yield* option(wire.OPTION.listMetaContext, wire.metaContextData(exportName, ['qemu:dirty-bitmap:']));
      const bitmap = listed.replies.map((reply) => reply.toString('utf8', 4)).find(isDirtyContext);
      if (bitmap) queries.push(bitmap);
    }
    const answer = yield* option(wire.OPTION.setMetaContext, wire.metaContextData(exportName, queries));
    return new Map(answer.replies.map((reply) => [reply.readUInt32BE(0), reply.toString('utf8', 4)]));
  }

  /** Sends one option and collects its replies up to the acknowledgement or the refusal. */
  function* option(kind: number, data: Buffer): Generator<Buffer, { ok: boolean; replies: Buffer[]; message: string }, void> {
    socket.write(wire.optionRequest(kind, data));
    const replies: Buffer[] = [];
    for (;;) {
      const header = Buffer.alloc(20);
      yield header;
      if (header.readBigUInt64BE(0) !== wire.OPTION_REPLY_MAGIC || header.readUInt32BE(8) !== kind)
        throw new NbdError('protocol', 'NBD option reply out of step');
      const type = header.readUInt32BE(12);
      const length = header.readUInt32BE(16);
      if (length > MAX_OPTION_REPLY) throw new NbdError('protocol', `NBD option reply of ${length} bytes`);
      const body = Buffer.alloc(length);
      if (length > 0) yield body;
      if (type === wire.REPLY.ack) return { ok: true, replies, message: '' };
      if (type >= wire.REPLY_ERROR_BIT)
        return { ok: false, replies, message: body.toString('utf8') || `error ${type - wire.REPLY_ERROR_BIT}` };
      replies.push(body);
    }
  }

  function* simpleReply(header: Buffer): Generator<Buffer, void, void> {
    const errno = header.readUInt32BE(4);
    const waiting = expected(header.readUInt32BE(12));
    if (errno !== 0) {
      waiting.settle(replyError(errno, '', waiting));
      return;
    }
    if (waiting.into) yield waiting.into;
    waiting.settle();
  }

  function* chunk(header: Buffer): Generator<Buffer, void, void> {
    const flags = header.readUInt16BE(4);
    const type = header.readUInt16BE(6);
    const waiting = expected(header.readUInt32BE(12));
    const length = header.readUInt32BE(16);
    if (type === wire.CHUNK.offsetData && length > 8) yield* dataChunk(waiting, length);
    else if (length > 0) {
      if (length > MAX_CONTROL_PAYLOAD) throw new NbdError('protocol', `NBD reply chunk of ${length} bytes`);
      const body = Buffer.alloc(length);
      yield body;
      controlChunk(waiting, type, body);
    } else if (type !== wire.CHUNK.none) throw new NbdError('protocol', `Empty NBD reply chunk of type ${type}`);
    if (!(flags & wire.CHUNK_DONE)) return;
    if (!waiting.error && waiting.into && waiting.received !== waiting.into.length)
      throw new NbdError('protocol', 'NBD read reply is incomplete');
    waiting.settle(waiting.error);
  }

  function expected(cookie: number): Pending {
    const waiting = pending.get(cookie);
    if (!waiting) throw new NbdError('protocol', 'NBD reply to a request that was never made');
    return waiting;
  }

  function* dataChunk(waiting: Pending, length: number): Generator<Buffer, void, void> {
    const offset = Buffer.alloc(8);
    yield offset;
    yield slice(waiting, Number(offset.readBigUInt64BE()), length - 8);
  }
}

/** Chunks that are read whole before they are looked at: holes, block status, errors. */
function controlChunk(waiting: Pending, type: number, body: Buffer): void {
  if (type === wire.CHUNK.offsetHole && body.length === 12) {
    slice(waiting, Number(body.readBigUInt64BE(0)), body.readUInt32BE(8)).fill(0);
  } else if (type === wire.CHUNK.blockStatus && body.length >= 12) {
    const runs: FlagRun[] = [];
    for (let at = 4; at + 8 <= body.length; at += 8) runs.push({ length: body.readUInt32BE(at), flags: body.readUInt32BE(at + 4) });
    waiting.runs.set(body.readUInt32BE(0), runs);
  } else if (type & wire.CHUNK_ERROR_BIT && body.length >= 6) {
    waiting.error = replyError(body.readUInt32BE(0), body.toString('utf8', 6, 6 + body.readUInt16BE(4)), waiting);
  } else throw new NbdError('protocol', `Unknown NBD reply chunk of type ${type} with ${body.length} bytes`);
}

/** Where in the caller's buffer a piece of a read belongs; a server that answers what was not asked is not believed. */
function slice(waiting: Pending, offset: number, length: number): Buffer {
  const at = offset - waiting.offset;
  if (!waiting.into || length === 0 || at < 0 || at + length > waiting.into.length)
    throw new NbdError('protocol', 'NBD read reply outside of what was asked');
  waiting.received += length;
  return waiting.into.subarray(at, at + length);
}

function replyError(errno: number, text: string, { command, offset }: Pending): NbdError {
  const name = wire.errnoName(errno);
  const code = name === 'ENOSPC' ? 'no_space' : name === 'EPERM' ? 'read_only' : 'io';
  const verb = Object.entries(wire.COMMAND).find(([, number]) => number === command)?.[0] ?? 'request';
  return new NbdError(code, `NBD ${verb} at ${offset} failed: ${text || name}`);
}

function contextRuns(runs: Map<number, FlagRun[]>, contexts: Map<number, string>, length: number): ContextRuns {
  const found: { base: FlagRun[]; allocationDepth?: FlagRun[]; dirty?: FlagRun[] } = { base: [{ length, flags: 0 }] };
  for (const [id, list] of runs) {
    if (list.some((run) => run.length === 0)) throw new NbdError('protocol', 'NBD block status with an empty run');
    const name = contexts.get(id) ?? '';
    if (name === 'base:allocation') found.base = list;
    else if (name === 'qemu:allocation-depth') found.allocationDepth = list;
    else if (isDirtyContext(name)) found.dirty = list;
  }
  return found;
}

function isDirtyContext(name: string): boolean {
  return name.startsWith('qemu:dirty-bitmap:');
}

function shown(socketPath: string): string {
  return socketPath.replace('\0', '@');
}
