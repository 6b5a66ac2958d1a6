import { href } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { version } from '@ostler/domain/datacenter/rules';
import { defaultKeyboard, videoOf } from '@ostler/domain/vm/display';
import type { GraphicsProtocol, Hardware, HardwareWish, Payload } from '@ostler/domain/vm/hardware';
import { defaultTimeZone } from '@ostler/domain/vm/time-zone';

/** The hardware document in the API's words: a VM's, a template's, an instance type's. */
export function hardwareDocument(hardware: Hardware) {
  const { memory, cpu, migration, placement, compatibilityVersion, virtioScsiQueues: queues, lease } = hardware;
  return {
    type: hardware.type,
    memory: memory.size,
    memory_policy: { guaranteed: memory.guaranteed, max: memory.maximum, ballooning: memory.ballooning },
    cpu: {
      architecture: 'x86_64' as const,
      mode: cpu.mode,
      topology: { sockets: cpu.sockets, cores: cpu.cores, threads: cpu.threads },
      ...(cpu.pins.length > 0 && { cpu_tune: { vcpu_pins: cpu.pins.map(({ vcpu, cpus }) => ({ vcpu, cpu_set: cpus })) } }),
    },
    cpu_shares: cpu.shares,
    auto_pinning_policy: cpu.autoPinning ? ('adjust' as const) : ('disabled' as const),
    cpu_pinning_policy: pinningPolicy(cpu),
    ...(cpu.model !== undefined && { custom_cpu_model: cpu.model }),
    ...(hardware.machine !== undefined && { custom_emulated_machine: hardware.machine }),
    bios: { type: hardware.firmware, boot_menu: { enabled: hardware.bootMenu } },
    os: { type: hardware.operatingSystem, boot: { devices: [...hardware.boot] }, ...kernelDocument(hardware) },
    display: displayDocument(hardware),
    console: { enabled: hardware.serialConsole },
    soundcard_enabled: hardware.soundcard,
    usb: { enabled: hardware.usb, ...(hardware.usb && { type: 'native' as const }) },
    tpm_enabled: hardware.tpm,
    ...(hardware.rng && { rng_device: { source: hardware.rng.source, ...(hardware.rng.rate && { rate: hardware.rng.rate }) } }),
    io: { threads: hardware.ioThreads },
    multi_queues_enabled: hardware.multiQueues,
    virtio_scsi: { enabled: hardware.virtioScsi },
    virtio_scsi_multi_queues_enabled: queues !== 'none',
    ...(typeof queues === 'number' && { virtio_scsi_multi_queues: queues }),
    high_availability: { enabled: hardware.highAvailability.enabled, priority: hardware.highAvailability.priority },
    ...(lease !== null && { lease: { storage_domain: { id: lease, href: href('storage_domain', { storage_domain: lease }) } } }),
    storage_error_resume_behaviour: hardware.storageErrors,
    stateless: hardware.stateless,
    start_paused: hardware.startPaused,
    placement_policy: {
      affinity: placement.affinity,
      ...(placement.hosts.length > 0 && { hosts: placement.hosts.map((host) => ({ id: host, href: href('host', { host }) })) }),
    },
    time_zone: { name: hardware.timeZone ?? defaultTimeZone(hardware.operatingSystem) },
    migration: {
      auto_converge: migration.autoConverge,
      compressed: migration.compressed,
      encrypted: migration.encrypted,
      ...(migration.policy !== undefined && { policy: { id: migration.policy } }),
    },
    migration_downtime: migration.downtime,
    ...(hardware.serialNumber && { serial_number: { ...hardware.serialNumber } }),
    sso: { methods: hardware.singleSignOn ? [{ id: 'guest_agent' as const }] : [] },
    ...(compatibilityVersion !== undefined && { custom_compatibility_version: version(compatibilityVersion) }),
    custom_properties: Object.entries(hardware.customProperties).map(([name, value]) => ({ name, value })),
  };
}

/** What RHV shows of a VM beyond what it shows of its templates. */
export const vmHardwareDocument = (hardware: Hardware) => ({
  ...hardwareDocument(hardware),
  use_latest_template_version: hardware.latestTemplateVersion,
  ...(hardware.payloads.length > 0 && { payloads: hardware.payloads.map(payloadDocument) }),
});

const pinningPolicy = ({ pins, autoPinning }: Hardware['cpu']) =>
  autoPinning ? ('resize_and_pin_numa' as const) : pins.length > 0 ? ('manual' as const) : ('none' as const);

function kernelDocument({ kernel }: Hardware) {
  return {
    ...(kernel?.path !== undefined && { kernel: kernel.path }),
    ...(kernel?.initrd !== undefined && { initrd: kernel.initrd }),
    ...(kernel?.commandLine !== undefined && { cmdline: kernel.commandLine }),
  };
}

function displayDocument(hardware: Hardware) {
  const { display } = hardware;
  const video = videoOf(hardware);
  const type = shownProtocol(hardware);
  return {
    ...(type !== undefined && { type }),
    ...(video !== 'none' && { video_type: video }),
    monitors: display.monitors,
    keyboard_layout: display.keyboard ?? defaultKeyboard,
    allow_override: display.allowOverride,
    copy_paste_enabled: display.copyPaste,
    file_transfer_enabled: display.fileTransfer,
    smartcard_enabled: display.smartcard,
    disconnect_action: display.disconnectAction.toUpperCase(),
  };
}

/** The one type that RHV's older attribute can tell. */
const shownProtocol = ({ display }: Hardware): GraphicsProtocol | undefined =>
  display.protocols.includes('spice') ? 'spice' : display.protocols[0];

const payloadDocument = ({ type, volume, files }: Payload): Api['payload'] => ({
  type,
  ...(volume !== undefined && { volume_id: volume }),
  files: files.map(({ name, content }) => ({ name, content })),
});

/**
 * What a client asks of the hardware, from the API's words. What is not named stays as it is; an empty text takes away what was
 * there. `base` is what it is asked of: some words of the API say a part of what we keep.
 */
export function hardwareWish(vm: Api['vm'], base?: Hardware): HardwareWish {
  const { cpu, memory_policy: policy, display, console: serial, placement_policy: placement, migration } = vm;
  const firmware = vm.bios?.type;
  return {
    type: vm.type,
    operatingSystem: vm.os?.type === undefined || vm.os.type === '' ? undefined : vm.os.type,
    memory: { size: vm.memory, maximum: policy?.max, guaranteed: policy?.guaranteed, ballooning: policy?.ballooning },
    cpu: {
      sockets: cpu?.topology?.sockets,
      cores: cpu?.topology?.cores,
      threads: cpu?.topology?.threads,
      mode: cpu?.mode,
      model: textOrNone(vm.custom_cpu_model),
      pins: cpu?.cpu_tune && (cpu.cpu_tune.vcpu_pins ?? []).map((pin) => ({ vcpu: pin.vcpu ?? -1, cpus: pin.cpu_set ?? '' })),
      shares: vm.cpu_shares,
    },
    firmware: firmware === 'cluster_default' ? undefined : firmware,
    machine: textOrNone(vm.custom_emulated_machine),
    boot: vm.os?.boot?.devices,
    bootMenu: vm.bios?.boot_menu?.enabled,
    kernel: kernelWish(vm.os, base),
    display: {
      protocols: display?.type === undefined || (base && shownProtocol(base) === display.type) ? undefined : [display.type],
      video: videoWish(display, base),
      monitors: display?.monitors,
      keyboard: textOrNone(display?.keyboard_layout),
      copyPaste: display?.copy_paste_enabled,
      fileTransfer: display?.file_transfer_enabled,
      smartcard: display?.smartcard_enabled,
      disconnectAction: disconnectActions.find((action) => action === display?.disconnect_action?.toLowerCase()),
      allowOverride: display?.allow_override,
    },
    serialConsole: serial?.enabled,
    soundcard: vm.soundcard_enabled,
    usb: vm.usb?.enabled,
    tpm: vm.tpm_enabled,
    watchdog: watchdogWish(vm.watchdogs?.[0]),
    rng: rngWish(vm.rng_device),
    ioThreads: vm.io?.threads,
    multiQueues: vm.multi_queues_enabled,
    virtioScsi: vm.virtio_scsi?.enabled,
    virtioScsiQueues: queuesWish(vm),
    highAvailability: { enabled: vm.high_availability?.enabled, priority: vm.high_availability?.priority },
    lease: vm.lease && (textOrNone(vm.lease.storage_domain?.id) ?? null),
    storageErrors: vm.storage_error_resume_behaviour,
    placement: { affinity: placement?.affinity, hosts: placement?.hosts?.flatMap(({ id }) => id ?? []) },
    migration: {
      autoConverge: migration?.auto_converge,
      compressed: migration?.compressed,
      encrypted: migration?.encrypted,
      policy: textOrNone(migration?.policy?.id),
      downtime: vm.migration_downtime,
    },
    stateless: vm.stateless,
    startPaused: vm.start_paused,
    timeZone: textOrNone(vm.time_zone?.name),
    serialNumber: serialNumberWish(vm.serial_number),
    singleSignOn: vm.sso && (vm.sso.methods ?? []).some(({ id }) => id === 'guest_agent'),
    compatibilityVersion: compatibilityWish(vm.custom_compatibility_version),
    latestTemplateVersion: vm.use_latest_template_version,
    payloads: vm.payloads?.map(payloadFrom),
    customProperties: vm.custom_properties && Object.fromEntries(vm.custom_properties.map(({ name = '', value = '' }) => [name, value])),
  };
}

const disconnectActions = ['none', 'lock_screen', 'logout', 'reboot', 'shutdown'] as const;

const textOrNone = (text: string | undefined): string | null | undefined => (text === '' ? null : text);

function kernelWish(os: Api['operating_system'] | undefined, base: Hardware | undefined): HardwareWish['kernel'] {
  if (os?.kernel === undefined && os?.initrd === undefined && os?.cmdline === undefined) return undefined;
  const wished = {
    path: os.kernel ?? base?.kernel?.path,
    initrd: os.initrd ?? base?.kernel?.initrd,
    commandLine: os.cmdline ?? base?.kernel?.commandLine,
  };
  const { path, initrd, commandLine } = wished;
  if (!path && !initrd && !commandLine) return null;
  return { ...(path && { path }), ...(initrd && { initrd }), ...(commandLine && { commandLine }) };
}

/** A client that sends back what it read does not fix the adapter that followed from the protocols. */
function videoWish(display: Api['display'] | undefined, base: Hardware | undefined) {
  const video = display?.video_type;
  return base && base.display.video === undefined && videoOf(base) === video ? undefined : video;
}

const watchdogWish = (watchdog: Api['watchdog'] | undefined): HardwareWish['watchdog'] =>
  watchdog && { model: watchdog.model ?? 'i6300esb', action: watchdog.action ?? 'none' };

function rngWish(device: Api['rng_device'] | undefined): HardwareWish['rng'] {
  if (device?.source === undefined) return device && null;
  const { bytes, period } = device.rate ?? {};
  return { source: device.source, ...(bytes !== undefined && { rate: { bytes, ...(period !== undefined && { period }) } }) };
}

function queuesWish(vm: Api['vm']): HardwareWish['virtioScsiQueues'] {
  const count = vm.virtio_scsi_multi_queues;
  if (count !== undefined && count !== -1) return count === 0 ? 'none' : count;
  if (vm.virtio_scsi_multi_queues_enabled === undefined) return count === -1 ? 'automatic' : undefined;
  return vm.virtio_scsi_multi_queues_enabled ? 'automatic' : 'none';
}

function serialNumberWish(number: Api['serial_number'] | undefined): HardwareWish['serialNumber'] {
  if (number?.policy === undefined) return number && null;
  return { policy: number.policy, ...(number.value !== undefined && number.value !== '' && { value: number.value }) };
}

const compatibilityWish = (wished: Api['version'] | undefined): string | null | undefined =>
  wished && (wished.major === undefined ? null : `${wished.major}.${wished.minor ?? 0}`);

const payloadFrom = ({ type, volume_id: volume, files }: Api['payload']): Payload => ({
  type: type ?? 'cdrom',
  ...(volume !== undefined && volume !== '' && { volume }),
  files: (files ?? []).map(({ name = '', content = '' }) => ({ name, content })),
});
