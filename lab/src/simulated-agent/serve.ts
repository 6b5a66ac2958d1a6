import { createSecureServer, type Http2SecureServer, type Http2Session } from 'node:http2';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { agentDoor, doorSettings } from '@ostler/agent-contract/server';
import type { SimulatedHost } from './host.ts';

export interface ServedHost {
  readonly host: SimulatedHost;
  /** PEM texts. The certificate bears the host's id among its names. */
  readonly cert: string;
  readonly key: string;
}

export interface ServeOptions {
  /** The CA whose certificates may call, in PEM. */
  readonly ca: string;
  readonly allow: (commonName: string) => boolean;
  readonly address?: string;
  /** 0, the default, for a free one. */
  readonly port?: number;
}

export interface ServedHosts {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Any number of simulated hosts behind one port, by the name that the caller asks for in its TLS greeting, which is the
 * host's id. Give one host alone for a port of its own.
 */
export async function serveSimulated(hosts: readonly ServedHost[], options: ServeOptions): Promise<ServedHosts> {
  const known = new Map(hosts.map((served) => [served.host.hostId, { ...served, door: doorOf(served.host, options) }]));
  const contexts = new Map<string, ReturnType<typeof createSecureContext>>();
  const contextOf = (name: string) => {
    const served = known.get(name);
    if (!served) return undefined;
    const context = contexts.get(name) ?? createSecureContext({ ca: options.ca, cert: served.cert, key: served.key });
    contexts.set(name, context);
    return context;
  };
  const [first] = hosts;
  if (!first) throw new Error('There is no host to serve');
  const server = createSecureServer({
    ...doorSettings,
    ca: options.ca,
    cert: first.cert,
    key: first.key,
    SNICallback: (name, answer) => {
      const context = contextOf(name);
      if (context) answer(null, context);
      else answer(new Error(`There is no host ${name} here`));
    },
  });
  const sessions = new Set<Http2Session>();
  server.on('session', (session) => {
    const host = known.get(nameOf(session))?.host;
    if (!host?.faults.connected) return session.destroy();
    const forget = host.faults.onDisconnect(() => session.destroy());
    sessions.add(session);
    session.on('error', () => session.destroy());
    session.on('close', () => {
      forget();
      sessions.delete(session);
    });
  });
  server.on('stream', (stream, headers) => {
    const served = stream.session && known.get(nameOf(stream.session));
    if (served) served.door(stream, headers);
    else stream.destroy();
  });
  await listening(server, options.port ?? 0, options.address ?? '127.0.0.1');
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

const doorOf = ({ dispatch, events, clock }: SimulatedHost, { allow }: ServeOptions) =>
  agentDoor({ dispatch, events, allow, now: clock.now });

function nameOf(session: Http2Session): string {
  const name = (session.socket as TLSSocket).servername;
  return typeof name === 'string' ? name : '';
}

function listening(server: Http2SecureServer, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
