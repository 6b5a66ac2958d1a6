import { readFile, readdir } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { closedContent } from './headers.ts';
import { replyText } from './replies.ts';

/** Answers a request for a path below the portal's. */
export type Portal = (path: string, response: ServerResponse) => void;

interface File {
  readonly type: string;
  readonly content: Buffer;
  /** Where it is worth it. */
  readonly compressed: Buffer | undefined;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=UTF-8',
  '.js': 'text/javascript; charset=UTF-8',
  '.css': 'text/css; charset=UTF-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};
const alreadyCompressed = new Set(['.png', '.woff2', '.ico']);

/** Scripts and styles come from the portal's own files alone; what it asks for, it asks of this origin. */
const ownContent = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The portal's built files, a few megabytes that are read once. Names below `assets/` contain a hash of what is in them, so they
 * may be kept for ever; the page that names them may not. Every other path is the page's own: it looks there where it is.
 */
export async function readPortal(directory: string): Promise<Portal> {
  const files = new Map<string, File>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(relative(directory, path), await readAsset(path));
  }
  const index = files.get('index.html');
  if (!index) throw new Error(`${directory} holds no built portal: there is no index.html in it.`);
  return (path, response) => {
    const found = files.get(path);
    if (found && path.startsWith('assets/')) return send(response, found, 'public, max-age=31536000, immutable', closedContent);
    if (found && found !== index) return send(response, found, 'no-cache', ownContent);
    if (/\.\w+$/.test(path) || path.startsWith('assets/')) return replyText(response, 404, 'There is no such file in the portal.');
    send(response, index, 'no-cache', ownContent);
  };
}

async function readAsset(path: string): Promise<File> {
  const content = await readFile(path);
  const extension = extname(path);
  const compressed = alreadyCompressed.has(extension) ? undefined : await promisify(gzip)(content, { level: 9 });
  return { type: types[extension] ?? 'application/octet-stream', content, compressed };
}

function send(response: ServerResponse, file: File, caching: string, policy: string): void {
  const { method, headers } = response.req;
  if (method !== 'GET' && method !== 'HEAD') return replyText(response, 405, 'Use GET.');
  const accepted = /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '') ? file.compressed : undefined;
  const body = accepted ?? file.content;
  response.writeHead(200, {
    'content-type': file.type,
    'content-length': body.length,
    'cache-control': caching,
    'content-security-policy': policy,
    vary: 'accept-encoding',
    ...(accepted && { 'content-encoding': 'gzip' }),
  });
  response.end(method === 'HEAD' ? undefined : body);
}
