/**
 * Buffers of one block, used again and again: a fresh megabyte costs the kernel 256 page faults each time, more than
 * copying into it. A block goes back only when nothing can read or write it any more; one that is lost is garbage.
 */
import { BLOCK_SIZE } from './backend.ts';

const KEPT = 64;
const free: Buffer[] = [];

export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_SIZE);
}

export function giveBack(block: Buffer): void {
  if (free.length < KEPT) free.push(block);
}
