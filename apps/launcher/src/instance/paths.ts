import { join } from 'node:path';

/** Where an instance keeps what: all of it below one directory. */
export const pathsIn = (state: string) => ({
  state,
  settings: join(state, 'settings.json'),
  /** What `ostler status --output json` prints, for programs on this machine. */
  instance: join(state, 'instance.json'),
  adminPassword: join(state, 'admin-password'),
  /** A copy of ours, where the original is out of the processes' reach. */
  program: join(state, 'program'),
  dataDomain: join(state, 'data-domain'),
  /** The portal's built files: a copy of its own, which stays when the sources change. */
  portal: join(state, 'portal'),
  logs: join(state, 'log'),
  log: (name: string) => join(state, 'log', `${name}.log`),
  run: join(state, 'run'),
  supervisor: join(state, 'run/supervisor.json'),
  apiSocket: join(state, 'run/api.sock'),
  config: (name: 'manager' | 'gateway' | 'agent') => join(state, 'etc', `${name}.json`),
  pki: {
    caCert: join(state, 'pki/ca.pem'),
    caKey: join(state, 'pki/ca.key'),
    gatewayCert: join(state, 'pki/gateway.pem'),
    gatewayKey: join(state, 'pki/gateway.key'),
    managerCert: join(state, 'pki/manager.pem'),
    managerKey: join(state, 'pki/manager.key'),
    ticketKey: join(state, 'pki/ticket.key'),
    ticketPublicKey: join(state, 'pki/ticket.pub'),
    /** Encrypts the secrets in the database, which does not know it. */
    secretsKey: join(state, 'pki/secrets.key'),
  },
  postgres: { data: join(state, 'postgres/data'), socket: join(state, 'postgres/socket') },
  libvirt: join(state, 'libvirt'),
  agent: {
    state: join(state, 'agent'),
    mounts: join(state, 'agent/mounts'),
    caCert: join(state, 'agent/pki/ca.pem'),
    cert: join(state, 'agent/pki/host.pem'),
    key: join(state, 'agent/pki/host.key'),
  },
});

export type Paths = ReturnType<typeof pathsIn>;

export const defaultState = '/var/lib/ostler';
