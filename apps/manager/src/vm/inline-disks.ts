import type { Api } from '@ostler/contract/schema';
import { isRefusal, refusalOf, refuse, type Refusal } from '@ostler/domain/reason';
import { defaultDevices, diskInterfaceProblem } from '@ostler/domain/vm/devices';
import type { Hardware } from '@ostler/domain/vm/hardware';
import { vmReasons } from '@ostler/domain/vm/reasons';
import { authorize, isVisible } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import type { Transaction } from '../db/database.ts';
import { diskById } from '../disk/service.ts';
import { attachmentFrom } from './attachment.ts';
import { dataCenterOfDomain, ownersOfDisk, type AttachmentRow } from './store.ts';

interface Home {
  readonly name: string;
  readonly dataCenter: string | null;
  readonly hardware: Hardware;
}

const field = 'vm.disk_attachments';

/** Disks that a VM is born with: they are there already, and become its own in the transaction that makes it. */
export async function inlineDisks(
  tx: Transaction,
  reader: Reader,
  vm: Home,
  wished: readonly Api['disk_attachment'][],
): Promise<AttachmentRow[] | Refusal> {
  const found: AttachmentRow[] = [];
  for (const wish of wished) {
    const one = await inlineDisk(tx, reader, vm, wish);
    if (isRefusal(one)) return one;
    const boot = one.bootable ? found.find((other) => other.bootable) : undefined;
    if (boot) return refuse(vmReasons.disk_boot_in_use({ vm: vm.name, disk: boot.alias }, field));
    if (found.some((other) => other.disk === one.disk))
      return refuse(vmReasons.disk_already_attached({ disk: one.alias, vm: vm.name }, field));
    found.push(one);
  }
  return found;
}

async function inlineDisk(tx: Transaction, reader: Reader, vm: Home, wish: Api['disk_attachment']): Promise<AttachmentRow | Refusal> {
  const id = wish.disk?.id;
  if (id === undefined) return refuse(vmReasons.disk_inline_new(field));
  const disk = (await isVisible(tx, reader, 'disk', id)) ? await diskById(tx, id) : undefined;
  if (!disk) return refuse(vmReasons.disk_for_attachment_missing({ disk: id }, field));
  const unpermitted = await authorize(tx, reader, [{ permit: 'attach_disk', object: { type: 'disk', id } }]);
  if (unpermitted) return unpermitted;
  const settings = attachmentFrom(wish, {
    disk: id,
    interface: defaultDevices(vm.hardware.operatingSystem).disk,
    bootable: false,
    active: true,
    readOnly: false,
    passDiscard: false,
  });
  const [owner] = await ownersOfDisk(tx, id);
  return (
    refusalOf([
      diskInterfaceProblem(vm.name, vm.hardware, settings),
      owner && !disk.shareable && vmReasons.disk_attached_elsewhere({ disk: disk.alias, vm: owner.name }, field),
      (await dataCenterOfDomain(tx, disk.domain)) !== vm.dataCenter &&
        vmReasons.disk_other_data_center({ disk: disk.alias, vm: vm.name }, field),
    ]) ?? { ...settings, alias: disk.alias }
  );
}
