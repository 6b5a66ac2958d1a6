/**
 * Uploads and downloads over a transfer URL, with several connections: data with PUT and GET, holes with PATCH or not
 * at all. An image is read or written as the guest sees it, through a qemu-nbd of its own, or as the bytes of its file.
 *
 * Broken connections and server errors are retried until nothing has moved for `retryFor`; what the server refuses
 * (4xx) is final. An upload can be resumed by another process: the server knows which ranges it has.
 */
import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve as absolute } from 'node:path';
import { type Backend, ZERO_STEP } from './backend.ts';
import { run } from './command.ts';
import { ImageError, ServerRefusal } from './errors.ts';
import type { Extent } from './extents.ts';
import { openFileBackend } from './file-backend.ts';
import { type ImageLink, openLink, readText } from './image-link.ts';
import { openNbdBackend } from './nbd-backend.ts';
import { startQemuNbd } from './qemu-nbd.ts';
import { addRange, type ByteRange, coveredBytes, missingRanges } from './ranges.ts';
import { sendRange } from './send.ts';

export type LocalImage = {
  path: string;
  /** `raw` and `qcow2`: what the guest sees. `file`: the bytes of the file, whatever they are. */
  content: 'raw' | 'qcow2' | 'file';
};

export type TransferOptions = {
  /** The transfer URL. */
  url: string;
  /** PEM of the authority that signed the server's certificate. */
  ca?: string;
  /** Default 4; the server may allow fewer. */
  connections?: number;
  /** Over the server's unix socket, for a client on the same host. */
  unixSocket?: string;
  signal?: AbortSignal;
  /** Bytes of the image that are done (holes included), and all of them. */
  onProgress?: (done: number, total: number) => void;
  /** Milliseconds without any progress after which it is given up. */
  retryFor?: number;
  /** Milliseconds of silence after which a connection is given up. */
  idleTimeout?: number;
};

/** Data that one request carries: long enough that requests cost nothing, short enough to be repeated. */
const DATA_PIECE = 32 * 1024 * 1024;
const MAX_EXTENTS_TEXT = 1024 * 1024 * 1024;

type Piece = ByteRange & { readonly zero: boolean };
type Features = { readonly zero: boolean; readonly transferred: boolean; readonly maxWriters: number; readonly maxReaders: number };

/** With `resume`, ranges that the server has from an earlier attempt are left out. Flushed when it resolves. */
export async function upload(image: LocalImage, options: TransferOptions & { resume?: boolean }): Promise<void> {
  await using source = await openLocal(image, false);
  await transferring(options, source.backend.size, async (transfer) => {
    const features = await transfer.once(describe);
    const done = options.resume && features.transferred ? await transfer.once(transferredRanges) : [];
    for (const { start, end } of done) transfer.advance(start, end);
    const pieces = piecesOf(await collected(source.backend.extents()), missingRanges(done, source.backend.size), features.zero);
    await transfer.each(pieces, features.maxWriters, (link, piece) =>
      piece.zero ? putZeros(link, piece, transfer.advance) : putData(link, piece, source.backend, transfer),
    );
    await transfer.once(flush);
  });
}

/** Writes a new file; `size` is what the ticket has. On failure nothing is left. */
export async function download(image: LocalImage, size: number, options: TransferOptions): Promise<void> {
  await writeFile(image.path, '', { flag: 'wx' });
  try {
    await format(image, size);
    await using target = await openLocal(image, true, size);
    await transferring(options, size, async (transfer) => {
      const features = await transfer.once(describe);
      const extents = await transfer.once(remoteExtents);
      const pieces = piecesOf(extents, [{ start: 0, end: size }], true);
      await transfer.each(pieces, features.maxReaders, async (link, piece) => {
        // A new file reads as zeros by itself.
        if (piece.zero) transfer.advance(piece.start, piece.end);
        else await link.read(piece, target.backend, transfer.advance);
      });
      await target.backend.flush();
    });
  } catch (error) {
    await rm(image.path, { force: true });
    throw error;
  }
}

/** What is to be moved, in order: data in pieces of one request, zeros as long as the server takes them. */
export function piecesOf(extents: readonly Extent[], missing: readonly ByteRange[], canZero: boolean): Piece[] {
  const pieces: Piece[] = [];
  let index = 0;
  for (const extent of extents) {
    const zero = extent.zero && canZero;
    const step = zero ? ZERO_STEP : DATA_PIECE;
    const extentEnd = extent.start + extent.length;
    while ((missing[index]?.end ?? Number.POSITIVE_INFINITY) <= extent.start) index += 1;
    for (let at = index; (missing[at]?.start ?? Number.POSITIVE_INFINITY) < extentEnd; at += 1) {
      const gap = missing[at] ?? { start: 0, end: 0 };
      const end = Math.min(extentEnd, gap.end);
      for (let start = Math.max(extent.start, gap.start); start < end; start += step)
        pieces.push({ start, end: Math.min(start + step, end), zero });
    }
  }
  return pieces;
}

type Transfer = {
  readonly revoked: AbortSignal;
  advance(start: number, end: number): void;
  /** One exchange, repeated as long as it is worth it. */
  once<T>(work: (link: ImageLink) => Promise<T>): Promise<T>;
  /** All pieces, over as many connections as are wanted and allowed. */
  each(pieces: readonly Piece[], limit: number, work: (link: ImageLink, piece: Piece) => Promise<void>): Promise<void>;
};

async function transferring(options: TransferOptions, size: number, work: (transfer: Transfer) => Promise<void>): Promise<void> {
  const { url, ca, connections = 4, unixSocket, onProgress, retryFor = 60_000, idleTimeout = 120_000 } = options;
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const ranges: ByteRange[] = [];
  let lastMove = performance.now();
  const open = () =>
    openLink({ url, idleTimeout, signal, ...(ca === undefined ? {} : { ca }), ...(unixSocket === undefined ? {} : { unixSocket }) });
  const first = open();

  function advance(start: number, end: number): void {
    lastMove = performance.now();
    addRange(ranges, start, end);
    onProgress?.(coveredBytes(ranges), size);
  }

  async function repeated<T>(attempt: () => Promise<T>): Promise<T> {
    for (let delay = 100; ; delay = Math.min(delay * 2, 5000)) {
      try {
        return await attempt();
      } catch (error) {
        if (options.signal?.aborted) throw new ImageError('cancelled', 'The transfer was cancelled');
        if (isFinal(error) || signal.aborted) throw error;
        if (performance.now() - lastMove > retryFor) throw error;
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  async function each(pieces: readonly Piece[], limit: number, move: (link: ImageLink, piece: Piece) => Promise<void>): Promise<void> {
    const queue = pieces[Symbol.iterator]();
    const worker = async (link: ImageLink) => {
      try {
        for (const piece of queue) await repeated(() => move(link, piece));
      } catch (error) {
        failed.abort();
        throw error;
      } finally {
        if (link !== first) link.close();
      }
    };
    const count = Math.max(1, Math.min(connections, limit, pieces.length));
    const results = await Promise.allSettled(Array.from({ length: count }, (_, index) => worker(index === 0 ? first : open())));
    // The first to fail aborted the others: its reason is the one that is not about being aborted.
    const reasons = results.filter((result) => result.status === 'rejected').map((result): unknown => result.reason);
    const reason = reasons.find((error) => !isAbort(error)) ?? reasons[0];
    if (reason !== undefined) throw reason;
  }

  try {
    await work({ revoked: signal, advance, once: (exchange) => repeated(() => exchange(first)), each });
  } finally {
    first.close();
  }
}

async function describe(link: ImageLink): Promise<Features> {
  const answer = await jsonOf(link, 'OPTIONS', '', 64 * 1024);
  const fields = typeof answer === 'object' && answer !== null ? Object.fromEntries(Object.entries(answer)) : {};
  const features: unknown[] = Array.isArray(fields['features']) ? fields['features'] : [];
  const limit = (name: string) => (typeof fields[name] === 'number' && fields[name] > 0 ? fields[name] : 1);
  return {
    zero: features.includes('zero'),
    transferred: features.includes('transferred'),
    maxWriters: limit('max_writers'),
    maxReaders: limit('max_readers'),
  };
}

async function transferredRanges(link: ImageLink): Promise<ByteRange[]> {
  const answer = await jsonOf(link, 'GET', '/transferred', MAX_EXTENTS_TEXT);
  return rows(answer).map(({ start, length }) => ({ start, end: start + length }));
}

export async function remoteExtents(link: ImageLink): Promise<Extent[]> {
  const answer = await jsonOf(link, 'GET', '/extents', MAX_EXTENTS_TEXT);
  return rows(answer).map(({ start, length, zero }) => ({ start, length, zero: zero === true, hole: false, dirty: false }));
}

export async function jsonOf(link: ImageLink, method: 'OPTIONS' | 'GET', suffix: string, limit: number): Promise<unknown> {
  const body = await link.exchange({ method, suffix, receive: (response) => readText(response, limit) });
  return JSON.parse(body);
}

function rows(answer: unknown): { start: number; length: number; zero?: unknown }[] {
  if (!Array.isArray(answer) || !answer.every(isRow))
    throw new ImageError('server_answer', 'The image server answered with something that is no list of ranges');
  return answer;
}

function isRow(value: unknown): value is { start: number; length: number; zero?: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'start' in value &&
    typeof value.start === 'number' &&
    'length' in value &&
    typeof value.length === 'number'
  );
}

const nobody = { waitsForClient: false };
const nothing = async (response: { resume(): unknown }): Promise<void> => void response.resume();

async function putData(link: ImageLink, { start, end }: Piece, source: Backend, transfer: Transfer): Promise<void> {
  await link.exchange({
    method: 'PUT',
    suffix: '?flush=n',
    headers: { 'Content-Range': `bytes ${start}-${end - 1}/*`, 'Content-Length': end - start },
    send: (request) => sendRange(request, source, { start, end }, { revoked: transfer.revoked, advance: () => undefined }, nobody),
    receive: nothing,
  });
  transfer.advance(start, end);
}

async function putZeros(link: ImageLink, { start, end }: Piece, advance: Transfer['advance']): Promise<void> {
  await patch(link, { op: 'zero', offset: start, size: end - start, flush: false });
  advance(start, end);
}

function flush(link: ImageLink): Promise<void> {
  return patch(link, { op: 'flush' });
}

function patch(link: ImageLink, operation: object): Promise<void> {
  const body = JSON.stringify(operation);
  return link.exchange({
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    send: async (request) => void request.write(body),
    receive: nothing,
  });
}

type OpenImage = { readonly backend: Backend; [Symbol.asyncDispose](): Promise<void> };

export async function openLocal({ path, content }: LocalImage, writable: boolean, size?: number): Promise<OpenImage> {
  if (content === 'file') {
    const backend = await openFileBackend({ path, size: size ?? (await stat(path)).size, sparse: true, writable });
    return { backend, [Symbol.asyncDispose]: () => backend.close() };
  }
  const directory = await mkdtemp(join(tmpdir(), 'ostler-transfer-'));
  const cleanUp = () => rm(directory, { recursive: true, force: true });
  try {
    const server = await startQemuNbd({ path: absolute(path), format: content, socketPath: join(directory, 'nbd'), readOnly: !writable });
    const backend = await openNbdBackend({ socket: server.socketPath, sparse: true });
    const close = async () => {
      await backend.close();
      await server.stop();
      await cleanUp();
    };
    return { backend, [Symbol.asyncDispose]: close };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function format({ path, content }: LocalImage, size: number): Promise<void> {
  if (content !== 'qcow2') return truncate(path, size);
  const { status, stderr } = await run('qemu-img', ['create', '-q', '-f', 'qcow2', path, String(size)], { deadline: 60_000 });
  if (status !== 0) throw new ImageError('backend', `Cannot create ${path}: ${stderr.trim()}`);
}

async function collected(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const all: Extent[] = [];
  for await (const extent of extents) all.push(extent);
  return all;
}

/** Connections break and come back, and so do servers; a refusal and a broken local image do not get better. */
function isFinal(error: unknown): boolean {
  if (error instanceof ServerRefusal) return error.status < 500;
  return error instanceof ImageError && error.code !== 'cancelled';
}

function isAbort(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'AbortError' || (error instanceof ImageError && (error.code === 'cancelled' || error.code === 'forbidden')))
  );
}
