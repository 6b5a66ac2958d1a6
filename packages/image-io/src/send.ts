/** A range of a backend into an answer, or into the body of a PUT: several blocks are read ahead while the other side takes the ones before. */
import type { Writable } from 'node:stream';
import { type Backend, BLOCK_SIZE, BLOCKS_IN_FLIGHT } from './backend.ts';
import { giveBack, takeBlock } from './blocks.ts';
import { ImageError } from './errors.ts';
import type { ByteRange } from './ranges.ts';
import type { Patience, Supervision } from './receive.ts';

type Read = { start: number; block: Buffer; data: Buffer; done: Promise<void> };

/**
 * Resolves when the last byte is handed to the socket, which need not have taken it: the answer to a PUT may come before Node tells that the
 * socket has drained, and then it never does. Rejects when the other side leaves, the ticket is revoked or the backend fails.
 */
export async function sendRange(out: Writable, backend: Backend, range: ByteRange, permit: Supervision, patience: Patience): Promise<void> {
  const ahead: Read[] = [];
  let next = range.start;
  for (;;) {
    while (next < range.end && ahead.length < BLOCKS_IN_FLIGHT) {
      const read = startRead(backend, next, Math.min(BLOCK_SIZE - (next % BLOCK_SIZE), range.end - next));
      ahead.push(read);
      next += read.data.length;
    }
    const read = ahead.shift();
    if (!read) return;
    await read.done;
    if (permit.revoked.aborted) throw new ImageError('forbidden', 'The ticket was revoked');
    const full = !out.write(read.data, () => giveBack(read.block));
    if (full && ahead.length > 0) await drained(out, permit, patience);
    permit.advance(read.start, read.start + read.data.length);
  }
}

function startRead(backend: Backend, start: number, length: number): Read {
  const block = takeBlock();
  const data = block.subarray(0, length);
  const done = backend.read(start, data);
  // Whoever awaits it sees the failure; reads that are never awaited fail in silence, after the first.
  done.catch(() => undefined);
  return { start, block, data, done };
}

function drained(out: Writable, permit: Supervision, patience: Patience): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: ImageError) => {
      patience.waitsForClient = false;
      out.off('drain', onDrain).off('close', onClose);
      permit.revoked.removeEventListener('abort', onRevoked);
      if (error) reject(error);
      else resolve();
    };
    const onDrain = () => settle();
    const onClose = () => settle(new ImageError('cancelled', 'The other side left before the end'));
    const onRevoked = () => settle(new ImageError('forbidden', 'The ticket was revoked'));
    if (out.destroyed) return settle(new ImageError('cancelled', 'The other side left before the end'));
    patience.waitsForClient = true;
    out.on('drain', onDrain).on('close', onClose);
    permit.revoked.addEventListener('abort', onRevoked);
  });
}
