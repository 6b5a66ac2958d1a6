import { randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { hostname, networkInterfaces, release } from 'node:os';
import { join } from 'node:path';
import type { HostFacts } from '@ostler/agent-contract/values';
import type { Connection } from '@ostler/libvirt/connection';
import { isLibvirtError } from '@ostler/libvirt/errors';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import type { Acceleration } from './acceleration.ts';
import { firmwaresOf, machinesOf, numaNodesOf, versionText } from './capabilities.ts';
import { readCpuinfo, readMeminfo, readOsRelease } from './proc.ts';

/** A network of the configuration: `device` is libvirt's network for `nat`, the Linux bridge for `bridge`. */
export type ConfiguredNetwork = HostFacts['networks'][number];

export interface FactsOptions {
  readonly stateDirectory: string;
  readonly agentVersion: string;
  readonly networks: readonly ConfiguredNetwork[];
  readonly endpoints: HostFacts['endpoints'];
  readonly acceleration: Acceleration;
  /** In place of what the machine says: several agents on one machine are several hosts. */
  readonly hardwareUuid?: string;
}

type Libvirt = Pick<Connection, 'call'>;

/** Everything that the manager needs to know of this host, read anew each time: hardware and networks come and go. */
export async function hostFacts(libvirt: Libvirt, options: FactsOptions): Promise<HostFacts> {
  const [hypervisor, cpu, memory, os, nics, networks, hardware] = await Promise.all([
    readHypervisor(libvirt, options.acceleration),
    readText('/proc/cpuinfo').then(readCpuinfo),
    readText('/proc/meminfo').then(readMeminfo),
    readText('/etc/os-release').then(readOsRelease),
    readNics(),
    existingNetworks(libvirt, options.networks),
    readHardware(options),
  ]);
  const { topology, ...versions } = hypervisor;
  return {
    hardware,
    hostName: hostname(),
    operatingSystem: { ...os, kernel: release() },
    agentVersion: options.agentVersion,
    ...versions,
    cpu: { ...cpu, architecture: 'x86_64', ...topology },
    memory: memory('MemTotal'),
    acceleration: options.acceleration,
    nics,
    networks,
    endpoints: options.endpoints,
  };
}

async function readHypervisor(libvirt: Libvirt, acceleration: Acceleration) {
  const virttype = acceleration.kind === 'kvm' ? 'kvm' : 'qemu';
  const [libvirtVersion, qemuVersion, capabilities, q35, node] = await Promise.all([
    libvirt.call('connectGetLibVersion'),
    libvirt.call('connectGetVersion'),
    libvirt.call('connectGetCapabilities'),
    libvirt.call('connectGetDomainCapabilities', { arch: 'x86_64', machine: 'q35', virttype }),
    libvirt.call('nodeGetInfo'),
  ]);
  const machines = machinesOf(capabilities, 'x86_64');
  return {
    libvirtVersion: versionText(Number(libvirtVersion)),
    qemuVersion: versionText(Number(qemuVersion)),
    numaNodes: numaNodesOf(capabilities),
    machines,
    firmwares: firmwaresOf(machines, q35),
    // libvirt counts sockets per NUMA node.
    topology: { sockets: node.sockets * Math.max(1, node.nodes), cores: node.cores, threads: node.threads },
  };
}

/** Only networks that a VM could be plugged into right now. */
async function existingNetworks(libvirt: Libvirt, configured: readonly ConfiguredNetwork[]): Promise<ConfiguredNetwork[]> {
  const exists = await Promise.all(configured.map((network) => networkExists(libvirt, network)));
  return configured.filter((_network, index) => exists[index]);
}

export async function networkExists(libvirt: Libvirt, { kind, device }: ConfiguredNetwork): Promise<boolean> {
  if (kind === 'bridge') return isBridge(device);
  try {
    const net = await libvirt.call('networkLookupByName', { name: device });
    return await libvirt.call('networkIsActive', { net });
  } catch (error) {
    if (isLibvirtError(error, 'noNetwork', 'noSupport')) return false;
    throw error;
  }
}

const interfaces = '/sys/class/net';
const isBridge = async (name: string) => (await readdir(join(interfaces, name)).catch((): string[] => [])).includes('bridge');

/** Taps of VMs are not the host's NICs, nor is the loopback. */
const isOfHost = (name: string) => name !== 'lo' && !/^(vnet|tap|virbr\d+-nic|ifb)\d*/.test(name);

async function readNics(): Promise<HostFacts['nics']> {
  const names = (await readdir(interfaces)).filter(isOfHost).toSorted();
  return Promise.all(names.map(readNic));
}

async function readNic(name: string): Promise<HostFacts['nics'][number]> {
  const read = async (file: string) => (await readText(join(interfaces, name, file))).trim();
  const [mac, flags, mtu, speed, bridge] = await Promise.all([read('address'), read('flags'), read('mtu'), read('speed'), isBridge(name)]);
  return {
    name,
    ...(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) && { mac }),
    up: (Number(flags) & 1) === 1,
    mtu: Number(mtu) || 0,
    // −1, or unreadable, where the driver does not know.
    ...(Number(speed) > 0 && { speed: Number(speed) }),
    bridge,
    addresses: (networkInterfaces()[name] ?? []).flatMap(({ cidr }) => cidr ?? []),
  };
}

const placeholder = /^(0+|f+|03000200-0400-0500-0006-000700080009)$/i;

async function readHardware({
  stateDirectory,
  hardwareUuid,
}: Pick<FactsOptions, 'stateDirectory' | 'hardwareUuid'>): Promise<HostFacts['hardware']> {
  const dmi = async (file: string) => (await readText(join('/sys/class/dmi/id', file))).trim();
  const [uuid, manufacturer, product, serial] = await Promise.all([
    dmi('product_uuid'),
    dmi('sys_vendor'),
    dmi('product_name'),
    dmi('product_serial'),
  ]);
  return {
    uuid: hardwareUuid ?? (isUsable(uuid) ? uuid.toLowerCase() : await ownUuid(stateDirectory)),
    ...(manufacturer && { manufacturer }),
    ...(product && { product }),
    ...(serial && { serial }),
  };
}

/** Some boards have no UUID of their own, but the same one as all their siblings. */
const isUsable = (uuid: string) =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid) && !placeholder.test(uuid.replaceAll('-', '')) && !placeholder.test(uuid);

/** For a machine without one: made once, and kept with the agent's state. */
async function ownUuid(stateDirectory: string): Promise<string> {
  const path = join(stateDirectory, 'hardware-uuid');
  const kept = (await readText(path)).trim();
  if (kept !== '') return kept;
  const made = randomUUID();
  await writeFileAtomically(path, `${made}\n`, privateMode);
  return made;
}

/** The machine's identity outside of a call: enrollment shows it before there is a libvirt to ask. */
export const hardwareUuid = async (stateDirectory: string, configured?: string): Promise<string> =>
  (await readHardware({ stateDirectory, ...(configured !== undefined && { hardwareUuid: configured }) })).uuid;

/** What cannot be read is empty: no machine has all of these files. */
const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
