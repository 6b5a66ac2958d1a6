/**
 * Where things lie on a file domain, format V5, as RHV's hosts lay them out and find them again. Everything is relative
 * to the storage's mount point and made of ids only, which are checked: no path can be climbed with them.
 */

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Owner of everything on a domain: RHV's vdsm and kvm. */
export const owner = { uid: 36, gid: 36 } as const;
export const modes = { directory: 0o775, file: 0o660, metadata: 0o644 } as const;

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** The files of dom_md with the sizes that RHV's hosts give them on file domains. */
export const domainFiles = {
  ids: mebibyte,
  leases: 2 * mebibyte,
  inbox: 16 * mebibyte,
  outbox: 16 * mebibyte,
  xleases: mebibyte + 256 * kibibyte,
} as const;
export type DomainFile = keyof typeof domainFiles;

export const leaseSize = mebibyte;

/** Ids that RHV gives a meaning. */
export const isoImage = '11111111-1111-1111-1111-111111111111';
export const noParent = '00000000-0000-0000-0000-000000000000';

export function checkedId(id: string): string {
  if (!uuid.test(id)) throw new Error(`${JSON.stringify(id.slice(0, 64))} is not an id`);
  return id;
}

export const isId = (name: string): boolean => uuid.test(name);

export const domainDirectory = (domain: string): string => checkedId(domain);
export const metadataDirectory = (domain: string): string => `${checkedId(domain)}/dom_md`;
export const domainMetadata = (domain: string): string => `${metadataDirectory(domain)}/metadata`;
export const domainFile = (domain: string, file: DomainFile): string => `${metadataDirectory(domain)}/${file}`;
export const imagesDirectory = (domain: string): string => `${checkedId(domain)}/images`;
export const imageDirectory = (domain: string, image: string): string => `${imagesDirectory(domain)}/${checkedId(image)}`;
export const volume = (domain: string, image: string, id: string): string => `${imageDirectory(domain, image)}/${checkedId(id)}`;
export const volumeMetadata = (domain: string, image: string, id: string): string => `${volume(domain, image, id)}.meta`;
export const volumeLease = (domain: string, image: string, id: string): string => `${volume(domain, image, id)}.lease`;

/** Only the master domain uses these, but every data domain has the place. */
export const masterDirectories = (domain: string): readonly string[] =>
  ['master', 'master/tasks', 'master/vms'].map((path) => `${checkedId(domain)}/${path}`);

/** An image that is being removed is renamed first: from then on nobody takes it for a disk. */
export const removedImage = (domain: string, image: string): string => `${imagesDirectory(domain)}/_remove_me_${checkedId(image)}`;
export const isRemovedImage = (name: string): boolean => name.startsWith('_remove_me_');
/** The image that a leftover was. */
export const removedId = (name: string): string | undefined => {
  const id = name.replace(/^_remove_me_(ZERO_)?/, '');
  return isRemovedImage(name) && isId(id) ? id : undefined;
};

/** A qcow2 file names its parent relatively, so that a domain may be mounted anywhere. */
export const backingPath = (image: string, parent: { readonly image: string; readonly volume: string }): string =>
  parent.image === image ? checkedId(parent.volume) : `../${checkedId(parent.image)}/${checkedId(parent.volume)}`;

/** What a directory under `images` holds, by the names in it: a volume is what has metadata. */
export const volumesIn = (names: readonly string[]): string[] =>
  names.filter((name) => name.endsWith('.meta') && isId(name.slice(0, -5))).map((name) => name.slice(0, -5));
