import { reasons, refusalOf, type Reason, type Refusal } from '../reason.ts';

/**
 * A VM's hardware configuration: one document, stored as JSONB with its schema version. A snapshot, a template and an
 * instance type hold the same document. Sizes are bytes. Defaults and limits are RHV's (vms.md 3.2, 3.3).
 */
export interface Hardware {
  readonly schema: 1;
  readonly type: 'desktop' | 'server' | 'high_performance';
  /** A key of the operating systems' catalogue. */
  readonly operatingSystem: string;
  readonly memory: { readonly size: number; readonly maximum: number; readonly guaranteed: number; readonly ballooning: boolean };
  readonly cpu: {
    readonly sockets: number;
    readonly cores: number;
    readonly threads: number;
    readonly mode: 'custom' | 'host_model' | 'host_passthrough';
    readonly model?: string;
  };
  readonly firmware: Firmware;
  readonly machine?: string;
  readonly boot: readonly BootDevice[];
  readonly bootMenu: boolean;
  readonly display: { readonly type: 'vnc' | 'spice' | 'none'; readonly monitors: number };
  readonly serialConsole: boolean;
  readonly soundcard: boolean;
  readonly usb: boolean;
  readonly rng: { readonly source: 'urandom' | 'random' | 'hwrng' } | null;
  readonly ioThreads: number;
  readonly multiQueues: boolean;
  readonly virtioScsi: boolean;
  readonly highAvailability: { readonly enabled: boolean; readonly priority: number };
  readonly stateless: boolean;
  readonly startPaused: boolean;
  readonly timeZone?: string;
  readonly customProperties: Readonly<Record<string, string>>;
}

export type Firmware = 'i440fx_sea_bios' | 'q35_sea_bios' | 'q35_ovmf' | 'q35_secure_boot';
export type BootDevice = 'hd' | 'cdrom' | 'network';

export const mebibyte = 1024 * 1024;
export const gibibyte = 1024 * mebibyte;

/** What a VM can at most be, at the newest cluster level (vms.md 3.3). */
export const vmLimits = {
  memory: 16_777_216 * mebibyte,
  vcpus: 710,
  vcpusOnI440fx: 240,
  sockets: 16,
  coresPerSocket: 254,
  threadsPerCore: 8,
  ioThreads: 127,
  priority: 100,
  monitors: [1, 2, 4],
} as const;

/** The Blank template: what a VM is when nothing is asked for. */
export const blankHardware: Hardware = {
  schema: 1,
  type: 'server',
  operatingSystem: 'other',
  memory: { size: 1024 * mebibyte, maximum: 4096 * mebibyte, guaranteed: 1024 * mebibyte, ballooning: true },
  cpu: { sockets: 1, cores: 1, threads: 1, mode: 'custom' },
  firmware: 'q35_sea_bios',
  boot: ['hd'],
  bootMenu: false,
  display: { type: 'vnc', monitors: 1 },
  serialConsole: true,
  soundcard: false,
  usb: true,
  rng: { source: 'urandom' },
  ioThreads: 1,
  multiQueues: true,
  virtioScsi: true,
  highAvailability: { enabled: false, priority: 0 },
  stateless: false,
  startPaused: false,
  customProperties: {},
};

/** What somebody asks for: anything may be left out, and stays as it is. */
export type HardwareWish = {
  readonly [K in keyof Omit<Hardware, 'schema' | 'memory' | 'cpu' | 'display' | 'highAvailability'>]?: Hardware[K] | undefined;
} & {
  readonly memory?: Partial<{ [K in keyof Hardware['memory']]: Hardware['memory'][K] | undefined }> | undefined;
  readonly cpu?: Partial<{ [K in keyof Hardware['cpu']]: Hardware['cpu'][K] | undefined }> | undefined;
  readonly display?: Partial<{ [K in keyof Hardware['display']]: Hardware['display'][K] | undefined }> | undefined;
  readonly highAvailability?:
    Partial<{ [K in keyof Hardware['highAvailability']]: Hardware['highAvailability'][K] | undefined }> | undefined;
};

/**
 * The document with the wish laid over it. Memory drags along what nobody named: the guarantee follows a smaller size,
 * the maximum is four times the size as far as the platform goes (vms.md 3.2).
 */
export function changed(base: Hardware, wish: HardwareWish): Hardware {
  const merged = { ...base, ...given(wish) };
  return {
    ...merged,
    schema: 1,
    memory: changedMemory(base.memory, wish.memory),
    cpu: { ...base.cpu, ...given(wish.cpu) },
    display: { ...base.display, ...given(wish.display) },
    highAvailability: { ...base.highAvailability, ...given(wish.highAvailability) },
  };
}

function changedMemory(base: Hardware['memory'], wish: HardwareWish['memory']): Hardware['memory'] {
  const size = toMebibytes(wish?.size ?? base.size);
  const resized = size !== base.size;
  return {
    size,
    maximum: toMebibytes(wish?.maximum ?? (resized ? Math.min(4 * size, vmLimits.memory) : base.maximum)),
    guaranteed: toMebibytes(wish?.guaranteed ?? (resized ? size : Math.min(base.guaranteed, size))),
    ballooning: wish?.ballooning ?? base.ballooning,
  };
}

/** RHV keeps whole mebibytes, rounded down. */
const toMebibytes = (bytes: number): number => Math.floor(bytes / mebibyte) * mebibyte;

function given<T extends object>(wish: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(wish ?? {}).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

export const hardwareReasons = reasons({
  memory_too_small: { class: 'bad_input', text: 'A VM needs at least 1 MiB of memory.' },
  memory_too_large: { class: 'bad_input', text: 'A VM can have at most {limit} MiB of memory.' },
  memory_above_maximum: { class: 'bad_input', text: 'The memory ({size} MiB) cannot exceed the maximum memory ({maximum} MiB).' },
  guaranteed_above_memory: { class: 'bad_input', text: 'The guaranteed memory ({guaranteed} MiB) cannot exceed the memory ({size} MiB).' },
  cpu_count: { class: 'bad_input', text: '{part} must be between 1 and {limit}; {count} was asked for.' },
  cpu_total: { class: 'bad_input', text: 'The topology makes {count} virtual CPUs; {limit} is the most that this VM can have.' },
  cpu_model_text: { class: 'bad_input', text: 'The CPU model may hold letters, digits and . _ + - , only.' },
  machine_text: { class: 'bad_input', text: 'The emulated machine may hold letters, digits and . _ - only, at most 30.' },
  io_threads: { class: 'bad_input', text: 'A VM has 0 to {limit} IO threads; {count} was asked for.' },
  priority: { class: 'bad_input', text: 'The priority must be between 0 and {limit}; {value} was asked for.' },
  monitors: { class: 'bad_input', text: 'A VM has 1, 2 or 4 monitors; {count} was asked for.' },
  monitors_need_spice: { class: 'bad_input', text: 'More than one monitor needs the display type spice.' },
  boot_devices: { class: 'bad_input', text: 'Each boot device may be named once, and at least one must be.' },
  operating_system_unknown: {
    class: 'bad_input',
    text: 'There is no operating system {name}. GET /operatingsystems lists those that there are.',
  },
});

/** Everything that is wrong with the document, each by the API's field. */
export function hardwareProblems(hardware: Hardware, knowsOperatingSystem: (key: string) => boolean): Refusal | undefined {
  const { memory, cpu, display } = hardware;
  const said = hardwareReasons;
  const vcpus = cpu.sockets * cpu.cores * cpu.threads;
  const mostVcpus = hardware.firmware === 'i440fx_sea_bios' ? vmLimits.vcpusOnI440fx : vmLimits.vcpus;
  const size = memory.size / mebibyte;
  return refusalOf([
    size < 1 && said.memory_too_small('vm.memory'),
    memory.size > vmLimits.memory && said.memory_too_large({ limit: vmLimits.memory / mebibyte }, 'vm.memory'),
    memory.maximum > vmLimits.memory && said.memory_too_large({ limit: vmLimits.memory / mebibyte }, 'vm.memory_policy.max'),
    memory.size > memory.maximum && said.memory_above_maximum({ size, maximum: memory.maximum / mebibyte }, 'vm.memory_policy.max'),
    memory.guaranteed > memory.size &&
      said.guaranteed_above_memory({ guaranteed: memory.guaranteed / mebibyte, size }, 'vm.memory_policy.guaranteed'),
    countProblem('Sockets', cpu.sockets, vmLimits.sockets, 'vm.cpu.topology.sockets'),
    countProblem('Cores per socket', cpu.cores, vmLimits.coresPerSocket, 'vm.cpu.topology.cores'),
    countProblem('Threads per core', cpu.threads, vmLimits.threadsPerCore, 'vm.cpu.topology.threads'),
    vcpus > mostVcpus && said.cpu_total({ count: vcpus, limit: mostVcpus }, 'vm.cpu.topology'),
    cpu.model !== undefined && !/^[A-Za-z0-9._+,-]{1,255}$/.test(cpu.model) && said.cpu_model_text('vm.custom_cpu_model'),
    hardware.machine !== undefined && !/^[A-Za-z0-9._-]{1,30}$/.test(hardware.machine) && said.machine_text('vm.custom_emulated_machine'),
    (!Number.isInteger(hardware.ioThreads) || hardware.ioThreads < 0 || hardware.ioThreads > vmLimits.ioThreads) &&
      said.io_threads({ limit: vmLimits.ioThreads, count: hardware.ioThreads }, 'vm.io.threads'),
    (hardware.highAvailability.priority < 0 || hardware.highAvailability.priority > vmLimits.priority) &&
      said.priority({ limit: vmLimits.priority, value: hardware.highAvailability.priority }, 'vm.high_availability.priority'),
    !vmLimits.monitors.some((count) => count === display.monitors) && said.monitors({ count: display.monitors }, 'vm.display.monitors'),
    display.monitors > 1 && display.type !== 'spice' && said.monitors_need_spice('vm.display.monitors'),
    (hardware.boot.length === 0 || new Set(hardware.boot).size !== hardware.boot.length) && said.boot_devices('vm.os.boot.devices'),
    !knowsOperatingSystem(hardware.operatingSystem) && said.operating_system_unknown({ name: hardware.operatingSystem }, 'vm.os.type'),
  ]);
}

function countProblem(part: string, count: number, limit: number, field: string): Reason | undefined {
  return Number.isInteger(count) && count >= 1 && count <= limit ? undefined : hardwareReasons.cpu_count({ part, limit, count }, field);
}

/** How many virtual CPUs the run may grow to by hot-plug: sockets up to the limits, with this topology (vms.md 3.3). */
export function mostVcpus({ cpu, firmware }: Pick<Hardware, 'cpu' | 'firmware'>): number {
  const perSocket = cpu.cores * cpu.threads;
  const limit = firmware === 'i440fx_sea_bios' ? vmLimits.vcpusOnI440fx : vmLimits.vcpus;
  return Math.max(cpu.sockets * perSocket, perSocket * Math.min(vmLimits.sockets, Math.floor(limit / perSocket)));
}
