import { readFile, readdir } from 'node:fs/promises';

/**
 * A process by pid and start time: the pid alone may belong to somebody else by now. Only /proc/PID/stat is read, which
 * answers even for a process that hangs in its storage; /proc/PID/cmdline would wait for it.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks (1/100 s) between the machine's boot and the start of the process. */
  readonly startedAt: number;
}

export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await statOf(pid);
  return stat && stat.state !== 'Z' ? { pid, startedAt: stat.startedAt } : undefined;
}

export async function isAlive({ pid, startedAt }: ProcessIdentity): Promise<boolean> {
  return (await identityOf(pid))?.startedAt === startedAt;
}

/** The processes of a group that still run or hang. Zombies can do nothing any more, and do not count. */
export async function livingMembersOf(group: number): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const stats = await Promise.all(pids.map(statOf));
  return pids.filter((_pid, index) => stats[index]?.group === group && stats[index].state !== 'Z');
}

/** SIGKILL to a whole group; one that is gone already is as wanted. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

interface Stat {
  readonly state: string;
  readonly group: number;
  readonly startedAt: number;
}

async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  // The name, in parentheses, may hold anything; what follows it are plain numbers. Counted from the state, field 3.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields ?? [];
  if (!fields || state === undefined) return undefined;
  return { state, group: Number(group), startedAt: Number(fields[19]) };
}
