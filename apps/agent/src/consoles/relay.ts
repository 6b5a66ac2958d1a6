import { createServer, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import { ticketIn, type ConsoleGrant, type ConsoleTickets } from './tickets.ts';

export interface RelayOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string };
  readonly tickets: ConsoleTickets;
  /** Connects to the console itself; what it fails with is not told to the client. */
  readonly open: (grant: ConsoleGrant) => Promise<Duplex>;
  /** Never with a ticket in it. */
  readonly log: (line: { console: string; vm: string; outcome: string }) => void;
}

export interface Relay {
  readonly port: number;
  /** Another certificate, for whoever connects from now on. */
  show(tls: RelayOptions['tls']): void;
  stop(): Promise<void>;
}

const pingEvery = 30_000;

/** The console relay: a WebSocket at `/consoles/<ticket>` whose binary frames are the console's bytes. */
export async function startRelay({ address, port, tls, tickets, open, log }: RelayOptions): Promise<Relay> {
  const server = createServer({ cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' }, (_request, response) => {
    response.writeHead(404).end();
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 1024 * 1024,
    perMessageDeflate: false,
    // noVNC asks for `binary`; a client that asks for nothing gets nothing.
    handleProtocols: (protocols) => (protocols.has('binary') ? 'binary' : false),
  });

  server.on('upgrade', (request, socket: Duplex, head) => {
    socket.on('error', () => socket.destroy());
    const grant = grantOf(request, tickets);
    if (!grant) return refuse(socket, '403 Forbidden');
    open(grant).then(
      (target) => {
        // The client may have gone while the console was being opened.
        if (socket.destroyed) return target.destroy();
        sockets.handleUpgrade(request, socket, head, (client) => {
          void carry(client, target).then((outcome) => log({ console: grant.console, vm: grant.vm, outcome }));
        });
      },
      (error: unknown) => {
        log({ console: grant.console, vm: grant.vm, outcome: error instanceof Error ? error.message : 'failed' });
        refuse(socket, '502 Bad Gateway');
      },
    );
  });
  await listening(server, port, address);
  const bound = server.address();
  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : 0,
    show: ({ cert, key }) => server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' }),
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function grantOf(request: IncomingMessage, tickets: ConsoleTickets): ConsoleGrant | undefined {
  const token = /^\/consoles\/([A-Za-z0-9._-]{1,4096})(?:\?.*)?$/.exec(request.url ?? '')?.[1];
  const ticket = token === undefined ? undefined : ticketIn(token);
  return ticket === undefined ? undefined : tickets.redeem(ticket);
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Bytes both ways until either side ends. Each side is read only as fast as the other takes it. */
async function carry(client: WebSocket, target: Duplex): Promise<string> {
  let alive = true;
  client.on('pong', () => (alive = true));
  const pinging = setInterval(() => {
    if (!alive) return client.terminate();
    alive = false;
    client.ping();
  }, pingEvery);
  const stream = createWebSocketStream(client);
  try {
    await Promise.race([pipeline(stream, target), pipeline(target, stream, { end: false })]);
    return 'ended';
  } catch (error) {
    return error instanceof Error ? error.message : 'broken';
  } finally {
    clearInterval(pinging);
    target.destroy();
    client.close(1000);
    // A client that does not take its leave is not waited for.
    setTimeout(() => client.terminate(), 2_000).unref();
  }
}

function listening(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
