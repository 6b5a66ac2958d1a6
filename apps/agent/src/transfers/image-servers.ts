import { randomUUID } from 'node:crypto';
import { chown, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import { startImageServer, ticketControl, type TicketControl } from '@ostler/image-io/image-server-process';
import { isImageError } from '@ostler/image-io/errors';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import type { HostTls } from '../certificate.ts';
import { turns } from '../hypervisor/turns.ts';
import { identityOf, isAlive, killGroup, livingMembersOf, type ProcessIdentity } from '../storage/process-identity.ts';

export interface ImageServersOptions {
  /** Short, and on this host's own disk or memory: sockets are in it. */
  readonly runDir: string;
  readonly identityFile: string;
  /** What servers that are started from now on show. */
  readonly tls: () => HostTls;
  readonly listen: { readonly address: string; readonly port: number };
  readonly workers?: number;
  readonly uid: number;
  readonly gid: number;
  /** For tests: where the first server that is started ends (see image-io). */
  readonly exitAt?: string;
  readonly log: { info(details: object, message: string): void };
}

/** The processes that move images. They outlive the agent; one that is gone is started again when it is next needed. */
export interface ImageServers {
  /** The tickets of a server that runs; it is started where none does. */
  control(): Promise<TicketControl>;
  /** Undefined where none runs. */
  running(): Promise<TicketControl | undefined>;
  /** Nobody serves this ticket afterwards. No server is started for that, and one that does not answer is ended. */
  revoke(ticket: string): Promise<void>;
  /** Has the server that runs, if one does, show another certificate from now on; transfers go on. */
  show(tls: HostTls): Promise<void>;
  stop(): Promise<void>;
}

/** Milliseconds. A server only keeps books: one that is silent for so long does not serve either. */
const answerPatience = 15_000;
/** What killing takes at most, unless something hangs in its storage. */
const endPatience = 10_000;

export async function imageServers(options: ImageServersOptions): Promise<ImageServers> {
  const { runDir, identityFile, tls, listen, workers, uid, gid, log } = options;
  const known = ticketControl(join(runDir, 'control.sock'));
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  await chown(runDir, uid, gid);
  /** Starting and ending: never both at once. */
  const turn = turns();
  let stopped = false;
  let { exitAt } = options;

  async function begin(): Promise<void> {
    await end();
    const ending = exitAt;
    exitAt = undefined;
    await startImageServer(
      {
        control: join(runDir, 'control.sock'),
        // For clients on this host that are let into the directory: no TLS, and no way through the network.
        unixSocket: join(runDir, 'images.sock'),
        runDirectory: join(runDir, 'nbd'),
        listen: { host: listen.address, port: listen.port, tls: tls() },
        ...(workers !== undefined && { workers }),
      },
      { uid, gid, launched: remember, ...(ending !== undefined && { exitAt: ending }), log: (line) => log.info({ line }, 'image server') },
    );
  }

  /** Before it is told what to serve: an agent that dies here leaves nothing that the next one does not know. */
  async function remember(pid: number): Promise<void> {
    const identity = await identityOf(pid);
    if (identity) await writeFileAtomically(identityFile, JSON.stringify(identity), privateMode);
  }

  /** What is left of a server that does not answer holds the port and the images: it must be gone before another begins. */
  async function end(): Promise<void> {
    const left = await readIdentity(identityFile);
    if (left && ((await isAlive(left)) || !(await identityOf(left.pid)))) {
      killGroup(left.pid);
      for (let waited = 0; (await livingMembersOf(left.pid)).length > 0; waited += 50) {
        if (waited >= endPatience) throw new AgentError('storage_hangs', 'An image server hangs in its storage, and cannot be ended');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await rm(identityFile, { force: true });
  }

  /** False where no server answers, be it that it ended under the removal. */
  async function removed(ticket: string): Promise<boolean> {
    if (!(await answers(known))) return false;
    try {
      await known.remove(ticket);
    } catch (error) {
      if (await answers(known)) throw error;
      return false;
    }
    return true;
  }

  return {
    async control() {
      if (await answers(known)) return known;
      await turn('server', async () => {
        if (stopped) throw new AgentError('unreachable', 'This agent is ending');
        if (!(await answers(known))) await begin();
      });
      return known;
    },
    running: async () => ((await answers(known)) ? known : undefined),
    async revoke(ticket) {
      if (await removed(ticket)) return;
      await turn('server', async () => {
        if (!(await removed(ticket))) await end();
      });
    },
    show: (next) =>
      turn('server', async () => {
        if (await answers(known)) await known.setTls(next);
      }),
    async stop() {
      stopped = true;
      await turn('server', end);
    },
  };
}

/** Nobody has this ticket; that it says so is a sign of life. */
async function answers(control: TicketControl): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), answerPatience)));
  const answer = control.info(randomUUID()).then(
    () => true,
    (error: unknown) => isImageError(error, 'not_found'),
  );
  return Promise.race([answer, silence]).finally(() => clearTimeout(timer));
}

async function readIdentity(path: string): Promise<ProcessIdentity | undefined> {
  try {
    const read: Partial<ProcessIdentity> = JSON.parse(await readFile(path, 'utf8'));
    return typeof read.pid === 'number' && read.pid > 1 && typeof read.startedAt === 'number'
      ? { pid: read.pid, startedAt: read.startedAt }
      : undefined;
  } catch {
    return undefined;
  }
}
