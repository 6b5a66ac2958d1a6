import { spawn } from 'node:child_process';

export interface Finished {
  /** Undefined when a signal ended it, or the deadline did. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Instead of ours. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** The program is killed when it takes longer. */
  readonly deadline?: number;
  /** What it writes also goes to our own output, as it comes. */
  readonly show?: boolean;
  /** Hears what it writes to its output, as it comes. */
  readonly hear?: (text: string) => void;
}

/** A program could not be started, failed or took too long. */
export class CommandFailed extends Error {
  readonly code = 'command_failed';
}

/** Runs a program to its end, whatever that is. Output beyond 64 MiB is not kept. */
export function finished(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.env !== undefined && { env: options.env }),
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: options.deadline ?? 60_000,
      killSignal: 'SIGKILL',
    });
    const kept = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        if (kept[name].length < 64 * 1024 * 1024) kept[name] += text;
        if (options.show) process[name].write(text);
        if (name === 'stdout') options.hear?.(text);
      });
    }
    child.stdin?.on('error', () => undefined); // a program that does not read its input is no fault
    child.stdin?.end(options.input);
    child.on('error', (cause) => reject(new CommandFailed(`${program} could not be started: ${cause.message}`, { cause })));
    child.on('close', (status) => resolve({ status: status ?? undefined, ...kept }));
  });
}

/** Runs a program that has to succeed, and returns what it wrote. */
export async function output(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await finished(program, args, options);
  if (status === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).slice(-2000);
  const how = status === undefined ? 'was ended by a signal or its deadline' : `failed with exit code ${status}`;
  throw new CommandFailed(`${[program, ...args].join(' ')} ${how}${said && `: ${said}`}`);
}
