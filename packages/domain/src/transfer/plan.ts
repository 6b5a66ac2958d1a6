import { phrases } from '../phrases.ts';
import { plan, type Plan } from '../plan.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/**
 * A transfer opens one volume to one client (infra.md 6.1). Its disk is locked while the transfer lives, and an upload's
 * bytes are nobody's to see before they have been verified.
 */

export const transferPlanReasons = reasons({
  transfer_disk_illegal: {
    class: 'conflict',
    text: 'Disk {disk} is illegal: an upload to it was never completed. Remove it and upload again.',
  },
  transfer_disk_in_use: { class: 'conflict', text: 'Cannot transfer disk {disk}: {users}.' },
  transfer_domain_not_active: { class: 'conflict', text: 'Disk {disk} lies on storage domain {domain}, which is {status}.' },
  transfer_no_host: { class: 'conflict', text: 'No host is up that reaches storage domain {domain}.' },
  transfer_host_unfit: {
    class: 'conflict',
    text: "Host {host} cannot carry this transfer: it is not an up host of the disk's data center.",
  },
  transfer_wrong_phase: { class: 'conflict', text: 'The transfer is {phase}: it cannot be asked to {action} now.' },
  transfer_disk_unknown: { class: 'bad_input', text: 'There is no disk {disk}, or you may not see it.' },
  transfer_source_not_built: { class: 'not_built', text: 'Transfers of snapshots and backups come later.' },
  transfer_download_not_paused: { class: 'conflict', text: 'A download cannot be paused. Cancel it, or let it wait.' },
});

const text = phrases({
  'transfer.upload': 'Uploading disk {disk}',
  'transfer.download': 'Downloading disk {disk}',
  'effect.transfer-opened': 'One client may {direction} disk {disk} through host {host}',
});

export interface TransferFacts {
  readonly disk: {
    readonly id: string;
    readonly alias: string;
    readonly status: string;
    readonly volume: string;
    readonly format: 'raw' | 'cow';
    readonly capacity: number;
    readonly actualSize: number;
  };
  readonly domain: { readonly id: string; readonly name: string; readonly status: string };
  /** Hosts that are up in the disk's data center. */
  readonly hosts: readonly { readonly id: string; readonly name: string }[];
  readonly users: readonly string[];
}

export interface TransferWish {
  readonly id: string;
  readonly ticket: string;
  readonly direction: 'upload' | 'download';
  /** Absent: the disk's own format, as the bytes of its volume. `raw` given: what the guest sees. */
  readonly format: 'raw' | 'cow' | undefined;
  readonly host: string | undefined;
  /** Seconds without a byte after which the timeout policy acts; 0 for never. */
  readonly inactivityTimeout: number;
  readonly timeoutPolicy: 'legacy' | 'pause' | 'cancel';
}

export interface OpenTransfer {
  readonly transfer: string;
  readonly disk: string;
  readonly alias: string;
  readonly domain: string;
  readonly volume: string;
  readonly host: string;
  readonly direction: 'upload' | 'download';
  readonly format: 'raw' | 'cow';
  readonly view: 'raw' | 'file';
  /** What the ticket allows, in bytes. */
  readonly size: number;
  readonly capacity: number;
  readonly inactivityTimeout: number;
  readonly timeoutPolicy: 'legacy' | 'pause' | 'cancel';
}

export function planTransfer({ disk, domain, hosts, users }: TransferFacts, wish: TransferWish): Plan<OpenTransfer> | Refusal {
  const said = transferPlanReasons;
  const host = wish.host === undefined ? hosts[0] : hosts.find((one) => one.id === wish.host);
  const refusal = refusalOf([
    disk.status === 'illegal' && said.transfer_disk_illegal({ disk: disk.alias }),
    users.length > 0 && said.transfer_disk_in_use({ disk: disk.alias, users: users.join('; ') }),
    domain.status !== 'active' && said.transfer_domain_not_active({ disk: disk.alias, domain: domain.name, status: domain.status }),
    hosts.length === 0 && said.transfer_no_host({ domain: domain.name }),
    hosts.length > 0 && !host && said.transfer_host_unfit({ host: wish.host ?? '' }, 'image_transfer.host'),
  ]);
  if (refusal) return refusal;
  // "raw" asks for the guest's view of whatever format; the disk's own format, or none given, for the volume's bytes.
  const view = wish.format === 'raw' ? 'raw' : 'file';
  return plan({
    title: text[wish.direction === 'upload' ? 'transfer.upload' : 'transfer.download']({ disk: disk.alias }),
    effects: [text['effect.transfer-opened']({ direction: wish.direction, disk: disk.alias, host: host?.name ?? '' })],
    locks: [
      { object: disk.id, kind: 'disk', mode: 'exclusive', showsAs: 'locked' },
      { object: domain.id, kind: 'storage_domain', mode: 'shared' },
      { object: wish.id, kind: 'image_transfer', mode: 'exclusive' },
    ],
    data: {
      transfer: wish.id,
      disk: disk.id,
      alias: disk.alias,
      domain: domain.id,
      volume: disk.volume,
      host: host?.id ?? '',
      direction: wish.direction,
      format: disk.format,
      view,
      size: sizeOfTicket(disk, wish.direction, view),
      capacity: disk.capacity,
      inactivityTimeout: wish.inactivityTimeout,
      timeoutPolicy: wish.timeoutPolicy,
    },
  });
}

/** The guest's view and raw files are as large as the disk; a QCOW2 file needs its tables too (infra.md 6.1). */
function sizeOfTicket(disk: TransferFacts['disk'], direction: 'upload' | 'download', view: 'raw' | 'file'): number {
  if (view === 'raw' || disk.format === 'raw') return disk.capacity;
  return direction === 'download' ? disk.actualSize : Math.ceil(disk.capacity * 1.1) + 4 * 1024 * 1024;
}
