import { phrases } from '../phrases.ts';
import { plan, type Plan } from '../plan.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** Making and removing a disk. An image disk is one volume at first; snapshots will lay further ones over it. */

export const diskPlanReasons = reasons({
  disk_id_taken: { class: 'conflict', text: 'There is a disk with id {id} already.' },
  disk_domain_not_active: { class: 'conflict', text: 'Storage domain {domain} is {status}. A disk needs an active data domain.' },
  disk_domain_kind: { class: 'bad_input', text: 'Storage domain {domain} is {kind} domain; disks live on data domains.' },
  disk_no_space: {
    class: 'conflict',
    text: 'Storage domain {domain} has {available} GiB free and {kept} GiB of those are kept; the disk needs {needed} GiB. Choose another domain, or make room.',
  },
  disk_no_host: { class: 'conflict', text: 'No host is up in the data center of storage domain {domain}, so nobody can make the disk.' },
  disk_in_use: { class: 'conflict', text: 'Cannot {action} disk {disk}: {users}.' },
  disk_has_other_volumes: { class: 'conflict', text: 'Disk {disk} has disks built upon it: {users}.' },
});

const text = phrases({
  'disk.add': 'Adding disk {disk}',
  'disk.remove': 'Removing disk {disk}',
  'disk.extend': 'Extending disk {disk}',
  'effect.disk-created': 'Disk {disk} of {size} GiB is made on {domain}',
  'effect.disk-removed': 'Disk {disk} and everything on it is gone: {size} GiB on {domain}',
  'effect.disk-extended': 'Disk {disk} grows from {before} to {after} GiB',
  'check.space': '{domain} has room for it',
});

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;
const inGibibytes = (bytes: number): number => Math.round((bytes / gibibyte) * 100) / 100;

/** Storage hands out whole mebibytes (vms.md 6.1). */
export const roundedUp = (bytes: number): number => Math.ceil(bytes / mebibyte) * mebibyte;

export interface DiskDomain {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly available: number | undefined;
  /** GiB below which nothing new begins here. */
  readonly criticalSpaceActionBlocker: number;
  /** Hosts of its data center that are up. */
  readonly hosts: readonly string[];
}

export interface DiskWish {
  readonly id: string;
  readonly volume: string;
  readonly alias: string;
  readonly format: 'raw' | 'cow';
  readonly sparse: boolean;
  /** Bytes; rounded up to a mebibyte. */
  readonly capacity: number;
  readonly contentType: 'data' | 'iso';
  readonly description: string;
}

export interface AddDisk {
  readonly disk: string;
  readonly volume: string;
  readonly alias: string;
  readonly domain: string;
  readonly host: string;
  readonly format: 'raw' | 'cow';
  readonly sparse: boolean;
  readonly capacity: number;
  readonly contentType: 'data' | 'iso';
  readonly description: string;
}

export function planAddDisk(
  facts: { readonly taken: boolean; readonly domain: DiskDomain; readonly vm?: { readonly id: string } | undefined },
  wish: DiskWish,
): Plan<AddDisk> | Refusal {
  const { domain } = facts;
  const capacity = roundedUp(wish.capacity);
  // A thin disk takes next to nothing at first; what it may grow into is the domain's to watch.
  const needed = wish.sparse ? mebibyte : capacity;
  const refusal = refusalOf([
    facts.taken && diskPlanReasons.disk_id_taken({ id: wish.id }, 'disk.id'),
    ...against(domain),
    lacksSpace(domain, needed),
  ]);
  if (refusal) return refusal;
  return plan({
    title: text['disk.add']({ disk: wish.alias }),
    checks: [text['check.space']({ domain: domain.name })],
    effects: [text['effect.disk-created']({ disk: wish.alias, size: inGibibytes(capacity), domain: domain.name })],
    uses: [{ kind: 'storage', where: domain.id, amount: needed }],
    locks: [
      { object: wish.id, kind: 'disk', mode: 'exclusive', showsAs: 'locked' },
      { object: domain.id, kind: 'storage_domain', mode: 'shared' },
      ...(facts.vm ? [{ object: facts.vm.id, kind: 'vm', mode: 'shared' } as const] : []),
    ],
    data: {
      disk: wish.id,
      volume: wish.volume,
      alias: wish.alias,
      domain: domain.id,
      host: domain.hosts[0] ?? '',
      format: wish.format,
      sparse: wish.sparse,
      capacity,
      contentType: wish.contentType,
      description: wish.description,
    },
  });
}

const against = (domain: DiskDomain) => [
  domain.kind !== 'data' && diskPlanReasons.disk_domain_kind({ domain: domain.name, kind: domain.kind }, 'disk.storage_domains'),
  domain.kind === 'data' &&
    domain.status !== 'active' &&
    diskPlanReasons.disk_domain_not_active({ domain: domain.name, status: domain.status }, 'disk.storage_domains'),
  domain.status === 'active' && domain.hosts.length === 0 && diskPlanReasons.disk_no_host({ domain: domain.name }),
];

function lacksSpace(domain: DiskDomain, needed: number) {
  const kept = domain.criticalSpaceActionBlocker * gibibyte;
  if (domain.available === undefined || domain.available - needed >= kept) return undefined;
  return diskPlanReasons.disk_no_space(
    { domain: domain.name, available: inGibibytes(domain.available), kept: domain.criticalSpaceActionBlocker, needed: inGibibytes(needed) },
    'disk.storage_domains',
  );
}

export interface DiskFacts {
  readonly id: string;
  readonly alias: string;
  readonly status: string;
  readonly volume: string;
  readonly capacity: number;
  readonly wipeAfterDelete: boolean;
  readonly domain: DiskDomain;
  /** Why it cannot be touched now, in words: "VM web runs with it". */
  readonly users: readonly string[];
  /** VMs that it is attached to. */
  readonly vms: readonly string[];
}

export interface RemoveDisk {
  readonly disk: string;
  readonly alias: string;
  readonly domain: string;
  readonly host: string;
  readonly wipe: boolean;
}

export function planRemoveDisk(disk: DiskFacts): Plan<RemoveDisk> | Refusal {
  const refusal = refusalOf([
    disk.users.length > 0 && diskPlanReasons.disk_in_use({ action: 'remove', disk: disk.alias, users: disk.users.join('; ') }),
    ...against(disk.domain),
  ]);
  if (refusal) return refusal;
  return plan({
    title: text['disk.remove']({ disk: disk.alias }),
    effects: [text['effect.disk-removed']({ disk: disk.alias, size: inGibibytes(disk.capacity), domain: disk.domain.name })],
    uses: [{ kind: 'storage', where: disk.domain.id, amount: -disk.capacity }],
    locks: [
      { object: disk.id, kind: 'disk', mode: 'exclusive', showsAs: 'locked' },
      { object: disk.domain.id, kind: 'storage_domain', mode: 'shared' },
      ...disk.vms.map((object) => ({ object, kind: 'vm', mode: 'shared' }) as const),
    ],
    data: { disk: disk.id, alias: disk.alias, domain: disk.domain.id, host: disk.domain.hosts[0] ?? '', wipe: disk.wipeAfterDelete },
  });
}
