import { AgentError, type AgentErrorCode } from '@ostler/agent-contract/errors';
import type { VolumeFacts, VolumeFormat, VolumeReference } from '@ostler/agent-contract/values';
import { ImageError } from '@ostler/image-io/errors';
import { inspectVolume, type Inspection } from '@ostler/image-io/inspect';
import { describeLie } from '@ostler/image-io/qcow2-header';
import { volume as volumePath } from '@ostler/storage-format/layout';
import { nextGeneration } from '@ostler/storage-format/volume-metadata';
import { confined, type Context, type Place } from './place.ts';
import { requireVolume, volumeFacts, writeVolume } from './volume.ts';

/** An upload becomes legal when it is what it was declared to be; until then no VM may see it. */
export async function verifyVolume(
  place: Place,
  { declared, ...reference }: VolumeReference & { declared: { format: VolumeFormat; capacity: number } },
  { signal }: Pick<Context, 'signal'>,
): Promise<VolumeFacts> {
  await requireVolume(place, reference);
  const path = await confined(place, volumePath(reference.domain, reference.image, reference.volume));
  const seen = await inspect(path, declared);
  signal.throwIfAborted();
  if (!seen.honest) {
    const [first] = seen.lies;
    const all = seen.lies.map(describeLie).join('; ');
    throw new AgentError('image_lies', `The image is not what it says: ${all}`, { reason: first.code });
  }
  await place.exclusively(reference.image, async () => {
    const metadata = await requireVolume(place, reference);
    if (metadata.legality !== 'LEGAL')
      await writeVolume(place, reference, { ...metadata, legality: 'LEGAL', generation: nextGeneration(metadata.generation) });
  });
  return volumeFacts(place, reference);
}

const codes: Partial<Record<string, AgentErrorCode>> = { busy: 'volume_in_use', deadline: 'deadline', backend: 'storage_failed' };

async function inspect(path: string, { format, capacity }: { format: VolumeFormat; capacity: number }): Promise<Inspection> {
  try {
    return await inspectVolume({ path, format: format === 'cow' ? 'qcow2' : 'raw', virtualSize: capacity });
  } catch (error) {
    if (error instanceof ImageError) throw new AgentError(codes[error.code] ?? 'internal', error.message);
    throw error;
  }
}
