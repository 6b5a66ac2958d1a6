import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageReference } from '@ostler/agent-contract/values';
import { imageDirectory, imagesDirectory, isRemovedImage, removedImage, volumesIn } from '@ostler/storage-format/layout';
import { namesIn, statOrNothing } from './disk.ts';
import { requireDomain } from './domain.ts';
import { idName, type Context, type Place } from './operations.ts';

const chunk = 4 * 1024 * 1024;
/** RHV's mark of an image whose bytes must be overwritten before they are given up. */
const toBeZeroed = '_remove_me_ZERO_';

/** The image is renamed first: from then on it is nobody's disk, and whoever is interrupted after that is finished by a sweep. */
export async function removeImage(place: Place, { domain, image, wipe }: ImageReference & { wipe: boolean }, context: Context): Promise<Record<string, never>> {
  await requireDomain(place, domain);
  const from = join(place.root, imageDirectory(idName(domain), idName(image)));
  const to = wipe ? join(place.root, imagesDirectory(domain), `${toBeZeroed}${image}`) : join(place.root, removedImage(domain, image));
  if (await statOrNothing(from)) {
    // A leftover of the same name is what an earlier attempt did not finish.
    if (await statOrNothing(to)) await erase(place, to, wipe, context);
    await place.disk.rename(from, to);
  }
  if (await statOrNothing(to)) await erase(place, to, wipe, context);
  return {};
}

/** Ends every removal that was interrupted. */
export async function sweep(place: Place, domain: string, context: Context): Promise<Record<string, never>> {
  await requireDomain(place, domain);
  const images = join(place.root, imagesDirectory(idName(domain)));
  for (const name of (await namesIn(images)).filter(isRemovedImage)) await erase(place, join(images, name), name.startsWith(toBeZeroed), context);
  return {};
}

async function erase({ disk }: Place, directory: string, wipe: boolean, context: Context): Promise<void> {
  if (wipe) for (const volume of volumesIn(await namesIn(directory))) await zero(join(directory, volume), context);
  await disk.removeTree(directory);
}

/** A file with a second name is a template's: it is not ours to erase. */
async function zero(path: string, { signal, progress }: Context): Promise<void> {
  const found = await statOrNothing(path);
  if (!found || found.nlink > 1) return;
  await using file = await open(path, 'r+');
  const zeros = Buffer.alloc(chunk);
  for (let at = 0; at < found.size; at += chunk) {
    signal.throwIfAborted();
    await file.write(zeros, 0, Math.min(chunk, found.size - at), at);
    progress(at, found.size);
  }
  await file.sync();
}
