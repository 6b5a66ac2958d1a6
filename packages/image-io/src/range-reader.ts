/**
 * GET of byte ranges over one keep-alive connection, straight into blocks.
 *
 * node:http hands out each body as fresh buffers of 16 to 64 KiB, and collecting that garbage costs a downloading
 * client more than all else it does. Here the socket reads into the block that is being filled. So this speaks just
 * enough HTTP/1.1 for a server of images: one answer at a time, with a Content-Length.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Backend, BLOCK_SIZE, BLOCKS_IN_FLIGHT } from './backend.ts';
import { giveBack, takeBlock } from './blocks.ts';
import { ImageError, ServerRefusal } from './errors.ts';
import type { ByteRange } from './ranges.ts';

export type LinkOptions = {
  /** `https://host:54322/images/<ticket>`, or http. */
  url: string;
  /** PEM of the authority that signed the server's certificate. */
  ca?: string;
  /** Go over this unix socket instead of the network, without TLS. */
  unixSocket?: string;
  /** Milliseconds of silence after which the server is given up. */
  idleTimeout: number;
  signal: AbortSignal;
};

export type RangeReader = {
  /** Writes the range of the image to the same place of `target`; `moved` hears of each block that is written. */
  read(range: ByteRange, target: Backend, moved: (start: number, end: number) => void): Promise<void>;
  close(): void;
};

const MAX_HEAD = 16 * 1024;
const MAX_REFUSAL = 4096;

/** Connects when first used, and again after a failure. */
export function openRangeReader(options: LinkOptions): RangeReader {
  let connection: ReturnType<typeof openConnection> | undefined;
  return {
    async read(range, target, moved) {
      connection ??= openConnection(options);
      try {
        await connection.get(range, target, moved);
      } catch (error) {
        connection.close();
        connection = undefined;
        throw error;
      }
    },
    close: () => connection?.close(),
  };
}

type Job = {
  readonly range: ByteRange;
  readonly target: Backend;
  readonly moved: (start: number, end: number) => void;
  ended: boolean;
  resolve(): void;
  reject(error: unknown): void;
};

function openConnection({ url, ca, unixSocket, idleTimeout, signal }: LinkOptions) {
  const { hostname, port, pathname, host, protocol } = new URL(url);
  let job: Job | undefined;
  let writing = 0;
  let failure: Error | undefined;
  let filled = 0;
  let received = 0;
  // It reads `filled` from its first step on.
  const steps = conversation();
  let buffer = steps.next().value;

  const onread = {
    buffer: () => buffer.subarray(filled),
    callback(count: number): boolean {
      received = count;
      try {
        ({ value: buffer } = steps.next());
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
      return writing < BLOCKS_IN_FLIGHT;
    },
  };
  const socket = openSocket();
  socket.setTimeout(idleTimeout);
  socket.on('timeout', () => {
    // It may be silent between jobs, and while the target is slow.
    if (!job || writing >= BLOCKS_IN_FLIGHT) socket.setTimeout(idleTimeout);
    else fail(new Error(`The image server was silent for ${idleTimeout} ms`));
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The image server closed the connection')));
  const abort = () => fail(new ImageError('cancelled', 'The transfer was cancelled'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();

  return {
    get: (range: ByteRange, target: Backend, moved: Job['moved']): Promise<void> =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        job = { range, target, moved, ended: false, resolve, reject };
        socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nRange: bytes=${range.start}-${range.end - 1}\r\n\r\n`);
      }),
    close() {
      signal.removeEventListener('abort', abort);
      socket.destroy();
    },
  };

  function openSocket(): Socket {
    if (unixSocket !== undefined) return connectTcp({ path: unixSocket, onread });
    const secure = protocol === 'https:';
    const name = hostname.replace(/^\[|\]$/g, '');
    const where = { host: name, port: Number(port) || (secure ? 443 : 80), onread };
    if (!secure) return connectTcp(where);
    const servername = /^[\d.]+$|:/.test(name) ? '' : name;
    return connectTls({ ...where, servername, ...(ca === undefined ? {} : { ca }) });
  }

  function fail(error: Error): void {
    failure ??= error;
    socket.destroy();
    finish();
  }

  /** Settles the job once nothing writes any more, so that whoever retries it is alone. */
  function finish(): void {
    if (!job || writing > 0) return;
    const { resolve, reject } = job;
    if (failure) reject(failure);
    else resolve();
    job = undefined;
  }

  /** Yields the buffer into which the socket shall read next, behind what is `filled` already. */
  function* conversation(): Generator<Buffer, never, void> {
    const head = Buffer.alloc(MAX_HEAD);
    for (;;) {
      const { text, rest } = yield* readHead(head);
      if (!job) throw new ImageError('server_answer', 'The image server answered without being asked');
      const { status, length } = parseHead(text);
      if (status < 200 || status > 299) throw new ServerRefusal(status, yield* readRefusal(rest, length));
      const { range } = job;
      if (status !== 206 || length !== range.end - range.start) {
        throw new ImageError('server_answer', 'The image server answers another range than was asked for');
      }
      yield* readBody(rest, job);
    }
  }

  function* readHead(head: Buffer): Generator<Buffer, { text: string; rest: Buffer }, void> {
    filled = 0;
    for (;;) {
      yield head;
      filled += received;
      const end = head.subarray(0, filled).indexOf('\r\n\r\n');
      if (end >= 0) return { text: head.toString('latin1', 0, end), rest: Buffer.from(head.subarray(end + 4, filled)) };
      if (filled === MAX_HEAD) throw new ImageError('server_answer', "The head of the image server's answer is too long");
    }
  }

  function* readRefusal(rest: Buffer, length: number): Generator<Buffer, string, void> {
    const text = Buffer.alloc(Math.min(length, MAX_REFUSAL));
    filled = rest.copy(text);
    while (filled < text.length) {
      yield text;
      filled += received;
    }
    return text.toString();
  }

  function* readBody(rest: Buffer, current: Job): Generator<Buffer, void, void> {
    const { start, end } = current.range;
    let first = rest;
    for (let at = start; at < end;) {
      const block = takeBlock();
      const part = block.subarray(0, Math.min(BLOCK_SIZE - (at % BLOCK_SIZE), end - at));
      filled = first.copy(part);
      first = first.subarray(filled);
      while (filled < part.length) {
        yield part;
        filled += received;
      }
      write(current, at, part, block);
      at += part.length;
    }
    current.ended = true;
  }

  function write({ target, moved }: Job, at: number, part: Buffer, block: Buffer): void {
    writing += 1;
    const written = (error?: Error) => {
      writing -= 1;
      if (error) return fail(error);
      giveBack(block);
      moved(at, at + part.length);
      // At the end of a job too: the last block may be the one at which reading stopped, and the next answer comes the same way.
      socket.resume();
      if (job?.ended || failure) finish();
    };
    target.write(at, part).then(() => written(), written);
  }
}

function parseHead(text: string): { status: number; length: number } {
  const [first = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(first)?.[1]);
  const lengths = lines.map((line) => /^content-length:\s*(\d+)\s*$/i.exec(line)?.[1]).filter((length) => length !== undefined);
  if (!Number.isInteger(status) || lengths.length !== 1 || lines.some((line) => /^transfer-encoding:/i.test(line))) {
    throw new ImageError('server_answer', "The image server's answer cannot be understood");
  }
  return { status, length: Number(lengths[0]) };
}
