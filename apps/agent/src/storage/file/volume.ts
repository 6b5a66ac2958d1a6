import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import type { NewVolume, VolumeFacts, VolumeReference } from '@ostler/agent-contract/values';
import {
  backingPath,
  imageDirectory,
  imagesDirectory,
  noParent,
  volume as volumePath,
  volumeLease,
  volumeMetadata,
  leaseSize,
  volumesIn,
} from '@ostler/storage-format/layout';
import { freeResource } from '@ostler/storage-format/lease';
import {
  cutDescription,
  formatVolumeMetadata,
  nextGeneration,
  parseVolumeMetadata,
  type VolumeMetadata,
} from '@ostler/storage-format/volume-metadata';
import { namesIn, readSmall } from './disk.ts';
import { requireDomain } from './domain.ts';
import { idName, isId, type Context, type Place } from './place.ts';
import { qemuImg } from './qemu-img.ts';

const contents = { data: 'DATA', iso: 'ISOF', ovf_store: 'OVFS', memory_dump: 'MEMD', memory_metadata: 'MEMM' } as const;
/** Milliseconds; preallocating writes zeros where the storage cannot reserve. Before the driver's own deadline: slow is not hanging. */
const createDeadline = 40_000;

export async function readVolume({ root }: Place, { domain, image, volume }: VolumeReference): Promise<VolumeMetadata | undefined> {
  const bytes = await readSmall(join(root, volumeMetadata(idName(domain), idName(image), idName(volume))), 4096);
  return bytes && parseVolumeMetadata(bytes.toString('utf8'));
}

export async function requireVolume(place: Place, reference: VolumeReference): Promise<VolumeMetadata> {
  const metadata = await readVolume(place, reference);
  if (metadata) return metadata;
  await requireDomain(place, reference.domain);
  throw new AgentError('unknown_volume', `There is no volume ${reference.volume} of disk ${reference.image}`);
}

export async function writeVolume(place: Place, { domain, image, volume }: VolumeReference, metadata: VolumeMetadata): Promise<void> {
  await place.disk.writeText(join(place.root, volumeMetadata(domain, image, volume)), formatVolumeMetadata(metadata));
}

export async function volumeFacts(place: Place, reference: VolumeReference): Promise<VolumeFacts> {
  return factsOf(place, reference, await requireVolume(place, reference));
}

export async function factsOf({ root }: Place, reference: VolumeReference, metadata: VolumeMetadata): Promise<VolumeFacts> {
  const path = join(root, volumePath(reference.domain, reference.image, reference.volume));
  const { blocks } = await stat(path);
  const compat = metadata.format === 'COW' ? await compatOf(path) : undefined;
  return {
    domain: reference.domain,
    image: reference.image,
    volume: reference.volume,
    format: metadata.format === 'COW' ? 'cow' : 'raw',
    sparse: metadata.allocation === 'SPARSE',
    capacity: metadata.capacity,
    actualSize: blocks * 512,
    legal: metadata.legality === 'LEGAL',
    parent: metadata.parent === noParent ? null : metadata.parent,
    generation: metadata.generation,
    description: metadata.description,
    ...(compat !== undefined && { qcowCompat: compat }),
  };
}

/** The version in a qcow2 header; nothing for what is not, or not yet, a qcow2 file. */
async function compatOf(path: string): Promise<string | undefined> {
  const header = await readSmall(path, 8);
  if (!header || header.length < 8 || header.readUInt32BE(0) !== 0x514649fb) return undefined;
  return header.readUInt32BE(4) === 2 ? '0.10' : '1.1';
}

/** Lease and file first, the metadata last: a volume is there when it has metadata, and what an interruption left is made anew. */
export async function createVolume(place: Place, wish: NewVolume, { signal }: Pick<Context, 'signal'>): Promise<VolumeFacts> {
  await requireDomain(place, wish.domain);
  const there = await readVolume(place, wish);
  if (there) return sameVolume(await factsOf(place, wish, there), wish);
  const { root, disk } = place;
  const { domain, image, volume, parent } = wish;
  const path = join(root, volumePath(domain, image, volume));
  await disk.makeDirectory(join(root, imageDirectory(domain, image)));
  try {
    if (parent) await shareParent(place, wish, parent);
    const lease = join(root, volumeLease(domain, image, volume));
    await disk.createFile(lease, leaseSize);
    await disk.writeAt(lease, 0, freeResource(domain, volume));
    if (wish.format === 'raw' && wish.sparse) await disk.createFile(path, wish.capacity);
    else
      await disk.changed(path, async () => void (await qemuImg(await creation(place, wish, path), { signal, deadline: createDeadline })));
    await writeVolume(place, wish, firstMetadata(wish));
  } catch (error) {
    await unmake(place, wish).catch(() => undefined);
    throw error;
  }
  return volumeFacts(place, wish);
}

function firstMetadata(wish: NewVolume): VolumeMetadata {
  return {
    domain: wish.domain,
    image: wish.image,
    parent: wish.parent?.volume ?? noParent,
    capacity: wish.capacity,
    created: Math.floor(Date.now() / 1000),
    description: wish.description,
    content: contents[wish.content],
    format: wish.format === 'cow' ? 'COW' : 'RAW',
    allocation: wish.sparse ? 'SPARSE' : 'PREALLOCATED',
    legality: wish.legal ? 'LEGAL' : 'ILLEGAL',
    role: 'LEAF',
    generation: 0,
    others: new Map(),
  };
}

/** What could not be made takes no space; an image that holds nothing of its own is none. */
async function unmake({ root, disk }: Place, { domain, image, volume, parent }: NewVolume): Promise<void> {
  for (const pathOf of [volumeMetadata, volumePath, volumeLease]) await disk.removeFile(join(root, pathOf(domain, image, volume)));
  await disk.removeFile(`${join(root, volumeMetadata(domain, image, volume))}.new`);
  const directory = join(root, imageDirectory(domain, image));
  const others = volumesIn(await namesIn(directory)).filter((other) => other !== parent?.volume || parent.image === image);
  if (others.length === 0) await disk.removeTree(directory);
}

/**
 * A template's volume lies in the image of the template; RHV gives it a second name in every image that is laid over it.
 * One in the same image is not the uppermost any more.
 */
async function shareParent(place: Place, { domain, image }: NewVolume, parent: { image: string; volume: string }): Promise<void> {
  const below = await requireVolume(place, { domain, ...parent });
  if (parent.image === image) {
    if (below.role !== 'LEAF') return;
    return writeVolume(place, { domain, ...parent }, { ...below, role: 'INTERNAL', generation: nextGeneration(below.generation) });
  }
  for (const pathOf of [volumePath, volumeLease, volumeMetadata])
    await place.disk.link(
      join(place.root, pathOf(domain, parent.image, parent.volume)),
      join(place.root, pathOf(domain, image, parent.volume)),
    );
}

async function creation(place: Place, { domain, image, format, capacity, sparse, parent }: NewVolume, path: string): Promise<string[]> {
  if (format === 'raw') return ['create', '-q', '-f', 'raw', '-o', 'preallocation=falloc', path, String(capacity)];
  const options = ['compat=1.1', ...(sparse ? [] : ['preallocation=falloc'])].join(',');
  if (!parent) return ['create', '-q', '-f', 'qcow2', '-o', options, path, String(capacity)];
  const below = await requireVolume(place, { domain, ...parent });
  const backing = ['-b', backingPath(image, parent), '-F', below.format === 'COW' ? 'qcow2' : 'raw'];
  return ['create', '-q', '-f', 'qcow2', '-o', options, ...backing, path, String(capacity)];
}

/** The same volume once more is success; another of its name is not. */
function sameVolume(there: VolumeFacts, wish: NewVolume): VolumeFacts {
  const same =
    there.format === wish.format &&
    there.sparse === wish.sparse &&
    there.capacity === wish.capacity &&
    there.parent === (wish.parent?.volume ?? null);
  if (!same) throw new AgentError('volume_exists', `There is another volume ${wish.volume} already`);
  return there;
}

export async function extendVolume(
  place: Place,
  { capacity, ...reference }: VolumeReference & { capacity: number },
  { signal }: Pick<Context, 'signal'>,
): Promise<VolumeFacts> {
  const before = await requireVolume(place, reference);
  if (capacity < before.capacity) throw new AgentError('bad_request', 'A volume cannot be made smaller', { field: 'capacity' });
  if (capacity === before.capacity) return factsOf(place, reference, before);
  const path = join(place.root, volumePath(reference.domain, reference.image, reference.volume));
  const format = before.format === 'COW' ? 'qcow2' : 'raw';
  const reserve = before.allocation === 'PREALLOCATED' ? ['--preallocation=falloc'] : [];
  await place.disk.changed(
    path,
    async () =>
      void (await qemuImg(['resize', '-q', '-f', format, ...reserve, path, String(capacity)], { signal, deadline: createDeadline })),
  );
  await writeVolume(place, reference, { ...before, capacity, generation: nextGeneration(before.generation) });
  return volumeFacts(place, reference);
}

/** QEMU has grown the file under its guest; only what is said of it is behind. */
export async function recordCapacity(place: Place, { capacity, ...reference }: VolumeReference & { capacity: number }): Promise<VolumeFacts> {
  const before = await requireVolume(place, reference);
  if (before.capacity < capacity)
    await writeVolume(place, reference, { ...before, capacity, generation: nextGeneration(before.generation) });
  return volumeFacts(place, reference);
}

export async function describeVolume(
  place: Place,
  { description, ...reference }: VolumeReference & { description: string },
): Promise<VolumeFacts> {
  const before = await requireVolume(place, reference);
  if (before.description !== cutDescription(description))
    await writeVolume(place, reference, { ...before, description, generation: nextGeneration(before.generation) });
  return volumeFacts(place, reference);
}

/** What is about to be written from outside is no image until somebody has looked at it. */
export async function markIllegal(place: Place, reference: VolumeReference): Promise<VolumeFacts> {
  const before = await requireVolume(place, reference);
  if (before.legality === 'LEGAL')
    await writeVolume(place, reference, { ...before, legality: 'ILLEGAL', generation: nextGeneration(before.generation) });
  return volumeFacts(place, reference);
}

export async function listImages(place: Place, domain: string): Promise<readonly string[]> {
  await requireDomain(place, domain);
  return (await namesIn(join(place.root, imagesDirectory(idName(domain))))).filter(isId);
}
