/**
 * The body of a PUT, or of the answer to a GET, into a backend. TLS delivers records of at most 16 KiB; they are gathered into whole blocks,
 * which end at multiples of the block size so that no write straddles the image's clusters, and several blocks are
 * written at once while the next is being filled.
 *
 * A client that goes away leaves what was written, and nothing of the block that was not full: it is not accounted
 * either, so that whoever resumes sends it again.
 */
import type { IncomingMessage } from 'node:http';
import { type Backend, BLOCK_SIZE, BLOCKS_IN_FLIGHT } from './backend.ts';
import { giveBack, takeBlock } from './blocks.ts';
import { ImageError } from './errors.ts';

/** Tells the idle timeout whether the server waits for the client, or makes the client wait. */
export type Patience = { waitsForClient: boolean };

/** What a transfer of one range reports to, and what may end it: a server's permit, or a client's own. */
export type Supervision = { readonly revoked: AbortSignal; advance(start: number, end: number): void };

/** Resolves when all is written; rejects when the client leaves, the ticket is revoked or the backend fails, and only after the last write has settled. */
export function receiveBody(
  body: IncomingMessage,
  backend: Backend,
  offset: number,
  permit: Supervision,
  patience: Patience,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let blockStart = offset;
    let block = takeBlock();
    let filled = 0;
    let writing = 0;
    let ended = false;
    let failure: Error | undefined;

    function onData(chunk: Buffer): void {
      for (let taken = 0; taken < chunk.length;) {
        const room = BLOCK_SIZE - (blockStart % BLOCK_SIZE) - filled;
        const count = Math.min(room, chunk.length - taken);
        chunk.copy(block, filled, taken, taken + count);
        taken += count;
        filled += count;
        if (count === room) writeBlock();
      }
    }

    function writeBlock(): void {
      const [start, data, used] = [blockStart, block.subarray(0, filled), block];
      blockStart += filled;
      block = takeBlock();
      filled = 0;
      writing += 1;
      if (writing >= BLOCKS_IN_FLIGHT) wait(false);
      backend.write(start, data).then(
        () => {
          permit.advance(start, start + data.length);
          giveBack(used);
          written();
        },
        (error: Error) => {
          fail(error);
          written();
        },
      );
    }

    function written(): void {
      writing -= 1;
      if (failure || ended) settle();
      else if (writing < BLOCKS_IN_FLIGHT) wait(true);
    }

    function wait(forClient: boolean): void {
      patience.waitsForClient = forClient;
      if (forClient) body.resume();
      else body.pause();
    }

    function onEnd(): void {
      ended = true;
      patience.waitsForClient = false;
      if (filled > 0) writeBlock();
      settle();
    }

    function fail(error: Error): void {
      failure ??= error;
      patience.waitsForClient = false;
      body.pause();
      settle();
    }

    // Node closes a message after its end, too.
    const onClose = () => ended || fail(new ImageError('cancelled', 'The other side left before the end of the body'));
    const onRevoked = () => fail(new ImageError('forbidden', 'The ticket was revoked'));

    function settle(): void {
      if (writing > 0 || (!ended && !failure)) return;
      body.off('data', onData).off('end', onEnd).off('close', onClose);
      permit.revoked.removeEventListener('abort', onRevoked);
      giveBack(block);
      if (failure) reject(failure);
      else resolve();
    }

    permit.revoked.addEventListener('abort', onRevoked);
    body.on('end', onEnd).on('close', onClose).on('error', onClose).on('data', onData);
    patience.waitsForClient = true;
    if (permit.revoked.aborted) onRevoked();
  });
}
