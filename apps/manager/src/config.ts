import { readFile } from 'node:fs/promises';

/** What a manager's processes are told at their start, as a JSON file. Paths, not contents: keys stay in files of their own. */
export interface ManagerConfig {
  readonly databaseUrl: string;
  readonly secretsKeyFile: string;
  readonly pki: { readonly caCert: string; readonly caKey: string; readonly managerCert: string; readonly managerKey: string; readonly ticketKey: string };
  readonly api: { readonly socket: string };
  /** `https://host:port`, as clients reach the gateway. */
  readonly origin: string;
  readonly adminPasswordFile: string;
  readonly instance: string;
}

const texts = ['databaseUrl', 'secretsKeyFile', 'origin', 'adminPasswordFile', 'instance', 'pki.caCert', 'pki.caKey', 'pki.managerCert', 'pki.managerKey', 'pki.ticketKey', 'api.socket'];

export async function readConfig(path: string): Promise<ManagerConfig> {
  const config: unknown = JSON.parse(await readFile(path, 'utf8'));
  for (const name of texts) {
    const value = name.split('.').reduce<unknown>((held, key) => (typeof held === 'object' && held !== null ? Reflect.get(held, key) : undefined), config);
    if (typeof value !== 'string' || value === '') throw new Error(`${path} lacks ${name}`);
  }
  return config as ManagerConfig;
}
