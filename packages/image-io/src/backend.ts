/**
 * What the server reads from and writes to. Offsets and lengths are bytes of what the client sees: guest data behind
 * NBD, the bytes of a file otherwise. Many calls may run at once, on different ranges.
 */
import type { Extent } from './extents.ts';

export type Backend = {
  /** Bytes that can be addressed. */
  readonly size: number;
  /** Whether `extents` knows what changed since a checkpoint. */
  readonly hasDirty: boolean;
  /** True when the backend can no longer answer and must be opened anew. */
  readonly broken: boolean;
  /** Fills `into` from `offset`. */
  read(offset: number, into: Buffer): Promise<void>;
  /** `data` must not change until the promise settles. */
  write(offset: number, data: Buffer): Promise<void>;
  /** The range reads as zeros afterwards; on a sparse target its space is given back where possible. */
  zero(offset: number, length: number): Promise<void>;
  /** Everything written before is on stable storage when this resolves. */
  flush(): Promise<void>;
  /** The whole image from its start, neighbours merged. */
  extents(): AsyncIterable<Extent>;
  close(): Promise<void>;
};

/** The unit in which images are read, written and accounted. With one of 16 KiB, a TLS record, throughput is a third less; with 1 MiB a tenth. */
export const BLOCK_SIZE = 2 * 1024 * 1024;

/** Requests that one transfer keeps in flight, to hide the latency of the storage. */
export const BLOCKS_IN_FLIGHT = 4;

/** Longest stretch that is zeroed in one step, so that revocation is seen between steps. */
export const ZERO_STEP = 128 * 1024 * 1024;
