import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** UEFI for q35: QEMU's code and the template of a new VM's variables. */
export interface Uefi {
  readonly code: string;
  readonly variables: string;
}

export interface UefiFiles {
  readonly plain: Uefi | undefined;
  /** With Secure Boot on and its keys enrolled. */
  readonly secureBoot: Uefi | undefined;
}

/** Where distributions and administrators describe firmware to QEMU's users, the latter first (QEMU's docs/interop/firmware.json). */
const places = ['/etc/qemu/firmware', '/usr/share/qemu/firmware'];

export async function findUefi(directories: readonly string[] = places): Promise<UefiFiles> {
  const descriptors = (await Promise.all(directories.map(readDescriptors))).flat();
  const first = (wanted: (features: readonly string[]) => boolean) => descriptors.find(({ features }) => wanted(features))?.files;
  return {
    plain: first((features) => !features.includes('requires-smm') && !features.includes('secure-boot')),
    secureBoot: first((features) => ['requires-smm', 'secure-boot', 'enrolled-keys'].every((feature) => features.includes(feature))),
  };
}

interface Descriptor {
  readonly files: Uefi;
  readonly features: readonly string[];
}

/** In the order of their names, which is the order of preference. */
async function readDescriptors(directory: string): Promise<Descriptor[]> {
  const names = (await readdir(directory).catch((): string[] => [])).filter((name) => name.endsWith('.json')).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8').catch(() => '')));
  return texts.flatMap((text) => readDescriptor(text) ?? []);
}

/** Undefined for firmware that is not UEFI in flash for q35, and for what cannot be read. */
export function readDescriptor(text: string): Descriptor | undefined {
  try {
    const all: Partial<Description> = JSON.parse(text);
    const code = all.mapping?.executable?.filename;
    const variables = all.mapping?.['nvram-template']?.filename;
    const fits = all.targets?.some(
      ({ architecture, machines }) => architecture === 'x86_64' && machines.some((machine) => machine.startsWith('pc-q35')),
    );
    if (!code || !variables || !fits || !all['interface-types']?.includes('uefi')) return undefined;
    return { files: { code, variables }, features: all.features ?? [] };
  } catch {
    return undefined;
  }
}

interface Description {
  readonly 'interface-types': readonly string[];
  readonly mapping: { readonly executable?: { readonly filename?: string }; readonly 'nvram-template'?: { readonly filename?: string } };
  readonly targets: readonly { readonly architecture: string; readonly machines: readonly string[] }[];
  readonly features: readonly string[];
}
