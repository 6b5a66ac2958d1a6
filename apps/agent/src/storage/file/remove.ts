import { constants, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageReference } from '@ostler/agent-contract/values';
import { imageDirectory, imagesDirectory, isRemovedImage, removedId, removedImage, volumesIn } from '@ostler/storage-format/layout';
import { namesIn, statOrNothing } from './disk.ts';
import { requireDomain } from './domain.ts';
import { idName, isDirectory, type Context, type Place } from './place.ts';
import { qemuImg } from './qemu-img.ts';

const chunk = 4 * 1024 * 1024;
const mapDeadline = 10 * 60_000;
/** RHV's mark of an image whose bytes must be overwritten before they are given up. */
const toBeZeroed = '_remove_me_ZERO_';

/** The image is renamed first: from then on it is nobody's disk, and whoever is interrupted after that is finished by a sweep. */
export async function removeImage(
  place: Place,
  { domain, image, wipe }: ImageReference & { wipe: boolean },
  context: Context,
): Promise<Record<string, never>> {
  await requireDomain(place, domain);
  const from = join(place.root, imageDirectory(idName(domain), idName(image)));
  const plain = join(place.root, removedImage(domain, image));
  const zeroed = join(place.root, imagesDirectory(domain), `${toBeZeroed}${image}`);
  // What an earlier attempt did not finish goes first: its name is needed, and its bytes are the same disk's.
  await erase(place, zeroed, true, context);
  await erase(place, plain, wipe, context);
  if (!(await statOrNothing(from))) return {};
  const to = wipe ? zeroed : plain;
  await place.disk.rename(from, to);
  await erase(place, to, wipe, context);
  return {};
}

/** Ends every removal that was interrupted. */
export async function sweep(place: Place, domain: string, context: Context): Promise<Record<string, never>> {
  await requireDomain(place, domain);
  const images = join(place.root, imagesDirectory(idName(domain)));
  for (const name of (await namesIn(images)).filter(isRemovedImage)) {
    const work = () => erase(place, join(images, name), name.startsWith(toBeZeroed), context);
    await place.exclusively(removedId(name) ?? name, work);
  }
  return {};
}

async function erase({ disk }: Place, directory: string, wipe: boolean, context: Context): Promise<void> {
  if (!(await statOrNothing(directory))) return;
  if (wipe && (await isDirectory(directory)))
    for (const volume of volumesIn(await namesIn(directory))) await zero(join(directory, volume), context);
  await disk.removeTree(directory);
}

/** A file with a second name is a template's: it is not ours to erase. Holes stay holes: filling them could fill the storage. */
async function zero(path: string, { signal, progress }: Context): Promise<void> {
  const found = await lstat(path).catch((): Stats | undefined => undefined);
  if (!found?.isFile() || found.nlink > 1) return;
  const zeros = Buffer.alloc(chunk);
  await using file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  for (const { start, end } of await writtenParts(path, signal))
    for (let at = start; at < Math.min(end, found.size); at += chunk) {
      signal.throwIfAborted();
      await file.write(zeros, 0, Math.min(chunk, end - at, found.size - at), at);
      progress(at, found.size);
    }
  await file.sync();
}

async function writtenParts(path: string, signal: AbortSignal): Promise<{ start: number; end: number }[]> {
  const said = await qemuImg(['map', '--output=json', '-f', 'raw', '-U', path], { signal, deadline: mapDeadline });
  const parts: unknown = JSON.parse(said);
  return Array.isArray(parts) ? parts.filter(isPart).map(({ start, length }) => ({ start, end: start + length })) : [];
}

function isPart(part: unknown): part is { start: number; length: number; data: true } {
  if (typeof part !== 'object' || part === null || !('start' in part && 'length' in part && 'data' in part)) return false;
  return part.data === true && typeof part.start === 'number' && typeof part.length === 'number';
}
