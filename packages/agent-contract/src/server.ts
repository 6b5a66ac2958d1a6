import { createSecureServer, type Http2SecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { describe, dispatcher, type Dispatch } from './dispatch.ts';
import { AgentError } from './errors.ts';
import { aliveEvery, type AgentEvent } from './events.ts';
import type { AgentImplementation, EventSource, OperationJournal } from './implementation.ts';

export interface AgentDoorOptions {
  readonly dispatch: Dispatch;
  readonly events: EventSource;
  /** Common names of certificates that may call: the manager's, and no other host's. */
  readonly allow: (commonName: string) => boolean;
  readonly now: () => number;
  /** A line for the agent's log: never an input, which may hold a password. */
  readonly log?: (line: { call: string; code: string; milliseconds: number; correlation?: string }) => void;
}

export interface AgentServerOptions extends Omit<AgentDoorOptions, 'dispatch'> {
  readonly implementation: AgentImplementation;
  readonly journal: OperationJournal;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

const maximumBody = 1024 * 1024;

/** What every server of agents demands of its callers, beside its own certificate. */
export const doorSettings = {
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  settings: { maxConcurrentStreams: 256 },
} as const;

/** An agent's server: HTTP/2 over mutual TLS. */
export function agentServer({ implementation, journal, tls, ...options }: AgentServerOptions): Http2SecureServer {
  const server = createSecureServer({ ...tls, ...doorSettings });
  server.on('stream', agentDoor({ ...options, dispatch: dispatcher(implementation, journal) }));
  return server;
}

/** Shows another certificate to whoever connects from now on. */
export const showCertificate = (server: Http2SecureServer, tls: AgentServerOptions['tls']): void =>
  server.setSecureContext({ ...tls, minVersion: doorSettings.minVersion });

/** Answers one stream: `POST /agent/<call>`, `GET /agent/events?after=<sequence>`. */
export function agentDoor(options: AgentDoorOptions): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  return (stream, headers) => {
    stream.on('error', () => stream.destroy());
    const caller = commonNameOf(stream);
    if (caller === undefined || !options.allow(caller))
      return answer(stream, 403, { error: { code: 'bad_request', message: 'This certificate may not call this host', facts: {} } });
    const url = new URL(headers[':path'] ?? '/', 'https://agent');
    if (headers[':method'] === 'GET' && url.pathname === '/agent/events')
      return void streamEvents(stream, options, Number(url.searchParams.get('after') ?? -1)).catch(() => stream.destroy());
    const name = /^\/agent\/(\w+)$/.exec(url.pathname)?.[1];
    if (headers[':method'] !== 'POST' || name === undefined)
      return answer(stream, 404, { error: { code: 'bad_request', message: 'No such path', facts: {} } });
    void serveCall(stream, options, name, headers);
  };
}

async function serveCall(
  stream: ServerHttp2Stream,
  options: AgentDoorOptions,
  name: string,
  headers: Record<string, unknown>,
): Promise<void> {
  const began = options.now();
  const gone = new AbortController();
  stream.on('close', () => gone.abort());
  const correlation = typeof headers['ostler-correlation'] === 'string' ? headers['ostler-correlation'] : undefined;
  const report = (code: string) =>
    options.log?.({ call: name, code, milliseconds: options.now() - began, ...(correlation === undefined ? {} : { correlation }) });
  try {
    const result = await options.dispatch(name, await readJson(stream), mandateOf(headers, correlation), gone.signal);
    answer(stream, 200, { result });
    report('ok');
  } catch (thrown) {
    const error = describe(thrown);
    answer(stream, 200, { error });
    report(error.code);
  }
}

function mandateOf(headers: Record<string, unknown>, correlation: string | undefined) {
  const epoch = Number(headers['ostler-epoch']);
  const operation = headers['ostler-operation'];
  if (!Number.isSafeInteger(epoch) || typeof operation !== 'string') return undefined;
  return { epoch, operation, ...(correlation === undefined ? {} : { correlation }) };
}

async function readJson(stream: ServerHttp2Stream): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > maximumBody) throw new AgentError('bad_request', `The call is larger than ${maximumBody} bytes`);
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new AgentError('bad_request', 'The call is not JSON');
  }
}

function answer(stream: ServerHttp2Stream, status: number, body: object): void {
  if (stream.destroyed || stream.headersSent) return;
  stream.respond({ ':status': status, 'content-type': 'application/json' });
  stream.end(JSON.stringify(body));
}

/** `after` −1 starts at what is newest: for a reader that will `observe` first thing. */
async function streamEvents(stream: ServerHttp2Stream, options: AgentDoorOptions, after: number): Promise<void> {
  const gone = new AbortController();
  stream.on('close', () => gone.abort());
  stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
  const send = (event: AgentEvent) => {
    if (!stream.destroyed) stream.write(`${JSON.stringify(event)}\n`);
  };
  const { events, now } = options;
  // What `alive` tells is what this reader has been sent: it may safely resume after any sequence that it was told.
  let told = after;
  send({ kind: 'hello', bootId: events.bootId, sequence: events.latest(), at: now() });
  const alive = setInterval(() => send({ kind: 'alive', sequence: told, at: now() }), aliveEvery);
  try {
    let held = after < 0 ? undefined : events.after(after, gone.signal);
    if (!held) {
      told = events.latest();
      send({ kind: 'resync', sequence: told, at: now() });
      held = events.after(told, gone.signal);
    }
    for await (const event of held ?? []) {
      told = event.sequence;
      send(event);
      // A reader that does not keep up is cut off, and resyncs, rather than served from a heap that grows.
      if (stream.writableLength > 8 * 1024 * 1024) return stream.close();
    }
  } finally {
    clearInterval(alive);
    if (!stream.destroyed) stream.end();
  }
}

function commonNameOf(stream: ServerHttp2Stream): string | undefined {
  const socket = stream.session?.socket as TLSSocket | undefined;
  const name = socket?.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : name?.[0];
}
