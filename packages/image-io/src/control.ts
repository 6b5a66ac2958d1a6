/**
 * The control side of an image server, on a unix socket that only the host's agent may open: ovirt-imageio's
 * `/tickets/<id>` as HTTP and JSON, and `PUT /tls` for a renewed certificate.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ImageError, messageOf } from './errors.ts';
import { parseTls, type TlsFiles } from './image-server-config.ts';
import { parseExtension, parseTicket, type TicketSpec } from './ticket-spec.ts';
import type { TicketInfo } from './tickets.ts';

export type ControlActions = {
  add(spec: TicketSpec): Promise<void>;
  info(id: string): TicketInfo;
  extend(id: string, timeout: number): Promise<void>;
  /** Rejects with `busy` when operations do not end in time. */
  remove(id: string): Promise<void>;
  removeAll(): Promise<void>;
  setTls(tls: TlsFiles): void;
};

const MAX_BODY = 256 * 1024;

export function createControlServer(actions: ControlActions): Server {
  return createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(actions, request, response).catch((error: unknown) => refuse(response, error));
  });
}

async function answer(actions: ControlActions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '';
  if (path === '/tls' && request.method === 'PUT') {
    actions.setTls(parseTls(await jsonBody(request)));
    return reply(response, 200);
  }
  const id = /^\/tickets\/([^/?]*)$/.exec(path)?.[1];
  if (id === undefined) throw new ImageError('not_found', 'Nothing is here');
  const ticket = decodeURIComponent(id);
  switch (request.method) {
    case 'PUT': {
      const spec = parseTicket(await jsonBody(request));
      if (spec.uuid !== ticket) throw new ImageError('bad_request', 'The uuid in the body is not the one in the path');
      await actions.add(spec);
      return reply(response, 200);
    }
    case 'GET':
      return reply(response, 200, actions.info(ticket));
    case 'PATCH':
      await actions.extend(ticket, parseExtension(await jsonBody(request)));
      return reply(response, 200);
    case 'DELETE':
      await (ticket === '' ? actions.removeAll() : actions.remove(ticket));
      return reply(response, 204);
    default:
      response.setHeader('Allow', 'PUT, GET, PATCH, DELETE');
      return reply(response, 405);
  }
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) throw new ImageError('bad_request', 'The body is too long');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ImageError('bad_request', 'The body is not JSON');
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  const statuses: Partial<Record<string, number>> = { bad_request: 400, not_found: 404, busy: 409 };
  const status = error instanceof ImageError ? (statuses[error.code] ?? 500) : error instanceof URIError ? 400 : 500;
  reply(response, status, { error: error instanceof ImageError ? error.code : 'internal', message: messageOf(error) });
}

function reply(response: ServerResponse, status: number, value?: unknown): void {
  const body = value === undefined ? '' : JSON.stringify(value);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body);
}
