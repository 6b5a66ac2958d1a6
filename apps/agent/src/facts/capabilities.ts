import type { HostFacts } from '@ostler/agent-contract/values';

/**
 * Readers for libvirt's capability documents. libvirt writes them itself and always in the same shape: each fact stands
 * in one element that nothing else looks like.
 */

/** Machine types of an architecture, versioned ones first: `pc-q35-7.2` behind the alias `q35`. */
export function machinesOf(capabilities: string, architecture: string): string[] {
  const guest = new RegExp(`<arch name='${architecture}'>.*?</arch>`, 's').exec(capabilities)?.[0] ?? '';
  const found = [...guest.matchAll(/<machine (?:canonical='([^']*)')?[^>]*>([^<]*)<\/machine>/g)];
  return [...new Set(found.map(([, canonical, name = '']) => canonical ?? name))].toSorted();
}

export type Firmware = HostFacts['firmwares'][number];

/** What a VM can be booted with, from the machine types and the domain capabilities of q35. */
export function firmwaresOf(machines: readonly string[], q35: string): Firmware[] {
  const os = /<os .*?<\/os>/s.exec(q35)?.[0] ?? '';
  const offers = (list: string, value: string) =>
    new RegExp(`<enum name='${list}'>[^]*?</enum>`).exec(os)?.[0].includes(`<value>${value}</value>`) ?? false;
  const uefi = offers('firmware', 'efi');
  return [
    ...(machines.some((machine) => machine.startsWith('pc-i440fx-')) ? (['i440fx_sea_bios'] as const) : []),
    ...(machines.some((machine) => machine.startsWith('pc-q35-')) ? (['q35_sea_bios'] as const) : []),
    ...(uefi ? (['q35_ovmf'] as const) : []),
    ...(uefi && offers('secure', 'yes') ? (['q35_secure_boot'] as const) : []),
  ];
}

/** The host's NUMA nodes; a machine without NUMA has one. */
export function numaNodesOf(capabilities: string): NonNullable<HostFacts['numaNodes']> {
  const topology = /<topology>.*?<\/topology>/s.exec(capabilities)?.[0] ?? '';
  return [...topology.matchAll(/<cell id='(\d+)'>(.*?)<\/cell>/gs)].map(([, id, inside = '']) => ({
    index: Number(id),
    memory: Number(/<memory unit='KiB'>(\d+)</.exec(inside)?.[1] ?? 0) * 1024,
    cpus: [...inside.matchAll(/<cpu id='(\d+)'/g)].map(([, cpu]) => Number(cpu)).toSorted((a, b) => a - b),
  }));
}

/** `9.0.0` from libvirt's 9000000. */
export function versionText(number: number): string {
  return `${Math.floor(number / 1_000_000)}.${Math.floor(number / 1_000) % 1_000}.${number % 1_000}`;
}
