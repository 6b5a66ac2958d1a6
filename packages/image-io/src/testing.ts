/** What the tests of this package share: a scratch directory, images, a memory backend, a server on it, raw requests. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Backend } from './backend.ts';
import type { Extent } from './extents.ts';
import type { ImageServerConfig } from './image-server-config.ts';
import { startImageServer } from './image-server-process.ts';
import { createOpenBackends } from './open-backends.ts';
import { createImageServer, type ImageServerOptions } from './server.ts';
import { createTicketBook } from './tickets.ts';
import { parseTicket, type TicketSpec } from './ticket-spec.ts';

export const MiB = 1024 * 1024;

export function scratch(): { path: (name: string) => string; [Symbol.dispose](): void } {
  const directory = mkdtempSync(join(tmpdir(), 'ostler-image-io-'));
  return { path: (name) => join(directory, name), [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

export function qemuImg(...args: string[]): string {
  return execFileSync('qemu-img', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export function qemuIo(path: string, format: string, ...commands: string[]): void {
  execFileSync('qemu-io', ['-f', format, ...commands.flatMap((command) => ['-c', command]), path], { stdio: ['ignore', 'pipe', 'pipe'] });
}

export type MemoryBackend = Backend & {
  readonly bytes: Buffer;
  /** Every call that arrived, in order. */
  readonly calls: string[];
  /** Awaited inside of every write and read: tests hold it to stop time. */
  hold: Promise<void>;
  failWith: Error | undefined;
};

export function memoryBackend(size: number, extents?: Extent[]): MemoryBackend {
  const bytes = Buffer.alloc(size);
  const backend: MemoryBackend = {
    bytes,
    calls: [],
    hold: Promise.resolve(),
    failWith: undefined,
    size,
    hasDirty: extents?.some((extent) => extent.dirty) ?? false,
    broken: false,
    async read(offset, into) {
      backend.calls.push(`read ${offset}+${into.length}`);
      await backend.hold;
      if (backend.failWith) throw backend.failWith;
      bytes.copy(into, 0, offset);
    },
    async write(offset, data) {
      backend.calls.push(`write ${offset}+${data.length}`);
      await backend.hold;
      if (backend.failWith) throw backend.failWith;
      data.copy(bytes, offset);
    },
    async zero(offset, length) {
      backend.calls.push(`zero ${offset}+${length}`);
      await backend.hold;
      bytes.fill(0, offset, offset + length);
    },
    async flush() {
      backend.calls.push('flush');
    },
    async *extents() {
      yield* extents ?? [{ start: 0, length: size, zero: false, hole: false, dirty: false }];
    },
    async close() {
      backend.calls.push('close');
    },
  };
  return backend;
}

export function ticketOf(fields: Partial<Record<keyof TicketSpec, unknown>>): TicketSpec {
  return parseTicket({ uuid: 'ticket', size: 4 * MiB, ops: ['write'], timeout: 60, url: 'file:///nowhere', sparse: true, ...fields });
}

/** A server with one ticket (id `ticket`) on a backend, with a clock that only moves when told. */
export async function serve(
  backend: Backend,
  fields: Partial<Record<keyof TicketSpec, unknown>> = {},
  options: Partial<ImageServerOptions> = {},
) {
  const clock = { now: 1_000_000 };
  const book = createTicketBook(() => clock.now);
  book.add(ticketOf({ size: backend.size, ...fields }));
  const logged: string[] = [];
  const backends = createOpenBackends(async () => backend);
  const server = createImageServer({
    gate: book.gate(),
    backends,
    ticketIdOf: (token) => token,
    log: (line) => logged.push(line),
    ...options,
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    book,
    clock,
    logged,
    ask: (method: string, path: string, rest: Omit<Ask, 'method' | 'path' | 'port'> = {}) => ask({ method, path, port, ...rest }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Ask = {
  port: number;
  method: string;
  path: string;
  headers?: Record<string, string | number>;
  body?: Buffer | string;
  agent?: Agent;
};
export type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer; text: string };

/** One request as it is written here, nothing added but Host (and Content-Length where there is a body and none is said). */
export function ask({ port, method, path, headers = {}, body, agent }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const withLength =
      body !== undefined && !('Content-Length' in headers) ? { 'Content-Length': Buffer.byteLength(body), ...headers } : headers;
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers: withLength, agent: agent ?? false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const all = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all, text: all.toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

export function randomBuffer(length: number): Buffer {
  return randomBytes(length);
}

/** Polls until it holds; fails loudly after five seconds. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A certificate for 127.0.0.1 that is its own authority, as PEM. */
export function selfSigned(directory: { path: (name: string) => string }): { cert: string; key: string } {
  const [cert, key] = [directory.path('cert.pem'), directory.path('key.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** An image server of two workers as a process of its own, ended with the test. */
export async function imageServer(
  directory: { path: (name: string) => string },
  tls: { cert: string; key: string } | 'none',
  rest: Partial<ImageServerConfig> = {},
) {
  const server = await startImageServer({
    control: directory.path('control.sock'),
    runDirectory: directory.path('run'),
    listen: { host: '127.0.0.1', port: 0, tls },
    workers: 2,
    ...rest,
  });
  const url = (ticket: string) => `${tls === 'none' ? 'http' : 'https'}://127.0.0.1:${server.port}/images/${ticket}`;
  return { ...server, url, [Symbol.asyncDispose]: () => server.stop() };
}

/** A qcow2 image with data, zero clusters and holes in it. */
export function holeyImage(path: string): void {
  qemuImg('create', '-f', 'qcow2', path, '300M');
  const random = `${path}.random`;
  writeFileSync(random, randomBytes(40 * MiB));
  qemuIo(
    path,
    'qcow2',
    `write -s ${random} 1M 40M`,
    `write -s ${random} 200M 40M`,
    'write -z 100M 10M',
    'write -P 5 299M 70000',
    'write -P 6 150M 512',
  );
  rmSync(random);
}
