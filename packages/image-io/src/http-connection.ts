/**
 * The server's side of one HTTP/1.1 connection, for bodies of many gigabytes: what a client sends lands where the handler wants it, straight
 * from the socket (read-into.ts). It speaks what a server of images needs and no more: one request after another, bodies with a
 * Content-Length, answers with one. Whatever cannot be framed without doubt ends the connection.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { parseHead, type RequestHead } from './http-head.ts';
import { readInto } from './read-into.ts';

export type Request = RequestHead & {
  /** Where the body goes; until then the client waits. Asks for it when the client waits to be asked. */
  take(sink: Sink): void;
};

export type Sink = {
  /** Where the next bytes belong: at least one, at most those that are missing are used. */
  place(): Buffer;
  /** They are there. False makes the client wait until `resume` of the connection. */
  placed(count: number): boolean;
  /** The last byte was placed before this. */
  ended(): void;
  /** The client left before the end. */
  left(): void;
};

export type Answer = {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  setHeader(name: string, value: string | number): void;
  writeHead(status: number, headers?: Readonly<Record<string, string | number>>): void;
  /** A body that is long goes to the socket before this. */
  end(body?: Buffer): void;
  /** Cuts the connection off. */
  destroy(): void;
};

export type Connection = {
  readonly socket: Socket;
  /** Tells the idle timeout whether the server waits for the client, or makes the client wait. */
  waitsForClient: boolean;
  resume(): void;
};

export type ConnectionOptions = {
  readonly idleTimeout: number;
  readonly handle: (request: Request, answer: Answer, connection: Connection) => void;
};

/** What is held of a head, and of what follows it before somebody takes it: TLS hands out the rest of a read after reading was stopped. */
const HELD = 160 * 1024;
const MAX_HEAD = 16 * 1024;
/** Milliseconds for which the rest of a body is thrown away when its client is refused: closing at once would reset the connection, and the refusal with it. */
const LINGER = 1000;

export function serveConnection(socket: Socket, { idleTimeout, handle }: ConnectionOptions): Connection {
  const held = Buffer.allocUnsafeSlow(HELD);
  let heldStart = 0;
  let heldEnd = 0;
  let missing = 0;
  let sink: Sink | undefined;
  /** Whose place the next bytes come to: it was told before they came, and a body may have been taken since. */
  let offered: Sink | undefined;
  let busy = false;
  let ended = false;
  let overdue: NodeJS.Timeout | undefined;
  const connection: Connection = { socket, waitsForClient: true, resume: () => void socket.resume() };

  socket.setTimeout(idleTimeout);
  socket.on('timeout', () => {
    if (connection.waitsForClient) socket.destroy();
    else socket.setTimeout(idleTimeout);
  });
  socket.on('error', () => undefined);
  socket.on('end', () => {
    ended = true;
    if (missing > 0) socket.destroy();
    else if (!busy) socket.end();
  });
  socket.on('close', () => {
    clearTimeout(overdue);
    if (missing > 0) sink?.left();
    sink = undefined;
  });
  readInto(socket, {
    buffer() {
      offered = missing > 0 ? sink : undefined;
      return offered ? atMost(offered.place(), missing) : room();
    },
    callback(count) {
      if (offered) return placed(offered, count);
      heldEnd += count;
      if (sink) return deliverHeld();
      if (!busy) nextRequest();
      // Whoever sends ahead waits. As long as nothing is held it is read on, for the end of the connection.
      return !busy || heldStart === heldEnd;
    },
  });
  socket.resume();
  return connection;

  /** Behind what is held, and no more than a head needs: what is read of a body here has to be copied. */
  function room(): Buffer {
    if (heldStart > 0) {
      held.copyWithin(0, heldStart, heldEnd);
      [heldStart, heldEnd] = [0, heldEnd - heldStart];
    }
    if (heldEnd === HELD) {
      // Nobody sends so much without waiting. It falls on itself, until the socket is gone.
      socket.destroy();
      heldEnd = 0;
    }
    return held.subarray(heldEnd, Math.min(HELD, heldEnd + MAX_HEAD));
  }

  function placed(into: Sink, count: number): boolean {
    missing -= count;
    const more = into.placed(count);
    if (missing > 0) return more;
    sink = undefined;
    into.ended();
    return true;
  }

  function nextRequest(): void {
    const end = held.subarray(heldStart, Math.min(heldEnd, heldStart + MAX_HEAD)).indexOf('\r\n\r\n');
    if (end < 0) {
      if (heldEnd - heldStart >= MAX_HEAD) return refuse(431);
      // A head may not take longer than silence may.
      if (heldEnd > heldStart) overdue ??= setTimeout(() => socket.destroy(), idleTimeout);
      return;
    }
    clearTimeout(overdue);
    overdue = undefined;
    const head = parseHead(held.toString('latin1', heldStart, heldStart + end));
    heldStart += end + 4;
    if (!head) return refuse(400);
    begin(head);
  }

  function refuse(status: number): void {
    busy = true;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    missing = Number.POSITIVE_INFINITY;
    lastOfConnection();
  }

  function begin(head: RequestHead): void {
    busy = true;
    connection.waitsForClient = false;
    missing = head.framing === 'none' ? 0 : head.framing === 'unknown' ? Number.POSITIVE_INFINITY : head.framing;
    const request: Request = {
      ...head,
      take(wanted) {
        if (socket.destroyed && missing > 0) return wanted.left();
        if (head.expectsContinue && missing > 0 && heldStart === heldEnd) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        sink = wanted;
        if (deliverHeld()) socket.resume();
      },
    };
    handle(request, answerTo(head), connection);
  }

  /** What came together with the head, and until the body was taken. False when the sink wants no more for now. */
  function deliverHeld(): boolean {
    let more = true;
    while (sink && missing > 0 && heldStart < heldEnd) {
      const count = held.copy(atMost(sink.place(), missing), 0, heldStart, heldEnd);
      heldStart += count;
      more = placed(sink, count);
    }
    // One of nothing.
    if (missing === 0 && sink) {
      const last = sink;
      sink = undefined;
      last.ended();
    }
    return more;
  }

  function answerTo(head: RequestHead): Answer {
    const headers = new Map<string, [name: string, value: string | number]>();
    let headersSent = false;
    let keep = head.keepAlive && head.framing !== 'unknown';
    const set = (name: string, value: string | number) => void headers.set(name.toLowerCase(), [name, value]);
    return {
      get headersSent() {
        return headersSent;
      },
      get destroyed() {
        return socket.destroyed;
      },
      setHeader: set,
      writeHead(status, more = {}) {
        for (const [name, value] of Object.entries(more)) set(name, value);
        if (/^close$/i.test(String(headers.get('connection')?.[1]))) keep = false;
        set('Connection', keep ? 'keep-alive' : 'close');
        if (keep) set('Keep-Alive', `timeout=${Math.floor(idleTimeout / 1000)}`);
        set('Date', new Date().toUTCString());
        const lines = [...headers.values()].map(([name, value]) => `${name}: ${String(value).replace(/[\r\n]/g, ' ')}\r\n`);
        headersSent = true;
        socket.cork();
        process.nextTick(() => socket.uncork());
        socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`, 'latin1');
      },
      end(body) {
        if (socket.destroyed) return;
        if (body && head.method !== 'HEAD') socket.write(body);
        if (keep && !ended) throwAwayRest(after);
        else if (missing > 0) lastOfConnection();
        else socket.destroySoon();
      },
      destroy: () => void socket.destroy(),
    };
  }

  /** Of a body that nobody wanted: the next request is behind it. */
  function throwAwayRest(done: () => void): void {
    if (missing === 0) return done();
    const rubbish = Buffer.allocUnsafe(64 * 1024);
    sink = { place: () => rubbish, placed: () => true, ended: done, left: () => undefined };
    connection.waitsForClient = true;
    if (deliverHeld()) socket.resume();
  }

  function lastOfConnection(): void {
    const late = setTimeout(() => socket.destroySoon(), LINGER);
    throwAwayRest(() => {
      clearTimeout(late);
      socket.destroySoon();
    });
  }

  function after(): void {
    busy = false;
    connection.waitsForClient = true;
    // Not at once: a client that sends a thousand requests ahead must not make a stack of them.
    setImmediate(() => {
      if (busy || socket.destroyed) return;
      if (heldEnd > heldStart) nextRequest();
      if (!busy) socket.resume();
    });
  }
}

function atMost(buffer: Buffer, length: number): Buffer {
  return buffer.length > length ? buffer.subarray(0, length) : buffer;
}
