import { operatingSystem } from '../operating-system/catalogue.ts';
import { hugePagesOf } from './custom-properties.ts';
import { defaultKeyboard, usbOf, videoOf } from './display.ts';
import { mostVcpus, vcpusOf, type Hardware } from './hardware.ts';
import { payloadMedium } from './payload.ts';
import { effectivePins, readCpuSet, threadPlace, writeCpuSet, type HostNumaNode } from './pinning.ts';
import { clockOffset } from './time-zone.ts';

/** One run of a VM as a host needs it: the shape is that of the agent contract's `startVm`. */

export interface RunSource {
  readonly vm: string;
  readonly run: string;
  readonly name: string;
  readonly hardware: Hardware;
  readonly paused: boolean;
  /** When it is started: the guest's clock is set by its time zone. */
  readonly at: number;
  /** The NUMA nodes of the host that it starts on; none where the host does not tell. */
  readonly hostNodes: readonly HostNumaNode[];
  /** What lies in its CD drive. */
  readonly cd: { readonly domain: string; readonly image: string; readonly volume: string } | null;
  /** CDs and floppies beside the payloads of the hardware. */
  readonly media: readonly RunMedium[];
  readonly disks: readonly {
    readonly disk: string;
    readonly domain: string;
    readonly volume: string;
    readonly format: 'raw' | 'cow';
    readonly interface: 'virtio' | 'virtio_scsi' | 'ide' | 'sata';
    readonly bootable: boolean;
    readonly readOnly: boolean;
    readonly passDiscard: boolean;
    readonly shareable: boolean;
    readonly propagateErrors: boolean;
  }[];
  readonly nics: readonly {
    readonly id: string;
    readonly mac: string;
    readonly interface: string;
    readonly networkName: string | null;
    readonly linked: boolean;
  }[];
}

export interface RunMedium {
  readonly kind: 'cdrom' | 'floppy';
  readonly label: string;
  readonly files: readonly { readonly path: string; readonly content: string }[];
}

export function runDocument({ vm, run, name, hardware, paused, at, hostNodes, cd, media, disks, nics }: RunSource) {
  const { cpu, memory, display, customProperties: custom } = hardware;
  const system = operatingSystem(hardware.operatingSystem);
  const chipset = hardware.firmware === 'i440fx_sea_bios' ? 'i440fx' : 'q35';
  const placing = { pins: effectivePins({ pins: cpu.pins, numaNodes: hardware.numaNodes }, hostNodes), numaNodes: hardware.numaNodes };
  const place = hardware.type === 'high_performance' ? threadPlace({ ...placing, ioThreads: hardware.ioThreads }, hostNodes) : undefined;
  const cache = cacheOf(custom['viodiskcache']);
  return {
    vm,
    run,
    name,
    firmware: hardware.firmware,
    cpu: {
      sockets: cpu.sockets,
      cores: cpu.cores,
      threads: cpu.threads,
      maximum: mostVcpus(hardware),
      mode: cpu.mode,
      ...(cpu.model !== undefined && { model: modelOf(cpu.model) }),
      flags: flagsOf([...flagsIn(cpu.model), ...(custom['extra_cpu_flags'] ?? '').split(',')]),
      pins: placing.pins.map(({ vcpu, cpus }) => ({ vcpu, cpus: cpuSet(cpus) })),
      shares: cpu.shares,
    },
    numa: hardware.numaNodes
      .toSorted((a, b) => a.index - b.index)
      .map((node) => ({
        cpus: writeCpuSet(node.vcpus),
        memory: node.memory,
        mode: node.mode,
        hostNodes: node.hostNodes.length === 0 ? null : writeCpuSet(node.hostNodes),
      })),
    threadPlace: place ?? null,
    memory,
    hugePages: hugePagesOf(custom) ?? null,
    ...(hardware.machine !== undefined && { machine: hardware.machine }),
    boot: [...hardware.boot],
    bootMenu: hardware.bootMenu,
    kernel: kernelOf(hardware),
    disks: disks.map(({ disk, domain, volume, ...rest }) => ({
      disk,
      source: { domain, image: disk, volume },
      ...rest,
      ...(cache !== undefined && { cache }),
    })),
    nics: nics.map(({ id, mac, interface: model, networkName, linked }) => ({
      nic: id,
      mac,
      interface: nicModel(model),
      network: networkName,
      linked,
    })),
    cd,
    media: [...hardware.payloads.map(payloadMedium), ...media].map(({ kind, label, files }) => ({
      kind,
      label,
      files: files.map((file) => ({ ...file })),
    })),
    graphics: [...display.protocols],
    screen: {
      video: videoOf(hardware),
      monitors: display.monitors,
      keyboard: display.keyboard ?? defaultKeyboard,
      copyPaste: display.copyPaste,
      fileTransfer: display.fileTransfer,
    },
    smartcard: display.smartcard,
    serialConsole: hardware.serialConsole,
    sound: hardware.soundcard ? soundModel(system?.sound[chipset]) : null,
    usb: usbOf(hardware),
    tpm: hardware.tpm,
    watchdog: hardware.watchdog ? { model: 'i6300esb' as const, action: hardware.watchdog.action } : null,
    rng: hardware.rng && {
      source: hardware.rng.source,
      // libvirt counts a second where nobody says in what time the bytes may come.
      ...(hardware.rng.rate && { rate: { bytes: hardware.rng.rate.bytes, period: hardware.rng.rate.period ?? 1000 } }),
    },
    ioThreads: hardware.ioThreads,
    scsi: hardware.virtioScsi ? { queues: scsiQueues(hardware, disks) } : null,
    legacyVirtio: system?.legacyVirtio ?? false,
    serialNumber: serialNumberOf(hardware, vm),
    customProperties: { ...custom },
    multiQueues: hardware.multiQueues,
    hyperv: system?.windows ?? false,
    clockOffset: clockOffset(hardware.timeZone, hardware.operatingSystem, at),
    startPaused: paused || hardware.startPaused,
  };
}

/** RHV's dual-mode NIC is a virtio one as soon as the guest has drivers; Ostler gives it that at once. */
const nicModel = (model: string): 'virtio' | 'e1000' | 'e1000e' | 'rtl8139' =>
  model === 'e1000' || model === 'e1000e' || model === 'rtl8139' ? model : 'virtio';

const soundModel = (model: string | undefined): 'ac97' | 'ich6' | 'ich9' => (model === 'ac97' || model === 'ich9' ? model : 'ich6');

const cacheOf = (asked: string | undefined) => (['writeback', 'writethrough'] as const).find((one) => one === asked);

/** A custom CPU model may carry flags: `Skylake-Server,+pcid,-hle`. */
const modelOf = (model: string): string => model.split(',')[0] ?? model;
const flagsIn = (model: string | undefined): string[] => (model ?? '').split(',').slice(1);
const flagsOf = (flags: readonly string[]) =>
  flags
    .filter((flag) => /^[+-]./.test(flag))
    .map((flag) => ({ name: flag.slice(1), policy: flag.startsWith('+') ? ('require' as const) : ('disable' as const) }));

/** libvirt knows no `^`. */
const cpuSet = (cpus: string): string => writeCpuSet(readCpuSet(cpus) ?? []);

function kernelOf({ kernel }: Hardware) {
  if (kernel?.path === undefined) return null;
  const { path, initrd, commandLine } = kernel;
  return { path, ...(initrd !== undefined && { initrd }), ...(commandLine !== undefined && { commandLine }) };
}

/** One queue for each disk of the controller, as far as there are virtual CPUs, and at most four (vms.md 2.3). */
function scsiQueues(hardware: Hardware, disks: RunSource['disks']): number | null {
  const { virtioScsiQueues: asked } = hardware;
  if (typeof asked === 'number') return asked;
  if (asked === 'none') return null;
  return Math.max(1, Math.min(4, vcpusOf(hardware), disks.filter((disk) => disk.interface === 'virtio_scsi').length));
}

function serialNumberOf({ serialNumber }: Hardware, vm: string) {
  switch (serialNumber?.policy) {
    case 'host':
      return { policy: 'host' as const };
    case 'custom':
      return { policy: 'value' as const, value: serialNumber.value ?? vm };
    case 'none':
      return null;
    default:
      return { policy: 'value' as const, value: vm };
  }
}
