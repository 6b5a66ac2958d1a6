/**
 * The body of a PUT into a backend. It is gathered into whole blocks, which end at multiples of the block size so that no write straddles the
 * image's clusters, and several blocks are written at once while the next is being filled.
 *
 * A client that goes away leaves what was written, and nothing of the block that was not full: it is not accounted
 * either, so that whoever resumes sends it again.
 */
import { type Backend, BLOCK_SIZE, BLOCKS_IN_FLIGHT } from './backend.ts';
import { giveBack, takeBlock } from './blocks.ts';
import { ImageError } from './errors.ts';
import type { Connection, Request } from './http-connection.ts';

/** Tells the idle timeout whether the server waits for the client, or makes the client wait. */
export type Patience = Pick<Connection, 'waitsForClient'>;

/** What a transfer of one range reports to, and what may end it: a server's permit, or a client's own. */
export type Supervision = { readonly revoked: AbortSignal; advance(start: number, end: number): void };

/** Resolves when all is written; rejects when the client leaves, the ticket is revoked or the backend fails, and only after the last write has settled. */
export function receiveBody(
  request: Pick<Request, 'take'>,
  backend: Backend,
  offset: number,
  permit: Supervision,
  connection: Patience & Pick<Connection, 'resume'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let blockStart = offset;
    let block: Buffer | undefined;
    let filled = 0;
    let writing = 0;
    let ended = false;
    let failure: Error | undefined;

    const blockLength = () => BLOCK_SIZE - (blockStart % BLOCK_SIZE);

    function place(): Buffer {
      block ??= takeBlock();
      return block.subarray(filled, blockLength());
    }

    function placed(count: number): boolean {
      filled += count;
      // What comes after a failure is on its way already: it is lost.
      if (failure) filled = 0;
      else if (block && filled === blockLength()) writeBlock(block);
      return !failure && writing < BLOCKS_IN_FLIGHT;
    }

    function writeBlock(used: Buffer): void {
      const [start, data] = [blockStart, used.subarray(0, filled)];
      blockStart += filled;
      block = undefined;
      filled = 0;
      writing += 1;
      connection.waitsForClient = writing < BLOCKS_IN_FLIGHT;
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
      if (failure || ended) return settle();
      if (writing !== BLOCKS_IN_FLIGHT - 1) return;
      connection.waitsForClient = true;
      connection.resume();
    }

    function onEnd(): void {
      ended = true;
      if (block) writeBlock(block);
      connection.waitsForClient = false;
      settle();
    }

    function fail(error: Error): void {
      failure ??= error;
      connection.waitsForClient = false;
      settle();
    }

    const onRevoked = () => fail(new ImageError('forbidden', 'The ticket was revoked'));

    function settle(): void {
      if (writing > 0 || (!ended && !failure)) return;
      permit.revoked.removeEventListener('abort', onRevoked);
      if (failure) reject(failure);
      else resolve();
    }

    permit.revoked.addEventListener('abort', onRevoked);
    connection.waitsForClient = true;
    request.take({
      place,
      placed,
      ended: onEnd,
      left: () => fail(new ImageError('cancelled', 'The other side left before the end of the body')),
    });
    if (permit.revoked.aborted) onRevoked();
  });
}
