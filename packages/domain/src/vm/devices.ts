import { operatingSystem } from '../operating-system/catalogue.ts';
import type { Reason } from '../reason.ts';
import type { Hardware } from './hardware.ts';
import { vmReasons } from './reasons.ts';

/** How a disk may hang on a VM (vms.md 1.2, 6.3): IDE is i440fx's, SATA is q35's, virtio is everybody's; an old system knows no virtio-scsi. */
export function diskInterfaceProblem(
  vm: string,
  { firmware, operatingSystem: key }: Pick<Hardware, 'firmware' | 'operatingSystem'>,
  wish: { readonly interface: string; readonly readOnly: boolean },
): Reason | undefined {
  const i440fx = firmware === 'i440fx_sea_bios';
  const system = operatingSystem(key);
  const field = 'disk_attachment.interface';
  if (!['virtio', 'virtio_scsi', 'ide', 'sata'].includes(wish.interface))
    return vmReasons.disk_interface_unfit({ interface: wish.interface }, field);
  if (wish.interface === (i440fx ? 'sata' : 'ide'))
    return vmReasons.disk_interface_chipset({ vm, interface: wish.interface, instead: i440fx ? 'ide' : 'sata' }, field);
  if (wish.interface === 'virtio_scsi' && system?.disks === 'without_scsi')
    return vmReasons.disk_interface_system({ system: system.name, interface: wish.interface, instead: i440fx ? 'ide' : 'sata' }, field);
  if (wish.readOnly && (wish.interface === 'ide' || wish.interface === 'sata'))
    return vmReasons.disk_read_only_interface({ interface: wish.interface }, 'disk_attachment.read_only');
  return undefined;
}

/** What a disk or a NIC hangs on when nobody says. */
export const defaultDevices = (key: string): { readonly disk: 'virtio_scsi' | 'virtio' | 'ide'; readonly nic: string } =>
  operatingSystem(key)?.defaults ?? { disk: 'virtio_scsi', nic: 'virtio' };

export function nicInterfaceProblem(key: string, model: string): Reason | undefined {
  const system = operatingSystem(key);
  const nics: readonly string[] = system?.nics ?? ['virtio'];
  // The dual-mode NIC was offered to all; clients ask for it where it means virtio alone.
  if (nics.includes(model) || model === 'rtl8139_virtio') return undefined;
  return vmReasons.nic_interface_unfit({ interface: model, system: system?.name ?? key, offered: nics.join(', ') }, 'nic.interface');
}
