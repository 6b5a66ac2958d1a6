import { actionState } from '@ostler/contract/faults';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { say } from '@ostler/domain/phrases';
import { refuse } from '@ostler/domain/reason';
import { actionStates } from '@ostler/domain/vm/state';
import { vmHardwareDocument } from './hardware-document.ts';
import type { AttachmentRow, NicRow, VmRow } from './store.ts';

type Status = NonNullable<Api['vm']['status']>;

/** A VM as the API shows it. */
export function vmDocument(row: VmRow): Api['vm'] {
  const { guest } = row;
  return linked(
    {
      ...vmHardwareDocument(row.hardware),
      id: row.id,
      name: row.name,
      description: row.description,
      comment: row.comment,
      status: row.status as Status,
      ...(row.status === 'paused' && row.runState?.reason !== undefined && { status_detail: pauseDetail(row.runState.reason) }),
      creation_time: row.creationTime,
      delete_protected: row.deleteProtected,
      origin: 'ovirt',
      run_once: row.runOnce !== null,
      next_run_configuration_exists: row.nextRun !== null,
      has_illegal_images: false,
      ...(row.runStarted && { start_time: row.runStarted }),
      ...(row.stopTime && row.run === null && { stop_time: row.stopTime }),
      stop_reason: row.stopReason ?? '',
      cluster: { id: row.cluster, href: href('cluster', { cluster: row.cluster }) },
      template: { id: row.template, href: href('template', { template: row.template }) },
      original_template: { id: row.originalTemplate, href: href('template', { template: row.originalTemplate }) },
      ...(row.cpuProfile !== null && { cpu_profile: { id: row.cpuProfile, href: href('cpu_profile', { cpu_profile: row.cpuProfile }) } }),
      ...(row.host !== null && row.run !== null && { host: { id: row.host, href: href('host', { host: row.host }) } }),
      ...(guest?.hostName !== undefined && { fqdn: guest.hostName }),
      ...(guest?.operatingSystem && { guest_operating_system: guestSystem(guest.operatingSystem) }),
      ...(guest?.timeZone && { guest_time_zone: { name: guest.timeZone.name, utc_offset: offset(guest.timeZone.offset) } }),
      action_states: actionStates({
        name: row.name,
        status: row.status,
        deleteProtected: row.deleteProtected,
        ...(row.heldBy && { heldBy: say(row.heldBy) }),
      }).map(({ name, reason }) => actionState(name, reason && refuse(reason))),
    },
    'vms/{vm}',
    { vm: row.id },
  );
}

/** RHV's words for why a VM is paused (infra.md 3.7). */
const pauseDetail = (reason: string): string =>
  ({ io_error: 'EIO', no_space: 'ENOSPC', permission: 'EPERM', other: 'EOTHER' })[reason] ?? 'none';

function guestSystem(os: NonNullable<NonNullable<VmRow['guest']>['operatingSystem']>) {
  const [major = 0, minor = 0] = (os.version ?? '').split('.').map((part) => Number.parseInt(part, 10) || 0);
  return {
    architecture: os.architecture ?? '',
    distribution: os.name ?? os.id ?? '',
    family: os.id === 'mswindows' ? 'Windows' : 'Linux',
    version: { full_version: os.version ?? '', major, minor },
    ...(os.kernel !== undefined && { kernel: { version: { full_version: os.kernel } } }),
  };
}

const offset = (seconds: number): string =>
  `${seconds < 0 ? '-' : '+'}${String(Math.floor(Math.abs(seconds) / 3600)).padStart(2, '0')}:${String(Math.floor((Math.abs(seconds) % 3600) / 60)).padStart(2, '0')}`;

export const attachmentDocument = (vm: string, row: AttachmentRow): Api['disk_attachment'] =>
  linked(
    {
      id: row.disk,
      bootable: row.bootable,
      active: row.active,
      interface: row.interface as NonNullable<Api['disk_attachment']['interface']>,
      read_only: row.readOnly,
      pass_discard: row.passDiscard,
      uses_scsi_reservation: false,
      disk: { id: row.disk, href: href('disk', { disk: row.disk }) },
      vm: { id: vm, href: href('vm', { vm }) },
    },
    'vms/{vm}/diskattachments/{disk_attachment}',
    { vm, disk_attachment: row.disk },
  );

export const nicDocument = (vm: string, row: NicRow): Api['nic'] =>
  linked(
    {
      id: row.id,
      name: row.name,
      interface: row.interface as NonNullable<Api['nic']['interface']>,
      mac: { address: row.mac },
      linked: row.linked,
      plugged: row.plugged,
      synced: true,
      vm: { id: vm, href: href('vm', { vm }) },
      ...(row.profile !== null && { vnic_profile: { id: row.profile, href: href('vnic_profile', { vnic_profile: row.profile }) } }),
    },
    'vms/{vm}/nics/{nic}',
    { vm, nic: row.id },
  );

/** The addresses that the guest's agent reports, by device. */
export const reportedDevices = (row: VmRow): Api['reported_device'][] =>
  (row.guest?.nics ?? []).map((nic) => ({
    id: Buffer.from(`${row.id}/${nic.name}`).toString('hex').slice(-32),
    name: nic.name,
    description: 'guest reported data',
    type: 'network' as const,
    ...(nic.mac !== undefined && { mac: { address: nic.mac } }),
    ips: nic.addresses.map(({ address, family }) => ({ address, version: family })),
    vm: { id: row.id, href: href('vm', { vm: row.id }) },
  }));

export const graphicsConsoles = (row: VmRow): Api['graphics_console'][] =>
  row.hardware.display.protocols.map((protocol) => {
    const id = protocol === 'vnc' ? fixedIds.vncConsole : fixedIds.spiceConsole;
    return linked({ id, protocol, vm: { id: row.id, href: href('vm', { vm: row.id }) } }, 'vms/{vm}/graphicsconsoles/{graphics_console}', {
      vm: row.id,
      graphics_console: id,
    });
  });
