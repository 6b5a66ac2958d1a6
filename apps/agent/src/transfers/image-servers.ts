import { randomUUID } from 'node:crypto';
import { chown, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startImageServer, ticketControl, type TicketControl } from '@ostler/image-io/image-server-process';
import { isImageError } from '@ostler/image-io/errors';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import { identityOf, isAlive, killGroup, livingMembersOf, type ProcessIdentity } from '../storage/process-identity.ts';

export interface ImageServersOptions {
  /** Short, and on this host's own disk or memory: sockets are in it. */
  readonly runDir: string;
  readonly identityFile: string;
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly listen: { readonly address: string; readonly port: number };
  readonly workers?: number;
  readonly uid: number;
  readonly gid: number;
  readonly log: { info(details: object, message: string): void };
}

/** The processes that move images. They outlive the agent; one that is gone is started again when it is next needed. */
export interface ImageServers {
  /** A running server's tickets. */
  control(): Promise<TicketControl>;
  stop(): Promise<void>;
}

export async function imageServers({ runDir, identityFile, tls, listen, workers, uid, gid, log }: ImageServersOptions): Promise<ImageServers> {
  const socket = join(runDir, 'control.sock');
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  await chown(runDir, uid, gid);
  let starting: Promise<TicketControl> | undefined;

  async function control(): Promise<TicketControl> {
    const known = ticketControl(socket);
    if (await answers(known)) return known;
    starting ??= begin().finally(() => (starting = undefined));
    return starting;
  }

  async function begin(): Promise<TicketControl> {
    await end();
    const server = await startImageServer(
      {
        control: socket,
        runDirectory: join(runDir, 'nbd'),
        listen: { host: listen.address, port: listen.port, tls },
        ...(workers !== undefined && { workers }),
      },
      { uid, gid, log: (line) => log.info({ line }, 'image server') },
    );
    const identity = await identityOf(server.pid);
    if (identity) await writeFileAtomically(identityFile, JSON.stringify(identity), privateMode);
    return server.control;
  }

  /** What is left of a server that does not answer holds the port and the images: it must be gone before another begins. */
  async function end(): Promise<void> {
    const left = await readIdentity(identityFile);
    if (left && ((await isAlive(left)) || !(await identityOf(left.pid)))) {
      killGroup(left.pid);
      for (let waited = 0; (await livingMembersOf(left.pid)).length > 0 && waited < 10_000; waited += 50)
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await rm(identityFile, { force: true });
  }

  return { control, stop: end };
}

/** Nobody has this ticket; that it says so is a sign of life. */
async function answers(control: TicketControl): Promise<boolean> {
  try {
    await control.info(randomUUID());
    return true;
  } catch (error) {
    return isImageError(error, 'not_found');
  }
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
