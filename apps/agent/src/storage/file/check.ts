import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import { domainMetadata } from '@ostler/storage-format/layout';
import { codeOf } from './disk.ts';
import { spaceOf } from './domain.ts';
import { idName, type Place } from './place.ts';

/** What direct reads are aligned to. */
const block = 4096;

/** One direct read of the domain's metadata, past every cache: what it takes is the storage's own latency, in milliseconds. */
export async function checkDomain(place: Place, domain: string): Promise<{ latency: number; total: number; available: number }> {
  const path = join(place.root, domainMetadata(idName(domain)));
  const began = performance.now();
  await readDirectly(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') throw new AgentError('unknown_domain', `The metadata of storage domain ${domain} are gone`);
    throw error;
  });
  const latency = Math.round(performance.now() - began);
  return { latency, ...(await spaceOf(place, domain)) };
}

async function readDirectly(path: string): Promise<void> {
  // File systems in memory know no direct access.
  const file = await open(path, constants.O_RDONLY | constants.O_DIRECT).catch((error: unknown) => {
    if (codeOf(error) !== 'EINVAL') throw error;
    return open(path, constants.O_RDONLY);
  });
  try {
    await file.read(alignedBuffer(), 0, block, 0);
  } finally {
    await file.close();
  }
}

/** WebAssembly's memory begins at a page, which no other buffer of Node does. */
const aligned = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const alignedBuffer = (): Buffer => Buffer.from(aligned.buffer, 0, block);
