import { STATUS_CODES, type IncomingMessage } from 'node:http';
import { request as send } from 'node:https';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { answerHeaders, forwardedHeaders } from './headers.ts';
import { pinnedTo, type HostTls } from './host-connections.ts';
import type { Destination } from './tickets.ts';

export interface ConsoleRelayOptions {
  readonly tls: HostTls;
  /** Milliseconds until the host must have let the console in. */
  readonly deadline: number;
  readonly failed: (problem: { host: string; message: string }) => void;
}

export type ConsoleRelay = (request: IncomingMessage, client: Duplex, head: Buffer, destination: Destination) => void;

/** Passes a console's WebSocket to the host that runs the VM. After the handshake it is bytes both ways; a screen may stand still for hours. */
export function consoleRelay({ tls, deadline, failed }: ConsoleRelayOptions): ConsoleRelay {
  return (request, client, head, destination) => {
    const upstream = send({
      ...pinnedTo(destination),
      ...tls,
      minVersion: 'TLSv1.2',
      agent: false,
      path: `/consoles/${destination.ticket}`,
      headers: { ...forwardedHeaders(request), connection: 'Upgrade', upgrade: 'websocket' },
    });
    const expired = setTimeout(() => upstream.destroy(new Error(`no answer within ${deadline / 1000} seconds`)), deadline);
    const gone = () => upstream.destroy();
    client.on('error', gone).once('close', gone);

    upstream.once('error', (error) => {
      clearTimeout(expired);
      if (client.destroyed) return;
      failed({ host: destination.host, message: error.message });
      refuseUpgrade(client, 502, 'The host of this console cannot be reached. Try again.');
    });
    upstream.once('response', (answer) => {
      clearTimeout(expired);
      answer.destroy();
      refuseUpgrade(client, answer.statusCode ?? 502, 'The host did not let this console in. A ticket counts once; ask for another.');
    });
    upstream.once('upgrade', (answer, host, firstBytes) => {
      clearTimeout(expired);
      client.off('close', gone);
      for (const socket of [client, host]) {
        // Both directions listen for the end of either side: more listeners than Node takes for usual, and no leak.
        socket.setMaxListeners(32);
        if (socket instanceof Socket) socket.setNoDelay(true).setKeepAlive(true, 30_000).setTimeout(0);
      }
      client.write(handshake(answer));
      if (firstBytes.length > 0) client.write(firstBytes);
      if (head.length > 0) host.write(head);
      pipeline(host, client, () => client.destroy());
      pipeline(client, host, () => host.destroy());
    });
    upstream.end();
  };
}

/** The host's agreement to a WebSocket, with its own headers: they hold the proof that it understood the key. */
function handshake(answer: IncomingMessage): string {
  const headers = Object.entries({ ...answerHeaders(answer.headers), connection: 'Upgrade', upgrade: 'websocket' });
  return `HTTP/1.1 101 Switching Protocols\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** An upgrade has no response object; this is the whole answer. */
export function refuseUpgrade(client: Duplex, status: number, text: string): void {
  const body = Buffer.from(`${text}\n`);
  client.on('error', () => undefined);
  client.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${text}\n`,
    () => client.destroy(),
  );
}
