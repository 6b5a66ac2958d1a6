/** A ticket as it is pushed to the host, checked at the edge. */
import { ImageError } from './errors.ts';
import type { Declared } from './qcow2-header.ts';
import type { NbdImage } from './qemu-nbd.ts';

/** Where the bytes are. */
export type ImageSource =
  /** The bytes of a file or block device, as they are. */
  | { readonly type: 'file'; readonly path: string }
  /** Guest data behind an NBD server on a unix socket. */
  | { readonly type: 'nbd'; readonly socket: string; readonly exportName: string };

export type TicketSpec = {
  readonly uuid: string;
  /** Bytes that may be addressed. */
  readonly size: number;
  readonly ops: readonly ('read' | 'write')[];
  /** Seconds that the ticket lives after it was added, extended, or last used. */
  readonly timeout: number;
  /** `file:///path`, or `nbd:unix:/path` with `:exportname=name` behind it where the export has a name. */
  readonly url: string;
  readonly source: ImageSource;
  /** Ostler's own, instead of a url: an image for which the image server runs a qemu-nbd as long as the ticket lives. */
  readonly image?: ServedImage;
  /** Ostler's own: what the bytes of a file must turn out to be. Refused at the first bytes otherwise. */
  readonly expect?: Declared;
  readonly transfer_id?: string;
  /** What a download is saved as. */
  readonly filename?: string;
  readonly sparse: boolean;
  readonly dirty: boolean;
};

export type ServedImage = NbdImage & { readonly bitmap?: string };

/** Throws `bad_request` with the field at fault. */
export function parseTicket(json: unknown): TicketSpec {
  const fields = record(json);
  const image = fields['image'] === undefined ? undefined : parseImage(fields['image']);
  // The socket of its qemu-nbd is filled in when that runs.
  const url = image ? '' : text(fields, 'url');
  const transferId = optionalText(fields, 'transfer_id');
  const filename = optionalText(fields, 'filename');
  return {
    uuid: text(fields, 'uuid'),
    size: whole(fields, 'size'),
    ops: operations(fields),
    timeout: whole(fields, 'timeout'),
    url,
    source: image ? { type: 'nbd', socket: '', exportName: '' } : parseSource(url),
    ...(image === undefined ? {} : { image }),
    ...(fields['expect'] === undefined ? {} : { expect: parseExpect(fields['expect']) }),
    ...(transferId === undefined ? {} : { transfer_id: transferId }),
    ...(filename === undefined ? {} : { filename }),
    sparse: flag(fields, 'sparse'),
    dirty: flag(fields, 'dirty'),
  };
}

/** The body of an extension: `{"timeout": seconds}`. */
export function parseExtension(json: unknown): number {
  return whole(record(json), 'timeout');
}

/** Throws `bad_request` for a scheme that a host does not serve. */
export function parseSource(url: string): ImageSource {
  const file = /^file:\/\/(\/.*)$/s.exec(url)?.[1];
  if (file !== undefined) return { type: 'file', path: decoded(file) };
  const [, socket, exportName = ''] = /^nbd:unix:(\/[^:]*|\0[^:]*)(?::exportname=(.*))?$/s.exec(url) ?? [];
  if (socket !== undefined) return { type: 'nbd', socket, exportName };
  throw new ImageError('bad_request', "A ticket's url must be file:///path or nbd:unix:/path[:exportname=name]");
}

function parseImage(json: unknown): ServedImage {
  const fields = record(json);
  const path = text(fields, 'path');
  const format = imageFormat(fields);
  const backing = fields['backing'] ?? 'follow';
  const bitmap = optionalText(fields, 'bitmap');
  if (!path.startsWith('/')) throw new ImageError('bad_request', 'image.path must be absolute');
  if (backing !== 'follow' && backing !== 'none') throw new ImageError('bad_request', 'image.backing must be follow or none');
  return { path, format, backing, ...(bitmap === undefined ? {} : { bitmap }) };
}

function parseExpect(json: unknown): Declared {
  const fields = record(json);
  return { format: imageFormat(fields), virtualSize: whole(fields, 'virtualSize') };
}

function imageFormat(fields: Record<string, unknown>): 'raw' | 'qcow2' {
  const format = text(fields, 'format');
  if (format !== 'raw' && format !== 'qcow2') throw new ImageError('bad_request', 'format must be raw or qcow2');
  return format;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new ImageError('bad_request', "The path in the ticket's url is not well encoded");
  }
}

function record(json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new ImageError('bad_request', 'Expected a JSON object');
  return Object.fromEntries(Object.entries(json));
}

function text(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new ImageError('bad_request', `${name} must be a non-empty string`);
  return value;
}

function optionalText(fields: Record<string, unknown>, name: string): string | undefined {
  return fields[name] === undefined || fields[name] === null ? undefined : text(fields, name);
}

function whole(fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new ImageError('bad_request', `${name} must be a whole number, not negative`);
  return value;
}

function flag(fields: Record<string, unknown>, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean') throw new ImageError('bad_request', `${name} must be true or false`);
  return value;
}

function operations(fields: Record<string, unknown>): ('read' | 'write')[] {
  const value = fields['ops'];
  if (!Array.isArray(value) || value.length === 0) throw new ImageError('bad_request', 'ops must be a list of "read" and "write"');
  return [...new Set(value.map(operation))].toSorted();
}

function operation(value: unknown): 'read' | 'write' {
  if (value !== 'read' && value !== 'write') throw new ImageError('bad_request', 'ops must be a list of "read" and "write"');
  return value;
}
