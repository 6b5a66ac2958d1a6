import { element, print, type Element } from './element.ts';
import { mediaElements } from './media.ts';
import { platformDevices } from './platform.ts';
import { screens, usbController } from './screens.ts';
import { aliasOf, metadataNamespace, metadataPrefix, type DiskSpec, type DomainSpec, type NicSpec } from './spec.ts';
import { cpuTune, memoryBacking, numaCells, numaTune } from './tuning.ts';

/** libvirt's XML of a run (the mapping is RHV's; vms.md 2.3). */
export function domainXml(spec: DomainSpec): string {
  return `${print(domain(spec))}\n`;
}

/** One device alone, as it is plugged in while the VM runs. */
export const diskXml = (disk: DiskSpec, spec: Pick<DomainSpec, 'disks' | 'ioThreads' | 'chipset' | 'legacyVirtio'>): string =>
  print(diskElement(disk, spec));
export const nicXml = (
  nic: NicSpec,
  spec: Pick<DomainSpec, 'cpu' | 'multiQueues' | 'accelerator' | 'boot' | 'disks' | 'legacyVirtio' | 'chipset'>,
): string => print(nicElement(nic, 0, spec));

const kib = (bytes: number): number => Math.floor(bytes / 1024);

function domain(spec: DomainSpec): Element {
  const { cpu, memory } = spec;
  return element(
    'domain',
    { type: spec.accelerator === 'kvm' ? 'kvm' : 'qemu', [`xmlns:${metadataPrefix}`]: metadataNamespace },
    element('name', {}, spec.name),
    element('uuid', {}, spec.id),
    element('metadata', {}, metadata(spec)),
    hasMemorySlots(spec) && element('maxMemory', { slots: 16, unit: 'KiB' }, kib(memory.maximum)),
    element('memory', { unit: 'KiB' }, kib(memory.size)),
    element('currentMemory', { unit: 'KiB' }, kib(memory.size)),
    memoryBacking(spec),
    spec.ioThreads > 0 && element('iothreads', {}, spec.ioThreads),
    element('vcpu', { current: cpu.sockets * cpu.cores * cpu.threads }, allVcpus(spec)),
    cpuTune(spec),
    numaTune(spec),
    sysinfo(spec),
    os(spec),
    features(spec),
    cpuElement(spec),
    clock(spec),
    element('on_poweroff', {}, 'destroy'),
    element('on_reboot', {}, 'restart'),
    element('on_crash', {}, 'destroy'),
    element('pm', {}, element('suspend-to-mem', { enabled: 'no' }), element('suspend-to-disk', { enabled: 'no' })),
    element('devices', {}, devices(spec)),
    // QEMU runs as vdsm:kvm, as the images are owned; the images themselves are never relabelled (see diskElement).
    element('seclabel', { type: 'static', model: 'dac', relabel: 'yes' }, element('label', {}, '+36:+36')),
  );
}

/**
 * How many virtual CPUs the domain is given places for. A whole machine's worth costs a TCG guest seconds at boot, so
 * software emulation gets a few.
 */
function hotplugVcpus({ cpu, accelerator }: DomainSpec): number {
  const perSocket = cpu.cores * cpu.threads;
  const few = Math.max(cpu.sockets, Math.floor(fewVcpus / perSocket)) * perSocket;
  return accelerator === 'kvm' ? cpu.maximum : Math.min(cpu.maximum, few);
}
const fewVcpus = 4;

const own = (name: string, attributes: Element['attributes'] = {}, ...children: Parameters<typeof element>[2][]): Element =>
  element(`${metadataPrefix}:${name}`, attributes, ...children);

function metadata(spec: DomainSpec): Element {
  return own(
    'vm',
    {},
    own('instance', {}, spec.instance),
    own('id', {}, spec.id),
    own('run', {}, spec.run),
    own('guaranteed', {}, spec.memory.guaranteed),
    Object.entries(spec.customProperties).map(([name, value]) => own('custom', { name }, value)),
    spec.disks.map((disk) =>
      own('disk', {
        id: disk.disk,
        domain: disk.volume.domain,
        image: disk.volume.image,
        volume: disk.volume.volume,
        write: disk.readOnly ? 'no' : 'yes',
      }),
    ),
  );
}

/** What the guest reads in its SMBIOS tables: inventory tools know the VM by its id. */
function sysinfo({ id, serialNumber }: DomainSpec): Element {
  const entry = (name: string, value: string) => element('entry', { name }, value);
  return element(
    'sysinfo',
    { type: 'smbios' },
    element(
      'system',
      {},
      entry('manufacturer', 'Ostler'),
      entry('product', 'Ostler VM'),
      serialNumber !== null && entry('serial', serialNumber),
      entry('uuid', id),
      entry('family', 'Virtual Machine'),
    ),
  );
}

function os(spec: DomainSpec): Element {
  const { uefi, kernel } = spec;
  return element(
    'os',
    {},
    element('type', { arch: 'x86_64', machine: spec.machine }, 'hvm'),
    uefi && element('loader', { readonly: 'yes', secure: uefi.secureBoot ? 'yes' : 'no', type: 'pflash' }, uefi.code),
    uefi && element('nvram', { template: uefi.variables }, uefi.nvram),
    kernel && element('kernel', {}, kernel.path),
    kernel?.initrd !== undefined && element('initrd', {}, kernel.initrd),
    kernel?.commandLine !== undefined && element('cmdline', {}, kernel.commandLine),
    element('bootmenu', { enable: spec.bootMenu ? 'yes' : 'no', timeout: spec.bootMenu ? 30_000 : undefined }),
    element('smbios', { mode: 'sysinfo' }),
  );
}

function features(spec: DomainSpec): Element {
  return element(
    'features',
    {},
    element('acpi'),
    element('apic'),
    spec.hyperv && hyperv(spec),
    spec.uefi?.secureBoot && element('smm', { state: 'on' }),
    !spec.hyperv && element('vmcoreinfo', { state: 'on' }),
  );
}

/** Enlightenments for Windows (vms.md 1.5). TCG knows none of them. */
function hyperv({ accelerator }: DomainSpec): Element | undefined {
  if (accelerator !== 'kvm') return undefined;
  const on = ['relaxed', 'vapic', 'vpindex', 'runtime', 'synic', 'stimer', 'reset', 'frequencies', 'reenlightenment', 'tlbflush'];
  return element(
    'hyperv',
    { mode: 'custom' },
    on.map((name) => element(name, { state: 'on' })),
    element('spinlocks', { state: 'on', retries: 8191 }),
  );
}

/** Memory can be plugged in while the VM runs. */
const hasMemorySlots = ({ memory }: DomainSpec): boolean => memory.maximum > memory.size;

const allVcpus = (spec: DomainSpec): number => Math.max(hotplugVcpus(spec), spec.cpu.sockets * spec.cpu.cores * spec.cpu.threads);

/** libvirt plugs memory into a NUMA node, so a VM with slots for it has one, with all of its CPUs. */
function numa(spec: DomainSpec): Element | false {
  if (spec.numa.length > 0) return numaCells(spec, allVcpus(spec));
  if (!hasMemorySlots(spec)) return false;
  return element('numa', {}, element('cell', { id: 0, cpus: `0-${allVcpus(spec) - 1}`, memory: kib(spec.memory.size), unit: 'KiB' }));
}

function cpuElement(spec: DomainSpec): Element {
  const { cpu, accelerator } = spec;
  const perSocket = cpu.cores * cpu.threads;
  const topology = element('topology', {
    sockets: Math.ceil(Math.max(hotplugVcpus(spec), perSocket) / perSocket),
    cores: cpu.cores,
    threads: cpu.threads,
  });
  const flags = cpu.flags.map(({ name, policy }) => element('feature', { policy, name }));
  // Without KVM there is no host CPU to pass through; all that QEMU can make up stands in for it.
  if (cpu.mode === 'host_passthrough')
    return accelerator === 'kvm'
      ? element('cpu', { mode: 'host-passthrough', check: 'none', migratable: 'on' }, topology, flags, numa(spec))
      : element('cpu', { mode: 'maximum', check: 'none', migratable: 'on' }, topology, flags, numa(spec));
  if (cpu.mode === 'host_model' && accelerator === 'kvm')
    return element('cpu', { mode: 'host-model', check: 'partial' }, topology, flags, numa(spec));
  const model = cpu.model ?? (accelerator === 'kvm' ? undefined : 'qemu64');
  if (model === undefined) return element('cpu', { mode: 'host-model', check: 'partial' }, topology, flags, numa(spec));
  return element(
    'cpu',
    { mode: 'custom', match: 'exact', check: accelerator === 'kvm' ? 'partial' : 'none' },
    element('model', { fallback: accelerator === 'kvm' ? 'forbid' : 'allow' }, model),
    topology,
    flags,
    numa(spec),
  );
}

function clock({ clockOffset, hyperv: windows, accelerator }: DomainSpec): Element {
  return element(
    'clock',
    { offset: 'variable', adjustment: clockOffset, basis: 'utc' },
    windows && accelerator === 'kvm' && element('timer', { name: 'hypervclock', present: 'yes' }),
    element('timer', { name: 'rtc', tickpolicy: 'catchup' }),
    element('timer', { name: 'pit', tickpolicy: 'delay' }),
    element('timer', { name: 'hpet', present: 'no' }),
  );
}

function devices(spec: DomainSpec): Element[] {
  return [
    element('emulator', {}, spec.emulator),
    ...controllers(spec),
    cdElement(spec),
    ...mediaElements(spec),
    ...spec.disks.map((disk) => diskElement(disk, spec)),
    ...spec.nics.map((nic, index) => nicElement(nic, index, spec)),
    ...consoles(spec),
    ...screens(spec),
    ...platformDevices(spec),
  ];
}

function controllers(spec: DomainSpec): Element[] {
  const { chipset, disks, scsi, ioThreads } = spec;
  const driver = { queues: scsi?.queues ?? undefined, iothread: ioThreads > 0 ? 1 : undefined };
  const wanted = scsi !== null || disks.some((disk) => disk.interface === 'virtio_scsi');
  return [
    // Free root ports are the places into which devices are plugged while the VM runs (vms.md 2.3: up to 16).
    ...(chipset === 'q35'
      ? [
          element('controller', { type: 'pci', index: 0, model: 'pcie-root' }),
          ...Array.from({ length: 16 }, (_one, index) => element('controller', { type: 'pci', index: index + 1, model: 'pcie-root-port' })),
        ]
      : []),
    ...usbController(spec),
    element('controller', { type: 'virtio-serial', index: 0, model: virtioModel(spec, 'virtio-transitional') }),
    ...(wanted
      ? [
          element(
            'controller',
            { type: 'scsi', index: 0, model: virtioModel(spec, 'virtio-transitional') ?? 'virtio-scsi' },
            (driver.queues ?? driver.iothread) !== undefined && element('driver', driver),
          ),
        ]
      : []),
  ];
}

/** On q35 virtio devices are of version 1.0 and later, unless the guest's drivers are older (vms.md 1.2). */
const virtioModel = <const M extends string>({ chipset, legacyVirtio }: Pick<DomainSpec, 'chipset' | 'legacyVirtio'>, model: M) =>
  chipset === 'q35' && legacyVirtio ? model : undefined;

/** Boot order counts devices, so several disks or NICs follow their kind in turn; the bootable disk comes first of its kind. */
function bootOrder(
  kind: 'hd' | 'cdrom' | 'network',
  within: number,
  { boot, disks }: Pick<DomainSpec, 'boot' | 'disks'>,
): number | undefined {
  const at = boot.indexOf(kind);
  if (at < 0) return undefined;
  return at * Math.max(64, disks.length) + within + 1;
}

function cdElement(spec: DomainSpec): Element {
  const order = bootOrder('cdrom', 0, spec);
  return element(
    'disk',
    { type: 'file', device: 'cdrom', snapshot: 'no' },
    element('driver', { name: 'qemu', type: 'raw', error_policy: 'report' }),
    spec.cd.source !== undefined && element('source', { file: spec.cd.source, startupPolicy: 'optional' }, keepLabel),
    element('target', spec.chipset === 'q35' ? { dev: 'sdzz', bus: 'sata' } : { dev: 'hdc', bus: 'ide' }),
    element('readonly'),
    order !== undefined && element('boot', { order }),
    element('alias', { name: 'ua-cd' }),
  );
}

/** libvirt neither changes a volume's owner nor its label: that is the storage's, and other hosts use it too. */
const keepLabel = element('seclabel', { model: 'dac', relabel: 'no' });

const buses = { virtio: 'virtio', virtio_scsi: 'scsi', ide: 'ide', sata: 'sata' } as const;

function diskElement(
  disk: DiskSpec,
  spec: Pick<DomainSpec, 'disks' | 'ioThreads' | 'chipset' | 'legacyVirtio'> & Partial<Pick<DomainSpec, 'boot'>>,
): Element {
  const { source } = disk;
  const place = ofItsBus(disk, spec.disks);
  const ordered = spec.disks.toSorted((a, b) => Number(b.bootable) - Number(a.bootable));
  const order =
    spec.boot &&
    bootOrder(
      'hd',
      ordered.findIndex((one) => one.disk === disk.disk),
      { boot: spec.boot, disks: spec.disks },
    );
  return element(
    'disk',
    {
      type: source.kind,
      device: 'disk',
      snapshot: 'no',
      model: disk.interface === 'virtio' ? virtioModel(spec, 'virtio-transitional') : undefined,
    },
    element('driver', {
      name: 'qemu',
      type: disk.format === 'cow' ? 'qcow2' : 'raw',
      cache: disk.interface.startsWith('virtio') ? (disk.cache ?? 'none') : 'none',
      io: source.kind === 'file' ? 'threads' : 'native',
      // A full or failing storage pauses the guest, which goes on when it is mended; `propagate` lets the guest see errors.
      error_policy: disk.propagateErrors ? 'enospace' : 'stop',
      discard: disk.passDiscard ? 'unmap' : undefined,
      iothread: disk.interface === 'virtio' && spec.ioThreads > 0 ? (place % spec.ioThreads) + 1 : undefined,
    }),
    sourceElement(disk),
    element('target', { dev: targetName(disk, spec.disks, spec.chipset), bus: buses[disk.interface] }),
    disk.readOnly && element('readonly'),
    disk.shareable && element('shareable'),
    element('serial', {}, disk.disk),
    order !== undefined && element('boot', { order }),
    element('alias', { name: aliasOf(disk.disk) }),
  );
}

function sourceElement({ source }: DiskSpec): Element {
  if (source.kind === 'file') return element('source', { file: source.path }, keepLabel);
  if (source.kind === 'block') return element('source', { dev: source.path }, keepLabel);
  return element(
    'source',
    { protocol: source.protocol, name: source.name },
    source.hosts.map((host) => element('host', { name: host.name, port: host.port })),
  );
}

const sameNames = (a: DiskSpec['interface'], b: DiskSpec['interface']): boolean => prefix(a) === prefix(b);
const prefix = (interfaceName: DiskSpec['interface']): string =>
  ({ virtio: 'vd', virtio_scsi: 'sd', sata: 'sd', ide: 'hd' })[interfaceName];

const ofItsBus = (disk: DiskSpec, disks: readonly DiskSpec[]): number =>
  Math.max(
    0,
    disks.filter((one) => sameNames(one.interface, disk.interface)).findIndex((one) => one.disk === disk.disk),
  );

/** vda, vdb, … vdaa; the CD drive's place on an IDE bus is left out. */
function targetName(disk: DiskSpec, disks: readonly DiskSpec[], chipset: DomainSpec['chipset']): string {
  if (disk.target !== undefined) return disk.target;
  const place = ofItsBus(disk, disks);
  return prefix(disk.interface) + letters(disk.interface === 'ide' && chipset === 'i440fx' && place >= 2 ? place + 1 : place);
}

function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

function nicElement(
  nic: NicSpec,
  index: number,
  spec: Pick<DomainSpec, 'cpu' | 'multiQueues' | 'accelerator' | 'boot' | 'disks' | 'legacyVirtio' | 'chipset'>,
): Element {
  const vcpus = spec.cpu.sockets * spec.cpu.cores * spec.cpu.threads;
  const queues = spec.multiQueues && nic.interface === 'virtio' && nic.source ? Math.min(4, vcpus) : 1;
  const order = bootOrder('network', index, spec);
  return element(
    'interface',
    { type: nic.source?.kind ?? 'ethernet' },
    element('mac', { address: nic.mac }),
    nic.source && element('source', nic.source.kind === 'bridge' ? { bridge: nic.source.name } : { network: nic.source.name }),
    element('model', { type: nic.interface === 'virtio' ? (virtioModel(spec, 'virtio-transitional') ?? 'virtio') : nic.interface }),
    // vhost is the kernel's, and goes with KVM; without it QEMU itself serves the queues.
    queues > 1 && element('driver', { name: spec.accelerator === 'kvm' ? 'vhost' : 'qemu', queues }),
    element('link', { state: nic.linked && nic.source ? 'up' : 'down' }),
    order !== undefined && element('boot', { order }),
    element('alias', { name: aliasOf(nic.nic) }),
  );
}

function consoles({ serialConsole, serialLog }: DomainSpec): Element[] {
  if (!serialConsole) return [];
  const log = serialLog === undefined ? undefined : element('log', { file: serialLog, append: 'on' });
  return [
    element('serial', { type: 'pty' }, log, element('target', { type: 'isa-serial', port: 0 }), element('alias', { name: 'ua-serial' })),
    element('console', { type: 'pty' }, element('target', { type: 'serial', port: 0 })),
  ];
}
