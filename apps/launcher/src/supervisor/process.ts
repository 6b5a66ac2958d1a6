import { readFile } from 'node:fs/promises';

/** A process by more than its number, which the next one may get. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the machine booted. */
  readonly startTicks: number;
}

/** The 22nd field of /proc/PID/stat; the second, its name in brackets, may hold anything. Zombies are no processes any more. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTicks = Number(fields?.[19]);
  return fields && fields[0] !== 'Z' && Number.isInteger(startTicks) ? { pid, startTicks } : undefined;
}

export async function isAlive({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  return (await identityOf(pid))?.startTicks === startTicks;
}

/** Sends a signal to exactly this process; false when it is gone already. */
export async function signal(target: ProcessIdentity, name: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(target))) return false;
  try {
    return process.kill(target.pid, name);
  } catch {
    return false;
  }
}

/** When it was started, in milliseconds since 1970. The kernel counts ticks of a hundredth of a second. */
export async function startedAt({ startTicks }: ProcessIdentity, now: number): Promise<number> {
  const uptime = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  return Math.round(now - uptime * 1000 + startTicks * 10);
}
