import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { createInterface } from 'node:readline';
import { calls, type CallName, type Input, type Mandate, type Output } from './calls.ts';
import { AgentError, isAgentErrorCode } from './errors.ts';
import { aliveEvery, type AgentEvent } from './events.ts';

export interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface AgentAddress {
  /** `https://host:port` */
  readonly url: string;
  /** Looked at for each new connection: our own certificate may be renewed meanwhile. */
  readonly tls: ClientTls;
  /** The name that the host's certificate must bear: the host's id, so that no other host can answer for it. */
  readonly serverName: string;
}

type Options<C extends CallName> = ((typeof calls)[C]['kind'] extends 'look' ? { mandate?: never } : { mandate: Mandate }) & {
  deadline?: number;
};

export interface AgentClient {
  call<C extends CallName>(
    name: C,
    input: Input<C>,
    ...options: (typeof calls)[C]['kind'] extends 'look' ? [Options<C>?] : [Options<C>]
  ): Promise<Output<C>>;
  /** The event stream after a sequence (−1: from now on). It ends with an error when the host falls silent. */
  events(after: number, signal: AbortSignal): AsyncIterable<AgentEvent>;
  close(): void;
}

/** One HTTP/2 connection per host, opened at the first call and again whenever it has broken. */
export function agentClient(address: AgentAddress): AgentClient {
  let current: ClientHttp2Session | undefined;
  const live = (): ClientHttp2Session => {
    if (current && !current.closed && !current.destroyed) return current;
    const { ca, cert, key } = address.tls;
    const session = connect(address.url, {
      ca,
      cert,
      key,
      servername: address.serverName,
      checkServerIdentity: (_host, certificate) => identityProblem(address.serverName, certificate.subjectaltname),
    });
    session.on('error', () => session.destroy());
    current = session;
    return session;
  };

  return {
    async call(name, input, ...[options]) {
      const { mandate, deadline = calls[name].deadline } = options ?? {};
      const headers = {
        ':method': 'POST',
        ':path': `/agent/${name}`,
        'content-type': 'application/json',
        ...(mandate && { 'ostler-epoch': String(mandate.epoch), 'ostler-operation': mandate.operation }),
        ...(mandate?.correlation !== undefined && { 'ostler-correlation': mandate.correlation }),
      };
      const reply = await exchange(live(), headers, JSON.stringify(input), deadline, name);
      return reply as Output<typeof name>;
    },
    events: (after, signal) => readEvents(live(), after, signal),
    close: () => current?.destroy(),
  };
}

const patience = 3_000;

/**
 * A connection whose other end has vanished looks alive to TCP for a quarter of an hour. Whoever has waited in vain asks
 * for a sign of life; without one the connection is given up, and the next call opens another.
 */
function prove(session: ClientHttp2Session): void {
  if (session.closed || session.destroyed) return;
  const timer = setTimeout(() => session.destroy(new Error('The host does not answer')), patience);
  const alive = () => clearTimeout(timer);
  session.once('close', alive);
  session.ping(() => {
    alive();
    session.off('close', alive);
  });
}

/** The certificate must carry the host's id among its names; the address that we dialled does not matter. */
function identityProblem(expected: string, alternativeNames: string | undefined): Error | undefined {
  const names = (alternativeNames ?? '').split(', ');
  return names.includes(`DNS:${expected}`) ? undefined : new Error(`This is not host ${expected}`);
}

function exchange(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body: string,
  deadline: number,
  name: CallName,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stream = requestOn(session, headers);
    const timer = setTimeout(() => {
      reject(new AgentError('deadline', `The host did not answer ${name} within ${deadline} ms`));
      stream.close();
      prove(session);
    }, deadline);
    const fail = (problem: string) => {
      clearTimeout(timer);
      reject(new AgentError('unreachable', problem));
    };
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (error) => fail(error.message));
    stream.on('close', () => fail('The connection to the host broke'));
    stream.on('end', () => {
      clearTimeout(timer);
      settle(Buffer.concat(chunks).toString('utf8'), resolve, reject);
    });
    stream.end(body);
  });
}

function requestOn(session: ClientHttp2Session, headers: Record<string, string>): ClientHttp2Stream {
  try {
    return session.request(headers);
  } catch (error) {
    throw new AgentError('unreachable', error instanceof Error ? error.message : 'The connection to the host broke');
  }
}

function settle(text: string, resolve: (result: unknown) => void, reject: (error: AgentError) => void): void {
  try {
    const reply: { result?: unknown; error?: { code: string; message: string; facts: Record<string, string | number> } } = JSON.parse(text);
    if (!reply.error) return resolve(reply.result);
    const { code, message, facts } = reply.error;
    reject(new AgentError(isAgentErrorCode(code) ? code : 'internal', message, facts));
  } catch {
    reject(new AgentError('unreachable', 'The host answered with something else than JSON'));
  }
}

async function* readEvents(session: ClientHttp2Session, after: number, signal: AbortSignal): AsyncGenerator<AgentEvent> {
  const stream = requestOn(session, { ':method': 'GET', ':path': `/agent/events?after=${after}` });
  stream.end();
  // Silence for three heartbeats is a dead connection, whatever TCP believes.
  stream.setTimeout(3 * aliveEvery, () => {
    stream.destroy(new AgentError('unreachable', 'The host fell silent'));
    prove(session);
  });
  stream.on('response', (headers) => {
    if (headers[':status'] !== 200) stream.destroy(new AgentError('unreachable', `The host refused its events with ${headers[':status']}`));
  });
  signal.addEventListener('abort', () => stream.close(), { once: true });
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  const broken = new Promise<never>((_resolve, reject) =>
    stream.on('error', (error) => reject(error instanceof AgentError ? error : new AgentError('unreachable', error.message))),
  );
  broken.catch(() => undefined);
  const reader = lines[Symbol.asyncIterator]();
  try {
    while (!signal.aborted) {
      const next = await Promise.race([reader.next(), broken]);
      if (next.done) break;
      yield JSON.parse(next.value) as AgentEvent;
    }
  } finally {
    stream.close();
  }
  if (!signal.aborted) throw new AgentError('unreachable', 'The event stream ended');
}
