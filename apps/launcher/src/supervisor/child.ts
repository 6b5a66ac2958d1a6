import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { logFile } from './log-file.ts';
import { identityOf, type ProcessIdentity } from './process.ts';
import type { ProcessStatus } from './status.ts';

export interface ChildSpec {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly identity?: { readonly uid: number; readonly gid: number };
  readonly log: string;
  /** Whether it serves; without one it does when it writes a line of JSON with `"ready":true`. */
  readonly ready?: () => Promise<boolean>;
  readonly stopSignal?: NodeJS.Signals;
  /** Milliseconds that it may take to stop. */
  readonly grace?: number;
}

export interface Child {
  status(): ProcessStatus;
  /** Resolves when it serves for the first time; rejects when it ended before, with the last that it said. */
  readonly serving: Promise<void>;
  /** SIGHUP: its files have changed. One that does not serve yet will read them anyway. */
  reload(): void;
  stop(): Promise<void>;
}

/** A first failure is repeated at once, a lasting one every ten seconds. */
export const backOff = (failures: number): number => Math.min(10_000, 100 * 2 ** failures);

/** Whoever ran this long was well: the next end is a first one again. */
const wellAfter = 30_000;

/** Children get nothing of the caller's environment but where programs are. */
const environment = { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };

/** Starts a program, and starts it again whenever it ends, until it is told to stop. */
export function keepRunning(spec: ChildSpec, changed: () => void, now: () => number): Child {
  const log = logFile(spec.log);
  const stopping = new AbortController();
  let current: { process: ChildProcess; identity?: ProcessIdentity; since: number; ready: boolean } | undefined;
  let restarts = 0;
  let failures = 0;
  const first = Promise.withResolvers<void>();
  first.promise.catch(() => undefined);

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const since = now();
      const said = await runOnce(since).catch((error: unknown) => String(error));
      failures = now() - since > wellAfter ? 0 : failures + 1;
      current = undefined;
      first.reject(new Error(`${spec.name} ended: ${said.trim().split('\n').slice(-5).join('\n') || 'it said nothing'}`));
      changed();
      if (stopping.signal.aborted) break;
      restarts += 1;
      await sleep(backOff(failures - 1), undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    log.close();
  };

  /** To its end; returns the last that it said. */
  const runOnce = async (since: number): Promise<string> => {
    // With its parent's death it gets the signal too: nothing of us stays behind when the supervisor is killed.
    const stopSignal = spec.stopSignal ?? 'SIGTERM';
    const child = spawn('setpriv', ['--pdeathsig', stopSignal.slice(3), '--', ...spec.command], {
      cwd: '/',
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...spec.identity,
    });
    const running: NonNullable<typeof current> = { process: child, since, ready: false };
    current = running;
    let tail = '';
    const becomesReady = () => {
      if (running.ready) return;
      running.ready = true;
      first.resolve();
      changed();
    };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => {
        log.write(bytes);
        tail = (tail + bytes.toString()).slice(-4000);
        if (!spec.ready && stream === child.stdout && /^\{"ready":true/m.test(bytes.toString())) becomesReady();
      });
    await once(child, 'spawn');
    const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
    if (identity) running.identity = identity;
    changed();
    if (spec.ready) void pollReady(spec.ready, () => current === running, becomesReady);
    await once(child, 'close');
    return tail;
  };

  const loop = run();
  return {
    serving: first.promise,
    status: () => ({
      name: spec.name,
      restarts,
      health: stopping.signal.aborted ? 'stopped' : current ? (current.ready ? 'ok' : restarts === 0 ? 'starting' : 'restarting') : 'restarting',
      ...(current?.identity && { process: current.identity, since: current.since }),
    }),
    reload: () => {
      if (current?.ready) current.process.kill('SIGHUP');
    },
    stop: async () => {
      stopping.abort();
      current?.process.kill(spec.stopSignal ?? 'SIGTERM');
      const patience = new AbortController();
      const killing = sleep(spec.grace ?? 10_000, undefined, { signal: patience.signal }).then(
        () => current?.process.kill('SIGKILL'),
        () => undefined,
      );
      await loop;
      patience.abort();
      await killing;
    },
  };
}

async function pollReady(ready: () => Promise<boolean>, wanted: () => boolean, then: () => void): Promise<void> {
  while (wanted()) {
    if (await ready().catch(() => false)) return then();
    await sleep(100);
  }
}
