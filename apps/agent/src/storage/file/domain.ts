import { access, constants, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import type { DomainFacts } from '@ostler/agent-contract/values';
import { MetadataError } from '@ostler/storage-format/key-value';
import { formatDomainMetadata, parseDomainMetadata, type DomainMetadata } from '@ostler/storage-format/domain-metadata';
import {
  domainDirectory,
  domainFile,
  domainFiles,
  domainMetadata,
  imagesDirectory,
  masterDirectories,
  metadataDirectory,
  type DomainFile,
} from '@ostler/storage-format/layout';
import { freeLockspace } from '@ostler/storage-format/lease';
import type { Attachment, NewDomain } from '../io-protocol.ts';
import { codeOf, namesIn, readSmall, statOrNothing } from './disk.ts';
import { idName, isId, type Place } from './place.ts';

/** Metadata of a domain are below this, with room for the list of a large data center. */
const metadataLimit = 256 * 1024;
const kinds = { Data: 'data', Iso: 'iso', Backup: 'export' } as const;
const classes = { data: 'Data', iso: 'Iso', export: 'Backup' } as const;

export async function probe({ root }: Place): Promise<Record<string, never>> {
  const there = await statOrNothing(root);
  if (!there) throw new AgentError('storage_failed', 'There is no such directory on this host');
  if (!there.isDirectory()) throw new AgentError('storage_failed', 'What is there is not a directory');
  await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
  return {};
}

/** A domain is there when its metadata are: what an interrupted creation has left is none. */
export async function readMetadata({ root }: Place, domain: string): Promise<DomainMetadata | undefined> {
  const bytes = await readSmall(join(root, domainMetadata(idName(domain))), metadataLimit);
  return bytes && parseDomainMetadata(bytes.toString('utf8'));
}

export async function requireDomain(place: Place, domain: string): Promise<DomainMetadata> {
  const metadata = await readMetadata(place, domain);
  if (!metadata) throw new AgentError('unknown_domain', `Storage domain ${domain} is not at this connection`);
  return metadata;
}

/** One whose metadata are damaged does not hide the others. */
export async function findDomains(place: Place): Promise<readonly DomainFacts[]> {
  return domainsAt(place, (error) => {
    if (!(error instanceof MetadataError)) throw error;
    return undefined;
  });
}

async function domainsAt(place: Place, unreadable: (error: unknown) => undefined): Promise<readonly DomainFacts[]> {
  const ids = (await namesIn(place.root)).filter(isId);
  const found = await Promise.all(
    ids.map(async (id) => {
      const metadata = await readMetadata(place, id).catch(unreadable);
      return metadata ? [await factsOf(place, metadata)] : [];
    }),
  );
  return found.flat();
}

export async function domainFacts(place: Place, domain: string): Promise<DomainFacts> {
  return factsOf(place, await requireDomain(place, domain));
}

async function factsOf(place: Place, { domain, description, class: kind, version, pool, role }: DomainMetadata): Promise<DomainFacts> {
  return {
    domain,
    name: description,
    kind: kinds[kind],
    format: `V${version}`,
    pool: pool ?? null,
    master: pool !== undefined && role === 'Master',
    ...(await spaceOf(place, domain)),
  };
}

/** Bytes; what root alone may still use is not available to us. */
export async function spaceOf({ root }: Place, domain: string): Promise<{ total: number; available: number }> {
  const { bsize, blocks, bavail } = await statfs(join(root, domainDirectory(domain)));
  return { total: bsize * blocks, available: bsize * bavail };
}

/** RHV keeps one domain at a connection, and so do we; one that cannot be read is one, too. */
export async function createDomain(place: Place, { domain, name, kind, type, remotePath }: NewDomain): Promise<DomainFacts> {
  const there = await domainsAt(place, (error) => {
    throw error;
  });
  const other = there.find((found) => !(found.domain === domain && found.name === name && found.kind === kind));
  if (other) throw new AgentError('domain_exists', `There is a storage domain ${other.name} already`, { domain: other.domain });
  if (there.length > 0) return domainFacts(place, domain);
  const { root, disk } = place;
  const at = (path: string) => join(root, path);
  for (const directory of [
    domainDirectory(idName(domain)),
    metadataDirectory(domain),
    imagesDirectory(domain),
    ...masterDirectories(domain),
  ])
    await disk.makeDirectory(at(directory));
  for (const [file, size] of Object.entries(domainFiles)) await disk.createFile(at(domainFile(domain, file as DomainFile)), size);
  await disk.writeAt(at(domainFile(domain, 'ids')), 0, freeLockspace(domain));
  await writeMetadata(place, {
    version: 5,
    domain,
    type,
    class: classes[kind],
    role: 'Regular',
    description: name,
    pool: undefined,
    remotePath,
    master: undefined,
    others: new Map(),
  });
  return domainFacts(place, domain);
}

export async function attachDomain(place: Place, { domain, pool, poolName = '', master, masterVersion }: Attachment): Promise<DomainFacts> {
  const before = await requireDomain(place, domain);
  const domains = new Map(before.master?.domains);
  domains.set(domain, 'Active');
  const mastering = pool !== null && master;
  await writeMetadata(place, {
    ...before,
    pool: pool ?? undefined,
    role: mastering ? 'Master' : 'Regular',
    master: mastering ? { version: masterVersion, poolName, domains } : undefined,
  });
  return domainFacts(place, domain);
}

export async function renameDomain(place: Place, domain: string, name: string): Promise<Record<string, never>> {
  await writeMetadata(place, { ...(await requireDomain(place, domain)), description: name });
  return {};
}

/** Its metadata go first: what is left when this is interrupted is no domain, and is erased by the repetition. */
export async function formatDomain({ root, disk }: Place, domain: string): Promise<Record<string, never>> {
  const directory = join(root, domainDirectory(idName(domain)));
  if (!(await statOrNothing(directory))) return {};
  await disk.removeFile(join(root, domainMetadata(domain))).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  await disk.removeTree(directory);
  return {};
}

async function writeMetadata({ root, disk }: Place, metadata: DomainMetadata): Promise<void> {
  const path = join(root, domainMetadata(metadata.domain));
  const text = formatDomainMetadata(metadata);
  // The same attachment once more writes nothing.
  if ((await readSmall(path, metadataLimit))?.toString('utf8') !== text) await disk.writeText(path, text);
}
