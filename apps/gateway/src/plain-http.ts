import { createServer, type Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { reply } from './replies.ts';

/** The first byte of a TLS connection: a record of type handshake. */
const tlsHandshake = 0x16;
/** Milliseconds that a new connection may stay silent, and that one without TLS may last. */
const patience = 10_000;

/**
 * Lets a TLS server tell those who come without TLS where they should have come: who types an address without
 * `https://` is led there, a program is told. Connections are told apart by their first byte.
 */
export function hintAtTls(server: TlsServer): void {
  const hints = hintServer();
  const startTls = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const overdue = setTimeout(() => socket.destroy(), patience);
    socket.once('close', () => clearTimeout(overdue));
    const broken = () => socket.destroy();
    socket.on('error', broken).once('readable', () => {
      const first: Buffer | null = socket.read();
      if (first === null) return void socket.destroy();
      socket.unshift(first);
      if (first[0] !== tlsHandshake) return void hints.emit('connection', socket);
      clearTimeout(overdue);
      socket.off('error', broken);
      for (const listener of startTls) listener.call(server, socket);
    });
  });
}

function hintServer(): Server {
  return createServer((request, response) => {
    const { host = '' } = request.headers;
    const mayFollow = (request.method === 'GET' || request.method === 'HEAD') && request.url?.startsWith('/') === true;
    response.setHeader('connection', 'close');
    if (!mayFollow || !/^[A-Za-z0-9.:[\]-]+$/.test(host))
      return reply(response, 400, 'text/plain', 'This port speaks HTTPS: use https:// in the address.\n');
    response.setHeader('location', `https://${host}${request.url}`);
    reply(response, 301, 'text/plain', `This port speaks HTTPS: https://${host}\n`);
  });
}
