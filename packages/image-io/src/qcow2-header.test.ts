import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeLie, HEADER_BYTES, type ImageLie, liesInFirstBytes, parseHeader } from './qcow2-header.ts';

const GiB = 1024 ** 3;
const declared = { format: 'qcow2', virtualSize: 10 * GiB } as const;

type Fields = Partial<{
  magic: number;
  version: number;
  backing: bigint;
  clusterBits: number;
  size: bigint;
  crypt: number;
  l1Size: number;
  l1Offset: bigint;
  refcountOffset: bigint;
  refcountClusters: number;
  incompatible: bigint;
  refcountOrder: number;
  headerLength: number;
}>;

/** A good header, but for what is said. */
function header(fields: Fields = {}): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32BE(fields.magic ?? 0x514649fb, 0);
  bytes.writeUInt32BE(fields.version ?? 3, 4);
  bytes.writeBigUInt64BE(fields.backing ?? 0n, 8);
  bytes.writeUInt32BE(fields.clusterBits ?? 16, 20);
  bytes.writeBigUInt64BE(fields.size ?? BigInt(declared.virtualSize), 24);
  bytes.writeUInt32BE(fields.crypt ?? 0, 32);
  bytes.writeUInt32BE(fields.l1Size ?? 20, 36);
  bytes.writeBigUInt64BE(fields.l1Offset ?? 0x30000n, 40);
  bytes.writeBigUInt64BE(fields.refcountOffset ?? 0x10000n, 48);
  bytes.writeUInt32BE(fields.refcountClusters ?? 1, 56);
  bytes.writeBigUInt64BE(fields.incompatible ?? 0n, 72);
  bytes.writeUInt32BE(fields.refcountOrder ?? 4, 96);
  bytes.writeUInt32BE(fields.headerLength ?? 112, 100);
  return bytes;
}

test('an honest header gives nothing away', () => {
  expect(liesInFirstBytes(header(), declared)).toEqual([]);
  expect(liesInFirstBytes(header({ version: 2 }), declared)).toEqual([]);
  // Dirty, another compression and extended L2 entries are known, and harmless.
  expect(liesInFirstBytes(header({ incompatible: 0b1001n }), declared)).toEqual([]);
  expect(liesInFirstBytes(header({ incompatible: 0b11000n, l1Size: 40 }), declared)).toEqual([]);
});

test.each<[string, Fields, ImageLie]>([
  ['another magic', { magic: 0x51464900 }, { code: 'not_qcow2' }],
  ['version 1', { version: 1 }, { code: 'unsupported_version', version: 1 }],
  ['version 4', { version: 4 }, { code: 'unsupported_version', version: 4 }],
  ['a backing file', { backing: 0x200n }, { code: 'backing_file' }],
  ['a backing file far away', { backing: 2n ** 63n }, { code: 'backing_file' }],
  ['AES', { crypt: 1 }, { code: 'encrypted', method: 'aes' }],
  ['LUKS', { crypt: 2 }, { code: 'encrypted', method: 'luks' }],
  ['another encryption', { crypt: 7 }, { code: 'encrypted', method: 'unknown' }],
  ['its data in another file', { incompatible: 4n }, { code: 'external_data_file' }],
  ['the mark of corruption', { incompatible: 2n }, { code: 'corrupt', detail: 'it is marked as corrupt' }],
  ['unknown features', { incompatible: (1n << 5n) | (1n << 63n) }, { code: 'unknown_features', bits: [5, 63] }],
  ['another virtual size', { size: 1n }, { code: 'wrong_virtual_size', actual: 1, declared: declared.virtualSize }],
  ['a virtual size that no number holds', { size: 2n ** 60n }, { code: 'bad_header', field: 'size' }],
  ['clusters too small', { clusterBits: 8 }, { code: 'bad_header', field: 'cluster_bits' }],
  ['clusters too large', { clusterBits: 22 }, { code: 'bad_header', field: 'cluster_bits' }],
  ['an L1 table too small for its size', { l1Size: 19 }, { code: 'bad_header', field: 'l1_size' }],
  ['an L1 table that eats the memory', { l1Size: 0xffffffff }, { code: 'bad_header', field: 'l1_size' }],
  ['an unaligned L1 table', { l1Offset: 0x30001n }, { code: 'bad_header', field: 'l1_table_offset' }],
  ['no refcount table', { refcountOffset: 0n }, { code: 'bad_header', field: 'refcount_table_offset' }],
  ['a refcount table that eats the memory', { refcountClusters: 0xffffff }, { code: 'bad_header', field: 'refcount_table_clusters' }],
  ['a refcount width that cannot be', { refcountOrder: 7 }, { code: 'bad_header', field: 'refcount_order' }],
  ['a header too short', { headerLength: 72 }, { code: 'bad_header', field: 'header_length' }],
  ['a header longer than a cluster', { headerLength: 0x10008 }, { code: 'bad_header', field: 'header_length' }],
])('a header with %s is found out', (_, fields, lie) => {
  expect(liesInFirstBytes(header(fields), declared)).toEqual([lie]);
  expect(describeLie(lie)).toMatch(/^The image.*\.$/);
});

test('all lies are told at once', () => {
  const lies = liesInFirstBytes(header({ backing: 8n, crypt: 2, incompatible: 4n, size: 5n }), declared);
  expect(lies.map(({ code }) => code)).toEqual(['backing_file', 'external_data_file', 'encrypted', 'wrong_virtual_size']);
});

test('a file too short for its own tables is truncated', () => {
  expect(liesInFirstBytes(header(), declared, 0x30000)).toEqual([{ code: 'truncated', length: 0x30000, needed: 0x30000 + 160 }]);
  expect(liesInFirstBytes(header().subarray(0, 50), declared)).toEqual([{ code: 'not_qcow2' }]);
});

test.each([
  ['qcow2', header()],
  ['vmdk', Buffer.from('KDMV')],
  ['vhdx', Buffer.from('vhdxfile')],
  ['vdi', Buffer.concat([Buffer.alloc(64), Buffer.from([0x7f, 0x10, 0xda, 0xbe])])],
])('%s under the name of raw is found out', (format, first) => {
  expect(liesInFirstBytes(first, { format: 'raw', virtualSize: 1 })).toEqual([{ code: 'looks_like', format }]);
});

test('a raw image is exactly as long as declared', () => {
  const raw = { format: 'raw', virtualSize: 1024 } as const;
  expect(liesInFirstBytes(Buffer.alloc(512), raw)).toEqual([]);
  expect(liesInFirstBytes(Buffer.alloc(512), raw, 1024)).toEqual([]);
  expect(liesInFirstBytes(Buffer.alloc(512), raw, 1023)).toEqual([{ code: 'truncated', length: 1023, needed: 1024 }]);
  expect(liesInFirstBytes(Buffer.alloc(512), raw, 1025)).toEqual([{ code: 'wrong_virtual_size', actual: 1025, declared: 1024 }]);
});

test('whatever bytes come, the answer is a header or a reason, never an exception', () => {
  const headerLike = fc.uint8Array({ minLength: 0, maxLength: HEADER_BYTES }).map((bytes) => {
    const buffer = Buffer.from(bytes);
    header().copy(buffer, 0, 0, Math.min(24, buffer.length));
    return buffer;
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
        headerLike,
      ),
      (bytes) => {
        const parsed = parseHeader(bytes);
        const lies = liesInFirstBytes(bytes, declared, bytes.length);
        expect('code' in parsed ? lies.length : 1).toBeGreaterThan(0);
        for (const lie of lies) expect(describeLie(lie)).not.toContain('undefined');
      },
    ),
  );
});

test('a header that names another file is refused, whatever else it says', () => {
  const field = {
    backing: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    incompatible: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    crypt: fc.nat(0xffffffff),
  };
  fc.assert(
    fc.property(fc.record(field), (fields) => {
      expect(liesInFirstBytes(header({ ...fields, l1Size: 1000 }), declared)).toContainEqual({ code: 'backing_file' });
    }),
  );
});
