/** For the host's agent: starting an image server, and managing tickets over its control socket. */
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { ImageError, messageOf, type ImageErrorCode } from './errors.ts';
import type { ImageServerConfig, TlsFiles } from './image-server-config.ts';
import type { ServedImage, TicketSpec } from './ticket-spec.ts';
import type { TicketInfo } from './tickets.ts';

export type StartOptions = {
  /** The program: another entry that calls `runImageServer` with its own mapping of tokens. */
  entry?: string;
  uid?: number;
  gid?: number;
  /** Awaited before the process is told what to serve. If whoever starts it dies meanwhile, it is told nothing, and ends. */
  launched?: (pid: number) => Promise<void>;
  /** For tests: end it, as kill -9 would, `before N` or `after N` of the changes of its tickets, counted from 1. */
  exitAt?: string;
  /** Milliseconds until it serves. */
  startTimeout?: number;
  log?: (line: string) => void;
};

export type ImageServerProcess = {
  readonly pid: number;
  /** Undefined when it listens on no port. */
  readonly port: number | undefined;
  readonly control: TicketControl;
  readonly ended: Promise<void>;
  /** Ends it, its workers and its qemu-nbd processes. */
  stop(): Promise<void>;
};

const defaultEntry = fileURLToPath(new URL('image-server-main.ts', import.meta.url));

/** Resolves when it serves. It outlives this process unless stopped; `ticketControl` finds it again. */
export async function startImageServer(config: ImageServerConfig, options: StartOptions = {}): Promise<ImageServerProcess> {
  const { entry = defaultEntry, uid, gid, launched, exitAt, startTimeout = 30_000, log = () => undefined } = options;
  const child = spawn(process.execPath, [entry], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...(exitAt === undefined ? {} : { OSTLER_IMAGES_EXIT: exitAt }) },
    detached: true,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4096);
    for (const line of chunk.toString().split('\n')) if (line) log(line);
  });
  child.stdin.on('error', () => undefined);
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const port = await new Promise<number | undefined>((resolve, reject) => {
    const fail = (code: ImageErrorCode, message: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new ImageError(code, message));
    };
    const tell = async () => {
      if (child.pid !== undefined) await launched?.(child.pid);
      child.stdin.end(JSON.stringify(config));
    };
    tell().catch((error: unknown) => fail('backend', `The image server cannot be started: ${messageOf(error)}`));
    const timer = setTimeout(() => fail('deadline', `The image server did not serve within ${startTimeout} ms`), startTimeout);
    child.once('error', (error) => fail('backend', `The image server cannot be started: ${error.message}`));
    child.once('close', () => fail('backend', `The image server ended at once: ${said.trim()}`));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (!output.includes('\n')) return;
      clearTimeout(timer);
      const ready: unknown = JSON.parse(output);
      resolve(typeof ready === 'object' && ready && 'port' in ready && typeof ready.port === 'number' ? ready.port : undefined);
    });
  });
  return { pid: child.pid ?? 0, port, control: ticketControl(config.control), ended, stop };
}

/** A ticket as it is sent: a url, or an image for which the server runs qemu-nbd. */
export type NewTicket = Pick<TicketSpec, 'uuid' | 'size' | 'timeout'> &
  Partial<Pick<TicketSpec, 'transfer_id' | 'filename' | 'sparse' | 'dirty' | 'expect'>> & { ops: readonly ('read' | 'write')[] } & (
    { url: string } | { image: ServedImage }
  );

export type TicketControl = ReturnType<typeof ticketControl>;

/** All reject with an ImageError: `not_found` for an unknown ticket, `busy` when removing has to be repeated. */
export function ticketControl(socketPath: string) {
  const call = async (method: string, path: string, body?: unknown) => (await send(socketPath, method, path, body)).text;
  const ticketPath = (id: string) => `/tickets/${encodeURIComponent(id)}`;
  return {
    add: async (ticket: NewTicket): Promise<void> => void (await call('PUT', ticketPath(ticket.uuid), ticket)),
    info: async (id: string): Promise<TicketInfo> => JSON.parse(await call('GET', ticketPath(id))),
    extend: async (id: string, timeout: number): Promise<void> => void (await call('PATCH', ticketPath(id), { timeout })),
    /** Idempotent. Ends what runs and waits for it, up to a minute. */
    remove: async (id: string): Promise<void> => void (await call('DELETE', ticketPath(id))),
    removeAll: async (): Promise<void> => void (await call('DELETE', '/tickets/')),
    setTls: async (tls: TlsFiles): Promise<void> => void (await call('PUT', '/tls', tls)),
  };
}

/** Longer than removing a ticket may take. */
const CONTROL_DEADLINE = 120_000;

function send(socketPath: string, method: string, path: string, body: unknown): Promise<{ text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, timeout: CONTROL_DEADLINE, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve({ text });
        else reject(refusal(text));
      });
    });
    outgoing.on('timeout', () =>
      outgoing.destroy(new ImageError('deadline', `The image server did not answer within ${CONTROL_DEADLINE} ms`)),
    );
    outgoing.on('error', (error) =>
      reject(error instanceof ImageError ? error : new ImageError('backend', `The image server cannot be reached: ${error.message}`)),
    );
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function refusal(text: string): ImageError {
  try {
    const { error, message }: { error?: unknown; message?: unknown } = JSON.parse(text);
    const code = error === 'bad_request' || error === 'not_found' || error === 'busy' || error === 'deadline' ? error : 'backend';
    return new ImageError(code, String(message));
  } catch {
    return new ImageError('backend', 'The image server answered something unknown');
  }
}
