/** A range of the backend into a response: several blocks are read ahead while the client takes the ones before. */
import type { ServerResponse } from 'node:http';
import { type Backend, BLOCK_SIZE, BLOCKS_IN_FLIGHT } from './backend.ts';
import { giveBack, takeBlock } from './blocks.ts';
import { ImageError } from './errors.ts';
import type { ByteRange } from './ranges.ts';
import type { Patience } from './receive.ts';
import type { Permit } from './tickets.ts';

type Read = { start: number; block: Buffer; data: Buffer; done: Promise<void> };

/** Resolves when the last byte is handed to the socket; rejects when the client leaves, the ticket is revoked or the backend fails. */
export async function sendRange(
  response: ServerResponse,
  backend: Backend,
  range: ByteRange,
  permit: Permit,
  patience: Patience,
): Promise<void> {
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
    if (!response.write(read.data, () => giveBack(read.block))) await drained(response, permit, patience);
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

function drained(response: ServerResponse, permit: Permit, patience: Patience): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: ImageError) => {
      patience.waitsForClient = false;
      response.off('drain', onDrain).off('close', onClose);
      permit.revoked.removeEventListener('abort', onRevoked);
      if (error) reject(error);
      else resolve();
    };
    const onDrain = () => settle();
    const onClose = () => settle(new ImageError('cancelled', 'The client left before the end of the answer'));
    const onRevoked = () => settle(new ImageError('forbidden', 'The ticket was revoked'));
    if (response.destroyed) return settle(new ImageError('cancelled', 'The client left before the end of the answer'));
    patience.waitsForClient = true;
    response.on('drain', onDrain).on('close', onClose);
    permit.revoked.addEventListener('abort', onRevoked);
  });
}
