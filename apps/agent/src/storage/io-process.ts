/**
 * A process for all file access to one place where storage domains are. A system call on a storage that is gone may
 * never return, and nothing can interrupt it; so it happens in a process that can be given up, and never in the agent.
 *
 * A request that is not answered by its deadline is refused with `storage_hangs`, and from then on every other one at
 * once. A late answer ends that. Without one the process and its children are killed, and when they are really gone
 * (killing waits for the system call, too) the next request starts a fresh one. So no place ever holds more than one
 * stuck process, and no other place notices.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AgentError } from '@ostler/agent-contract/errors';
import type { FromWorker, IoCallName, IoInput, IoOutput, Progress, ToWorker } from './io-protocol.ts';
import { identityOf, killGroup, livingMembersOf, type ProcessIdentity } from './process-identity.ts';

export interface IoProcessOptions {
  /** The directory that holds the domains. Only the I/O process touches it. */
  readonly root: string;
  /** A file on the host's own disk that names the process, so that the next agent knows what this one has left behind. */
  readonly identityFile: string;
  /** RHV's vdsm:kvm. */
  readonly uid?: number;
  readonly gid?: number;
  /** Milliseconds between a missed deadline and the kill: a storage may only be slow. */
  readonly killAfter?: number;
  /** For tests: end the process `before N` or `after N` of its changes, counted from 1. */
  readonly exitAt?: string;
}

export interface RequestOptions {
  /** Milliseconds. */
  readonly deadline: number;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

export interface IoProcess {
  request<C extends IoCallName>(call: C, input: IoInput<C>, options: RequestOptions): Promise<IoOutput<C>>;
  state(): 'ok' | 'hanging';
  onState(changed: (state: 'ok' | 'hanging') => void): void;
  /** The process that serves now; undefined before the first request and between two of them. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

interface Pending {
  readonly settle: (message: FromWorker) => void;
  readonly fail: (error: AgentError) => void;
  expired: boolean;
}

interface Life {
  readonly child: ChildProcess;
  readonly pending: Map<number, Pending>;
  killTimer?: NodeJS.Timeout;
}

const worker = fileURLToPath(new URL('io-worker.ts', import.meta.url));

export function ioProcess(options: IoProcessOptions): IoProcess {
  const { killAfter = 20_000 } = options;
  const listeners: ((state: 'ok' | 'hanging') => void)[] = [];
  let life: Life | undefined;
  /** While one is being started, or the one before is not gone yet. */
  let starting: Promise<Life> | undefined;
  let going: Promise<void> = reapPredecessor(options.identityFile);
  let state: 'ok' | 'hanging' = 'ok';
  let stopped = false;
  let requests = 0;

  function enter(next: 'ok' | 'hanging'): void {
    if (state === next) return;
    state = next;
    for (const changed of listeners) changed(next);
  }

  function live(): Promise<Life> {
    if (life) return Promise.resolve(life);
    starting ??= begin().finally(() => (starting = undefined));
    return starting;
  }

  async function begin(): Promise<Life> {
    await going;
    enter('ok');
    if (stopped) throw new AgentError('storage_failed', 'The host has let go of this storage');
    const child = launch(options);
    const begun: Life = { child, pending: new Map() };
    child.on('message', (message: FromWorker) => receive(begun, message));
    child.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    life = begun;
    going = ended.then(() => bury(begun));
    const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
    if (identity) await writeFile(options.identityFile, JSON.stringify(identity), { mode: 0o600 });
    return begun;
  }

  /** What hung is told apart from what broke; both may be asked again. */
  async function bury(ended: Life): Promise<void> {
    clearTimeout(ended.killTimer);
    life = undefined;
    for (const { fail } of ended.pending.values())
      fail(state === 'hanging' ? hangs() : new AgentError('storage_failed', 'The process that reads and writes this storage has ended'));
    const group = ended.child.pid;
    if (group !== undefined) await groupGone(group);
    enter('ok');
  }

  function receive(from: Life, message: FromWorker): void {
    const request = from.pending.get(message.id);
    if (!request) return;
    if (message.kind !== 'progress') from.pending.delete(message.id);
    request.settle(message);
    if (![...from.pending.values()].some(({ expired }) => expired)) {
      clearTimeout(from.killTimer);
      delete from.killTimer;
      enter('ok');
    }
  }

  function expire(late: Life, request: Pending): void {
    request.expired = true;
    request.fail(hangs());
    if (late !== life) return;
    enter('hanging');
    late.killTimer ??= setTimeout(() => late.child.pid !== undefined && killGroup(late.child.pid), killAfter);
  }

  async function request<C extends IoCallName>(call: C, input: IoInput<C>, how: RequestOptions): Promise<IoOutput<C>> {
    if (state === 'hanging') throw hangs();
    const end = performance.now() + how.deadline;
    const serving = await within(how.deadline, live(), () => enter('hanging'));
    requests += 1;
    const id = requests;
    return new Promise<IoOutput<C>>((resolve, reject) => {
      const cancel = () => tell(serving.child, { kind: 'cancel', id });
      const done = () => {
        clearTimeout(timer);
        how.signal?.removeEventListener('abort', cancel);
      };
      const pending: Pending = {
        expired: false,
        settle(message) {
          if (message.kind === 'progress') return how.progress?.(message.done, message.total);
          done();
          if (message.kind === 'error') reject(new AgentError(message.error.code, message.error.message, message.error.facts));
          else resolve(message.result as IoOutput<C>);
        },
        fail(error) {
          done();
          reject(error);
        },
      };
      const timer = setTimeout(() => expire(serving, pending), Math.max(0, end - performance.now()));
      serving.pending.set(id, pending);
      how.signal?.addEventListener('abort', cancel, { once: true });
      tell(serving.child, { kind: 'call', id, call, input });
      if (how.signal?.aborted) cancel();
    });
  }

  return {
    request,
    state: () => state,
    onState: (changed) => void listeners.push(changed),
    pid: () => life?.child.pid,
    async stop() {
      stopped = true;
      if (life?.child.pid !== undefined) killGroup(life.child.pid);
      // One that is stuck is waited for by the next agent, which finds its identity.
      await Promise.race([going, pause(2_000)]);
      if (!life) await rm(options.identityFile, { force: true });
    },
  };
}

const hangs = () => new AgentError('storage_hangs', 'The storage did not answer in time. Its server or the network to it may be down');

/** A session of its own: its children can be killed with it, and a terminal's Ctrl-C does not reach it. */
function launch({ root, uid = 36, gid = 36, exitAt }: IoProcessOptions): ChildProcess {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...(exitAt === undefined ? {} : { OSTLER_IO_EXIT: exitAt }) };
  // Its working directory is not on the storage: one that hangs must not keep a mount busy before it is asked anything.
  return spawn(process.execPath, [worker, root], {
    uid,
    gid,
    detached: true,
    cwd: '/',
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

function tell(child: ChildProcess, message: ToWorker): void {
  // A channel that has just broken is told of by the exit that follows.
  if (child.connected) child.send(message, () => undefined);
}

async function within<T>(deadline: number, work: Promise<T>, missed: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      missed();
      reject(hangs());
    }, deadline);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** A predecessor's process may still be writing: it is killed, and waited for. */
async function reapPredecessor(identityFile: string): Promise<void> {
  const text = await readFile(identityFile, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const identity = parseIdentity(text);
  if (!identity) return;
  // Another process of this pid is nobody's heir. None at all may have left children that hang.
  const now = await identityOf(identity.pid);
  if (now === undefined || now.startedAt === identity.startedAt) await groupGone(identity.pid);
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt }: { pid?: unknown; startedAt?: unknown } = JSON.parse(text);
    return typeof pid === 'number' && pid > 1 && typeof startedAt === 'number' ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}

/** Resolves when no process of the group can touch the storage any more, however long that takes. */
async function groupGone(group: number): Promise<void> {
  killGroup(group);
  while ((await livingMembersOf(group)).length > 0) await pause(100);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
