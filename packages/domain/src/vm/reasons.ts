import { reasons } from '../reason.ts';

export const vmReasons = reasons({
  vm_from_ovf_not_built: { class: 'not_built', text: 'Making a VM from an OVF document comes later.' },
  vm_host_unknown: { class: 'bad_input', text: 'There is no host {host}, or you may not see it.' },
  cd_missing: { class: 'bad_input', text: 'There is no CD image {disk}, or you may not see it.' },
  vm_cluster_unknown: { class: 'bad_input', text: 'There is no cluster {cluster}, or you may not see it.' },
  vm_cluster_change_not_built: { class: 'not_built', text: 'Moving a VM to another cluster comes later.' },
  vm_not_running: { class: 'conflict', text: 'VM {vm} is {status}; it has no console now. Start it first.' },
  vm_has_no_console: { class: 'conflict', text: 'VM {vm} has no {console} console. Switch one on and start it again.' },
  vm_devices_need_down: {
    class: 'conflict',
    text: 'VM {vm} is {status}. Its {devices} can be changed when it is down; doing it while it runs comes later.',
  },
  disk_already_attached: { class: 'conflict', text: 'Disk {disk} is attached to VM {vm} already.' },
  disk_attached_elsewhere: { class: 'conflict', text: 'Disk {disk} is attached to VM {vm}, and it is not shareable.' },
  disk_boot_in_use: { class: 'conflict', text: 'VM {vm} boots from disk {disk} already; only one disk can be bootable.' },
  disk_interface_unfit: {
    class: 'bad_input',
    text: 'A disk is attached by virtio, virtio_scsi, sata or ide; {interface} is not possible here.',
  },
  disk_interface_chipset: { class: 'bad_input', text: 'The chipset of VM {vm} has no {interface}; use {instead}.' },
  disk_interface_system: { class: 'bad_input', text: '{system} has no drivers for {interface}; use virtio or {instead}.' },
  disk_read_only_interface: { class: 'bad_input', text: 'A disk on {interface} cannot be read-only.' },
  disk_for_attachment_missing: { class: 'bad_input', text: 'There is no disk {disk}, or you may not see it.' },
  disk_inline_new: {
    class: 'not_built',
    text: 'A VM is born with disks that there are, by their ids. Make a new one afterwards, at the disk attachments of the VM.',
  },
  disk_other_data_center: { class: 'conflict', text: 'Disk {disk} lies in another data center than VM {vm}.' },
  nic_name_taken: { class: 'conflict', text: 'VM {vm} has a NIC named {nic} already.' },
  nic_interface_unfit: { class: 'bad_input', text: 'A NIC for {system} is one of {offered}; {interface} is not possible here.' },
  nic_profile_unknown: { class: 'bad_input', text: 'There is no vNIC profile {profile}, or you may not see it.' },
});
