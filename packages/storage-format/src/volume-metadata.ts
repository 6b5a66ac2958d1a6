import { MetadataError, integer, oneLine, oneOf, readPairs, required } from './key-value.ts';

/** A volume's `.meta`: at most 512 bytes of alphabetical lines, ended by `EOF`. */
export interface VolumeMetadata {
  readonly domain: string;
  readonly image: string;
  /** The volume that this one is laid over; the zero id for none. */
  readonly parent: string;
  /** Bytes that the guest sees. */
  readonly capacity: number;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly description: string;
  readonly content: (typeof contents)[number];
  readonly format: 'COW' | 'RAW';
  readonly allocation: 'PREALLOCATED' | 'SPARSE';
  readonly legality: 'LEGAL' | 'ILLEGAL' | 'FAKE';
  readonly role: 'LEAF' | 'INTERNAL' | 'SHARED';
  /** 0 to 999; rises with every change by a storage job, so that a late one is told from its repetition. */
  readonly generation: number;
  readonly others: ReadonlyMap<string, string>;
}

/** DATA and the rest of RHV's disk types; `2` is what old versions wrote for data. */
export const contents = ['DATA', 'ISOF', 'MEMD', 'MEMM', 'OVFS', 'HEVD', 'HESD', 'HEMD', 'HECI', 'SCRD'] as const;

const largest = 512;
const longestDescription = 210;
const known = new Set([
  'CAP',
  'CTIME',
  'DESCRIPTION',
  'DISKTYPE',
  'DOMAIN',
  'FORMAT',
  'GEN',
  'IMAGE',
  'LEGALITY',
  'PUUID',
  'TYPE',
  'VOLTYPE',
  'SIZE',
  'MTIME',
  'POOL_UUID',
]);

export function parseVolumeMetadata(text: string): VolumeMetadata {
  // Before the first byte that was never written; block domains pad their slots with NUL.
  const pairs = readPairs(text.split('\0')[0] ?? '');
  return {
    domain: required(pairs, 'DOMAIN'),
    image: required(pairs, 'IMAGE'),
    parent: required(pairs, 'PUUID'),
    // Before V5 the size stood there in blocks of 512 bytes.
    capacity: pairs.has('CAP') ? integer(pairs, 'CAP') : integer(pairs, 'SIZE') * 512,
    created: integer(pairs, 'CTIME'),
    description: pairs.get('DESCRIPTION') ?? '',
    content: pairs.get('DISKTYPE') === '2' ? 'DATA' : oneOf(pairs, 'DISKTYPE', contents),
    format: oneOf(pairs, 'FORMAT', ['COW', 'RAW']),
    allocation: oneOf(pairs, 'TYPE', ['PREALLOCATED', 'SPARSE']),
    legality: oneOf(pairs, 'LEGALITY', ['LEGAL', 'ILLEGAL', 'FAKE']),
    role: oneOf(pairs, 'VOLTYPE', ['LEAF', 'INTERNAL', 'SHARED']),
    generation: pairs.has('GEN') ? integer(pairs, 'GEN') : 0,
    others: new Map([...pairs].filter(([key]) => !known.has(key))),
  };
}

/** V5's form. Throws `MetadataError` of kind `size` where 512 bytes are not enough, which only unknown lines can bring about. */
export function formatVolumeMetadata(metadata: VolumeMetadata): string {
  const pairs: [string, string][] = [
    ...metadata.others,
    ['CAP', String(metadata.capacity)],
    ['CTIME', String(metadata.created)],
    ['DESCRIPTION', cutDescription(metadata.description)],
    ['DISKTYPE', metadata.content],
    ['DOMAIN', metadata.domain],
    ['FORMAT', metadata.format],
    ['GEN', String(metadata.generation)],
    ['IMAGE', metadata.image],
    ['LEGALITY', metadata.legality],
    ['PUUID', metadata.parent],
    ['TYPE', metadata.allocation],
    ['VOLTYPE', metadata.role],
  ];
  const text = `${pairs
    .map(([key, value]) => `${key}=${oneLine(value)}`)
    .toSorted()
    .join('\n')}\nEOF\n`;
  if (Buffer.byteLength(text) > largest) throw new MetadataError('size', '', `The volume's metadata would have more than ${largest} bytes`);
  return text;
}

/** Cut to 210 bytes as RHV does, never within a character. */
export function cutDescription(description: string): string {
  const line = oneLine(description);
  if (Buffer.byteLength(line) <= longestDescription) return line;
  let cut = '';
  for (const character of line) {
    if (Buffer.byteLength(cut + character) > longestDescription) break;
    cut += character;
  }
  return cut;
}

export const nextGeneration = (generation: number): number => (generation + 1) % 1000;
