import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import type { Paths } from './paths.ts';
import { nameOfHost, type Settings } from './settings.ts';

export const originOf = ({ hostName, port }: Settings): string => `https://${hostName.includes(':') ? `[${hostName}]` : hostName}:${port}`;

export const databaseUrlOf = (paths: Paths, { databaseUrl }: Settings): string =>
  databaseUrl ?? `postgresql://postgres@/ostler?host=${encodeURIComponent(paths.postgres.socket)}`;

/** libvirtd's socket, and its URI for people and programs. */
export const libvirtOf = (paths: Paths, { libvirt }: Settings): { readonly socket: string; readonly uri: string } => {
  if (libvirt === 'system') return { socket: '/run/libvirt/libvirt-sock', uri: 'qemu:///system' };
  const socket = `${paths.libvirt}/run/libvirt-sock`;
  return { socket, uri: `qemu+unix:///system?socket=${socket}` };
};

/** What each process is told. Written at every start, so that a newer version's processes get what they read. */
export async function writeConfigs(paths: Paths, settings: Settings): Promise<void> {
  const { pki, agent } = paths;
  const anyAddress = '0.0.0.0';
  const manager = {
    databaseUrl: databaseUrlOf(paths, settings),
    secretsKeyFile: pki.secretsKey,
    pki: { caCert: pki.caCert, caKey: pki.caKey, managerCert: pki.managerCert, managerKey: pki.managerKey, ticketKey: pki.ticketKey },
    api: { socket: paths.apiSocket },
    origin: originOf(settings),
    adminPasswordFile: paths.adminPassword,
    instance: paths.state,
  };
  const gateway = {
    listen: { address: anyAddress, port: settings.port },
    tls: { cert: pki.gatewayCert, key: pki.gatewayKey, ca: pki.caCert },
    hostTls: { ca: pki.caCert, cert: pki.managerCert, key: pki.managerKey },
    apiSocket: paths.apiSocket,
    ticketPublicKey: pki.ticketPublicKey,
    portal: paths.portal,
  };
  const host = {
    stateDir: agent.state,
    hostName: nameOfHost(settings),
    listen: { address: anyAddress, port: settings.hostPorts.agent },
    images: { address: anyAddress, port: settings.hostPorts.images },
    consoles: { address: anyAddress, port: settings.hostPorts.consoles },
    libvirt: { socket: libvirtOf(paths, settings).socket },
    pki: { caCert: agent.caCert, cert: agent.cert, key: agent.key },
    networks: [{ name: 'ovirtmgmt', ...settings.network }],
    advertise: settings.hostName,
  };
  for (const [name, config] of Object.entries({ manager, gateway, agent: host } as const)) {
    const path = paths.config(name as 'manager' | 'gateway' | 'agent');
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomically(path, `${JSON.stringify(config, undefined, 2)}\n`, privateMode);
  }
}
