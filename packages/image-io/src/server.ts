/**
 * The data side of an image server: ovirt-imageio's HTTP protocol on `/images/<ticket>`.
 *
 * Every operation asks the gate for a permit first and gives it back at the end, whatever happened. Statuses are
 * ovirt-imageio's: 400 bad request, 403 ticket (and the connection is closed), 404, 405, 416 outside of the ticket,
 * 500 with a text that tells a stranger nothing. Bodies of errors are one line of text.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, type Server as TlsServer } from 'node:tls';
import { type Backend, ZERO_STEP } from './backend.ts';
import { checksumAlgorithms, checksumOf, parseChecksumOptions } from './checksum.ts';
import { ImageError, messageOf } from './errors.ts';
import type { Extent } from './extents.ts';
import { type Answer, type Connection, type Request, serveConnection } from './http-connection.ts';
import * as syntax from './http-syntax.ts';
import type { OpenBackends } from './open-backends.ts';
import { receiveBody } from './receive.ts';
import { sendRange } from './send.ts';
import { type Access, MAX_OPERATIONS, type Permit, type TicketGate } from './tickets.ts';

export type ImageServerOptions = {
  gate: TicketGate;
  backends: OpenBackends;
  /** From what stands in the path to the ticket's id; undefined for what is no ticket. Tokens may be long and signed. */
  ticketIdOf: (pathToken: string) => string | undefined;
  /** Announced to clients on the same machine, which switch to it. */
  unixSocket?: string;
  /** Milliseconds that a silent client is waited for. Waiting for the storage does not count. */
  idleTimeout?: number;
  /** Sees what clients are not told. Never contains a ticket. */
  log?: (message: string) => void;
};

export const IDLE_TIMEOUT = 60_000;
const MAX_PATCH_BODY = 64 * 1024;

type Call = {
  readonly options: ImageServerOptions;
  readonly request: Request;
  readonly response: Answer;
  readonly connection: Connection;
  readonly connectionId: string;
};
type ImageCall = Call & { readonly token: string; readonly query: URLSearchParams };

let connectionCount = 0;

/** A server without TLS that is not listening yet: for a unix socket, and behind something that speaks TLS. */
export function createImageServer(options: ImageServerOptions): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => accept(socket, options));
}

/** HTTPS, TLS 1.2 or newer. */
export function createTlsImageServer(options: ImageServerOptions, tls: SecureContextOptions): TlsServer {
  const settings = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], allowHalfOpen: true, noDelay: true } as const;
  return createTlsServer({ ...settings, ...tls }, (socket) => accept(socket, options));
}

/** Transfers take hours, so only silence ends them: there is no limit for a whole request. */
function accept(socket: Socket, options: ImageServerOptions): void {
  const { gate, idleTimeout = IDLE_TIMEOUT } = options;
  connectionCount += 1;
  const connectionId = `${process.pid}-${connectionCount}`;
  socket.once('close', () => gate.disconnected(connectionId));
  serveConnection(socket, {
    idleTimeout,
    handle: (request, response, connection) => void answer({ options, request, response, connection, connectionId }),
  });
}

async function answer(call: Call): Promise<void> {
  const { request, response, connection, options } = call;
  connection.waitsForClient = false;
  response.setHeader('Access-Control-Allow-Origin', '*');
  try {
    await dispatch(call);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else refuse(call, error);
    if (!isClientsFault(error)) options.log?.(`${request.method} failed: ${messageOf(error)}`);
  } finally {
    connection.waitsForClient = true;
  }
}

function dispatch(call: Call): Promise<void> | void {
  const { request, response } = call;
  const route = syntax.parseRoute(request.target);
  const { method } = request;
  if (route.on === 'nothing') throw new ImageError('not_found', 'Nothing is here');
  if (route.on === 'info')
    return method === 'GET' ? sendJson(response, { version: '1.0', name: 'Ostler image server' }) : notAllowed(call, 'GET');
  const image = { ...call, token: route.token, query: route.query };
  if (route.on === 'image') {
    if (method === 'OPTIONS') return describe(image);
    if (method === 'GET') return download(image);
    if (method === 'PUT') return upload(image);
    if (method === 'PATCH') return patch(image);
    return notAllowed(call, 'OPTIONS, GET, PUT, PATCH');
  }
  if (method === 'OPTIONS') return describe(image);
  if (method !== 'GET') return notAllowed(call, 'OPTIONS, GET');
  if (route.on === 'extents') return extents(image);
  if (route.on === 'checksum') return checksum(image);
  if (route.on === 'transferred') return transferred(image);
  return algorithms(image);
}

async function describe(call: ImageCall): Promise<void> {
  const { response, token, options } = call;
  const capabilities = (writable: boolean) => ({
    ...(options.unixSocket === undefined ? {} : { unix_socket: options.unixSocket }),
    features: writable ? ['checksum', 'extents', 'flush', 'transferred', 'zero'] : ['checksum', 'extents', 'transferred'],
    max_readers: MAX_OPERATIONS,
    max_writers: MAX_OPERATIONS,
  });
  const reply = (writable: boolean) => {
    response.setHeader('Allow', writable ? 'OPTIONS,GET,PUT,PATCH' : 'OPTIONS,GET');
    response.setHeader('Access-Control-Allow-Methods', 'OPTIONS, GET, PUT, PATCH');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Cache-Control, Content-Range, Content-Type, Pragma, Range');
    response.setHeader('Access-Control-Max-Age', '86400');
    sendJson(response, capabilities(writable));
  };
  if (token === '*') return reply(true);
  await withPermit(call, 'any', async ({ ticket }) => reply(ticket.ops.includes('write')));
}

async function download(call: ImageCall): Promise<void> {
  const { request, response, query, connection } = call;
  const close = syntax.parseSwitch(query, 'close', false);
  await withPermit(call, 'read', async (permit) => {
    const { size, filename } = permit.ticket;
    const range = inTicket(size, () => syntax.parseRange(request.headers['range'], size));
    const backend = await backendOf(call, permit);
    const { start, end } = range ?? { start: 0, end: size };
    const headers: Record<string, string | number> = {
      'Content-Type': 'application/octet-stream',
      'Content-Length': end - start,
      'Accept-Ranges': 'bytes',
    };
    if (range) headers['Content-Range'] = `bytes ${start}-${end - 1}/${size}`;
    if (filename !== undefined) headers['Content-Disposition'] = syntax.attachment(filename);
    if (close) headers['Connection'] = 'close';
    response.writeHead(range ? 206 : 200, headers);
    await sendRange(connection.socket, backend, { start, end }, permit, connection);
    response.end();
  });
}

async function upload(call: ImageCall): Promise<void> {
  const { request, response, query, connection } = call;
  const flush = syntax.parseSwitch(query, 'flush', true);
  const close = syntax.parseSwitch(query, 'close', false);
  const length = syntax.parseContentLength(request.headers['content-length']);
  const offset = syntax.parseContentRange(request.headers['content-range']);
  await withPermit(call, 'write', async (permit) => {
    within(permit, offset, length);
    const backend = await backendOf(call, permit);
    await receiveBody(request, backend, offset, permit, connection);
    if (flush) await backend.flush();
    if (close) response.setHeader('Connection', 'close');
    response.writeHead(200, { 'Content-Length': 0 });
    response.end();
  });
}

async function patch(call: ImageCall): Promise<void> {
  const { request, response } = call;
  const operation = syntax.parsePatch(await smallBody(request, call.connection));
  await withPermit(call, 'write', async (permit) => {
    if (operation.op === 'zero') within(permit, operation.offset, operation.size);
    const backend = await backendOf(call, permit);
    if (operation.op === 'zero') await zeroRange(backend, operation.offset, operation.offset + operation.size, permit);
    if (operation.op === 'flush' || operation.flush) await backend.flush();
    response.writeHead(200, { 'Content-Length': 0 });
    response.end();
  });
}

async function zeroRange(backend: Backend, start: number, end: number, permit: Permit): Promise<void> {
  for (let at = start; at < end; at += ZERO_STEP) {
    notRevoked(permit);
    const stop = Math.min(at + ZERO_STEP, end);
    await backend.zero(at, stop - at);
    permit.advance(at, stop);
  }
}

async function extents(call: ImageCall): Promise<void> {
  const context = syntax.parseContext(call.query);
  await withPermit(call, 'read', async (permit) => {
    const backend = await backendOf(call, permit);
    if (context === 'dirty' && !(permit.ticket.dirty && backend.hasDirty))
      throw new ImageError('not_found', 'This image has no dirty extents');
    const { size } = permit.ticket;
    const shape = ({ start, length, zero, hole, dirty }: Extent) =>
      context === 'dirty' ? { start, length, dirty, zero } : { start, length, zero, hole };
    call.response.setHeader('Content-Type', 'application/json');
    let text = '[';
    let separator = '';
    for await (const extent of backend.extents()) {
      notRevoked(permit);
      if (extent.start >= size) break;
      text += separator + JSON.stringify(shape({ ...extent, length: Math.min(extent.length, size - extent.start) }));
      separator = ', ';
    }
    // An image of a million extents is 60 MB of text. Answering it at once keeps a failure a clean 500.
    sendText(call.response, 200, `${text}]`);
  });
}

async function checksum(call: ImageCall): Promise<void> {
  const wish = parseChecksumOptions(call.query);
  await withPermit(call, 'read', async (permit) => {
    const backend = await backendOf(call, permit);
    const stopWhenUseless = () => {
      notRevoked(permit);
      if (call.response.destroyed) throw new ImageError('cancelled', 'The client left');
    };
    const digest = await checksumOf(backend, permit.ticket.size, wish, stopWhenUseless);
    sendJson(call.response, { algorithm: wish.algorithm, block_size: wish.blockSize, checksum: digest });
  });
}

async function algorithms(call: ImageCall): Promise<void> {
  await withPermit(call, 'read', async () => sendJson(call.response, { algorithms: checksumAlgorithms }));
}

/** Ostler's own: which ranges have been moved, so that a client can resume a transfer that it did not begin. */
async function transferred(call: ImageCall): Promise<void> {
  await withPermit(call, 'any', async ({ ticket }) => {
    const ranges = await call.options.gate.transferred(ticket.uuid);
    sendJson(
      call.response,
      ranges.map(({ start, end }) => ({ start, length: end - start })),
    );
  });
}

async function withPermit(call: ImageCall, access: Access, work: (permit: Permit) => Promise<void>): Promise<void> {
  const { options, token, connectionId } = call;
  const ticket = options.ticketIdOf(token);
  if (ticket === undefined) throw new ImageError('forbidden', 'No such ticket');
  const permit = await options.gate.begin({ ticket, connection: connectionId, access, counted: access !== 'any' });
  try {
    await work(permit);
  } finally {
    permit.finish();
  }
}

function backendOf({ options }: Call, { ticket }: Permit): Promise<Backend> {
  return options.backends.of(ticket);
}

function notRevoked(permit: Permit): void {
  if (permit.revoked.aborted) throw new ImageError('forbidden', 'The ticket was revoked');
}

class OutOfTicket extends ImageError {
  readonly size: number;
  constructor(size: number, message: string) {
    super('out_of_range', message);
    this.size = size;
  }
}

function within({ ticket }: Permit, offset: number, length: number): void {
  if (offset + length > ticket.size)
    throw new OutOfTicket(ticket.size, `The range ends at ${offset + length}, the ticket at ${ticket.size}`);
}

function inTicket<T>(size: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ImageError && error.code === 'out_of_range') throw new OutOfTicket(size, error.message);
    throw error;
  }
}

function smallBody(request: Request, connection: Connection): Promise<string> {
  const length = syntax.parseContentLength(request.headers['content-length']);
  if (length > MAX_PATCH_BODY) throw new ImageError('bad_request', `The body must not be longer than ${MAX_PATCH_BODY} bytes`);
  const body = Buffer.alloc(length);
  let filled = 0;
  connection.waitsForClient = true;
  return new Promise((resolve, reject) => {
    request.take({
      place: () => body.subarray(filled),
      placed: (count) => (filled += count) <= length,
      ended() {
        connection.waitsForClient = false;
        resolve(body.toString('utf8'));
      },
      left: () => reject(new ImageError('cancelled', 'The client left before the end of the body')),
    });
  });
}

function sendJson(response: Answer, value: unknown): void {
  response.setHeader('Content-Type', 'application/json');
  sendText(response, 200, JSON.stringify(value));
}

function sendText(response: Answer, status: number, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'Content-Length': body.length });
  response.end(body);
}

function notAllowed(call: Call, allow: string): void {
  call.response.setHeader('Allow', allow);
  refuseWith(call, 405, `Use ${allow}`);
}

function refuse(call: Call, error: unknown): void {
  const { response } = call;
  if (!(error instanceof ImageError)) return refuseWith(call, 500, 'The server failed');
  if (error instanceof OutOfTicket) response.setHeader('Content-Range', `bytes */${error.size}`);
  switch (error.code) {
    case 'bad_request':
      return refuseWith(call, 400, error.message);
    case 'forbidden':
      response.setHeader('Connection', 'close');
      return refuseWith(call, 403, error.message);
    case 'not_found':
      return refuseWith(call, 404, error.message);
    case 'out_of_range':
      return refuseWith(call, 416, error.message);
    case 'no_space':
      return refuseWith(call, 500, 'No space is left on the storage');
    default:
      return refuseWith(call, 500, 'The server failed');
  }
}

/** A client that is still sending what nobody wants reads the refusal first; then the connection is of no use to it. */
function refuseWith(call: Call, status: number, text: string): void {
  const { request, response } = call;
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  if (request.framing !== 'none') response.setHeader('Connection', 'close');
  sendText(response, status, `${text}\n`);
}

function isClientsFault(error: unknown): boolean {
  return error instanceof ImageError && ['bad_request', 'forbidden', 'not_found', 'out_of_range', 'cancelled'].includes(error.code);
}
