import type { Reason } from '../reason.ts';
import type { Firmware } from './hardware.ts';
import { vmReasons } from './reasons.ts';

/** How a disk may hang on a VM (vms.md 1.2, 6.3): IDE is i440fx's, SATA is q35's, virtio is everybody's. */
export function diskInterfaceProblem(
  vm: string,
  firmware: Firmware,
  wish: { readonly interface: string; readonly readOnly: boolean },
): Reason | undefined {
  const i440fx = firmware === 'i440fx_sea_bios';
  const field = 'disk_attachment.interface';
  if (!['virtio', 'virtio_scsi', 'ide', 'sata'].includes(wish.interface))
    return vmReasons.disk_interface_unfit({ interface: wish.interface }, field);
  if (wish.interface === (i440fx ? 'sata' : 'ide'))
    return vmReasons.disk_interface_chipset({ vm, interface: wish.interface, instead: i440fx ? 'ide' : 'sata' }, field);
  if (wish.readOnly && (wish.interface === 'ide' || wish.interface === 'sata'))
    return vmReasons.disk_read_only_interface({ interface: wish.interface }, 'disk_attachment.read_only');
  return undefined;
}
