/**
 * Block checksums as ovirt-imageio computes them: the digest of the blocks' digests, so that holes cost nothing.
 * Offered is what this Node really has; `/checksum/algorithms` says so.
 */
import { createHash, getHashes } from 'node:crypto';
import type { Backend } from './backend.ts';
import { ImageError } from './errors.ts';

export type ChecksumOptions = { readonly algorithm: string; readonly blockSize: number };

const wanted = ['sha256', 'sha384', 'sha512', 'sha3-256', 'sha3-512', 'blake2b512', 'blake2s256', 'sha1', 'md5'];
export const checksumAlgorithms: readonly string[] = wanted.filter((name) => getHashes().includes(name));
export const DEFAULT_ALGORITHM = 'sha256';

const MIN_BLOCK = 1024 * 1024;
const DEFAULT_BLOCK = 4 * 1024 * 1024;
const MAX_BLOCK = 16 * 1024 * 1024;
const BLOCK_MULTIPLE = 4096;

export function parseChecksumOptions(query: URLSearchParams): ChecksumOptions {
  const algorithm = query.get('algorithm') ?? DEFAULT_ALGORITHM;
  if (!checksumAlgorithms.includes(algorithm))
    throw new ImageError('bad_request', `algorithm must be one of ${checksumAlgorithms.join(', ')}`);
  const blockSize = Number(query.get('block_size') ?? DEFAULT_BLOCK);
  if (!Number.isInteger(blockSize) || blockSize < MIN_BLOCK || blockSize > MAX_BLOCK || blockSize % BLOCK_MULTIPLE !== 0) {
    throw new ImageError('bad_request', `block_size must be a multiple of ${BLOCK_MULTIPLE} from ${MIN_BLOCK} to ${MAX_BLOCK}`);
  }
  return { algorithm, blockSize };
}

/** Hex digest of the first `size` bytes of the backend. `check` is called before each block, and throws to stop. */
export async function checksumOf(
  backend: Pick<Backend, 'read' | 'extents'>,
  size: number,
  { algorithm, blockSize }: ChecksumOptions,
  check: () => void,
): Promise<string> {
  const digestOf = (data: Buffer) => createHash(algorithm).update(data).digest();
  const root = createHash(algorithm);
  const zeroDigest = digestOf(Buffer.alloc(blockSize));
  const isZero = await zeroBlocks(backend, blockSize);
  const buffer = Buffer.allocUnsafe(blockSize);
  for (let at = 0; at < size; at += blockSize) {
    check();
    const block = buffer.subarray(0, Math.min(blockSize, size - at));
    if (block.length === blockSize && isZero(at)) {
      root.update(zeroDigest);
    } else {
      await backend.read(at, block);
      root.update(digestOf(block));
    }
  }
  return root.digest('hex');
}

/** Answers whether a whole block lies in a zero extent; asked in ascending order. */
async function zeroBlocks(backend: Pick<Backend, 'extents'>, blockSize: number): Promise<(at: number) => boolean> {
  const zeros: { start: number; end: number }[] = [];
  for await (const { start, length, zero } of backend.extents()) {
    if (!zero) continue;
    const last = zeros.at(-1);
    if (last?.end === start) last.end = start + length;
    else if (length >= blockSize) zeros.push({ start, end: start + length });
  }
  let index = 0;
  return (at) => {
    while ((zeros[index]?.end ?? Number.POSITIVE_INFINITY) <= at) index += 1;
    const run = zeros[index];
    return run !== undefined && run.start <= at && at + blockSize <= run.end;
  };
}
