import { compatibilityLevels } from '../datacenter/rules.ts';
import { operatingSystem, type OperatingSystem } from '../operating-system/catalogue.ts';
import { reasons, refusalOf, type Reason, type Refusal } from '../reason.ts';
import { propertyProblems, type PropertyDefinitions } from './custom-properties.ts';
import { keyboardLayouts, videoProblem } from './display.ts';
import { mebibyte, vcpusOf, vmLimits, type Hardware, type Payload } from './hardware.ts';
import { numaProblems, pinProblems } from './pinning-problems.ts';
import { timeZoneFits } from './time-zone.ts';

export const hardwareReasons = reasons({
  memory_too_small: { class: 'bad_input', text: 'A VM needs at least 1 MiB of memory.' },
  memory_too_large: { class: 'bad_input', text: 'A VM can have at most {limit} MiB of memory.' },
  memory_beyond_32_bits: { class: 'bad_input', text: '{system} is a 32-bit system; its VM can have at most {limit} MiB of memory.' },
  memory_above_maximum: { class: 'bad_input', text: 'The memory ({size} MiB) cannot exceed the maximum memory ({maximum} MiB).' },
  guaranteed_above_memory: { class: 'bad_input', text: 'The guaranteed memory ({guaranteed} MiB) cannot exceed the memory ({size} MiB).' },
  cpu_count: { class: 'bad_input', text: '{part} must be between 1 and {limit}; {count} was asked for.' },
  cpu_total: { class: 'bad_input', text: 'The topology makes {count} virtual CPUs; {limit} is the most that this VM can have.' },
  cpu_apic_ids: {
    class: 'bad_input',
    text: 'With {threads} threads and {cores} cores the CPUs of a VM on i440fx have no numbers left. Choose fewer, or a BIOS type with q35.',
  },
  cpu_too_few: { class: 'bad_input', text: '{system} needs at least {minimum} virtual CPUs.' },
  cpu_model_text: { class: 'bad_input', text: 'The CPU model may hold letters, digits and . _ + - , only.' },
  cpu_model_refused: { class: 'bad_input', text: '{system} does not run on the CPU model {model}.' },
  cpu_shares: { class: 'bad_input', text: 'CPU shares are between 0 and {limit}; {count} was asked for.' },
  machine_text: { class: 'bad_input', text: 'The emulated machine may hold letters, digits and . _ - only, at most 30.' },
  io_threads: { class: 'bad_input', text: 'A VM has 0 to {limit} IO threads; {count} was asked for.' },
  scsi_queues: { class: 'bad_input', text: 'The virtio-scsi controllers have 1 to 256 queues; {count} was asked for.' },
  priority: { class: 'bad_input', text: 'The priority must be between 0 and {limit}; {value} was asked for.' },
  monitors: { class: 'bad_input', text: 'A VM has 1, 2 or 4 monitors; {count} was asked for.' },
  monitors_need_spice: { class: 'bad_input', text: 'More than one monitor needs SPICE.' },
  video_unfit: { class: 'bad_input', text: '{system} with {protocols} cannot have the video type {video}.' },
  video_needs_uefi: { class: 'bad_input', text: 'The video type bochs is for VMs with UEFI: BIOS type q35_ovmf or q35_secure_boot.' },
  keyboard_unknown: { class: 'bad_input', text: 'There is no keyboard layout {layout}. There are {known}.' },
  smartcard_needs_usb: { class: 'bad_input', text: 'A high performance VM without USB can have no smart card.' },
  smartcard_needs_spice: { class: 'bad_input', text: 'Smart cards travel by SPICE. Add a SPICE console to the VM.' },
  boot_devices: { class: 'bad_input', text: 'Each boot device may be named once, and at least one must be.' },
  kernel_text: { class: 'bad_input', text: 'Kernel, initrd and command line have at most 4000 characters, and no blanks at either end.' },
  kernel_missing: { class: 'bad_input', text: 'An initrd or a command line needs a kernel to go with.' },
  operating_system_unknown: {
    class: 'bad_input',
    text: 'There is no operating system {name}. GET /operatingsystems lists those that there are.',
  },
  q35_unsupported: { class: 'bad_input', text: '{system} does not run on the chipset q35. Choose the BIOS type i440fx_sea_bios.' },
  secure_boot_unsupported: { class: 'bad_input', text: '{system} does not boot with Secure Boot. Choose the BIOS type q35_ovmf.' },
  tpm_unsupported: { class: 'bad_input', text: '{system} knows no TPM.' },
  tpm_required: { class: 'bad_input', text: '{system} needs a TPM. Enable it.' },
  tpm_needs_uefi: { class: 'bad_input', text: 'A TPM needs UEFI: BIOS type q35_ovmf or q35_secure_boot.' },
  watchdog_architecture: { class: 'bad_input', text: 'The watchdog of VMs on x86_64 is i6300esb; diag288 is for s390x.' },
  rng_rate: { class: 'bad_input', text: 'The rate of the random number generator is in positive bytes and milliseconds.' },
  rng_source_unsupported: { class: 'bad_input', text: 'The cluster offers no random numbers from {source}. It offers {offered}.' },
  serial_number_value: { class: 'bad_input', text: 'The serial number policy custom needs a value of 1 to 255 characters.' },
  time_zone_unfit: { class: 'bad_input', text: '{zone} is no time zone that {system} knows. {hint}' },
  lease_needs_ha: { class: 'bad_input', text: 'A VM lease is for highly available VMs. Enable high availability, or leave the lease off.' },
  downtime: { class: 'bad_input', text: 'The migration downtime is in milliseconds, or -1 for that of the cluster.' },
  compatibility_unknown: { class: 'bad_input', text: 'There is no compatibility version {version}; there are {known}.' },
  payload_too_large: { class: 'bad_input', text: 'The files of a payload have at most {limit} bytes together; these have {bytes}.' },
  payload_twice: { class: 'bad_input', text: 'A VM has at most one payload as {type}.' },
  payload_name: { class: 'bad_input', text: 'A file of a payload needs a name of its own without slashes; "{name}" is not one.' },
  payload_floppy_chipset: {
    class: 'bad_input',
    text: 'The chipset q35 has no floppy drive. Use a CD-ROM, or the BIOS type i440fx_sea_bios.',
  },
});

/** What of the VM's surroundings its hardware is measured by; what is not given is not looked at. */
export interface HardwareSurroundings {
  /** An administrator's custom properties. */
  readonly properties?: PropertyDefinitions;
  readonly rngSources?: readonly string[];
}

const said = hardwareReasons;

/** Everything that is wrong with the document, each by the API's field. */
export function hardwareProblems(hardware: Hardware, { properties = {}, rngSources }: HardwareSurroundings = {}): Refusal | undefined {
  const system = operatingSystem(hardware.operatingSystem);
  return refusalOf([
    ...memoryProblems(hardware, system),
    ...cpuProblems(hardware, system),
    ...pinProblems(hardware),
    ...numaProblems(hardware),
    ...firmwareProblems(hardware, system),
    ...displayProblems(hardware, system),
    ...deviceProblems(hardware, rngSources),
    ...settingProblems(hardware, system),
    ...hardware.payloads.flatMap((payload) => payloadProblems(payload, hardware)),
    ...propertyProblems(hardware.customProperties, properties, 'vm.custom_properties'),
    !system && said.operating_system_unknown({ name: hardware.operatingSystem }, 'vm.os.type'),
  ]);
}

type Found = readonly (Reason | undefined | false)[];

function memoryProblems({ memory }: Hardware, system: OperatingSystem | undefined): Found {
  const size = memory.size / mebibyte;
  const narrow = system?.bits === 32 && memory.size > vmLimits.memoryOf32Bits;
  return [
    size < 1 && said.memory_too_small('vm.memory'),
    memory.size > vmLimits.memory && said.memory_too_large({ limit: vmLimits.memory / mebibyte }, 'vm.memory'),
    narrow && said.memory_beyond_32_bits({ system: system.name, limit: vmLimits.memoryOf32Bits / mebibyte }, 'vm.memory'),
    memory.maximum > vmLimits.memory && said.memory_too_large({ limit: vmLimits.memory / mebibyte }, 'vm.memory_policy.max'),
    memory.size > memory.maximum && said.memory_above_maximum({ size, maximum: memory.maximum / mebibyte }, 'vm.memory_policy.max'),
    memory.guaranteed > memory.size &&
      said.guaranteed_above_memory({ guaranteed: memory.guaranteed / mebibyte, size }, 'vm.memory_policy.guaranteed'),
  ];
}

function cpuProblems(hardware: Hardware, system: OperatingSystem | undefined): Found {
  const { cpu, firmware } = hardware;
  const i440fx = firmware === 'i440fx_sea_bios';
  const [count, limit] = [vcpusOf(hardware), i440fx ? vmLimits.vcpusOnI440fx : vmLimits.vcpus];
  const model = cpu.model;
  return [
    countProblem('Sockets', cpu.sockets, vmLimits.sockets, 'vm.cpu.topology.sockets'),
    countProblem('Cores per socket', cpu.cores, vmLimits.coresPerSocket, 'vm.cpu.topology.cores'),
    countProblem('Threads per core', cpu.threads, vmLimits.threadsPerCore, 'vm.cpu.topology.threads'),
    count > limit && said.cpu_total({ count, limit }, 'vm.cpu.topology'),
    i440fx && bits(cpu.threads) + bits(cpu.cores) > 8 && said.cpu_apic_ids({ threads: cpu.threads, cores: cpu.cores }, 'vm.cpu.topology'),
    system !== undefined &&
      count < system.minimumVcpus &&
      said.cpu_too_few({ system: system.name, minimum: system.minimumVcpus }, 'vm.cpu.topology'),
    model !== undefined && !/^[A-Za-z0-9._+,-]{1,255}$/.test(model) && said.cpu_model_text('vm.custom_cpu_model'),
    model !== undefined &&
      system?.cpusRefused.some((refused) => model.toLowerCase().startsWith(refused)) &&
      said.cpu_model_refused({ system: system.name, model }, 'vm.custom_cpu_model'),
    !isWithin(cpu.shares, 0, vmLimits.cpuShares) && said.cpu_shares({ limit: vmLimits.cpuShares, count: cpu.shares }, 'vm.cpu_shares'),
  ];
}

/** How many bits number so many things. */
const bits = (count: number): number => Math.ceil(Math.log2(Math.max(1, count)));

const isWithin = (value: number, least: number, most: number): boolean => Number.isInteger(value) && value >= least && value <= most;

function countProblem(part: string, count: number, limit: number, field: string): Reason | undefined {
  return isWithin(count, 1, limit) ? undefined : said.cpu_count({ part, limit, count }, field);
}

function firmwareProblems({ firmware, tpm, machine }: Hardware, system: OperatingSystem | undefined): Found {
  const name = system?.name ?? '';
  const uefi = firmware === 'q35_ovmf' || firmware === 'q35_secure_boot';
  return [
    system?.q35 === 'no' && firmware !== 'i440fx_sea_bios' && said.q35_unsupported({ system: name }, 'vm.bios.type'),
    system !== undefined &&
      system.q35 !== 'yes' &&
      firmware === 'q35_secure_boot' &&
      said.secure_boot_unsupported({ system: name }, 'vm.bios.type'),
    tpm && system?.tpm === 'unsupported' && said.tpm_unsupported({ system: name }, 'vm.tpm_enabled'),
    tpm && !uefi && said.tpm_needs_uefi('vm.tpm_enabled'),
    !tpm && system?.tpm === 'required' && said.tpm_required({ system: name }, 'vm.tpm_enabled'),
    machine !== undefined && !/^[A-Za-z0-9._-]{1,30}$/.test(machine) && said.machine_text('vm.custom_emulated_machine'),
  ];
}

function displayProblems(hardware: Hardware, system: OperatingSystem | undefined): Found {
  const { display, usb, type } = hardware;
  const spice = display.protocols.includes('spice');
  const unfit = system === undefined ? undefined : videoProblem(hardware);
  const protocols = display.protocols.join(' and ');
  return [
    !vmLimits.monitors.some((count) => count === display.monitors) && said.monitors({ count: display.monitors }, 'vm.display.monitors'),
    display.monitors > 1 && !spice && said.monitors_need_spice('vm.display.monitors'),
    unfit === 'needs_uefi' && said.video_needs_uefi('vm.display.video_type'),
    unfit !== undefined &&
      unfit !== 'needs_uefi' &&
      said.video_unfit({ system: system?.name ?? '', protocols, video: display.video ?? '' }, 'vm.display.video_type'),
    display.keyboard !== undefined &&
      !keyboardLayouts.some((layout) => layout === display.keyboard) &&
      said.keyboard_unknown({ layout: display.keyboard, known: keyboardLayouts.join(', ') }, 'vm.display.keyboard_layout'),
    display.smartcard && type === 'high_performance' && !usb && said.smartcard_needs_usb('vm.display.smartcard_enabled'),
    display.smartcard && !spice && said.smartcard_needs_spice('vm.display.smartcard_enabled'),
  ];
}

function deviceProblems(
  { watchdog, rng, ioThreads, virtioScsiQueues: queues }: Hardware,
  rngSources: readonly string[] | undefined,
): Found {
  const positive = (value: number | undefined) => value === undefined || (Number.isInteger(value) && value > 0);
  return [
    watchdog?.model === 'diag288' && said.watchdog_architecture('watchdog.model'),
    rng?.rate !== undefined && !(positive(rng.rate.bytes) && positive(rng.rate.period)) && said.rng_rate('vm.rng_device.rate'),
    rng !== null &&
      rngSources !== undefined &&
      !rngSources.includes(rng.source) &&
      said.rng_source_unsupported({ source: rng.source, offered: rngSources.join(', ') }, 'vm.rng_device.source'),
    !isWithin(ioThreads, 0, vmLimits.ioThreads) && said.io_threads({ limit: vmLimits.ioThreads, count: ioThreads }, 'vm.io.threads'),
    typeof queues === 'number' && !isWithin(queues, 1, 256) && said.scsi_queues({ count: queues }, 'vm.virtio_scsi_multi_queues'),
  ];
}

function settingProblems(hardware: Hardware, system: OperatingSystem | undefined): Found {
  const { boot, kernel, highAvailability, serialNumber, timeZone, migration, compatibilityVersion: version } = hardware;
  const texts = Object.values(kernel ?? {});
  const hint = system?.windows
    ? 'Windows has names of its own, like GMT Standard Time.'
    : 'Others use names like Europe/Berlin or Etc/GMT.';
  return [
    (boot.length === 0 || new Set(boot).size !== boot.length) && said.boot_devices('vm.os.boot.devices'),
    texts.some((text) => text.length > 4000 || text.trim() !== text) && said.kernel_text('vm.os'),
    kernel !== undefined && kernel.path === undefined && said.kernel_missing('vm.os.kernel'),
    !isWithin(highAvailability.priority, 0, vmLimits.priority) &&
      said.priority({ limit: vmLimits.priority, value: highAvailability.priority }, 'vm.high_availability.priority'),
    hardware.lease !== null && !highAvailability.enabled && said.lease_needs_ha('vm.lease'),
    serialNumber?.policy === 'custom' &&
      !isWithin(serialNumber.value?.length ?? 0, 1, 255) &&
      said.serial_number_value('vm.serial_number.value'),
    timeZone !== undefined &&
      system !== undefined &&
      !timeZoneFits(timeZone, system.key) &&
      said.time_zone_unfit({ zone: timeZone, system: system.name, hint }, 'vm.time_zone.name'),
    !(Number.isInteger(migration.downtime) && migration.downtime >= -1) && said.downtime('vm.migration_downtime'),
    version !== undefined &&
      !compatibilityLevels.some((level) => level === version) &&
      said.compatibility_unknown({ version, known: compatibilityLevels.join(', ') }, 'vm.custom_compatibility_version'),
  ];
}

function payloadProblems(payload: Payload, { payloads, firmware }: Hardware): Found {
  const bytes = payload.files.reduce((sum, { content, encoding }) => sum + sizeOf(content, encoding), 0);
  const names = payload.files.map(({ name }) => name);
  const misnamed = names.find((name, index) => name === '' || name.includes('/') || name.includes('\0') || names.indexOf(name) !== index);
  const first = payloads.find(({ type }) => type === payload.type) === payload;
  return [
    bytes > vmLimits.payloadBytes && said.payload_too_large({ limit: vmLimits.payloadBytes, bytes }, 'vm.payloads'),
    misnamed !== undefined && said.payload_name({ name: misnamed }, 'vm.payloads'),
    !first && said.payload_twice({ type: payload.type }, 'vm.payloads'),
    payload.type === 'floppy' && firmware !== 'i440fx_sea_bios' && said.payload_floppy_chipset('vm.payloads'),
  ];
}

const sizeOf = (content: string, encoding: 'base64' | undefined): number =>
  encoding === 'base64' ? Math.floor((content.replace(/=+$/, '').length * 3) / 4) : new TextEncoder().encode(content).length;
