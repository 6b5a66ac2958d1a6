/** What an image server is started with, as JSON on its standard input: the key must stand neither in its arguments nor in a file. */
import { ImageError } from './errors.ts';

export type TlsFiles = {
  /** PEM. `ca` completes the chain that is sent to clients. */
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
};

export type ImageServerConfig = {
  /** Path of the unix socket on which tickets are managed. Whoever may write to it may do anything to any image. */
  readonly control: string;
  /** A private directory for the sockets of the qemu-nbd processes that this server runs. */
  readonly runDirectory: string;
  /** Port 0 takes a free one. Without TLS only where `tls` says so. */
  readonly listen?: { readonly host: string; readonly port: number; readonly tls: TlsFiles | 'none' };
  /** For clients on this machine, without TLS: a path, or `\0name`. Announced in OPTIONS. */
  readonly unixSocket?: string;
  /** Processes that serve. */
  readonly workers?: number;
  /** Milliseconds that a silent client is waited for. */
  readonly idleTimeout?: number;
};

export function parseConfig(text: string): ImageServerConfig {
  const fields = objectOf(JSON.parse(text), 'The configuration');
  const workers = optionalNumber(fields, 'workers');
  const idleTimeout = optionalNumber(fields, 'idleTimeout');
  return {
    control: stringOf(fields, 'control'),
    runDirectory: stringOf(fields, 'runDirectory'),
    ...(fields['listen'] === undefined ? {} : { listen: parseListen(fields['listen']) }),
    ...(fields['unixSocket'] === undefined ? {} : { unixSocket: stringOf(fields, 'unixSocket') }),
    ...(workers === undefined ? {} : { workers }),
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
  };
}

export function parseTls(json: unknown): TlsFiles {
  const fields = objectOf(json, 'tls');
  return {
    cert: stringOf(fields, 'cert'),
    key: stringOf(fields, 'key'),
    ...(fields['ca'] === undefined ? {} : { ca: stringOf(fields, 'ca') }),
  };
}

function parseListen(json: unknown): NonNullable<ImageServerConfig['listen']> {
  const fields = objectOf(json, 'listen');
  const port = optionalNumber(fields, 'port') ?? 0;
  return { host: stringOf(fields, 'host'), port, tls: fields['tls'] === 'none' ? 'none' : parseTls(fields['tls']) };
}

function objectOf(json: unknown, name: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null) throw new ImageError('bad_request', `${name} must be an object`);
  return Object.fromEntries(Object.entries(json));
}

function stringOf(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new ImageError('bad_request', `${name} must be a non-empty string`);
  return value;
}

function optionalNumber(fields: Record<string, unknown>, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new ImageError('bad_request', `${name} must be a whole number`);
  return value;
}
