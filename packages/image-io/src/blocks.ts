/**
 * Buffers of one block, used again and again: a fresh one costs the kernel a page fault each 4 KiB, more than
 * copying into it. A block goes back only when nothing can read or write it any more; one that is lost is garbage.
 */
import { BLOCK_SIZE } from './backend.ts';

const KEPT = 32;
const free: Buffer[] = [];

export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_SIZE);
}

export function giveBack(block: Buffer): void {
  if (free.length < KEPT) free.push(block);
}
