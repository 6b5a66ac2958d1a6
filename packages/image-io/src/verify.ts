/**
 * Whether both sides of a transfer hold the same: their checksums, each computed where the bytes are, so that none is moved again.
 * And the short way for a client on the host itself.
 */
import type { Backend } from './backend.ts';
import { checksumOf, DEFAULT_ALGORITHM } from './checksum.ts';
import { jsonOf, openLocal, remoteExtents, type LocalImage, type TransferOptions } from './client.ts';
import { ImageError } from './errors.ts';
import { openLink } from './image-link.ts';

const blockSize = 4 * 1024 * 1024;
/** Milliseconds. The server reads the whole image before it says a word. */
const longest = 6 * 3_600_000;

type Where = Pick<TransferOptions, 'url' | 'ca' | 'unixSocket' | 'signal'>;

/** The checksum that both have. Throws `differs` if they do not: what was moved is not what is there. */
export async function verified(image: LocalImage, where: Where): Promise<string> {
  const ended = new AbortController();
  const signal = where.signal ? AbortSignal.any([where.signal, ended.signal]) : ended.signal;
  const link = openLink({ ...where, idleTimeout: longest, signal });
  try {
    const size = (await remoteExtents(link)).reduce((end, { start, length }) => Math.max(end, start + length), 0);
    const [theirs, ours] = await Promise.all([
      jsonOf(link, 'GET', `/checksum?algorithm=${DEFAULT_ALGORITHM}&block_size=${blockSize}`, 64 * 1024).then(checksumIn),
      localChecksum(image, size, signal),
    ]);
    if (theirs !== ours)
      throw new ImageError('differs', `The image on the storage is not the one here: their checksums are ${theirs} and ${ours}`);
    return ours;
  } finally {
    ended.abort();
    link.close();
  }
}

function checksumIn(answer: unknown): string {
  if (typeof answer === 'object' && answer !== null && 'checksum' in answer && typeof answer.checksum === 'string') return answer.checksum;
  throw new ImageError('server_answer', 'The image server answered with something that is no checksum');
}

async function localChecksum(image: LocalImage, size: number, signal: AbortSignal): Promise<string> {
  await using local = await openLocal(image, false);
  // Awaited here: what is returned unfinished would find its image closed.
  return await checksumOf(padded(local.backend, size), size, { algorithm: DEFAULT_ALGORITHM, blockSize }, () => signal.throwIfAborted());
}

/** A disk may be larger than its image: what lies behind reads as zeros, as it does there. */
function padded(backend: Backend, size: number): Pick<Backend, 'read' | 'extents'> {
  return {
    async read(offset, into) {
      const there = Math.max(0, Math.min(into.length, backend.size - offset));
      if (there > 0) await backend.read(offset, into.subarray(0, there));
      into.fill(0, there);
    },
    async *extents() {
      yield* backend.extents();
      if (size > backend.size) yield { start: backend.size, length: size - backend.size, zero: true, hole: true, dirty: false };
    },
  };
}

/**
 * The unix socket of the image server, if this is its host and it lets this user in. A path says little: another host may have a
 * socket there. Whoever knows the ticket is the one that is meant.
 */
export async function socketOnThisHost(where: Where): Promise<string | undefined> {
  const unixSocket = socketIn(await described(where).catch(() => undefined));
  if (unixSocket === undefined) return undefined;
  const known = await described({ ...where, unixSocket }).catch(() => undefined);
  return socketIn(known) === unixSocket ? unixSocket : undefined;
}

async function described(where: Where): Promise<unknown> {
  const link = openLink({ ...where, idleTimeout: 10_000, signal: where.signal ?? new AbortController().signal });
  try {
    return await jsonOf(link, 'OPTIONS', '', 64 * 1024);
  } finally {
    link.close();
  }
}

const socketIn = (answer: unknown): string | undefined =>
  typeof answer === 'object' && answer !== null && 'unix_socket' in answer && typeof answer.unix_socket === 'string'
    ? answer.unix_socket
    : undefined;
