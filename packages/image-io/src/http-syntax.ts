/** What clients write into paths, headers and bodies, parsed. Everything here throws `bad_request` or `out_of_range`. */
import type { ByteRange } from './ranges.ts';
import { ImageError } from './errors.ts';

export type Route =
  | {
      readonly on: 'image' | 'extents' | 'checksum' | 'algorithms' | 'transferred';
      readonly token: string;
      readonly query: URLSearchParams;
    }
  | { readonly on: 'info' }
  | { readonly on: 'nothing' };

const subresources = {
  '': 'image',
  extents: 'extents',
  checksum: 'checksum',
  'checksum/algorithms': 'algorithms',
  transferred: 'transferred',
} as const;

/** `OPTIONS *` counts as `/images/*`: both ask what the server can do. */
export function parseRoute(target: string): Route {
  if (target === '*') return { on: 'image', token: '*', query: new URLSearchParams() };
  const url = URL.parse(target, 'http://host');
  if (!url) throw new ImageError('bad_request', 'The request target is not a URL');
  if (url.pathname === '/info/' || url.pathname === '/info') return { on: 'info' };
  const [, token, rest = ''] = /^\/images\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ?? [];
  const on = Object.entries(subresources).find(([name]) => name === rest)?.[1];
  if (token === undefined || on === undefined) return { on: 'nothing' };
  return { on, token: decodeToken(token), query: url.searchParams };
}

/**
 * A `Range` header against a ticket of `size` bytes: undefined without one. Unlike RFC 9110, and like ovirt-imageio,
 * what cannot be served as one forward range within the ticket is 416, never silently something else.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const specs = /^\s*bytes\s*=\s*(.*)$/i.exec(header)?.[1]?.trim();
  if (specs === undefined) throw new ImageError('bad_request', 'Range must be bytes=first-last');
  if (/^-\d+$/.test(specs)) throw new ImageError('out_of_range', 'Suffix ranges are not supported');
  if (/^[\d\s-]+(,[\d\s-]+)+$/.test(specs)) throw new ImageError('out_of_range', 'Only one range can be asked for');
  const [, first, last] = /^(\d+)-(\d*)$/.exec(specs) ?? [];
  if (first === undefined) throw new ImageError('bad_request', 'Range must be bytes=first-last');
  const start = Number(first);
  const end = last ? Number(last) + 1 : Math.max(size, start + 1);
  if (end <= start) throw new ImageError('out_of_range', 'The range is reversed');
  if (end > size) throw new ImageError('out_of_range', `The range ends at ${end}, the ticket at ${size}`);
  return { start, end };
}

/** Where a PUT begins. Only the first number counts; Content-Length says how much follows. */
export function parseContentRange(header: string | undefined): number {
  if (header === undefined) return 0;
  const [, first, last] = /^\s*bytes\s+(\d+)-(\d+)\/(?:\d+|\*)\s*$/i.exec(header) ?? [];
  if (first === undefined) throw new ImageError('bad_request', 'Content-Range must be bytes first-last/size or bytes first-last/*');
  const start = Number(first);
  if (!Number.isSafeInteger(start) || Number(last) < start) throw new ImageError('bad_request', 'Content-Range is reversed or too large');
  return start;
}

/** A PUT without a length could not be told from one that was cut off. */
export function parseContentLength(header: string | undefined): number {
  if (header === undefined || !/^\d+$/.test(header)) throw new ImageError('bad_request', 'Content-Length is required');
  const length = Number(header);
  if (!Number.isSafeInteger(length)) throw new ImageError('bad_request', 'Content-Length is too large');
  return length;
}

/** `flush=y`, `close=n`. */
export function parseSwitch(query: URLSearchParams, name: string, otherwise: boolean): boolean {
  const value = query.get(name);
  if (value === null) return otherwise;
  if (value !== 'y' && value !== 'n') throw new ImageError('bad_request', `${name} must be y or n`);
  return value === 'y';
}

export function parseContext(query: URLSearchParams): 'zero' | 'dirty' {
  const context = query.get('context') ?? 'zero';
  if (context !== 'zero' && context !== 'dirty') throw new ImageError('bad_request', 'context must be zero or dirty');
  return context;
}

export type Patch =
  { readonly op: 'flush' } | { readonly op: 'zero'; readonly offset: number; readonly size: number; readonly flush: boolean };

export function parsePatch(body: string): Patch {
  const { op, offset = 0, size, flush = false } = parseObject(body);
  if (op === 'flush') return { op };
  if (op !== 'zero') throw new ImageError('bad_request', 'op must be zero or flush');
  if (!isOffset(offset) || !isOffset(size)) throw new ImageError('bad_request', 'offset and size must be whole numbers, not negative');
  if (typeof flush !== 'boolean') throw new ImageError('bad_request', 'flush must be true or false');
  return { op, offset, size, flush };
}

/** A `Content-Disposition` that no file name can break out of. */
export function attachment(filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\]/g, '_');
  const encoded = encodeURIComponent(filename).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return ascii === filename ? `attachment; filename=${ascii}` : `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

function parseObject(body: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new ImageError('bad_request', 'The body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ImageError('bad_request', 'The body must be a JSON object');
  return Object.fromEntries(Object.entries(parsed));
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function decodeToken(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    throw new ImageError('bad_request', 'The ticket in the path is not well encoded');
  }
}
