import { reasons } from '../reason.ts';
import { hugePagesOf } from './custom-properties.ts';
import type { Hardware, HardwareWish, VmType } from './hardware.ts';

/**
 * What "optimized for" sets: the lines of RHV's documentation, one table. The portal, the CLI and whoever asks the API for it lay it
 * under what they were told; a client that only names a type gets the type alone, as with RHV (vms.md 2.1).
 */
export interface Preset {
  /** How a template's disks become the VM's: a thin layer over them, or a copy. */
  readonly disks: 'thin' | 'clone';
  readonly hardware: HardwareWish;
}

/** USB devices and smart cards of the user's machine travel in SPICE's channels; VNC is what a browser shows. */
const withDevicesOfTheUser = { protocols: ['spice', 'vnc'], smartcard: true } as const;

const presets: Readonly<Record<VmType, Preset>> = {
  desktop: { disks: 'thin', hardware: { usb: true, display: withDevicesOfTheUser, soundcard: true, stateless: true } },
  server: { disks: 'clone', hardware: { soundcard: false, stateless: false } },
  high_performance: {
    disks: 'clone',
    hardware: {
      display: { protocols: [], smartcard: false },
      serialConsole: true,
      usb: false,
      soundcard: false,
      cpu: { mode: 'host_passthrough' },
      placement: { affinity: 'pinned' },
      ioThreads: 1,
      memory: { ballooning: false },
      watchdog: null,
      rng: { source: 'urandom' },
      multiQueues: true,
    },
  },
};

/**
 * The preset of a type, for a VM on these hosts. A high performance VM is highly available exactly where hosts are chosen: it is
 * started again on one of these, and on no other.
 */
export function presetFor(type: VmType, hosts: readonly string[]): Preset {
  const preset = presets[type];
  if (type !== 'high_performance') return preset;
  return { ...preset, hardware: { ...preset.hardware, highAvailability: { enabled: hosts.length > 0 } } };
}

/** What is named above stands; what it leaves open is as below. */
export function wishOver(above: HardwareWish, below: HardwareWish): HardwareWish {
  const named = <T extends object>(wish: T | undefined) =>
    Object.fromEntries(Object.entries(wish ?? {}).filter(([, value]) => value !== undefined));
  return {
    ...below,
    ...named(above),
    memory: { ...below.memory, ...named(above.memory) },
    cpu: { ...below.cpu, ...named(above.cpu) },
    display: { ...below.display, ...named(above.display) },
    highAvailability: { ...below.highAvailability, ...named(above.highAvailability) },
    placement: { ...below.placement, ...named(above.placement) },
    migration: { ...below.migration, ...named(above.migration) },
  };
}

/** What RHV recommends for a high performance VM and never does by itself (vms.md 2.2). Not refusals: people read them and go on. */
export const recommendations = reasons({
  recommend_hosts: { class: 'conflict', text: 'Pin the VM to certain hosts, and its virtual CPUs to CPUs of these.' },
  recommend_cpu_pinning: { class: 'conflict', text: 'Pin the virtual CPUs to CPUs of the hosts that are chosen.' },
  recommend_numa: { class: 'conflict', text: 'Give the VM NUMA nodes, and pin them to NUMA nodes of the host.' },
  recommend_numa_pinning: { class: 'conflict', text: 'Pin the NUMA nodes of the VM to NUMA nodes of the host.' },
  recommend_no_ksm: {
    class: 'conflict',
    text: 'Switch KSM off in cluster {cluster}: it takes CPU time and shares pages across NUMA nodes.',
  },
  recommend_huge_pages: {
    class: 'conflict',
    text: 'Set the custom property hugepages, to 1048576 for pages of 1 GiB. The host needs as many of them free.',
  },
});

export interface RecommendationFacts {
  readonly hardware: Pick<Hardware, 'type' | 'placement' | 'cpu' | 'numaNodes' | 'customProperties'>;
  readonly cluster: { readonly name: string; readonly ksm: boolean };
}

export function recommendationsFor({ hardware, cluster }: RecommendationFacts) {
  const { type, placement, cpu, numaNodes, customProperties } = hardware;
  if (type !== 'high_performance') return [];
  const said = recommendations;
  const placed = placement.hosts.length > 0;
  const free = numaNodes.every(({ hostNodes }) => hostNodes.length === 0);
  return [
    !placed && said.recommend_hosts('vm.placement_policy.hosts'),
    placed && !cpu.autoPinning && cpu.pins.length === 0 && said.recommend_cpu_pinning('vm.cpu.cpu_tune.vcpu_pins'),
    !cpu.autoPinning && numaNodes.length === 0 && said.recommend_numa('vm.numa_nodes'),
    !cpu.autoPinning && numaNodes.length > 0 && free && said.recommend_numa_pinning('vm.numa_nodes'),
    cluster.ksm && said.recommend_no_ksm({ cluster: cluster.name }),
    hugePagesOf(customProperties) === undefined && said.recommend_huge_pages('vm.custom_properties'),
  ].filter((one) => one !== false);
}
