import { leaseSize } from './layout.ts';

/**
 * Free leases in sanlock's on-disk format, as `sanlock direct init` writes them, so that RHV's hosts, and ours with
 * sanlock, can take leases on what Ostler has made. Sectors of 512 bytes, little-endian.
 */

const sector = 512;
const resourceMagic = 0x06152010;
const lockspaceMagic = 0x12212010;
const requestMagic = 0x08292011;
const leaderVersion = { resource: 0x00060004, lockspace: 0x00030004 } as const;
const requestVersion = 0x00010001;
/** Says that leases are aligned to one mebibyte. */
const alignedToMebibyte = 0x10;
const maximumHosts = 2000;
/** The leader record up to its checksum. */
const checksummed = 168;

/** The file `<volume>.lease`: one resource that nobody holds. `space` is the domain's id, `resource` the volume's. */
export function freeResource(space: string, resource: string): Buffer {
  const lease = Buffer.alloc(leaseSize);
  writeLeader(lease, 0, {
    magic: resourceMagic,
    version: leaderVersion.resource,
    hosts: maximumHosts,
    maximum: maximumHosts,
    space,
    resource,
    timeout: 0,
  });
  lease.writeUInt32LE(requestMagic, sector);
  lease.writeUInt32LE(requestVersion, sector + 4);
  return lease;
}

/** The file `dom_md/ids`: a lockspace in which no host has joined yet, one sector for each of 2000 host ids. */
export function freeLockspace(space: string, ioTimeout = 10): Buffer {
  const ids = Buffer.alloc(leaseSize);
  for (let host = 0; host < maximumHosts; host++)
    writeLeader(ids, host * sector, {
      magic: lockspaceMagic,
      version: leaderVersion.lockspace,
      hosts: 0,
      maximum: 1,
      space,
      resource: '',
      timeout: ioTimeout,
    });
  return ids;
}

interface Leader {
  readonly magic: number;
  readonly version: number;
  readonly hosts: number;
  readonly maximum: number;
  readonly space: string;
  readonly resource: string;
  readonly timeout: number;
}

function writeLeader(into: Buffer, at: number, leader: Leader): void {
  into.writeUInt32LE(leader.magic, at);
  into.writeUInt32LE(leader.version, at + 4);
  into.writeUInt32LE(alignedToMebibyte, at + 8);
  into.writeUInt32LE(sector, at + 12);
  into.writeBigUInt64LE(BigInt(leader.hosts), at + 16);
  into.writeBigUInt64LE(BigInt(leader.maximum), at + 24);
  into.write(leader.space, at + 56, 48, 'latin1');
  into.write(leader.resource, at + 104, 48, 'latin1');
  into.writeUInt32LE(checksum(into.subarray(at, at + checksummed)), at + 168);
  into.writeUInt16LE(leader.timeout, at + 174);
}

const table = Uint32Array.from({ length: 256 }, (_unused, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

/** CRC-32C as sanlock uses it: begun with all bits but the lowest set, and not inverted at the end. */
function checksum(bytes: Buffer): number {
  let value = 0xfffffffe;
  for (const byte of bytes) value = (table[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return value >>> 0;
}
