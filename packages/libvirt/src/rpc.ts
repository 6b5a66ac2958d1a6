/**
 * Calls, events and streams over one connected socket: answers are matched to calls by serial, every call has a deadline,
 * and when the connection ends, for whatever reason, everything that waits on it is told at once.
 */
import type { Socket } from 'node:net';
import type { DomainEvent } from './domain-events.ts';
import { readDomainEvent } from './domain-events.ts';
import { LibvirtError, RpcError, XdrError } from './errors.ts';
import { startKeepalive } from './keepalive.ts';
import type { KeepaliveOptions } from './keepalive.ts';
import type { Header, Packet } from './packet.ts';
import { createPacketReader, encodePacket, encodeRawPacket, programs, protocolVersion } from './packet.ts';
import type { ArgsOf, CallName, Procedure, ProcedureName, RetOf, StreamName } from './procedures.ts';
import { procedures } from './procedures.ts';
import { createStream } from './stream.ts';
import type { Stream, StreamIntake, StreamOptions } from './stream.ts';
import { errorPayload } from './wire-types.ts';
import { decode } from './xdr.ts';

/** `deadline` in milliseconds, the time in our queue included; `Infinity` for none (24 days, to be exact). */
export type CallOptions = { deadline?: number; signal?: AbortSignal };

export type RpcOptions = {
  deadline: number;
  /**
   * Calls under way at once; more wait here. libvirtd stops reading from a client that has `max_client_requests` (5 by default) calls under way,
   * keepalives included, so one call fewer keeps the connection demonstrably alive while slow calls run.
   * A call that missed its deadline counts until its late answer comes, since libvirtd is still at it.
   */
  window: number;
  keepalive: KeepaliveOptions | false;
  onEvent(event: DomainEvent): void;
};

type OptionalArgs<N extends ProcedureName, O> =
  undefined extends ArgsOf<N> ? [args?: undefined, options?: O] : [args: ArgsOf<N>, options?: O];

export type Rpc = {
  /** Rejects with `LibvirtError` when libvirt refuses, `RpcError` when there is no answer, `XdrError` when `args` do not fit. */
  call<N extends CallName>(name: N, ...rest: OptionalArgs<N, CallOptions>): Promise<RetOf<N>>;
  /** Rejects as `call` does. */
  openStream<N extends StreamName>(
    name: N,
    ...rest: OptionalArgs<N, CallOptions & StreamOptions>
  ): Promise<{ answer: RetOf<N>; stream: Stream }>;
  /** Takes leave of libvirt, waiting at most a second, and ends the connection. What is under way rejects with kind `closed`. */
  close(): Promise<void>;
  /** Ends the connection at once. */
  destroy(reason: RpcError): void;
  /** Resolves with the reason when the connection has ended; never rejects. */
  readonly closed: Promise<RpcError>;
};

type Entry = {
  readonly serial: number;
  readonly name: ProcedureName;
  readonly procedure: Procedure;
  readonly packet: Buffer;
  sent: boolean;
  succeed(answer: unknown): void;
  fail(error: Error): void;
};

const farewell = 1_000;
/** A longer timer would fire at once. */
const longestTimer = 2 ** 31 - 1;

export function startRpc(socket: Socket, options: RpcOptions): Rpc {
  const waiting = new Set<Entry>();
  const underWay = new Map<number, Entry>();
  /** Calls given up here whose answers are still to come: known, so that a late answer is not taken for a violation. */
  const givenUp = new Map<number, Procedure>();
  const streams = new Map<number, StreamIntake>();
  const pausing = new Set<number>();
  const closed = Promise.withResolvers<RpcError>();
  let lastSerial = 0;
  let end: RpcError | undefined;
  let closing = false;

  const read = createPacketReader(onPacket);
  const keepalive = startKeepalive(options.keepalive, {
    send: (packet) => void socket.write(packet),
    isPaused: () => pausing.size > 0,
    dead: () => finish(new RpcError('dead_peer', 'libvirt has not answered a keepalive in time; the connection is given up')),
  });
  let brokenBy = 'libvirt closed it';
  socket.on('data', (chunk: Buffer) => {
    keepalive.heard();
    try {
      read(chunk);
    } catch (error) {
      finish(asViolation(error));
    }
  });
  socket.on('error', (error) => (brokenBy = error.message));
  // Not only `close`: that waits for our own data to be taken, and this peer may take no more.
  socket.on('end', lost);
  socket.on('close', lost);

  function lost(): void {
    finish(new RpcError('lost', `The connection to libvirt was lost: ${brokenBy}`));
  }

  function finish(reason: RpcError): void {
    if (end !== undefined) return;
    end = reason;
    keepalive.stop();
    socket.destroy();
    failAll(reason);
    for (const intake of streams.values()) intake.failed(new RpcError(reason.kind, reason.message, { sent: true, cause: reason.cause }));
    closed.resolve(reason);
  }

  function failAll(reason: RpcError): void {
    for (const entry of [...underWay.values(), ...waiting])
      entry.fail(new RpcError(reason.kind, `${entry.name}: ${reason.message}`, { sent: entry.sent, cause: reason }));
  }

  function pump(): void {
    for (const entry of waiting) {
      if (underWay.size + givenUp.size >= options.window) return;
      send(entry);
    }
  }

  function send(entry: Entry): void {
    waiting.delete(entry);
    underWay.set(entry.serial, entry);
    entry.sent = true;
    socket.write(entry.packet);
  }

  function request<T>(
    name: ProcedureName,
    args: unknown,
    options_: CallOptions,
    onAnswer: (answer: unknown, entry: Entry) => T,
    urgent = false,
  ): Promise<T> {
    const { deadline = options.deadline, signal } = options_;
    if (end !== undefined) return Promise.reject(new RpcError(end.kind, `${name}: ${end.message}`, { cause: end }));
    if (closing && !urgent) return Promise.reject(new RpcError('closed', `${name}: the connection is being closed`));
    if (signal?.aborted) return Promise.reject(new RpcError('aborted', `${name} was aborted`, { cause: signal.reason }));
    return new Promise((resolve, reject) => {
      const procedure = procedures[name] as Procedure;
      const serial = nextSerial();
      const packet = encodePacket(headerOf(procedure, serial, 'call', 'ok'), procedure.args, args);
      const settled = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        underWay.delete(serial);
        waiting.delete(entry);
      };
      const entry: Entry = {
        serial,
        name,
        procedure,
        packet,
        sent: false,
        succeed(answer) {
          settled();
          resolve(onAnswer(answer, entry));
        },
        fail(error) {
          settled();
          reject(error);
        },
      };
      const giveUp = (error: RpcError) => {
        if (entry.sent) givenUp.set(serial, procedure);
        entry.fail(error);
      };
      const timer = setTimeout(
        () => giveUp(new RpcError('deadline', `${name}: libvirt has not answered within ${deadline} ms`, { sent: entry.sent })),
        Math.min(deadline, longestTimer),
      );
      const abort = () => giveUp(new RpcError('aborted', `${name} was aborted`, { sent: entry.sent, cause: signal?.reason }));
      signal?.addEventListener('abort', abort, { once: true });
      if (urgent) send(entry);
      else {
        waiting.add(entry);
        pump();
      }
    });
  }

  function nextSerial(): number {
    do lastSerial = (lastSerial + 1) >>> 0;
    while (lastSerial === 0 || underWay.has(lastSerial) || givenUp.has(lastSerial) || streams.has(lastSerial));
    return lastSerial;
  }

  function onPacket({ header, payload }: Packet): void {
    if (header.version !== protocolVersion) throw violation(`speaks version ${header.version} of the protocol`);
    if (header.program === programs.keepalive) return keepalive.received(header.procedure);
    if (header.program !== programs.remote && header.program !== programs.qemu)
      throw violation(`speaks of a program ${header.program} that we never used`);
    if (header.type === 'reply') return onReply(header, payload);
    if (header.type === 'stream') return onStream(header, payload);
    if (header.type === 'message') return onMessage(header, payload);
    throw violation('made a call, which only clients do');
  }

  function onReply(header: Header, payload: Buffer): void {
    const late = givenUp.get(header.serial);
    if (late !== undefined) {
      givenUp.delete(header.serial);
      // The stream behind a late answer is open at libvirt's end, and nobody here wants it any more.
      if (late.streams && header.status === 'ok')
        socket.write(encodeRawPacket(headerOf(late, header.serial, 'stream', 'error'), new Uint8Array(0)));
      return pump();
    }
    const entry = underWay.get(header.serial);
    if (entry === undefined) throw violation(`answered a call ${header.serial} that nobody made`);
    if (header.program !== entry.procedure.program || header.procedure !== entry.procedure.number)
      throw violation(`answered ${entry.name} with the answer of procedure ${header.procedure}`);
    if (header.status === 'error') entry.fail(new LibvirtError(entry.name, decode(errorPayload, payload)));
    else if (header.status === 'ok') entry.succeed(decode(entry.procedure.ret, payload));
    else throw violation(`answered ${entry.name} with neither success nor failure`);
    pump();
  }

  function onStream(header: Header, payload: Buffer): void {
    const intake = streams.get(header.serial);
    // Data may still be on its way for a stream that has been ended here.
    if (intake === undefined) return;
    // A copy: as a view, a few bytes of console would keep the whole piece that was read from the socket.
    if (header.status === 'continue') intake.data(Buffer.from(payload));
    else if (header.status === 'ok') intake.confirmed();
    else intake.failed(new LibvirtError('stream', decode(errorPayload, payload)));
  }

  function onMessage(header: Header, payload: Buffer): void {
    if (header.program !== programs.remote) return;
    const event = readDomainEvent(header.procedure, (codec) => decode(codec, payload));
    if (event !== undefined) options.onEvent(event);
  }

  function attachStream({ serial, name, procedure }: Entry, streamOptions: StreamOptions): Stream {
    const { stream, intake } = createStream(
      {
        procedure: name,
        deadline: options.deadline,
        send: (status, data) => writeStreamPacket(encodeRawPacket(headerOf(procedure, serial, 'stream', status), data)),
        pause() {
          pausing.add(serial);
          socket.pause();
        },
        resume() {
          pausing.delete(serial);
          if (pausing.size === 0) socket.resume();
        },
        ended: () => void streams.delete(serial),
      },
      streamOptions,
    );
    streams.set(serial, intake);
    return stream;
  }

  function writeStreamPacket(packet: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (end !== undefined) return reject(new RpcError(end.kind, end.message, { cause: end }));
      socket.write(packet, (error) => {
        if (error) reject(end ?? new RpcError('lost', error.message, { sent: true, cause: error }));
        else resolve();
      });
    });
  }

  return {
    closed: closed.promise,
    destroy: finish,
    call: (name, ...[args, callOptions]) => request(name, args, callOptions ?? {}, (answer) => answer as RetOf<typeof name>),
    openStream: (name, ...[args, streamOptions]) =>
      request(name, args, streamOptions ?? {}, (answer, entry) => ({
        answer: answer as RetOf<typeof name>,
        stream: attachStream(entry, streamOptions ?? {}),
      })),
    async close() {
      const reason = new RpcError('closed', 'The connection to libvirt was closed');
      if (end === undefined && !closing) {
        closing = true;
        for (const entry of underWay.values()) givenUp.set(entry.serial, entry.procedure);
        failAll(reason);
        await request('connectClose', undefined, { deadline: farewell }, () => undefined, true).catch(() => undefined);
        finish(reason);
      }
      await closed.promise;
    },
  };
}

const headerOf = (procedure: Procedure, serial: number, type: Header['type'], status: Header['status']): Header => ({
  program: procedure.program,
  version: protocolVersion,
  procedure: procedure.number,
  type,
  serial,
  status,
});

const violation = (what: string) => new RpcError('protocol', `libvirt ${what}`);

function asViolation(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const what =
    error instanceof XdrError
      ? `sent what does not fit its declaration: ${error.message}`
      : `sent what could not be handled: ${String(error)}`;
  return new RpcError('protocol', `libvirt ${what}`, { cause: error });
}
