import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** Which disks there can be (vms.md 6.1–6.3). */

export const diskReasons = reasons({
  disk_size_zero: { class: 'bad_input', text: 'A disk needs a size of at least one byte.' },
  disk_size_limit: { class: 'bad_input', text: 'A disk can have at most {limit} GiB.' },
  disk_configuration_not_supported: { class: 'bad_input', text: 'A {format} disk cannot be {allocation} on this storage{unless}.' },
  disk_shareable_raw_only: { class: 'bad_input', text: 'Only a raw disk can be shareable: QCOW2 has one writer.' },
  disk_incremental_needs_cow: { class: 'bad_input', text: 'Incremental backup needs a disk of format cow.' },
  disk_kind_not_built: { class: 'not_built', text: 'Ostler makes image disks so far; {kind} disks come later.' },
  disk_content_unfit: { class: 'bad_input', text: 'A disk holds data or an ISO image; {content} disks are made by Ostler itself.' },
  disk_domain_missing: { class: 'bad_input', text: 'Say on which storage domain the disk shall be.' },
  disk_domain_unknown: { class: 'bad_input', text: 'There is no storage domain {name}, or you may not see it.' },
  disk_not_down: { class: 'conflict', text: 'Disk {disk} is used by a running VM ({vms}); {what} can only be changed when it is not.' },
  disk_shared_already: { class: 'conflict', text: 'Disk {disk} is attached to several VMs; it must stay shareable.' },
  disk_resize_not_built: { class: 'not_built', text: 'Resizing a disk comes later.' },
});

/** The largest disk: 8 TiB on blocks, and no less generous on files (infra.md 10.1). */
const largest = 8192 * 1024 ** 3;

export interface DiskShape {
  readonly alias: string;
  readonly format: 'raw' | 'cow';
  readonly sparse: boolean;
  readonly size: number;
  readonly shareable: boolean;
  readonly backup: 'none' | 'incremental';
  readonly contentType: string;
}

/** What is wrong with a disk on a file domain. Raw may be thin or preallocated there; QCOW2 is thin, or preallocated for incremental backup. */
export function diskProblems(disk: DiskShape): Refusal | undefined {
  const said = diskReasons;
  return refusalOf([
    nameProblem('disk', disk.alias, 'disk.alias'),
    disk.size < 1 && said.disk_size_zero('disk.provisioned_size'),
    disk.size > largest && said.disk_size_limit({ limit: largest / 1024 ** 3 }, 'disk.provisioned_size'),
    disk.format === 'cow' &&
      !disk.sparse &&
      disk.backup !== 'incremental' &&
      said.disk_configuration_not_supported(
        { format: 'cow', allocation: 'preallocated', unless: ' unless backup is incremental' },
        'disk.sparse',
      ),
    disk.shareable && disk.format !== 'raw' && said.disk_shareable_raw_only('disk.shareable'),
    disk.backup === 'incremental' && disk.format !== 'cow' && said.disk_incremental_needs_cow('disk.backup'),
    !['data', 'iso'].includes(disk.contentType) && said.disk_content_unfit({ content: disk.contentType }, 'disk.content_type'),
  ]);
}
