import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDomainMetadata, parseDomainMetadata, storageTypes, type DomainMetadata } from './domain-metadata.ts';
import * as layout from './layout.ts';
import {
  contents,
  cutDescription,
  formatVolumeMetadata,
  nextGeneration,
  parseVolumeMetadata,
  type VolumeMetadata,
} from './volume-metadata.ts';

const domain = 'a2f8c7d4-1111-4222-8333-944455566677';
const image = '0b1c2d3e-1111-4222-8333-944455566677';
const disk = '5f0e1d2c-1111-4222-8333-944455566677';
const line = fc.string({ maxLength: 40 }).map((text) => text.replace(/[\r\n\0]/g, ''));
const id = fc.uuid();

test('a fresh data domain reads as RHV would write it', () => {
  const text = formatDomainMetadata({
    version: 5,
    domain,
    type: 'POSIXFS',
    class: 'Data',
    role: 'Regular',
    description: 'data',
    pool: undefined,
    remotePath: '/exports/data',
    master: undefined,
    others: new Map(),
  });
  expect(text).toBe(`ALIGNMENT=1048576
BLOCK_SIZE=512
CLASS=Data
DESCRIPTION=data
IOOPTIMEOUTSEC=10
LEASERETRIES=3
LEASETIMESEC=60
LOCKPOLICY=
LOCKRENEWALINTERVALSEC=5
POOL_UUID=
REMOTE_PATH=/exports/data
ROLE=Regular
SDUUID=${domain}
TYPE=POSIXFS
VERSION=5
_SHA_CKSUM=${text.trim().split('=').at(-1)}
`);
  expect(text).toMatch(/_SHA_CKSUM=[0-9a-f]{40}\n$/);
});

test('a damaged domain metadata is not believed', () => {
  const text = formatDomainMetadata({
    version: 5,
    domain,
    type: 'NFS',
    class: 'Data',
    role: 'Regular',
    description: 'data',
    pool: undefined,
    remotePath: 'nas:/data',
    master: undefined,
    others: new Map(),
  });
  expect(() => parseDomainMetadata(text.replace('DESCRIPTION=data', 'DESCRIPTION=date'))).toThrow('does not fit its checksum');
  expect(() => parseDomainMetadata('nonsense')).toThrow('Not a line of metadata');
  expect(() => parseDomainMetadata('VERSION=5\n')).toThrow('lacks ROLE');
  expect(() => parseDomainMetadata('VERSION=9\nROLE=Regular')).toThrow('Domain format 9 is not known');
});

test('what is written of a domain is read back, lines of other versions included', () => {
  const metadata: fc.Arbitrary<DomainMetadata> = fc.record({
    version: fc.constant(5 as const),
    domain: id,
    type: fc.constantFrom(...storageTypes),
    class: fc.constantFrom('Data' as const, 'Iso' as const, 'Backup' as const),
    role: fc.constant('Master' as const),
    description: line,
    pool: fc.option(id, { nil: undefined }),
    remotePath: line,
    master: fc.record({
      version: fc.nat(),
      poolName: line,
      domains: fc.array(fc.tuple(id, fc.constantFrom('Active', 'Attached'))).map((pairs) => new Map(pairs)),
    }),
    others: fc.array(fc.tuple(fc.constantFrom('X_ONE', 'X_TWO'), line)).map((pairs) => new Map(pairs)),
  });
  fc.assert(fc.property(metadata, (wanted) => void expect(parseDomainMetadata(formatDomainMetadata(wanted))).toEqual(wanted)));
});

const example: VolumeMetadata = {
  domain,
  image,
  parent: layout.noParent,
  capacity: 1073741824,
  created: 1700000000,
  description: '{"DiskAlias":"web_Disk1"}',
  content: 'DATA',
  format: 'COW',
  allocation: 'SPARSE',
  legality: 'LEGAL',
  role: 'LEAF',
  generation: 0,
  others: new Map(),
};

test('a volume reads as RHV would write it', () => {
  expect(formatVolumeMetadata(example)).toBe(`CAP=1073741824
CTIME=1700000000
DESCRIPTION={"DiskAlias":"web_Disk1"}
DISKTYPE=DATA
DOMAIN=${domain}
FORMAT=COW
GEN=0
IMAGE=${image}
LEGALITY=LEGAL
PUUID=${layout.noParent}
TYPE=SPARSE
VOLTYPE=LEAF
EOF
`);
});

test('what is written of a volume is read back and never exceeds its 512 bytes', () => {
  const metadata: fc.Arbitrary<VolumeMetadata> = fc.record({
    domain: id,
    image: id,
    parent: id,
    capacity: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    created: fc.nat(),
    description: fc.string({ unit: 'grapheme', maxLength: 400 }),
    content: fc.constantFrom(...contents),
    format: fc.constantFrom('COW' as const, 'RAW' as const),
    allocation: fc.constantFrom('SPARSE' as const, 'PREALLOCATED' as const),
    legality: fc.constantFrom('LEGAL' as const, 'ILLEGAL' as const),
    role: fc.constantFrom('LEAF' as const, 'INTERNAL' as const, 'SHARED' as const),
    generation: fc.nat({ max: 999 }),
    others: fc.constant(new Map<string, string>()),
  });
  fc.assert(
    fc.property(metadata, (wanted) => {
      const text = formatVolumeMetadata(wanted);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(512);
      expect(parseVolumeMetadata(text)).toEqual({ ...wanted, description: cutDescription(wanted.description) });
    }),
  );
});

test('volumes of older formats have their size in blocks, and an old word for data', () => {
  const old = `CTIME=1\nDESCRIPTION=\nDISKTYPE=2\nDOMAIN=${domain}\nFORMAT=RAW\nIMAGE=${image}\nLEGALITY=LEGAL\nMTIME=0\nPUUID=${layout.noParent}\nSIZE=2048\nTYPE=SPARSE\nVOLTYPE=LEAF\nEOF\n`;
  expect(parseVolumeMetadata(old)).toMatchObject({ capacity: 1048576, content: 'DATA', generation: 0 });
});

test('a generation wraps at a thousand', () => {
  expect([nextGeneration(0), nextGeneration(998), nextGeneration(999)]).toEqual([1, 999, 0]);
});

test('paths are made of ids, and of nothing else', () => {
  expect(layout.volumeLease(domain, image, disk)).toBe(`${domain}/images/${image}/${disk}.lease`);
  expect(layout.backingPath(image, { image, volume: disk })).toBe(disk);
  expect(layout.backingPath(image, { image: domain, volume: disk })).toBe(`../${domain}/${disk}`);
  for (const climbing of ['..', '../x', '/etc/passwd', `${domain}/..`, '', domain.toUpperCase()])
    expect(() => layout.domainMetadata(climbing)).toThrow('is not an id');
});

test('a removed image is told from a disk, and which disk it was', () => {
  const name = layout.removedImage(domain, image).split('/').at(-1) ?? '';
  expect([
    layout.isRemovedImage(name),
    layout.removedId(name),
    layout.removedId(`_remove_me_ZERO_${image}`),
    layout.removedId(image),
  ]).toEqual([true, image, image, undefined]);
  expect(layout.volumesIn([`${disk}`, `${disk}.meta`, `${disk}.lease`, 'notes.meta'])).toEqual([disk]);
});
