import { readFile } from 'node:fs/promises';

/** What a gateway is started with: a JSON file with these fields. Paths are of PEM files, except for the sockets. */
export interface GatewayConfig {
  /** Where clients come in. Port 0 takes a free one. */
  readonly listen: { readonly address: string; readonly port: number };
  /** The certificate that clients see, and the authority that they are offered for download. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  /** How hosts' image servers and console relays are known, and what we show them. */
  readonly hostTls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Unix socket of the api. */
  readonly apiSocket: string;
  /** Ed25519, SPKI. Signs the tickets of images and consoles. */
  readonly ticketPublicKey: string;
  /** Directory of the portal's built files; without it there is a page that says where the API is. */
  readonly portal?: string;
  /** Unix socket on which Prometheus metrics are read; none without it. */
  readonly metricsSocket?: string;
}

/** The configuration is wrong. The message names the field. */
export class ConfigError extends Error {
  readonly code = 'config_wrong';
}

export async function readConfig(path: string): Promise<GatewayConfig> {
  return parseConfig(await readFile(path, 'utf8'));
}

export function parseConfig(text: string): GatewayConfig {
  const fields = record(JSON.parse(text), 'The configuration');
  const listen = record(fields['listen'], 'listen');
  const tls = record(fields['tls'], 'tls');
  const hostTls = record(fields['hostTls'], 'hostTls');
  return {
    listen: { address: string(listen, 'listen.address'), port: port(listen, 'listen.port') },
    tls: { cert: string(tls, 'tls.cert'), key: string(tls, 'tls.key'), ca: string(tls, 'tls.ca') },
    hostTls: { ca: string(hostTls, 'hostTls.ca'), cert: string(hostTls, 'hostTls.cert'), key: string(hostTls, 'hostTls.key') },
    apiSocket: string(fields, 'apiSocket'),
    ticketPublicKey: string(fields, 'ticketPublicKey'),
    ...(fields['portal'] !== undefined && { portal: string(fields, 'portal') }),
    ...(fields['metricsSocket'] !== undefined && { metricsSocket: string(fields, 'metricsSocket') }),
  };
}

function record(json: unknown, name: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null) throw new ConfigError(`${name} must be an object.`);
  return Object.fromEntries(Object.entries(json));
}

const valueAt = (fields: Record<string, unknown>, name: string): unknown => fields[name.slice(name.indexOf('.') + 1)];

function string(fields: Record<string, unknown>, name: string): string {
  const value = valueAt(fields, name);
  if (typeof value !== 'string' || value === '') throw new ConfigError(`${name} must be a non-empty string.`);
  return value;
}

function port(fields: Record<string, unknown>, name: string): number {
  const value = valueAt(fields, name);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 65535)
    throw new ConfigError(`${name} must be a port number.`);
  return value;
}
