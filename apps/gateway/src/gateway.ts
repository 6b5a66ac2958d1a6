import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { apiProxy } from './api-proxy.ts';
import { consoleRelay, refuseUpgrade } from './console-relay.ts';
import { closedContent, securityHeaders } from './headers.ts';
import { hostConnections, type HostTls } from './host-connections.ts';
import { imageRelay } from './image-relay.ts';
import type { Metrics } from './metrics.ts';
import { notFoundPage, page } from './page.ts';
import { hintAtTls } from './plain-http.ts';
import type { Portal } from './portal.ts';
import { reply, replyText } from './replies.ts';
import { routeOf } from './routes.ts';
import type { Destination, TicketCheck } from './tickets.ts';

export interface GatewayOptions {
  /** PEM, as everywhere here. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly caCertificate: string;
  readonly hostTls: HostTls;
  readonly apiSocket: string;
  readonly ticketCheck: TicketCheck;
  readonly metrics: Metrics;
  readonly portal?: Portal;
  readonly warn: (details: object, message: string) => void;
  readonly limits?: Partial<Limits>;
}

/** Milliseconds, except for the number of connections and the bytes of a request's head. */
interface Limits {
  readonly apiDeadline: number;
  readonly hostDeadline: number;
  readonly idle: number;
  readonly imageIdle: number;
  readonly headers: number;
  readonly headerBytes: number;
  readonly connections: number;
}

const usualLimits: Limits = {
  apiDeadline: 90_000,
  hostDeadline: 15_000,
  idle: 120_000,
  imageIdle: 300_000,
  headers: 20_000,
  headerBytes: 32 * 1024,
  connections: 10_000,
};

export interface Gateway {
  /** Listens once it is told where. */
  readonly server: Server;
  /** Other certificates, for clients that come and hosts that are called from now on. Whoever is connected notices nothing. */
  renew(tls: GatewayOptions['tls'], hostTls: HostTls): void;
  /** No new connections; those that are there end with what they do now, at the latest after some milliseconds. */
  close(patience: number): Promise<void>;
}

/** The one door: carries bytes and TLS, decides nothing, and knows nothing but the signatures of tickets. */
export function newGateway(options: GatewayOptions): Gateway {
  const limits = { ...usualLimits, ...options.limits };
  const { metrics, ticketCheck } = options;
  const failed = (problem: object) => options.warn(problem, 'a host could not be reached');
  const toApi = apiProxy({ socketPath: options.apiSocket, deadline: limits.apiDeadline });
  /** Looked at for each new connection. */
  const hostTls = { ...options.hostTls };
  const toImages = imageRelay({ agentFor: hostConnections(hostTls), idle: limits.imageIdle, failed });
  const toConsole = consoleRelay({ tls: hostTls, deadline: limits.hostDeadline, failed });

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const route = routeOf(request.url ?? '');
    metrics.answered(route.to, response);
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    if (route.to !== 'images' && /^100-continue$/i.test(request.headers.expect ?? '')) response.writeContinue();
    switch (route.to) {
      case 'api':
        return toApi(request, response);
      case 'images':
        return void withTicket(response, ticketCheck(route.token, 'images'), (destination) =>
          toImages(request, response, destination, route.rest),
        );
      case 'consoles':
        return replyText(response, 426, 'Consoles are WebSockets.');
      case 'certificate':
        return sendCertificate(response, route.query, options.caCertificate);
      case 'page':
        return options.portal ? leadToPortal(response) : sendPage(response, 200, page);
      case 'portal':
        return options.portal ? options.portal(route.path, response) : sendPage(response, 404, notFoundPage);
      case 'nothing':
        return sendPage(response, 404, notFoundPage);
    }
  }

  async function upgrade(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const route = routeOf(request.url ?? '');
    const destination = route.to === 'consoles' ? await ticketCheck(route.token, 'consoles') : undefined;
    if (client.destroyed) return;
    if (!destination) return refuseUpgrade(client, 403, 'The ticket of this console is not valid or over. Ask for another.');
    metrics.consoles.opened();
    client.once('close', () => metrics.consoles.closed());
    toConsole(request, client, head, destination);
  }

  const server = createServer({
    ...options.tls,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 10_000,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headers,
    // An upload lasts as long as it lasts. Silence ends a request, see `timeout`.
    requestTimeout: 0,
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: Math.min(limits.headers, 5_000),
    insecureHTTPParser: false,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // Others who ask for an upgrade (to HTTP/2, say) are answered as if they had not.
    shouldUpgradeCallback: (request) => routeOf(request.url ?? '').to === 'consoles',
  });
  server.timeout = limits.idle;
  server.on('request', answer).on('checkContinue', answer).on('checkExpectation', answer);
  server.on('upgrade', (request, client, head) => void upgrade(request, client, head));
  server.maxConnections = limits.connections;
  hintAtTls(server);
  return {
    server,
    renew: ({ cert, key }, next) => {
      server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' });
      Object.assign(hostTls, next);
    },
    close: async (patience) => {
      const closed = new Promise((resolve) => server.close(resolve));
      const impatient = setTimeout(() => server.closeAllConnections(), patience);
      await closed;
      clearTimeout(impatient);
    },
  };
}

async function withTicket(
  response: ServerResponse,
  checked: Promise<Destination | undefined>,
  relay: (destination: Destination) => void,
): Promise<void> {
  const destination = await checked;
  // Whoever has gone meanwhile will not be heard of again: nothing may be begun that only their end would end.
  if (response.destroyed) return;
  if (destination) return relay(destination);
  replyText(response, 403, 'The ticket of this transfer is not valid or over.');
}

/** RHV's address for the CA certificate, which its clients' instructions name. */
function sendCertificate(response: ServerResponse, query: URLSearchParams, certificate: string): void {
  const wanted = query.get('resource') === 'ca-certificate' && (query.get('format') ?? 'X509-PEM-CA') === 'X509-PEM-CA';
  if (!wanted) return sendPage(response, 404, notFoundPage);
  if (response.req.method !== 'GET' && response.req.method !== 'HEAD') return replyText(response, 405, 'Use GET.');
  response.setHeader('content-disposition', 'attachment; filename=ca.pem');
  reply(response, 200, 'application/x-x509-ca-cert', certificate);
}

function leadToPortal(response: ServerResponse): void {
  response.setHeader('location', '/portal/');
  sendPage(response, 302, page);
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.setHeader('content-security-policy', closedContent);
  reply(response, status, 'text/html', html);
}
