import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import type { HostFacts, VmRun } from '@ostler/agent-contract/values';
import type { DomainSpec } from '@ostler/domain-xml/spec';
import type { UefiFiles } from '../facts/firmware.ts';
import type { VolumeSource } from '../storage/storage.ts';

/** What of this host goes into a domain. */
export interface HostForDomains {
  readonly instance: string;
  readonly acceleration: HostFacts['acceleration'];
  readonly machines: readonly string[];
  readonly uefi: UefiFiles;
  readonly networks: HostFacts['networks'];
  /** For VNC's sockets. Short: a socket's whole path may have 107 bytes. */
  readonly vncDirectory: string;
  readonly nvramDirectory: string;
  /** The machine's own, for VMs whose serial number is their host's. */
  readonly hardwareUuid: string;
  /** KiB; the sizes of huge pages that this host has any of. */
  readonly hugePages: readonly number[];
}

/** A run as this host starts it. Pure; throws an `AgentError` for what the host does not have. `sources` are the disks' by volume. */
export function specOf(
  run: VmRun,
  host: HostForDomains,
  sources: ReadonlyMap<string, VolumeSource>,
  media: DomainSpec['media'] = [],
): DomainSpec {
  const chipset = run.firmware === 'i440fx_sea_bios' ? 'i440fx' : 'q35';
  const uefi = uefiOf(run, host);
  return {
    id: run.vm,
    run: run.run,
    name: run.name,
    instance: host.instance,
    accelerator: host.acceleration.kind,
    emulator: '/usr/bin/qemu-system-x86_64',
    machine: machineOf(run, chipset, host.machines),
    chipset,
    ...(uefi && { uefi }),
    cpu: run.cpu,
    numa: run.numa,
    threadPlace: run.threadPlace,
    memory: run.memory,
    hugePages: hugePagesOf(run, host.hugePages),
    boot: run.boot,
    bootMenu: run.bootMenu,
    kernel: run.kernel,
    disks: run.disks.map((disk) => ({ ...disk, volume: disk.source, source: sourceOf(disk.source.volume, sources) })),
    nics: run.nics.map((nic) => ({
      nic: nic.nic,
      mac: nic.mac,
      interface: nic.interface,
      source: nic.network === null ? undefined : networkOf(nic.network, host.networks),
      linked: nic.linked,
    })),
    cd: cdOf(run, sources),
    media,
    graphics: run.graphics,
    screen: run.screen,
    smartcard: run.smartcard,
    vncSocket: vncSocketOf(host.vncDirectory, run.vm),
    serialConsole: run.serialConsole,
    sound: run.sound,
    usb: run.usb,
    tpm: run.tpm,
    watchdog: run.watchdog,
    rng: run.rng,
    ioThreads: run.ioThreads,
    scsi: run.scsi,
    legacyVirtio: run.legacyVirtio,
    serialNumber: run.serialNumber && (run.serialNumber.policy === 'host' ? host.hardwareUuid : run.serialNumber.value),
    customProperties: run.customProperties,
    multiQueues: run.multiQueues,
    hyperv: run.hyperv,
    clockOffset: run.clockOffset,
  };
}

export const vncSocketOf = (directory: string, vm: string): string => join(directory, `${vm}.sock`);

function sourceOf(volume: string, sources: ReadonlyMap<string, VolumeSource>): VolumeSource {
  const source = sources.get(volume);
  if (!source) throw new AgentError('unknown_volume', `Volume ${volume} has not been prepared`);
  return source;
}

function cdOf({ cd }: VmRun, sources: ReadonlyMap<string, VolumeSource>): DomainSpec['cd'] {
  if (!cd) return {};
  const source = sourceOf(cd.volume, sources);
  if (source.kind !== 'file') throw new AgentError('not_supported', 'A CD image must be a file', { source: source.kind });
  return { source: source.path };
}

export function networkOf(name: string, networks: HostForDomains['networks']): DomainSpec['nics'][number]['source'] {
  const found = networks.find((network) => network.name === name);
  if (!found) throw new AgentError('unknown_network', `This host has no network ${name}`, { network: name });
  return { kind: found.kind === 'bridge' ? 'bridge' : 'network', name: found.device };
}

/** The one asked for, or the newest of the chipset: a VM keeps its machine from start to start by asking for it. */
function machineOf({ machine, name }: VmRun, chipset: DomainSpec['chipset'], machines: readonly string[]): string {
  if (machine !== undefined) {
    if (machines.includes(machine)) return machine;
    throw new AgentError('not_supported', `This host has no machine type ${machine}, which VM ${name} asks for`, { machine });
  }
  const ofChipset = machines.filter((one) => one.startsWith(`pc-${chipset}-`));
  const newest = ofChipset.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new AgentError('not_supported', `This host has no machine type for chipset ${chipset}`, { chipset });
  return newest;
}

/** Of the size that is asked for, or of 2 MiB, which every host can have (vms.md 2.3). */
function hugePagesOf({ hugePages }: VmRun, sizes: readonly number[]): number | null {
  return hugePages === null || sizes.includes(hugePages) ? hugePages : 2048;
}

function uefiOf({ firmware, vm, name, customProperties }: VmRun, { uefi, nvramDirectory }: HostForDomains): DomainSpec['uefi'] {
  if (firmware === 'i440fx_sea_bios' || firmware === 'q35_sea_bios') return undefined;
  const secureBoot = firmware === 'q35_secure_boot';
  const files = secureBoot ? uefi.secureBoot : uefi.plain;
  if (!files)
    throw new AgentError('not_supported', `This host has no UEFI firmware${secureBoot ? ' with Secure Boot' : ''} for VM ${name}`, {
      firmware,
    });
  const variables = customProperties['nvram_template'] ?? files.variables;
  return { ...files, variables, secureBoot, nvram: join(nvramDirectory, `${vm}.fd`) };
}
