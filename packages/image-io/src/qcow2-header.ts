/**
 * The header of a qcow2 image (QEMU's docs/interop/qcow2.txt), read without QEMU: an uploaded image may be made to
 * attack whoever opens it, and its header already names every other file that QEMU would open. Pure.
 */

/** What an image is not allowed to be, each with what was found. The text for people is `describeLie`'s. */
export type ImageLie =
  | { readonly code: 'not_qcow2' }
  /** Declared raw, but begins like an image of another format. */
  | { readonly code: 'looks_like'; readonly format: string }
  | { readonly code: 'unsupported_version'; readonly version: number }
  | { readonly code: 'bad_header'; readonly field: string }
  | { readonly code: 'truncated'; readonly length: number; readonly needed: number }
  | { readonly code: 'wrong_virtual_size'; readonly actual: number; readonly declared: number }
  | { readonly code: 'backing_file' }
  | { readonly code: 'external_data_file' }
  | { readonly code: 'encrypted'; readonly method: 'aes' | 'luks' | 'unknown' }
  /** Incompatible feature bits that this program does not know: nobody can say what they mean for the data. */
  | { readonly code: 'unknown_features'; readonly bits: readonly number[] }
  | { readonly code: 'corrupt'; readonly detail: string }
  /** Examining it took more memory or time than an honest image needs. */
  | { readonly code: 'too_expensive'; readonly detail: string };

export type Qcow2Header = {
  readonly version: 2 | 3;
  readonly backingFileOffset: number;
  readonly clusterSize: number;
  readonly virtualSize: number;
  readonly cryptMethod: number;
  readonly l1Entries: number;
  readonly l1TableOffset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** Numbers of the bits that are set. */
  readonly incompatibleFeatures: readonly number[];
};

export type Declared = { readonly format: 'raw' | 'qcow2'; readonly virtualSize: number };

/** Enough of a file's beginning for everything here. */
export const HEADER_BYTES = 512;

const MAGIC = 0x514649fb;
const V2_LENGTH = 72;
const V3_LENGTH = 104;
const FEATURE = { dirty: 0, corrupt: 1, externalData: 2, compressionType: 3, extendedL2: 4 } as const;
/** QEMU's own limit for an L1 table (QCOW_MAX_L1_SIZE): above it the image is an attack on memory. */
const MAX_L1_BYTES = 32 * 1024 * 1024;
const MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024;

/** Formats that are often uploaded under the name of raw. LUKS is none of them: a guest may encrypt its whole disk. */
const signatures: readonly { format: string; at: number; bytes: readonly number[] }[] = [
  { format: 'qcow2', at: 0, bytes: [0x51, 0x46, 0x49, 0xfb] },
  { format: 'qed', at: 0, bytes: [0x51, 0x45, 0x44, 0x00] },
  { format: 'vmdk', at: 0, bytes: [0x4b, 0x44, 0x4d, 0x56] },
  { format: 'vhdx', at: 0, bytes: [...Buffer.from('vhdxfile')] },
  { format: 'vpc', at: 0, bytes: [...Buffer.from('conectix')] },
  { format: 'vdi', at: 64, bytes: [0x7f, 0x10, 0xda, 0xbe] },
];

/**
 * All that the first bytes of an image give away; empty when nothing speaks against it so far. `fileLength` is the
 * length of the whole file where it is known, undefined at the beginning of an upload.
 */
export function liesInFirstBytes(first: Buffer, declared: Declared, fileLength?: number): ImageLie[] {
  if (declared.format === 'raw') return liesOfRaw(first, declared, fileLength);
  const header = parseHeader(first);
  if ('code' in header) return [header];
  return [...liesOfFeatures(header), ...liesOfSizes(header, declared, fileLength)];
}

/** The header, or why it is none. */
export function parseHeader(first: Buffer): Qcow2Header | ImageLie {
  if (first.length < V2_LENGTH || first.readUInt32BE(0) !== MAGIC) return { code: 'not_qcow2' };
  const version = first.readUInt32BE(4);
  if (version !== 2 && version !== 3) return { code: 'unsupported_version', version };
  if (version === 3 && first.length < V3_LENGTH) return { code: 'not_qcow2' };
  const clusterBits = first.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) return { code: 'bad_header', field: 'cluster_bits' };
  const clusterSize = 2 ** clusterBits;
  const header = {
    version,
    backingFileOffset: offsetAt(first, 8),
    clusterSize,
    virtualSize: offsetAt(first, 24),
    cryptMethod: first.readUInt32BE(32),
    l1Entries: first.readUInt32BE(36),
    l1TableOffset: offsetAt(first, 40),
    refcountTableOffset: offsetAt(first, 48),
    refcountTableClusters: first.readUInt32BE(56),
    incompatibleFeatures: version === 3 ? bitsAt(first, 72) : [],
  } as const;
  const field = badField(header, version === 3 ? first.readUInt32BE(100) : V2_LENGTH, version === 3 ? first.readUInt32BE(96) : 4);
  return field === undefined ? header : { code: 'bad_header', field };
}

function badField(header: Qcow2Header, headerLength: number, refcountOrder: number): string | undefined {
  const { clusterSize, virtualSize, l1Entries, l1TableOffset, refcountTableOffset, refcountTableClusters } = header;
  if (header.version === 3 && (headerLength < V3_LENGTH || headerLength % 8 !== 0 || headerLength > clusterSize)) return 'header_length';
  if (refcountOrder > 6) return 'refcount_order';
  if (!Number.isSafeInteger(virtualSize)) return 'size';
  if (!isOffset(l1TableOffset, clusterSize) || (l1TableOffset === 0 && l1Entries > 0)) return 'l1_table_offset';
  const entrySize = header.incompatibleFeatures.includes(FEATURE.extendedL2) ? 16 : 8;
  const coveredByEntry = (clusterSize / entrySize) * clusterSize;
  if (l1Entries * 8 > MAX_L1_BYTES || l1Entries < Math.ceil(virtualSize / coveredByEntry)) return 'l1_size';
  if (!isOffset(refcountTableOffset, clusterSize) || refcountTableOffset === 0) return 'refcount_table_offset';
  if (refcountTableClusters === 0 || refcountTableClusters * clusterSize > Math.max(MAX_REFCOUNT_TABLE_BYTES, clusterSize))
    return 'refcount_table_clusters';
  return undefined;
}

function liesOfFeatures(header: Qcow2Header): ImageLie[] {
  const has = (bit: number) => header.incompatibleFeatures.includes(bit);
  const unknown = header.incompatibleFeatures.filter((bit) => bit > FEATURE.extendedL2);
  const methods = ['none', 'aes', 'luks'] as const;
  const method = methods[header.cryptMethod] ?? 'unknown';
  return [
    ...(header.backingFileOffset === 0 ? [] : [{ code: 'backing_file' } as const]),
    ...(has(FEATURE.externalData) ? [{ code: 'external_data_file' } as const] : []),
    ...(method === 'none' ? [] : [{ code: 'encrypted', method } as const]),
    ...(unknown.length === 0 ? [] : [{ code: 'unknown_features', bits: unknown } as const]),
    ...(has(FEATURE.corrupt) ? [{ code: 'corrupt', detail: 'it is marked as corrupt' } as const] : []),
  ];
}

function liesOfSizes(header: Qcow2Header, declared: Declared, fileLength: number | undefined): ImageLie[] {
  const lies: ImageLie[] = [];
  if (header.virtualSize !== declared.virtualSize)
    lies.push({ code: 'wrong_virtual_size', actual: header.virtualSize, declared: declared.virtualSize });
  const needed = Math.max(header.l1TableOffset + header.l1Entries * 8, header.refcountTableOffset + header.refcountTableClusters * 8);
  if (fileLength !== undefined && fileLength < needed) lies.push({ code: 'truncated', length: fileLength, needed });
  return lies;
}

function liesOfRaw(first: Buffer, declared: Declared, fileLength: number | undefined): ImageLie[] {
  const other = signatures.find(
    ({ at, bytes }) => first.length >= at + bytes.length && bytes.every((byte, index) => first[at + index] === byte),
  );
  if (other) return [{ code: 'looks_like', format: other.format }];
  if (fileLength === undefined || fileLength === declared.virtualSize) return [];
  if (fileLength < declared.virtualSize) return [{ code: 'truncated', length: fileLength, needed: declared.virtualSize }];
  return [{ code: 'wrong_virtual_size', actual: fileLength, declared: declared.virtualSize }];
}

/** A sentence for people; what would help is in it where something would. */
export function describeLie(lie: ImageLie): string {
  switch (lie.code) {
    case 'not_qcow2':
      return 'The image is not in qcow2 format.';
    case 'looks_like':
      return `The image was declared raw, but is in ${lie.format} format. Upload it as what it is, or convert it first.`;
    case 'unsupported_version':
      return `The image has version ${lie.version} of the qcow2 format; 2 and 3 are supported.`;
    case 'bad_header':
      return `The image's qcow2 header is not valid: ${lie.field}.`;
    case 'truncated':
      return `The image is cut off: it has ${lie.length} bytes and needs at least ${lie.needed}.`;
    case 'wrong_virtual_size':
      return `The image's virtual size is ${lie.actual} bytes, the disk was declared with ${lie.declared}.`;
    case 'backing_file':
      return 'The image has a backing file. Convert it into an image of its own first.';
    case 'external_data_file':
      return 'The image keeps its data in another file. Convert it into an image of its own first.';
    case 'encrypted':
      return `The image is encrypted (${lie.method}).`;
    case 'unknown_features':
      return `The image uses incompatible qcow2 features that are not known: bits ${lie.bits.join(', ')}.`;
    case 'corrupt':
      return `The image is corrupt: ${lie.detail}.`;
    case 'too_expensive':
      return `The image could not be examined within limits: ${lie.detail}.`;
  }
}

/** Offsets above 2^53 become inexact, and stay far outside of every file. */
function offsetAt(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64BE(at));
}

function isOffset(offset: number, clusterSize: number): boolean {
  return Number.isSafeInteger(offset) && offset % clusterSize === 0;
}

function bitsAt(bytes: Buffer, at: number): number[] {
  const value = bytes.readBigUInt64BE(at);
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (value >> BigInt(bit)) & 1n);
}
