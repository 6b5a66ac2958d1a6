/**
 * A data stream behind a call: a serial console, a picture of the screen.
 * On the wire it is a row of packets with the call's serial. An empty one with `continue` is the end of what is to be read,
 * `ok` is the handshake that closes it in good order, `error` breaks it off.
 */
import { RpcError } from './errors.ts';
import { maxStreamChunk } from './packet.ts';
import { withDeadline } from './deadline.ts';

export type Stream = AsyncIterable<Buffer> & {
  /** Sends all of `data`; resolves when the connection has taken it, so that a caller who awaits it cannot outrun the peer. */
  write(data: Uint8Array): Promise<void>;
  /** Ends the stream in good order and waits until libvirt confirms that it has taken everything. A reader who reached the end need not call it. */
  finish(): Promise<void>;
  /** Breaks the stream off, whatever its state. Never rejects. Leaving a `for await` early does the same. */
  abort(): Promise<void>;
};

/**
 * What happens when the reader is more than `maxUnread` bytes behind (libvirt's protocol cannot hold back a single stream):
 * `abort` gives the stream up with `RpcError` of kind `overflow`; `pause` stops reading the whole connection until the reader has caught up,
 * which is right only on a connection of its own, opened with `keepalive: false`.
 */
export type StreamOptions = { whenFull?: 'abort' | 'pause'; maxUnread?: number };

const defaultMaxUnread = 16 * 1024 * 1024;

/** What a stream needs of its connection. */
export type StreamLink = {
  procedure: string;
  /** Resolves when the connection has taken the packet. */
  send(status: 'continue' | 'ok' | 'error', data: Uint8Array): Promise<void>;
  pause(): void;
  resume(): void;
  /** Called once, when no more packets are expected. */
  ended(): void;
  /** Milliseconds to wait for the confirmation of an end. */
  deadline: number;
};

/** The connection's side of a stream. */
export type StreamIntake = {
  data(data: Buffer): void;
  confirmed(): void;
  failed(error: Error): void;
};

export function createStream(link: StreamLink, options: StreamOptions = {}): { stream: Stream; intake: StreamIntake } {
  const maxUnread = options.maxUnread ?? defaultMaxUnread;
  const unread: Buffer[] = [];
  let unreadBytes = 0;
  let paused = false;
  let endOfData = false;
  let closing: Promise<void> | undefined;
  let aborting = false;
  let failure: Error | undefined;
  const over = Promise.withResolvers<void>();
  let isOver = false;
  let wake: (() => void) | undefined;

  function end(error?: Error): void {
    if (isOver) return;
    isOver = true;
    failure = error;
    if (paused) link.resume();
    link.ended();
    over.resolve();
    wake?.();
  }

  const intake: StreamIntake = {
    data(data) {
      if (aborting || isOver || endOfData) return;
      if (data.length === 0) endOfData = true;
      else {
        unread.push(data);
        unreadBytes += data.length;
      }
      wake?.();
      if (unreadBytes <= maxUnread || paused || closing !== undefined) return;
      if (options.whenFull === 'pause') {
        paused = true;
        link.pause();
      } else {
        failure = new RpcError('overflow', `${link.procedure}: the reader is more than ${maxUnread} bytes behind`, { sent: true });
        void stream.abort();
        wake?.();
      }
    },
    confirmed: () => end(failure),
    failed: (error) => end(aborting ? failure : error),
  };

  function close(status: 'ok' | 'error'): Promise<void> {
    // The confirmation may stand behind unread data; nobody will read that any more.
    if (paused) link.resume();
    paused = false;
    const confirmation = link.send(status, new Uint8Array(0)).then(() => over.promise);
    return withDeadline(
      confirmation,
      link.deadline,
      () => new RpcError('deadline', `${link.procedure}: libvirt did not confirm the stream's end`, { sent: true }),
    );
  }

  async function next(): Promise<IteratorResult<Buffer, undefined>> {
    for (;;) {
      if (failure !== undefined) throw failure;
      const chunk = aborting ? undefined : unread.shift();
      if (chunk !== undefined) {
        unreadBytes -= chunk.length;
        if (paused && unreadBytes <= maxUnread / 2) {
          paused = false;
          link.resume();
        }
        return { done: false, value: chunk };
      }
      if (endOfData && !aborting) await stream.finish();
      if (endOfData || aborting || isOver) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  const stream: Stream = {
    async write(data) {
      for (let at = 0; at < data.length; at += maxStreamChunk) {
        if (failure !== undefined) throw failure;
        if (isOver || closing !== undefined) throw new RpcError('closed', `${link.procedure}: the stream has been ended`);
        await link.send('continue', data.subarray(at, at + maxStreamChunk));
      }
    },
    async finish() {
      if (!isOver) await (closing ??= close('ok'));
      if (failure !== undefined) throw failure;
    },
    async abort() {
      if (!isOver && !aborting) {
        aborting = true;
        wake?.();
        closing = close('error');
      }
      // A connection that is gone, or a confirmation that does not come, changes nothing for someone who wants to be rid of the stream.
      await closing?.catch(() => undefined);
    },
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        await stream.abort();
        return { done: true, value: undefined };
      },
    }),
  };
  return { stream, intake };
}

/** Everything that comes until the stream's end. Breaks it off beyond `maxBytes`. */
export async function readAll(stream: Stream, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > maxBytes) throw new RpcError('overflow', `The stream brought more than ${maxBytes} bytes`, { sent: true });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
