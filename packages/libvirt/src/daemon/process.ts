import { closeSync, openSync } from 'node:fs';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { until } from './poll.ts';

/** Starts a program that outlives this process. Its output goes to the end of a file. */
export async function startDaemon(
  command: string,
  args: readonly string[],
  output: string,
  env: NodeJS.ProcessEnv = daemonEnvironment,
): Promise<ChildProcess> {
  const log = openSync(output, 'a');
  try {
    const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env, cwd: '/' });
    await once(child, 'spawn');
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Daemons get nothing of the caller's environment: neither its language nor its LIBVIRT_ and XDG_ settings. */
const daemonEnvironment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };

/** Every process of this machine for which `mine` says so. One that ends meanwhile is none. */
export async function processesThat(mine: (pid: number) => Promise<boolean>): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const kept = await Promise.all(pids.map(async (pid) => ((await mine(pid).catch(() => false)) ? [pid] : [])));
  return kept.flat();
}

/** Kills until none is left: what is being killed may still have started another. */
export async function killAll(find: () => Promise<number[]>, deadlineMs = 15_000): Promise<void> {
  await until(
    'the end of all processes',
    async () => {
      const left = await find();
      left.forEach(killNow);
      return left.length === 0 ? true : undefined;
    },
    { deadlineMs, everyMs: 20 },
  );
}

/** SIGKILL. A process that is gone already is as wanted. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
