import { element, print } from './element.ts';
import { aliasOf, metadataPrefix, type DiskSource, type DiskSpec } from './spec.ts';

/**
 * What is plugged into a domain that runs, and how libvirt's own XML of it changes. libvirt refuses an update of a device
 * in which anything else is different, so what is there already stays libvirt's own text. Pure.
 */

/** A DIMM in the slots that a domain has for memory. */
export const memoryXml = (bytes: number): string =>
  print(
    element(
      'memory',
      { model: 'dimm' },
      element('target', {}, element('size', { unit: 'KiB' }, Math.floor(bytes / 1024)), element('node', {}, 0)),
    ),
  );

/** For a domain that began without SCSI disks. */
export const scsiControllerXml = (): string => print(element('controller', { type: 'scsi', index: 0, model: 'virtio-scsi' }));
export const hasScsiController = (domain: string): boolean => /<controller type='scsi'/.test(domain);

/** The whole element of the device with this alias, as libvirt has it. */
export function deviceXml(domain: string, kind: 'disk' | 'interface', alias: string): string | undefined {
  const blocks = domain.match(new RegExp(`<${kind}[ >][\\s\\S]*?</${kind}>`, 'g')) ?? [];
  return blocks.find((block) => block.includes(`<alias name='${alias}'/>`));
}
export const diskDevice = (domain: string, disk: string) => deviceXml(domain, 'disk', aliasOf(disk));
export const nicDevice = (domain: string, nic: string) => deviceXml(domain, 'interface', aliasOf(nic));
export const cdDevice = (domain: string) => deviceXml(domain, 'disk', 'ua-cd');

/** The CD drive with another medium in it; none is an empty tray. */
export function withMedium(drive: string, path: string | undefined): string {
  const empty = drive.replaceAll(/\s*<(source|backingStore)[ >/](?:[^>]*\/>|[\s\S]*?<\/\1>)/g, '');
  if (path === undefined) return empty;
  const source = print(element('source', { file: path, startupPolicy: 'optional' }, element('seclabel', { model: 'dac', relabel: 'no' })));
  return empty.replace(/<target /, () => `${source}\n<target `);
}

/** The NIC at another network, or with its cable in or out. Undefined where the kind of connection would change: that needs another NIC. */
export function withConnection(
  nic: string,
  {
    source,
    linked,
  }: { readonly source: { readonly kind: 'bridge' | 'network'; readonly name: string } | undefined; readonly linked: boolean },
): string | undefined {
  const kind = /^<interface type='(\w+)'/.exec(nic)?.[1];
  if (kind !== (source?.kind ?? 'ethernet')) return undefined;
  const link = print(element('link', { state: linked && source ? 'up' : 'down' }));
  const relinked = /<link [^>]*\/>/.test(nic)
    ? nic.replace(/<link [^>]*\/>/, () => link)
    : nic.replace(/<\/interface>$/, () => `${link}</interface>`);
  if (!source) return relinked;
  const attribute = source.kind === 'bridge' ? { bridge: source.name } : { network: source.name };
  return relinked.replace(/<source [^>]*\/>/, () => print(element('source', attribute)));
}

/** A name of the disk's bus that none of the domain has. */
export function freeTarget(disk: Pick<DiskSpec, 'interface'>, taken: readonly string[]): string {
  const prefix = { virtio: 'vd', virtio_scsi: 'sd', sata: 'sd', ide: 'hd' }[disk.interface];
  for (let index = 0; ; index++) {
    const name = prefix + letters(index);
    if (!taken.includes(name)) return name;
  }
}

function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

/** Our element of the domain's metadata, without the namespace that libvirt gives it by itself. */
function ours(domain: string): string | undefined {
  const found = new RegExp(`<${metadataPrefix}:vm[ >][\\s\\S]*?</${metadataPrefix}:vm>`).exec(domain)?.[0];
  return found
    ?.replace(new RegExp(` xmlns:${metadataPrefix}=["'][^"']*["']`), '')
    .replaceAll(new RegExp(`(</?)${metadataPrefix}:`, 'g'), '$1');
}

/** Our metadata with one volume more, or once more: a restarted agent reads there what the run holds. */
export function metadataWith(
  domain: string,
  { disk, volume, readOnly }: Pick<DiskSpec, 'disk' | 'volume' | 'readOnly'>,
): string | undefined {
  const attributes = { id: disk, domain: volume.domain, image: volume.image, volume: volume.volume, write: readOnly ? 'no' : 'yes' };
  return metadataWithout(domain, disk)?.replace('</vm>', () => `${print(element('disk', attributes))}</vm>`);
}

export const metadataWithout = (domain: string, disk: string): string | undefined =>
  ours(domain)?.replaceAll(new RegExp(`\\s*<disk [^>]*\\bid=["']${disk}["'][^>]*/>`, 'g'), '');

/** What of a saved domain is another on this host, and in this run. Nothing that its guest could see. */
export interface Restored {
  readonly run: string;
  /** By disk. */
  readonly sources: ReadonlyMap<string, DiskSource>;
  readonly vncSocket: string;
  /** What lies in the CD drive. */
  readonly cd: string | undefined;
  /** Media of the run's own, in their order. */
  readonly media: readonly string[];
}

/** The saved domain's XML as it is restored here. */
export function restoredXml(saved: string, { run, sources, vncSocket, cd, media }: Restored): string {
  const tag = `${metadataPrefix}:run`;
  const before = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(saved)?.[1];
  let xml = saved.replace(new RegExp(`<${tag}>[^<]*</${tag}>`), () => `<${tag}>${run}</${tag}>`);
  for (const [disk, source] of sources) {
    const device = diskDevice(xml, disk);
    if (device === undefined || source.kind === 'network') continue;
    const attribute = source.kind === 'file' ? 'file' : 'dev';
    const path = attributeOf(attribute, source.path);
    const moved = device.replace(
      new RegExp(`(<source)( [^>]*?)? ${attribute}='[^']*'`),
      (_all, head: string, kept: string | undefined) => `${head}${kept ?? ''}${path}`,
    );
    xml = xml.replace(device, () => moved);
  }
  const drive = cdDevice(xml);
  if (drive !== undefined && cd !== undefined) xml = xml.replace(drive, () => withMedium(drive, cd));
  // They lie in a directory that is named after the run.
  for (const [index, path] of media.entries())
    xml = xml.replace(new RegExp(` file='[^']*/${before}/${index}\\.img'`), () => attributeOf('file', path));
  return xml.replaceAll(
    /(<(?:graphics type='vnc'|listen type='socket')[^>]*?) socket='[^']*'/g,
    (_all, head: string) => `${head}${attributeOf('socket', vncSocket)}`,
  );
}

const attributeOf = (name: string, value: string): string => print(element('x', { [name]: value })).slice('<x'.length, -'/>'.length);
