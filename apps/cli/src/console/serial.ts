import { WebSocket } from 'ws';
import type { Cli } from '../cli.ts';
import { exitCodes, interrupted, Problem } from '../problem.ts';

export interface SerialOptions {
  readonly url: string;
  readonly ca: string | undefined;
  /** Ends with success when the console has said this. */
  readonly until: string | undefined;
  /** Seconds; without `until` the end of the watch, with it a failure. */
  readonly timeout: number | undefined;
}

/** Ctrl-]: what telnet and virsh leave by. */
const escape = 0x1d;
const openWithin = 30_000;

/** Connects the terminal, or whatever stands for it, with a serial console, until either of them ends. */
export async function serialConsole(cli: Cli, { url, ca, until, timeout }: SerialOptions): Promise<void> {
  const socket = new WebSocket(url, ['binary'], {
    ...(ca !== undefined && { ca }),
    perMessageDeflate: false,
    handshakeTimeout: openWithin,
  });
  socket.binaryType = 'nodebuffer';
  await opened(socket, cli.signal);
  const raw = cli.in.isTTY === true && cli.in.setRawMode !== undefined;
  if (raw) cli.in.setRawMode?.(true);
  try {
    await carried(cli, socket, { until: until === undefined || until === '' ? undefined : Buffer.from(until), timeout, raw });
  } finally {
    if (raw) cli.in.setRawMode?.(false);
    cli.in.pause();
    socket.terminate();
  }
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      reject(interrupted());
      socket.terminate();
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.once('open', () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    socket.on('error', (error) => reject(new Problem(`The console cannot be reached: ${error.message}.`, exitCodes.unreachable)));
    socket.once('unexpected-response', (request, response) => {
      const chunks: Buffer[] = [];
      const refuse = () => {
        reject(
          new Problem(Buffer.concat(chunks).toString('utf8').trim() || `The console was refused (HTTP status ${response.statusCode}).`),
        );
        request.destroy();
      };
      response.on('data', (chunk: Buffer) => void (chunks.length < 16 && chunks.push(chunk)));
      response.on('end', refuse).on('error', refuse);
    });
  });
}

interface Watch {
  readonly until: Buffer | undefined;
  readonly timeout: number | undefined;
  readonly raw: boolean;
}

function carried(cli: Cli, socket: WebSocket, { until, timeout, raw }: Watch): Promise<void> {
  return new Promise((resolve, reject) => {
    const missed = (why: string) => new Problem(`The console ${why} without having said "${String(until)}".`);
    const end = (error?: Error) => {
      clearTimeout(timer);
      cli.signal.removeEventListener('abort', stopped);
      cli.in.off('data', typed);
      if (error) reject(error);
      else resolve();
    };
    const stopped = () => end(interrupted());
    const timer =
      timeout === undefined ? undefined : setTimeout(() => end(until && missed(`was watched for ${timeout} seconds`)), timeout * 1000);
    const heard = until && listenFor(until);

    socket.on('message', (data: Buffer) => {
      // A terminal that is slower than the console holds it up, rather than being drowned.
      if (!cli.out.write(data)) {
        socket.pause();
        cli.out.once('drain', () => socket.resume());
      }
      if (heard?.(data)) end();
    });
    socket.once('close', () => end(until && missed('ended')));
    socket.on('error', (error) => end(new Problem(`The console broke off: ${error.message}.`)));

    const typed = (chunk: Buffer | string) => {
      const bytes = Buffer.from(chunk);
      const leaves = raw ? bytes.indexOf(escape) : -1;
      if (leaves !== 0) socket.send(leaves < 0 ? bytes : bytes.subarray(0, leaves));
      if (leaves >= 0) end();
    };
    // The end of what is piped in is not the end of the console: its answer is yet to come.
    cli.in.on('data', typed);
    cli.signal.addEventListener('abort', stopped, { once: true });
    if (cli.signal.aborted) stopped();
  });
}

/** Tells when a text has passed by, wherever the pieces in which it comes begin and end. */
export function listenFor(text: Buffer): (piece: Buffer) => boolean {
  let tail: Buffer = Buffer.alloc(0);
  return (piece) => {
    const seen = Buffer.concat([tail, piece]);
    // Copied: a slice would keep every piece alive that it was ever cut from.
    tail = Buffer.from(seen.subarray(Math.max(0, seen.length - text.length + 1)));
    return seen.includes(text);
  };
}
