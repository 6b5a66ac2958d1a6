import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { describe, dispatcher } from './dispatch.ts';
import { AgentError } from './errors.ts';
import { aliveEvery, type AgentEvent } from './events.ts';
import type { AgentImplementation, EventSource, OperationJournal } from './implementation.ts';

export interface AgentServerOptions {
  readonly implementation: AgentImplementation;
  readonly journal: OperationJournal;
  readonly events: EventSource;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Common names of certificates that may call: the manager's, and no other host's. */
  readonly allow: (commonName: string) => boolean;
  readonly now: () => number;
  /** A line for the agent's log: never an input, which may hold a password. */
  readonly log?: (line: { call: string; code: string; milliseconds: number; correlation?: string }) => void;
}

const maximumBody = 1024 * 1024;

/** The agent's door: HTTP/2 over mutual TLS. `POST /agent/<call>`, `GET /agent/events?after=<sequence>`. */
export function agentServer(options: AgentServerOptions): Http2SecureServer {
  const dispatch = dispatcher(options.implementation, options.journal);
  const server = createSecureServer({
    ...options.tls,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    settings: { maxConcurrentStreams: 256 },
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => stream.destroy());
    const caller = commonNameOf(stream);
    if (caller === undefined || !options.allow(caller))
      return answer(stream, 403, { error: { code: 'bad_request', message: 'This certificate may not call this host', facts: {} } });
    const url = new URL(headers[':path'] ?? '/', 'https://agent');
    if (headers[':method'] === 'GET' && url.pathname === '/agent/events')
      return void streamEvents(stream, options, Number(url.searchParams.get('after') ?? -1));
    const name = /^\/agent\/(\w+)$/.exec(url.pathname)?.[1];
    if (headers[':method'] !== 'POST' || name === undefined)
      return answer(stream, 404, { error: { code: 'bad_request', message: 'No such path', facts: {} } });
    void serveCall(stream, options, dispatch, name, headers);
  });
  return server;
}

async function serveCall(
  stream: ServerHttp2Stream,
  options: AgentServerOptions,
  dispatch: ReturnType<typeof dispatcher>,
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
    const result = await dispatch(name, await readJson(stream), mandateOf(headers, correlation), gone.signal);
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
async function streamEvents(stream: ServerHttp2Stream, options: AgentServerOptions, after: number): Promise<void> {
  const gone = new AbortController();
  stream.on('close', () => gone.abort());
  stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
  const send = (event: AgentEvent) => {
    if (!stream.destroyed) stream.write(`${JSON.stringify(event)}\n`);
  };
  const { events, now } = options;
  send({ kind: 'hello', bootId: events.bootId, sequence: events.latest(), at: now() });
  const alive = setInterval(() => send({ kind: 'alive', sequence: events.latest(), at: now() }), aliveEvery);
  try {
    let held = after < 0 ? undefined : events.after(after, gone.signal);
    if (!held) {
      const from = events.latest();
      send({ kind: 'resync', sequence: from, at: now() });
      held = events.after(from, gone.signal);
    }
    for await (const event of held ?? []) {
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
