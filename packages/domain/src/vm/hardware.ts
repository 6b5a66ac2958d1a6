import { operatingSystem } from '../operating-system/catalogue.ts';
import type { VcpuPin, VirtualNumaNode } from './pinning.ts';

/**
 * A VM's hardware configuration: one document, stored as JSONB with its schema version (`hardware-versions.ts` reads the older
 * ones). A snapshot, a template and an instance type hold the same document. Sizes are bytes. Defaults and limits are
 * RHV's (vms.md 3.2, 3.3).
 */
export interface Hardware {
  readonly schema: 2;
  readonly type: VmType;
  /** A key of the operating systems' catalogue. */
  readonly operatingSystem: string;
  readonly memory: { readonly size: number; readonly maximum: number; readonly guaranteed: number; readonly ballooning: boolean };
  readonly cpu: {
    readonly sockets: number;
    readonly cores: number;
    readonly threads: number;
    readonly mode: 'custom' | 'host_model' | 'host_passthrough';
    readonly model?: string;
    /** Which of the host's CPUs each virtual one may run on; who is not listed runs anywhere. */
    readonly pins: readonly VcpuPin[];
    /** Pins and NUMA nodes were made from the host's topology, and not by a person. */
    readonly autoPinning: boolean;
    /** Weight against other VMs of the host; 0 is the host's default. */
    readonly shares: number;
  };
  readonly numaNodes: readonly VirtualNumaNode[];
  readonly firmware: Firmware;
  readonly machine?: string;
  readonly boot: readonly BootDevice[];
  readonly bootMenu: boolean;
  /** A kernel that the host gives to the guest, in place of the boot devices. Paths on the host. */
  readonly kernel?: { readonly path?: string; readonly initrd?: string; readonly commandLine?: string };
  readonly display: {
    /** None at all is a headless VM. */
    readonly protocols: readonly GraphicsProtocol[];
    /** Without one, what the operating system and the protocols make of it (`display.ts`). */
    readonly video?: VideoModel;
    readonly monitors: number;
    readonly keyboard?: string;
    readonly copyPaste: boolean;
    readonly fileTransfer: boolean;
    readonly smartcard: boolean;
    readonly disconnectAction: DisconnectAction;
    readonly allowOverride: boolean;
  };
  readonly serialConsole: boolean;
  readonly soundcard: boolean;
  readonly usb: boolean;
  readonly tpm: boolean;
  readonly watchdog: { readonly model: 'i6300esb' | 'diag288'; readonly action: WatchdogAction } | null;
  readonly rng: { readonly source: RngSource; readonly rate?: { readonly bytes: number; readonly period?: number } } | null;
  readonly ioThreads: number;
  readonly multiQueues: boolean;
  readonly virtioScsi: boolean;
  /** Queues of each virtio-scsi controller. */
  readonly virtioScsiQueues: 'none' | 'automatic' | number;
  readonly highAvailability: { readonly enabled: boolean; readonly priority: number };
  /** The storage domain that holds the VM's lease. */
  readonly lease: string | null;
  readonly storageErrors: 'auto_resume' | 'leave_paused' | 'kill';
  readonly placement: { readonly affinity: 'migratable' | 'user_migratable' | 'pinned'; readonly hosts: readonly string[] };
  readonly migration: {
    readonly autoConverge: Inheritable;
    readonly compressed: Inheritable;
    readonly encrypted: Inheritable;
    readonly policy?: string;
    /** Milliseconds; −1 is the cluster's. */
    readonly downtime: number;
  };
  readonly stateless: boolean;
  readonly startPaused: boolean;
  readonly timeZone?: string;
  /** Null is the cluster's policy. */
  readonly serialNumber: { readonly policy: 'host' | 'vm' | 'custom' | 'none'; readonly value?: string } | null;
  /** Whether a user's login at the portal is passed on to the guest's agent. */
  readonly singleSignOn: boolean;
  readonly compatibilityVersion?: string;
  readonly latestTemplateVersion: boolean;
  readonly payloads: readonly Payload[];
  readonly customProperties: Readonly<Record<string, string>>;
}

export type VmType = 'desktop' | 'server' | 'high_performance';
export type Firmware = 'i440fx_sea_bios' | 'q35_sea_bios' | 'q35_ovmf' | 'q35_secure_boot';
export type BootDevice = 'hd' | 'cdrom' | 'network';
export type GraphicsProtocol = 'spice' | 'vnc';
export type VideoModel = 'bochs' | 'cirrus' | 'vga' | 'qxl';
export type DisconnectAction = 'none' | 'lock_screen' | 'logout' | 'reboot' | 'shutdown';
export type WatchdogAction = 'none' | 'reset' | 'poweroff' | 'pause' | 'dump';
export type RngSource = 'urandom' | 'random' | 'hwrng';
export type Inheritable = 'inherit' | 'true' | 'false';

/** Files that the guest finds on a CD or a floppy. Their content is text, or bytes in base64. */
export interface Payload {
  readonly type: 'cdrom' | 'floppy';
  readonly volume?: string;
  readonly files: readonly { readonly name: string; readonly content: string; readonly encoding?: 'base64' }[];
}

export const mebibyte = 1024 * 1024;
export const gibibyte = 1024 * mebibyte;

/** What a VM can at most be, at the newest cluster level (vms.md 3.3). */
export const vmLimits = {
  memory: 16_777_216 * mebibyte,
  memoryOf32Bits: 20_480 * mebibyte,
  vcpus: 710,
  vcpusOnI440fx: 240,
  sockets: 16,
  coresPerSocket: 254,
  threadsPerCore: 8,
  cpuShares: 262_144,
  ioThreads: 127,
  priority: 100,
  monitors: [1, 2, 4],
  payloadBytes: 8192,
} as const;

/** The Blank template: what a VM is when nothing is asked for. */
export const blankHardware: Hardware = {
  schema: 2,
  type: 'server',
  operatingSystem: 'other',
  memory: { size: 1024 * mebibyte, maximum: 4096 * mebibyte, guaranteed: 1024 * mebibyte, ballooning: true },
  cpu: { sockets: 1, cores: 1, threads: 1, mode: 'custom', pins: [], autoPinning: false, shares: 0 },
  numaNodes: [],
  firmware: 'q35_sea_bios',
  boot: ['hd'],
  bootMenu: false,
  display: {
    protocols: ['vnc'],
    monitors: 1,
    copyPaste: true,
    fileTransfer: true,
    smartcard: false,
    disconnectAction: 'lock_screen',
    allowOverride: false,
  },
  serialConsole: true,
  soundcard: false,
  usb: true,
  tpm: false,
  watchdog: null,
  rng: { source: 'urandom' },
  ioThreads: 1,
  multiQueues: true,
  virtioScsi: true,
  virtioScsiQueues: 'none',
  highAvailability: { enabled: false, priority: 0 },
  lease: null,
  storageErrors: 'auto_resume',
  placement: { affinity: 'migratable', hosts: [] },
  migration: { autoConverge: 'inherit', compressed: 'inherit', encrypted: 'inherit', downtime: -1 },
  stateless: false,
  startPaused: false,
  serialNumber: null,
  singleSignOn: true,
  latestTemplateVersion: false,
  payloads: [],
  customProperties: {},
};

type Group = 'memory' | 'cpu' | 'display' | 'highAvailability' | 'placement' | 'migration';
/** What may be absent is made absent by null. */
type Wished<T> = { readonly [K in keyof T]?: T[K] | undefined | (undefined extends T[K] ? null : never) };

/** What somebody asks for: anything may be left out, and stays as it is. */
export type HardwareWish = Wished<Omit<Hardware, 'schema' | Group>> & { readonly [K in Group]?: Wished<Hardware[K]> | undefined };

/**
 * The document with the wish laid over it. Some things drag along what nobody named: the memory's guarantee follows a smaller
 * size, its maximum is four times the size as far as the platform goes (vms.md 3.2); what an operating system cannot do
 * without, it gets; a high performance VM loses its USB, and a VM without any console its USB too (vms.md 2.1).
 */
export function changed(base: Hardware, wish: HardwareWish): Hardware {
  const merged: Hardware = {
    ...laidOver(base, wish),
    schema: 2,
    memory: changedMemory(base.memory, wish.memory),
    cpu: laidOver(base.cpu, wish.cpu),
    display: laidOver(base.display, wish.display),
    highAvailability: laidOver(base.highAvailability, wish.highAvailability),
    placement: laidOver(base.placement, wish.placement),
    migration: laidOver(base.migration, wish.migration),
  };
  const becomes = (type: VmType) => merged.type === type && base.type !== type;
  const loses = (what: boolean, before: boolean) => !what && before;
  const console = merged.display.protocols.length > 0 || merged.serialConsole;
  const hadConsole = base.display.protocols.length > 0 || base.serialConsole;
  return {
    ...merged,
    usb: wish.usb ?? (becomes('high_performance') || loses(console, hadConsole) ? false : merged.usb),
    tpm: wish.tpm ?? (merged.tpm || operatingSystem(merged.operatingSystem)?.tpm === 'required'),
    // Whoever lost its lease may run elsewhere by the time its storage is back: it must not go on here.
    storageErrors: merged.highAvailability.enabled && merged.lease !== null ? 'kill' : merged.storageErrors,
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

/** Names that are given replace what is there, null takes it away. */
function laidOver<T extends object>(base: T, wish: { readonly [K in keyof T]?: unknown } | undefined): T {
  const given = Object.entries(wish ?? {}).filter(([, value]) => value !== undefined);
  const removed = new Set(given.filter(([name, value]) => value === null && !isNullable(name)).map(([name]) => name));
  const kept = Object.entries(base).filter(([name]) => !removed.has(name));
  return Object.fromEntries([...kept, ...given.filter(([name]) => !removed.has(name))]) as T;
}

/** For these, null is a value of its own. */
const nullable = ['watchdog', 'rng', 'lease', 'serialNumber'] as const satisfies readonly (keyof Hardware)[];
const isNullable = (name: string): boolean => nullable.some((one) => one === name);

/** The BIOS type of a new VM for which nobody names one: its cluster's, or the nearest that the operating system runs on. */
export function fittingFirmware(cluster: Firmware, key: string): Firmware {
  const system = operatingSystem(key);
  if (system?.q35 === 'no') return 'i440fx_sea_bios';
  if (system?.tpm === 'required' && cluster !== 'q35_ovmf') return 'q35_secure_boot';
  return cluster === 'q35_secure_boot' && system?.q35 === 'without_secure_boot' ? 'q35_ovmf' : cluster;
}

/** How many virtual CPUs the run may grow to by hot-plug: sockets up to the limits, with this topology (vms.md 3.3). */
export function mostVcpus({ cpu, firmware }: Pick<Hardware, 'cpu' | 'firmware'>): number {
  const perSocket = cpu.cores * cpu.threads;
  const limit = firmware === 'i440fx_sea_bios' ? vmLimits.vcpusOnI440fx : vmLimits.vcpus;
  return Math.max(cpu.sockets * perSocket, perSocket * Math.min(vmLimits.sockets, Math.floor(limit / perSocket)));
}

export const vcpusOf = ({ cpu }: Pick<Hardware, 'cpu'>): number => cpu.sockets * cpu.cores * cpu.threads;
