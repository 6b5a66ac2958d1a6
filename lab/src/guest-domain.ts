import { createHash } from 'node:crypto';

/** The least that libvirt needs to run the lab's guest. Names and paths are the lab's own and go into the XML as they are. */
export type GuestDomain = {
  name: string;
  /** A qcow2 file that the guest may write, by the path under which libvirt sees it. */
  disk: string;
  /** Where virtlogd writes what the guest says on its serial port: heartbeats. */
  serialLog: string;
  /** Without one the guest has no NIC. */
  bridge?: string;
  memoryMiB?: number;
};

/** MAC address and UUID follow from the name, so that the same guest is the same everywhere. */
export function guestDomainXml({ name, disk, serialLog, bridge, memoryMiB = 128 }: GuestDomain): string {
  const id = createHash('sha256').update(name).digest('hex');
  const uuid = `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20, 32)}`;
  const nic =
    bridge && `<interface type='bridge'><mac address='${guestMac(name)}'/><source bridge='${bridge}'/><model type='virtio'/></interface>`;
  return `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${memoryMiB}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>qemu64</model></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' io='threads' error_policy='stop' discard='unmap'/>
      <source file='${disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    ${nic ?? ''}
    <serial type='pty'><log file='${serialLog}' append='on'/></serial>
    <console type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='virtio'/>
  </devices>
</domain>
`;
}

export function guestMac(name: string): string {
  const id = createHash('sha256').update(name).digest('hex');
  return `52:54:00:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}`;
}
