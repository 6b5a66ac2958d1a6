import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createApi, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHost, request as send } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { SignJWT, importPKCS8 } from 'jose';
import { createAuthority, issue, type Identity } from '@ostler/pki/authority';
import { newTicketKeys } from '@ostler/pki/tickets';
import { newGateway, type Gateway, type GatewayOptions } from './gateway.ts';
import { newMetrics } from './metrics.ts';
import { ticketCheck } from './tickets.ts';

/** A gateway on loopback with real TLS, an api behind a unix socket and a host, both of which the test plays itself. */
export interface Bench {
  readonly ca: string;
  readonly authority: Identity;
  readonly port: number;
  readonly gateway: Gateway;
  /** How the api and the host answer; set by each test. */
  api: RequestListener;
  host: RequestListener;
  /** Holds the check of every ticket up. */
  beforeTicket: Promise<void>;
  readonly apiServer: Server;
  readonly hostServer: ReturnType<typeof createHost>;
  readonly hostId: string;
  readonly warnings: object[];
  ticket(claims?: Partial<Claims>, key?: string): Promise<string>;
  ask(path: string, options?: Asked): Promise<Answered>;
  /** Bytes as they are, and all that comes back until the connection ends. */
  raw(text: string): Promise<string>;
  dial(): Promise<TLSSocket>;
  stop(): Promise<void>;
}

interface Claims {
  readonly jti: string;
  readonly aud: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly exp: number;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export async function bench(limits: GatewayOptions['limits'] = {}, more: Partial<Pick<GatewayOptions, 'portal'>> = {}): Promise<Bench> {
  const now = new Date();
  const authority = await createAuthority('Test authority', now);
  const hostId = randomUUID();
  const own = await issue(authority, { commonName: 'gateway', role: 'gateway', names: ['localhost', '127.0.0.1'] }, now);
  const hostIdentity = await issue(authority, { commonName: hostId, role: 'host', names: [hostId, '127.0.0.1'] }, now);
  const keys = newTicketKeys();
  const directory = await mkdtemp(join(tmpdir(), 'ostler-gateway-'));
  const apiSocket = join(directory, 'api.sock');
  const unexpected: RequestListener = (_request, response) => void response.writeHead(500).end('nobody expected this request');
  const warnings: object[] = [];

  const apiServer = createApi((request, response) => made.api(request, response));
  apiServer.on('checkExpectation', (request: IncomingMessage, response) => made.api(request, response));
  const hostServer = createHost({ ...hostIdentity, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, (request, response) =>
    made.host(request, response),
  );
  const check = await ticketCheck(keys.publicKey, Date.now);
  const gateway = newGateway({
    tls: own,
    caCertificate: authority.cert,
    hostTls: { ca: authority.cert, ...own },
    apiSocket,
    ticketCheck: async (token, audience) => {
      await made.beforeTicket;
      return check(token, audience);
    },
    metrics: newMetrics(),
    warn: (details) => void warnings.push(details),
    limits,
    ...more,
  });
  apiServer.listen(apiSocket);
  hostServer.listen(0, '127.0.0.1');
  gateway.server.listen(0, '127.0.0.1');
  await Promise.all([once(apiServer, 'listening'), once(hostServer, 'listening'), once(gateway.server, 'listening')]);
  const portOf = (server: { address(): AddressInfo | string | null }): number => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  const port = portOf(gateway.server);

  const made: Bench = {
    ca: authority.cert,
    authority,
    port,
    gateway,
    api: unexpected,
    host: unexpected,
    beforeTicket: Promise.resolve(),
    apiServer,
    hostServer,
    hostId,
    warnings,
    async ticket(claims = {}, key = keys.privateKey) {
      const all = {
        jti: randomUUID(),
        aud: 'images',
        host: hostId,
        address: '127.0.0.1',
        port: portOf(hostServer),
        exp: Math.floor(Date.now() / 1000) + 60,
        ...claims,
      };
      return new SignJWT(all).setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' }).sign(await importPKCS8(key, 'EdDSA'));
    },
    ask: (path, asked) => ask(port, authority.cert, path, asked),
    async raw(text) {
      const socket = await made.dial();
      socket.write(text);
      const chunks: Buffer[] = [];
      // A refusal may be followed by a reset, when there was more to read.
      try {
        for await (const chunk of socket) chunks.push(Buffer.from(chunk));
      } catch {
        socket.destroy();
      }
      return Buffer.concat(chunks).toString('latin1');
    },
    async dial() {
      const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, servername: 'localhost' });
      await once(socket, 'secureConnect');
      return socket;
    },
    async stop() {
      await gateway.close(0);
      apiServer.closeAllConnections();
      hostServer.closeAllConnections();
      await Promise.all([new Promise((done) => apiServer.close(done)), new Promise((done) => hostServer.close(done))]);
      await rm(directory, { recursive: true });
    },
  };
  return made;
}

function ask(port: number, ca: string, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = send({
      host: '127.0.0.1',
      port,
      ca,
      servername: 'localhost',
      path,
      method,
      agent: false,
      headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      void bodyOf(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: text.toString('utf8') }),
        reject,
      );
    });
    request.end(body);
  });
}

export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
