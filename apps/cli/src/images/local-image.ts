import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { describeLie, HEADER_BYTES, liesInFirstBytes, parseHeader, type ImageLie } from '@ostler/image-io/qcow2-header';
import { Problem } from '../problem.ts';

/** An image file on this machine, as far as it can be told without sending it anywhere. */
export interface LocalImage {
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
  /** What a guest would see, in bytes. */
  readonly virtualSize: number;
}

/** Refuses what the manager would refuse when all of it had been sent. */
export async function localImage(path: string): Promise<LocalImage> {
  const { first, length } = await beginningOf(path);
  if (length === 0) throw new Problem(`${path} is empty.`);
  const header = parseHeader(first);
  const isQcow2 = !('code' in header) || header.code !== 'not_qcow2' || first.toString('latin1', 0, 4) === 'QFI\xfb';
  if (isQcow2 && 'code' in header) throw refused(path, [header]);
  const image =
    'code' in header ? ({ format: 'raw', virtualSize: length } as const) : ({ format: 'qcow2', virtualSize: header.virtualSize } as const);
  const lies = liesInFirstBytes(first, image, length);
  if (lies.length > 0) throw refused(path, lies);
  return { path, ...image };
}

async function beginningOf(path: string): Promise<{ first: Buffer; length: number }> {
  try {
    await using file = await open(path, 'r');
    const stat = await file.stat();
    if (!stat.isFile()) throw new Problem(`${path} is no file.`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return { first: buffer.subarray(0, bytesRead), length: stat.size };
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`Cannot read the image: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const refused = (path: string, lies: readonly ImageLie[]): Problem =>
  new Problem(`${path} cannot be uploaded. ${lies.map(inWords).join(' ')}`);

/** Here nobody declared anything: the file began like one of another format. */
const inWords = (lie: ImageLie): string =>
  lie.code === 'looks_like'
    ? `It is in ${lie.format} format; convert it first: qemu-img convert -O qcow2 FILE FILE.qcow2`
    : describeLie(lie);

/** What the disk is called if nobody says: the file's name without its ending. */
export const aliasOf = (path: string): string => basename(path).replace(/\.(?:qcow2|qcow|img|raw|iso|bin)$/i, '') || basename(path);
