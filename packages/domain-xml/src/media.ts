import { element, type Element } from './element.ts';
import type { DomainSpec } from './spec.ts';

/** CDs and floppies that were made on this host for one run. Beside the CD drive that every VM has: its places are the last of the bus. */
export function mediaElements({ media, chipset }: Pick<DomainSpec, 'media' | 'chipset'>): Element[] {
  return media.map(({ kind, path }, index) => {
    const place = media.slice(0, index).filter((one) => one.kind === kind).length;
    return element(
      'disk',
      { type: 'file', device: kind, snapshot: 'no' },
      element('driver', { name: 'qemu', type: 'raw', error_policy: 'report' }),
      element('source', { file: path }, element('seclabel', { model: 'dac', relabel: 'no' })),
      element('target', kind === 'floppy' ? { dev: `fd${letter(place)}`, bus: 'fdc' } : cdPlace(chipset, place)),
      element('readonly'),
      element('alias', { name: `ua-${kind}-${place}` }),
    );
  });
}

const letter = (index: number): string => String.fromCharCode(97 + index);
/** `sdzz` and `hdc` are the CD drive's. */
const cdPlace = (chipset: DomainSpec['chipset'], place: number) =>
  chipset === 'q35' ? { dev: `sdz${letter(24 - place)}`, bus: 'sata' } : { dev: place === 0 ? 'hdd' : 'hdb', bus: 'ide' };
