/** Runs a short-lived program: argument array, deadline, bounded output. Never a shell. */
import { spawn } from 'node:child_process';
import { ImageError } from './errors.ts';

export type CommandOptions = {
  /** Milliseconds; the child is killed afterwards and the promise rejects with `deadline`. */
  deadline: number;
  /** File descriptors that the child gets as 3, 4, …: it opens them as /proc/self/fd/3. */
  inherit?: readonly number[];
  /** Bytes of stdout that are kept; more is an error. */
  maxOutput?: number;
};

export type CommandResult = { status: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

export function run(
  program: string,
  args: readonly string[],
  { deadline, inherit = [], maxOutput = 64 * 1024 * 1024 }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', ...inherit], env: { PATH: process.env['PATH'], LC_ALL: 'C' } });
    const stdout: Buffer[] = [];
    let stderr = '';
    let size = 0;
    let failure: ImageError | undefined;
    const stop = (error: ImageError) => {
      failure ??= error;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => stop(new ImageError('deadline', `${program} did not finish within ${deadline} ms`)), deadline);
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutput) stop(new ImageError('backend', `${program} printed more than ${maxOutput} bytes`));
      else stdout.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < 8192) stderr += chunk.toString();
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new ImageError('backend', `${program} cannot be started: ${error.message}`));
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (failure) reject(failure);
      else resolve({ status, signal, stdout: Buffer.concat(stdout).toString(), stderr });
    });
  });
}
