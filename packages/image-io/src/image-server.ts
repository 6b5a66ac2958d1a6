/**
 * An image server as processes of its own, beside the agent.
 *
 *            ┌─ worker: TLS, HTTP, NBD ─┐
 *  clients ──┤                          ├── qemu-nbd (one per image) or the file
 *            └─ worker: TLS, HTTP, NBD ─┘
 *                 │ permits, reports
 *            primary: tickets, control socket, qemu-nbd processes
 *
 * node:cluster's primary accepts connections and deals them out in turn, so that four connections of one transfer use
 * two workers evenly (SO_REUSEPORT deals by hash, and often gives three to one). The primary alone holds the tickets:
 * a worker asks before each operation and reports as it moves, a tenth of a millisecond on a pipe. So limits,
 * accounting, expiry and revocation are exact without any agreement between workers. Each worker has one NBD
 * connection per ticket to the same qemu-nbd, which makes a flush on one cover the writes of all.
 *
 * When a worker dies, its operations end and another takes its place. When the primary dies, workers and qemu-nbd
 * processes die with it, and tickets are gone: whoever made them notices (404) and adds them again.
 *
 * Started with its configuration on standard input, it prints `{"ready":true,"port":…}` on standard output when it
 * serves, and logs to standard error. It keeps the user and group that it was started with.
 */
import cluster, { type Worker } from 'node:cluster';
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Server as TlsServer } from 'node:tls';
import { createControlServer } from './control.ts';
import { messageOf } from './errors.ts';
import { type ImageServerConfig, parseConfig } from './image-server-config.ts';
import { createOpenBackends, openBackend } from './open-backends.ts';
import { type QemuNbd, startQemuNbd } from './qemu-nbd.ts';
import { createImageServer, createTlsImageServer } from './server.ts';
import { createTicketBook } from './tickets.ts';
import type { TicketSpec } from './ticket-spec.ts';
import { answerWorker, createRemoteGate, type ToPrimary, type ToWorker } from './worker-link.ts';

/** How long removing a ticket waits for its operations; ovirt-imageio waits as long. */
const DRAIN_DEADLINE = 60_000;
/** A worker that dies at once would otherwise be started as fast as the machine can. */
const RESTART_DELAY = 1000;

/**
 * Bodies arrive as short-lived buffers outside of the heap, and V8 marks the whole heap after each 64 MB of them: a
 * third of an uploading worker's time. Counted in the global limit, and with a small young generation whose cheap
 * collections free them first, it is half as much.
 */
const WORKER_FLAGS = ['--external-memory-accounted-in-global-limit', '--max-semi-space-size=1'];

/** The body of an entry program: the primary the first time, a worker in each process that cluster forks from it. */
export async function runImageServer(ticketIdOf: (pathToken: string) => string | undefined = (token) => token): Promise<void> {
  // The agent that reads the log may die first; that must not end transfers.
  process.stderr.on('error', () => undefined);
  if (cluster.isPrimary) await runPrimary(parseConfig(await text(process.stdin)));
  else runWorker(ticketIdOf);
}

async function runPrimary(config: ImageServerConfig): Promise<void> {
  const book = createTicketBook(() => performance.now());
  const links = new Map<Worker, ReturnType<typeof answerWorker>>();
  const images = servedImages(config.runDirectory);
  let current = config;

  async function remove(id: string): Promise<void> {
    await book.remove(id, DRAIN_DEADLINE, async () => {
      await Promise.all([...links.values()].map((link) => link.close(id)));
      await images.stop(id);
    });
  }

  const change = killPoint(process.env['OSTLER_IMAGES_EXIT']);
  const control = createControlServer({
    add: (spec) => change(async () => book.add(spec.image && !book.has(spec.uuid) ? await images.start(spec) : spec)),
    info: book.info,
    extend: (id, timeout) => change(async () => book.extend(id, timeout)),
    remove: (id) => change(() => remove(id)),
    removeAll: async () => void (await Promise.all(book.ids().map(remove))),
    setTls(tls) {
      if (current.listen) current = { ...current, listen: { ...current.listen, tls } };
      for (const worker of links.keys()) tell(worker, { type: 'tls', tls });
    },
  });

  function startWorker(): Promise<number | undefined> {
    const worker = cluster.fork();
    const link = answerWorker(book, (message) => tell(worker, message));
    links.set(worker, link);
    worker.once('exit', () => {
      links.delete(worker);
      link.gone();
      log('A worker has ended and is started again');
      setTimeout(() => void startWorker(), RESTART_DELAY);
    });
    return new Promise((resolve) => {
      worker.on('message', (message: ToPrimary) => {
        if (message.type === 'serving') resolve(message.port);
        else link.received(message);
      });
      tell(worker, { type: 'serve', config: current });
    });
  }

  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ execArgv: WORKER_FLAGS });
  for (const path of [config.control, config.unixSocket]) if (path?.startsWith('/') && existsSync(path)) rmSync(path);
  const ports = await Promise.all(Array.from({ length: config.workers || defaultWorkers() }, startWorker));
  // When all workers have died, those that follow must be where clients look for them.
  if (current.listen && ports[0] !== undefined) current = { ...current, listen: { ...current.listen, port: ports[0] } };
  await listen(control, { path: config.control });
  chmodSync(config.control, 0o660);
  process.stdout.write(`${JSON.stringify({ ready: true, port: ports[0] ?? null })}\n`);
}

/** `before N` or `after N`: this process ends there, with nothing answered. */
function killPoint(wish = ''): (work: () => Promise<void>) => Promise<void> {
  const [when, number] = wish.split(' ');
  let changes = 0;
  return async (work) => {
    changes += 1;
    const last = changes === Number(number);
    if (last && when === 'before') process.kill(process.pid, 'SIGKILL');
    await work();
    if (last && when === 'after') process.kill(process.pid, 'SIGKILL');
  };
}

/** One per processor, as TLS is what costs; more than four have nothing left to win against one qemu-nbd. */
function defaultWorkers(): number {
  return Math.max(2, Math.min(4, availableParallelism()));
}

function runWorker(ticketIdOf: (pathToken: string) => string | undefined): void {
  const { gate, received } = createRemoteGate((message) => process.send?.(message));
  const backends = createOpenBackends(openBackend);
  let tlsServer: TlsServer | undefined;

  process.on('message', (message: ToWorker) => {
    if (message.type === 'serve') void serve(message.config);
    else if (message.type === 'tls') tlsServer?.setSecureContext({ minVersion: 'TLSv1.2', ...message.tls });
    else if (message.type === 'close')
      void backends.close(message.ticket).then(() => process.send?.({ type: 'closed', call: message.call } satisfies ToPrimary));
    else received(message);
  });

  async function serve({ listen: address, unixSocket, idleTimeout }: ImageServerConfig): Promise<void> {
    const options = { gate, backends, ticketIdOf, log, ...(unixSocket ? { unixSocket } : {}), ...(idleTimeout ? { idleTimeout } : {}) };
    let port: number | undefined;
    if (address) {
      if (address.tls !== 'none') tlsServer = createTlsImageServer(options, address.tls);
      const server = tlsServer ?? createImageServer(options);
      await listen(server, { host: address.host, port: address.port });
      port = portOf(server.address());
    }
    if (unixSocket) await listen(createImageServer(options), { path: unixSocket });
    process.send?.({ type: 'serving', port } satisfies ToPrimary);
  }
}

/** The qemu-nbd processes of tickets that name an image instead of an NBD server. */
function servedImages(runDirectory: string) {
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
  const running = new Map<string, Promise<QemuNbd>>();
  let count = 0;

  /** The ticket with the source that its qemu-nbd is. Asking twice starts one. */
  async function start(spec: TicketSpec): Promise<TicketSpec> {
    if (!spec.image) return spec;
    const starting = running.get(spec.uuid) ?? launch(spec, spec.image);
    running.set(spec.uuid, starting);
    try {
      const { socketPath } = await starting;
      return { ...spec, url: `nbd:unix:${socketPath}`, source: { type: 'nbd', socket: socketPath, exportName: '' } };
    } catch (error) {
      running.delete(spec.uuid);
      throw error;
    }
  }

  async function launch({ ops, sparse }: TicketSpec, image: NonNullable<TicketSpec['image']>): Promise<QemuNbd> {
    count += 1;
    // Ticket ids may be long, and a unix socket's path may not.
    const socketPath = join(runDirectory, `${process.pid}-${count}.nbd`);
    return startQemuNbd({ ...image, socketPath, readOnly: !ops.includes('write'), sparse });
  }

  async function stop(ticket: string): Promise<void> {
    const starting = running.get(ticket);
    running.delete(ticket);
    const server = await starting?.catch(() => undefined);
    if (!server) return;
    await server.stop().catch((error: unknown) => log(messageOf(error)));
    rmSync(server.socketPath, { force: true });
  }

  return { start, stop };
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}

function listen(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(address: AddressInfo | string | null): number | undefined {
  return typeof address === 'object' && address ? address.port : undefined;
}

function log(message: string): void {
  process.stderr.write(`${JSON.stringify({ message })}\n`);
}
