import { AgentError } from '@ostler/agent-contract/errors';
import type { VolumeReference } from '@ostler/agent-contract/values';
import { noParent, volume as volumePath } from '@ostler/storage-format/layout';
import type { PreparedFile } from '../io-protocol.ts';
import { confined, type Place } from './place.ts';
import { factsOf, readVolume, requireVolume } from './volume.ts';

/** Far more than anybody should have; a chain that is longer goes round in a circle. */
const longest = 512;

/** A file is usable as it is. What it lies on is read from the metadata, each volume in the image that owns it. */
export async function prepareVolume(place: Place, reference: VolumeReference): Promise<PreparedFile> {
  const metadata = await requireVolume(place, reference);
  const { domain, image, volume } = reference;
  const below: VolumeReference[] = [];
  let { parent } = metadata;
  let above = image;
  while (parent !== noParent) {
    if (below.length >= longest) throw new AgentError('storage_failed', `The chain of volume ${volume} has no end`);
    const next = await readVolume(place, { domain, image: above, volume: parent });
    if (!next) throw new AgentError('unknown_volume', `Volume ${parent}, which volume ${volume} lies on, is missing`);
    below.push({ domain, image: next.image, volume: parent });
    ({ parent } = next);
    above = next.image;
  }
  for (const one of below) await confined(place, volumePath(domain, one.image, one.volume));
  return { path: await confined(place, volumePath(domain, image, volume)), facts: await factsOf(place, reference, metadata), below };
}
