import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { run, type RunOptions } from '@ostler/libvirt/daemon/command';
import { killNow } from '@ostler/libvirt/daemon/process';
import { until } from '@ostler/libvirt/daemon/poll';

/** Namespaces that live as long as their first process. */
export interface Namespace {
  /** Of the first process, as this machine counts. */
  readonly pid: number;
  /** Runs a program inside and returns what it wrote. */
  inside(command: string, args: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a program inside; it is the caller's to end, unless the namespaces end first. */
  spawnInside(command: string, args: readonly string[], output: string): ChildProcess;
  /** SIGKILL to the first process; resolves when everything that it held is dead. */
  end(): Promise<void>;
}

export type Kind = 'network' | 'pid' | 'mount' | 'uts' | 'ipc';
/** unshare and nsenter call them the same. */
const flagOf: Readonly<Record<Kind, string>> = { network: '--net', pid: '--pid', mount: '--mount', uts: '--uts', ipc: '--ipc' };
const clean = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };

/**
 * The first process says `ready` on a line of its own when it is; it must end when its input ends, for this process holds the
 * other end: a lab does not survive the test that made it, however that ended.
 */
export async function openNamespace(kinds: readonly Kind[], command: string, args: readonly string[], log: string): Promise<Namespace> {
  const errors = openSync(log, 'a');
  const flags = kinds.map((kind) => flagOf[kind]);
  // With --fork there is a process between, which waits for the first one and with it for the whole pid namespace.
  const outer = spawn('unshare', [...flags, '--fork', '--kill-child=KILL', '--', command, ...args], {
    stdio: ['pipe', 'pipe', errors],
    env: clean,
  });
  closeSync(errors);
  await once(outer, 'spawn');
  const exit = once(outer, 'exit');
  try {
    await ready(outer, exit, log);
    const pid = await until('the first process of a namespace', () => childOf(outer.pid ?? 0), { deadlineMs: 5_000 });
    const enter = [`--target=${pid}`, ...flags, '--'];
    return {
      pid,
      inside: (program, parameters, options) => run('nsenter', [...enter, program, ...parameters], options),
      spawnInside(program, parameters, output) {
        const file = openSync(output, 'a');
        try {
          return spawn('nsenter', [...enter, program, ...parameters], { stdio: ['ignore', file, file], env: clean });
        } finally {
          closeSync(file);
        }
      },
      async end() {
        killNow(pid);
        await exit;
      },
    };
  } catch (error) {
    outer.kill('SIGKILL');
    throw error;
  }
}

async function ready(outer: ChildProcess, exit: Promise<unknown>, log: string): Promise<void> {
  let said = '';
  const isReady = new Promise<void>((resolve) => {
    outer.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (/^ready$/m.test(said)) resolve();
    });
  });
  const ended = exit.then(async () => {
    throw new Error(`A namespace ended before it was ready: ${(await readFile(log, 'utf8')).trim().slice(-1000)}`);
  });
  ended.catch(() => undefined); // later it may end as it likes
  let late: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`A namespace was not ready within 30 s: ${said.trim()}`)), 30_000);
  });
  await Promise.race([isReady, ended, overdue]).finally(() => clearTimeout(late));
}

async function childOf(pid: number): Promise<number | undefined> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).trim().split(' ').filter(Boolean);
  return children.length === 1 ? Number(children[0]) : undefined;
}
