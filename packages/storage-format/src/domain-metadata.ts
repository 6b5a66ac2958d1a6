import { createHash } from 'node:crypto';
import { MetadataError, integer, oneLine, oneOf, readPairs, required } from './key-value.ts';

/** `dom_md/metadata` of a file domain: what it is, whose it is, and which role it plays there. */
export interface DomainMetadata {
  readonly version: 0 | 1 | 2 | 3 | 4 | 5;
  readonly domain: string;
  readonly type: (typeof storageTypes)[number];
  readonly class: (typeof domainClasses)[number];
  readonly role: 'Master' | 'Regular';
  readonly description: string;
  /** The data center that it is attached to; RHV calls it pool. */
  readonly pool: string | undefined;
  readonly remotePath: string;
  /** Only a master says these of its data center. */
  readonly master: Master | undefined;
  /** Lines that this version does not know: kept as they are. */
  readonly others: ReadonlyMap<string, string>;
}

export interface Master {
  readonly version: number;
  readonly poolName: string;
  /** Every domain of the data center with its status there. */
  readonly domains: ReadonlyMap<string, string>;
}

export const storageTypes = ['NFS', 'LOCALFS', 'POSIXFS', 'GLUSTERFS', 'ISCSI', 'FCP'] as const;
export const domainClasses = ['Data', 'Iso', 'Backup'] as const;

const known = new Set([
  'VERSION',
  'SDUUID',
  'TYPE',
  'CLASS',
  'ROLE',
  'DESCRIPTION',
  'POOL_UUID',
  'REMOTE_PATH',
  'MASTER_VERSION',
  'POOL_DESCRIPTION',
  'POOL_DOMAINS',
  'POOL_SPM_ID',
  'POOL_SPM_LVER',
  'LOCKPOLICY',
  'LOCKRENEWALINTERVALSEC',
  'LEASETIMESEC',
  'IOOPTIMEOUTSEC',
  'LEASERETRIES',
  'BLOCK_SIZE',
  'ALIGNMENT',
  '_SHA_CKSUM',
]);

/** RHV's parameters of the domain's cluster lock; sanlock is given them. */
const lockParameters: readonly [string, string][] = [
  ['LOCKPOLICY', ''],
  ['LOCKRENEWALINTERVALSEC', '5'],
  ['LEASETIMESEC', '60'],
  ['IOOPTIMEOUTSEC', '10'],
  ['LEASERETRIES', '3'],
];

/**
 * Reads a metadata file. Throws `MetadataError` for one that is damaged: a checksum that does not fit means a torn
 * write or somebody's editor, and nothing in it is to be believed.
 */
export function parseDomainMetadata(text: string): DomainMetadata {
  const pairs = readPairs(text);
  const checksum = pairs.get('_SHA_CKSUM');
  const lines = [...pairs].filter(([key]) => key !== '_SHA_CKSUM').map(([key, value]) => `${key}=${value}`);
  if (checksum !== undefined && checksum !== checksumOf(lines))
    throw new MetadataError('checksum', '_SHA_CKSUM', 'The domain metadata does not fit its checksum');
  const version = integer(pairs, 'VERSION');
  if (version !== 0 && version !== 1 && version !== 2 && version !== 3 && version !== 4 && version !== 5)
    throw new MetadataError('value', 'VERSION', `Domain format ${version} is not known`);
  const role = oneOf(pairs, 'ROLE', ['Master', 'Regular']);
  return {
    version,
    domain: required(pairs, 'SDUUID'),
    type: oneOf(pairs, 'TYPE', storageTypes),
    class: oneOf(pairs, 'CLASS', domainClasses),
    role,
    description: pairs.get('DESCRIPTION') ?? '',
    // Export domains may list several, divided by commas; Ostler attaches to one.
    pool: (pairs.get('POOL_UUID') ?? '').split(',').find((pool) => pool !== ''),
    remotePath: pairs.get('REMOTE_PATH') ?? '',
    master:
      role === 'Master' && pairs.has('MASTER_VERSION')
        ? {
            version: integer(pairs, 'MASTER_VERSION'),
            poolName: pairs.get('POOL_DESCRIPTION') ?? '',
            domains: poolDomains(pairs.get('POOL_DOMAINS') ?? ''),
          }
        : undefined,
    others: new Map([...pairs].filter(([key]) => !known.has(key))),
  };
}

const poolDomains = (text: string): Map<string, string> =>
  new Map(
    text
      .split(',')
      .filter((part) => part.includes(':'))
      .map((part) => [part.slice(0, part.indexOf(':')), part.slice(part.indexOf(':') + 1)]),
  );

export function formatDomainMetadata(metadata: DomainMetadata): string {
  const pairs = new Map<string, string>(metadata.others);
  const put = (key: string, value: string) => pairs.set(key, oneLine(value));
  put('VERSION', String(metadata.version));
  put('SDUUID', metadata.domain);
  put('TYPE', metadata.type);
  put('CLASS', metadata.class);
  put('ROLE', metadata.role);
  put('DESCRIPTION', metadata.description.slice(0, 50));
  put('POOL_UUID', metadata.pool ?? '');
  put('REMOTE_PATH', metadata.remotePath);
  for (const [key, value] of lockParameters) put(key, value);
  if (metadata.version === 5) {
    put('BLOCK_SIZE', '512');
    put('ALIGNMENT', '1048576');
  }
  if (metadata.master) {
    put('MASTER_VERSION', String(metadata.master.version));
    put('POOL_DESCRIPTION', metadata.master.poolName);
    put('POOL_DOMAINS', [...metadata.master.domains].map(([domain, status]) => `${domain}:${status}`).join(','));
    put('POOL_SPM_ID', '-1');
    put('POOL_SPM_LVER', '-1');
  }
  const lines = [...pairs].map(([key, value]) => `${key}=${value}`).toSorted();
  return `${[...lines, `_SHA_CKSUM=${checksumOf(lines)}`].join('\n')}\n`;
}

/** RHV's: SHA-1 over the sorted lines, without their ends. */
function checksumOf(lines: readonly string[]): string {
  const hash = createHash('sha1');
  for (const line of lines.toSorted()) hash.update(line);
  return hash.digest('hex');
}
