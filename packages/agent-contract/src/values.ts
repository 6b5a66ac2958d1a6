import { Type, type Static, type TEnum, type TSchema } from 'typebox';

/**
 * The values that manager and agent exchange. No path crosses: a volume is named by its domain, image (the disk)
 * and volume; where it lies is the host's storage driver's business. Sizes are bytes, times are milliseconds.
 */

const closed = { additionalProperties: false } as const;
export const object = <const P extends Record<string, TSchema>>(properties: P) => Type.Object(properties, closed);
export const oneOf = <const V extends string[]>(...values: V): TEnum<V> => Type.Enum<V>(values);

export const Id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
export const Bytes = Type.Integer({ minimum: 0 });
export const Milliseconds = Type.Integer({ minimum: 0 });
export const Name = Type.String({ minLength: 1, maxLength: 255 });

// ---- storage ---------------------------------------------------------------------------------------------------

/** How a host reaches a file domain. `posixfs` with `vfsType: 'none'` and `mountOptions: 'bind'` is a directory of the host. */
export const Connection = Type.Union([
  object({ type: Type.Literal('localfs'), path: Type.String({ pattern: '^/' }) }),
  object({
    type: Type.Literal('posixfs'),
    path: Type.String({ minLength: 1 }),
    vfsType: Type.String({ minLength: 1 }),
    mountOptions: Type.Optional(Type.String()),
  }),
  object({
    type: Type.Literal('nfs'),
    address: Type.String({ minLength: 1 }),
    path: Type.String({ pattern: '^/' }),
    mountOptions: Type.Optional(Type.String()),
  }),
]);
export type Connection = Static<typeof Connection>;

/** A storage domain as a host must know it before it can use anything on it. */
export const DomainReference = object({ domain: Id, connection: Connection });
export type DomainReference = Static<typeof DomainReference>;

export const ImageReference = object({ domain: Id, image: Id });
export type ImageReference = Static<typeof ImageReference>;
export const VolumeReference = object({ domain: Id, image: Id, volume: Id });
export type VolumeReference = Static<typeof VolumeReference>;

export const VolumeFormat = oneOf('raw', 'cow');
export type VolumeFormat = Static<typeof VolumeFormat>;

/** What `createVolume` makes: RHV's volume with its `.meta` and `.lease`. */
export const NewVolume = object({
  domain: Id,
  image: Id,
  volume: Id,
  format: VolumeFormat,
  sparse: Type.Boolean(),
  capacity: Bytes,
  /** The volume that this one lays itself over; its image may be a template's. */
  parent: Type.Optional(object({ image: Id, volume: Id })),
  content: oneOf('data', 'iso', 'ovf_store', 'memory_dump', 'memory_metadata'),
  description: Type.String({ maxLength: 4096 }),
  /** An upload's target stays illegal until its bytes have been verified. */
  legal: Type.Boolean(),
});
export type NewVolume = Static<typeof NewVolume>;

export const VolumeFacts = object({
  domain: Id,
  image: Id,
  volume: Id,
  format: VolumeFormat,
  sparse: Type.Boolean(),
  /** What the metadata says the guest sees. */
  capacity: Bytes,
  /** What it takes on the storage. */
  actualSize: Bytes,
  legal: Type.Boolean(),
  parent: Type.Union([Id, Type.Null()]),
  generation: Type.Integer(),
  description: Type.String(),
  /** `1.1` or `0.10`; absent for raw. */
  qcowCompat: Type.Optional(Type.String()),
});
export type VolumeFacts = Static<typeof VolumeFacts>;

/** What a domain's own metadata says of it, and how full it is. */
export const DomainFacts = object({
  domain: Id,
  name: Type.String(),
  kind: oneOf('data', 'iso', 'export'),
  format: Type.String(),
  pool: Type.Union([Id, Type.Null()]),
  master: Type.Boolean(),
  total: Bytes,
  available: Bytes,
});
export type DomainFacts = Static<typeof DomainFacts>;

/** The outcome of a domain's periodic check. `latency` is the time one direct read of its metadata took. */
export const DomainHealth = object({
  domain: Id,
  at: Milliseconds,
  state: oneOf('ok', 'failing', 'hanging'),
  latency: Type.Optional(Milliseconds),
  total: Type.Optional(Bytes),
  available: Type.Optional(Bytes),
  problem: Type.Optional(Type.String()),
});
export type DomainHealth = Static<typeof DomainHealth>;

// ---- virtual machines --------------------------------------------------------------------------------------------

export const DiskInterface = oneOf('virtio', 'virtio_scsi', 'ide', 'sata');
export const NicInterface = oneOf('virtio', 'e1000', 'e1000e', 'rtl8139');
export const Firmware = oneOf('i440fx_sea_bios', 'q35_sea_bios', 'q35_ovmf', 'q35_secure_boot');

export const RunDisk = object({
  disk: Id,
  source: VolumeReference,
  format: VolumeFormat,
  interface: DiskInterface,
  bootable: Type.Boolean(),
  readOnly: Type.Boolean(),
  shareable: Type.Boolean(),
  passDiscard: Type.Boolean(),
  propagateErrors: Type.Boolean(),
  /** How the host caches it; without one not at all. */
  cache: Type.Optional(oneOf('none', 'writeback', 'writethrough')),
});
export type RunDisk = Static<typeof RunDisk>;

export const RunNic = object({
  nic: Id,
  mac: Type.String({ pattern: '^[0-9a-f]{2}(:[0-9a-f]{2}){5}$' }),
  interface: NicInterface,
  /** The network's name as every host of the cluster has it; null is an empty vNIC profile: a NIC with no cable. */
  network: Type.Union([Name, Type.Null()]),
  linked: Type.Boolean(),
});
export type RunNic = Static<typeof RunNic>;

/** `0-3,6` */
const CpuSet = Type.String({ pattern: '^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$', maxLength: 4096 });

/** Files for the guest, made into a CD or a floppy on the host. Their content is base64: it may hold secrets, and is never kept. */
export const RunMedium = object({
  kind: oneOf('cdrom', 'floppy'),
  /** The volume's label. */
  label: Type.String({ pattern: '^[A-Za-z0-9_ -]{1,32}$' }),
  files: Type.Array(
    object({
      path: Type.String({ pattern: '^(?!.*(^|/)\\.\\.?(/|$))[^/\\0]+(/[^/\\0]+)*$', maxLength: 255 }),
      content: Type.String({ maxLength: 1_400_000, pattern: '^[A-Za-z0-9+/]*={0,2}$' }),
    }),
    { maxItems: 64 },
  ),
});
export type RunMedium = Static<typeof RunMedium>;

/** Everything that one run of a VM needs. The host adds paths, firmware files, machine version and accelerator. */
export const VmRun = object({
  vm: Id,
  run: Id,
  name: Name,
  firmware: Firmware,
  cpu: object({
    sockets: Type.Integer({ minimum: 1 }),
    cores: Type.Integer({ minimum: 1 }),
    threads: Type.Integer({ minimum: 1 }),
    maximum: Type.Integer({ minimum: 1 }),
    mode: oneOf('custom', 'host_model', 'host_passthrough'),
    model: Type.Optional(Type.String()),
    flags: Type.Array(object({ name: Type.String({ pattern: '^[a-zA-Z0-9._-]+$' }), policy: oneOf('require', 'disable') })),
    pins: Type.Array(object({ vcpu: Type.Integer({ minimum: 0 }), cpus: CpuSet })),
    /** 0 is the host's default. */
    shares: Type.Integer({ minimum: 0, maximum: 262_144 }),
  }),
  /** The guest's NUMA nodes, from 0 on; `hostNodes` are those of the host that its memory lies on. */
  numa: Type.Array(
    object({
      cpus: CpuSet,
      memory: Bytes,
      mode: oneOf('strict', 'interleave', 'preferred'),
      hostNodes: Type.Union([CpuSet, Type.Null()]),
    }),
  ),
  /** Where the IO threads and QEMU's own threads run. */
  threadPlace: Type.Union([CpuSet, Type.Null()]),
  memory: object({ size: Bytes, maximum: Bytes, guaranteed: Bytes, ballooning: Type.Boolean() }),
  /** KiB; the host takes pages of 2 MiB where it has none of this size. */
  hugePages: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  machine: Type.Optional(Type.String({ pattern: '^[a-zA-Z0-9._-]{1,30}$' })),
  boot: Type.Array(oneOf('hd', 'cdrom', 'network'), { maxItems: 3 }),
  bootMenu: Type.Boolean(),
  /** A kernel of this host that is booted in place of the devices. The paths are an administrator's, as they stand here. */
  kernel: Type.Union([
    object({ path: Type.String(), initrd: Type.Optional(Type.String()), commandLine: Type.Optional(Type.String()) }),
    Type.Null(),
  ]),
  disks: Type.Array(RunDisk, { maxItems: 64 }),
  nics: Type.Array(RunNic, { maxItems: 64 }),
  /** The CD drive that every VM has; null is an empty tray. */
  cd: Type.Union([VolumeReference, Type.Null()]),
  media: Type.Array(RunMedium, { maxItems: 4 }),
  graphics: Type.Array(oneOf('vnc', 'spice')),
  screen: object({
    video: oneOf('qxl', 'vga', 'bochs', 'cirrus', 'none'),
    monitors: Type.Integer({ minimum: 1, maximum: 4 }),
    keyboard: Type.String({ pattern: '^[a-z]{2}(-[a-z]{2})?$' }),
    copyPaste: Type.Boolean(),
    fileTransfer: Type.Boolean(),
  }),
  smartcard: Type.Boolean(),
  serialConsole: Type.Boolean(),
  /** The model of the sound card; null is none. */
  sound: Type.Union([oneOf('ac97', 'ich6', 'ich9'), Type.Null()]),
  usb: oneOf('none', 'controller', 'redirection'),
  tpm: Type.Boolean(),
  watchdog: Type.Union([object({ model: oneOf('i6300esb'), action: oneOf('none', 'reset', 'poweroff', 'pause', 'dump') }), Type.Null()]),
  rng: Type.Union([
    object({
      source: oneOf('urandom', 'random', 'hwrng'),
      /** Bytes in so many milliseconds. */
      rate: Type.Optional(object({ bytes: Type.Integer({ minimum: 1 }), period: Type.Integer({ minimum: 1 }) })),
    }),
    Type.Null(),
  ]),
  ioThreads: Type.Integer({ minimum: 0, maximum: 127 }),
  /** The virtio-scsi controller; null is none. Queues: null is QEMU's own choice. */
  scsi: Type.Union([object({ queues: Type.Union([Type.Integer({ minimum: 1, maximum: 256 }), Type.Null()]) }), Type.Null()]),
  /** virtio devices as systems know them that are older than virtio 1.0. */
  legacyVirtio: Type.Boolean(),
  /** What the guest's firmware says as serial number: the host's, or this. */
  serialNumber: Type.Union([
    object({ policy: Type.Literal('host') }),
    object({ policy: Type.Literal('value'), value: Type.String({ maxLength: 255 }) }),
    Type.Null(),
  ]),
  customProperties: Type.Record(Type.String(), Type.String()),
  multiQueues: Type.Boolean(),
  hyperv: Type.Boolean(),
  /** Seconds that the guest's clock is ahead of UTC. */
  clockOffset: Type.Integer(),
  startPaused: Type.Boolean(),
});
export type VmRun = Static<typeof VmRun>;

/**
 * How a run ended: RHV's exit reasons by name (`vms.md` 3.4). `lost` is an end that nobody saw: the domain was gone
 * when the agent looked, which has an HA rule of its own.
 */
export const ExitReason = oneOf(
  'guest_shutdown',
  'admin_shutdown',
  'destroyed',
  'crashed',
  'start_failed',
  'host_shutdown',
  'migrated',
  'saved',
  'lost',
);
export type ExitReason = Static<typeof ExitReason>;

export const PauseReason = oneOf('user', 'starting', 'io_error', 'no_space', 'permission', 'migrating', 'saving', 'snapshot', 'other');
export type PauseReason = Static<typeof PauseReason>;

export const VmState = Type.Union([
  object({ kind: Type.Literal('starting') }),
  object({ kind: Type.Literal('running') }),
  object({ kind: Type.Literal('rebooting') }),
  object({ kind: Type.Literal('shutting_down') }),
  object({ kind: Type.Literal('paused'), reason: PauseReason }),
  object({ kind: Type.Literal('ended'), exit: ExitReason, message: Type.Optional(Type.String()) }),
]);
export type VmState = Static<typeof VmState>;

export const GuestFacts = object({
  agent: oneOf('unknown', 'connected', 'disconnected'),
  hostName: Type.Optional(Type.String()),
  operatingSystem: Type.Optional(
    object({
      id: Type.Optional(Type.String()),
      name: Type.Optional(Type.String()),
      version: Type.Optional(Type.String()),
      kernel: Type.Optional(Type.String()),
      architecture: Type.Optional(Type.String()),
    }),
  ),
  timeZone: Type.Optional(object({ name: Type.Optional(Type.String()), offset: Type.Integer() })),
  nics: Type.Optional(
    Type.Array(
      object({
        name: Type.String(),
        mac: Type.Optional(Type.String()),
        addresses: Type.Array(object({ family: oneOf('v4', 'v6'), address: Type.String(), prefix: Type.Integer() })),
      }),
    ),
  ),
  /** The version of its agent. */
  agentVersion: Type.Optional(Type.String()),
  fileSystems: Type.Optional(
    Type.Array(
      object({
        mountPoint: Type.String(),
        type: Type.String(),
        total: Type.Optional(Bytes),
        used: Type.Optional(Bytes),
        /** The manager's ids of the disks that it lies on, where they can be told. */
        disks: Type.Array(Type.String()),
      }),
    ),
  ),
  users: Type.Optional(Type.Array(object({ name: Type.String(), domain: Type.Optional(Type.String()), since: Type.Optional(Milliseconds) }))),
});
export type GuestFacts = Static<typeof GuestFacts>;

/** One look at one run. About another run than the manager's, it changes nothing there. */
export const VmObservation = object({
  vm: Id,
  run: Id,
  name: Type.String(),
  state: VmState,
  /** When the agent saw it; the host's clock. */
  at: Milliseconds,
  startedAt: Type.Optional(Milliseconds),
  guest: GuestFacts,
});
export type VmObservation = Static<typeof VmObservation>;

export const VmStatistics = object({
  vm: Id,
  run: Id,
  at: Milliseconds,
  /** Nanoseconds since the run began. */
  cpuTime: Type.Number(),
  cpuUser: Type.Optional(Type.Number()),
  cpuSystem: Type.Optional(Type.Number()),
  vcpus: Type.Integer(),
  memory: object({ balloon: Bytes, available: Type.Optional(Bytes), unused: Type.Optional(Bytes), resident: Type.Optional(Bytes) }),
  disks: Type.Array(
    object({
      disk: Id,
      readBytes: Bytes,
      readOperations: Bytes,
      readTime: Bytes,
      writeBytes: Bytes,
      writeOperations: Bytes,
      writeTime: Bytes,
      flushOperations: Bytes,
      flushTime: Bytes,
      allocation: Type.Optional(Bytes),
    }),
  ),
  nics: Type.Array(
    object({
      nic: Id,
      receivedBytes: Bytes,
      receivedErrors: Bytes,
      receivedDrops: Bytes,
      sentBytes: Bytes,
      sentErrors: Bytes,
      sentDrops: Bytes,
    }),
  ),
});
export type VmStatistics = Static<typeof VmStatistics>;

// ---- hosts -------------------------------------------------------------------------------------------------------

export const HostFacts = object({
  /** The machine's own identity (SMBIOS, or made once and kept): a second enrollment of the same machine is noticed by it. */
  hardware: object({
    uuid: Id,
    manufacturer: Type.Optional(Type.String()),
    product: Type.Optional(Type.String()),
    serial: Type.Optional(Type.String()),
  }),
  hostName: Type.String(),
  operatingSystem: object({ name: Type.String(), version: Type.String(), kernel: Type.String() }),
  agentVersion: Type.String(),
  libvirtVersion: Type.String(),
  qemuVersion: Type.String(),
  cpu: object({
    model: Type.String(),
    architecture: Type.String(),
    sockets: Type.Integer(),
    cores: Type.Integer(),
    threads: Type.Integer(),
    mhz: Type.Number(),
    flags: Type.Array(Type.String()),
  }),
  memory: Bytes,
  /** `kvm` only when a KVM guest was really started and ran; otherwise `tcg` with the reason. */
  acceleration: Type.Union([object({ kind: Type.Literal('kvm') }), object({ kind: Type.Literal('tcg'), because: Type.String() })]),
  /** NUMA nodes with their CPUs; absent from agents that do not tell. */
  numaNodes: Type.Optional(Type.Array(object({ index: Type.Integer(), memory: Bytes, cpus: Type.Array(Type.Integer()) }))),
  machines: Type.Array(Type.String()),
  firmwares: Type.Array(Firmware),
  nics: Type.Array(
    object({
      name: Type.String(),
      mac: Type.Optional(Type.String()),
      up: Type.Boolean(),
      mtu: Type.Integer(),
      speed: Type.Optional(Type.Integer()),
      bridge: Type.Boolean(),
      addresses: Type.Array(Type.String()),
    }),
  ),
  /** Networks that VMs can be plugged into on this host, by the name that the data center gives them. */
  networks: Type.Array(object({ name: Name, kind: oneOf('nat', 'bridge'), device: Type.String() })),
  /** Where clients reach this host's image servers and console relay. */
  endpoints: object({ images: Type.Integer(), consoles: Type.Integer() }),
});
export type HostFacts = Static<typeof HostFacts>;

export const HostStatistics = object({
  at: Milliseconds,
  uptime: Milliseconds,
  cpu: object({ user: Type.Number(), system: Type.Number(), idle: Type.Number(), load: Type.Number() }),
  memory: object({ total: Bytes, free: Bytes, available: Bytes, buffers: Bytes, cached: Bytes, swapTotal: Bytes, swapFree: Bytes }),
  nics: Type.Array(object({ name: Type.String(), receivedBytes: Bytes, sentBytes: Bytes })),
});
export type HostStatistics = Static<typeof HostStatistics>;

// ---- tasks and transfers -----------------------------------------------------------------------------------------

/** Long work on the host. It outlives the call that began it, and is found again by its id. */
export const TaskState = Type.Union([
  object({ kind: Type.Literal('running'), done: Type.Optional(Bytes), total: Type.Optional(Bytes) }),
  object({ kind: Type.Literal('done'), result: Type.Optional(Type.Unknown()) }),
  object({ kind: Type.Literal('failed'), code: Type.String(), message: Type.String() }),
  object({ kind: Type.Literal('cancelled') }),
]);
export type TaskState = Static<typeof TaskState>;
export const Task = object({ task: Id, call: Type.String(), startedAt: Milliseconds, state: TaskState });
export type Task = Static<typeof Task>;

export const TransferState = object({
  transfer: Id,
  /** Bytes that the client has moved, counted once however often it sent them. */
  transferred: Bytes,
  connections: Type.Integer(),
  idle: Milliseconds,
  expiresIn: Milliseconds,
  canceled: Type.Boolean(),
});
export type TransferState = Static<typeof TransferState>;
