import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';

/** A program ended with an error, was killed at its deadline, or could not be started. */
export class CommandFailed extends Error {
  readonly code = 'command_failed';
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  constructor(command: string, args: readonly string[], cause: Error, exitCode: number | null, stdout: string, stderr: string) {
    const why = stderr.trim() || stdout.trim() || cause.message;
    super(`${command} ${args.join(' ')} failed${exitCode === null ? '' : ` with exit code ${exitCode}`}: ${why}`, { cause });
    this.exitCode = exitCode;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

export type RunOptions = { timeoutMs?: number; env?: NodeJS.ProcessEnv; input?: string };

/** Runs a program to its end and returns what it wrote to stdout. It is killed at the deadline (default 30 s). */
export function run(command: string, args: readonly string[], { timeoutMs = 30_000, env, input }: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL' as const, maxBuffer: 64 * 1024 * 1024, ...(env && { env }) };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const cause = error.killed ? new Error(`it did not end within ${timeoutMs} ms`, { cause: error }) : error;
      reject(new CommandFailed(command, args, cause, typeof error.code === 'number' ? error.code : null, stdout, stderr));
    });
    child.stdin?.on('error', () => {}); // a program that does not read its input is no fault
    child.stdin?.end(input);
  });
}

/** Nothing is installed here: it is said what is missing, all of it at once. */
export class MissingPackages extends Error {
  readonly code = 'missing_packages';
  readonly packages: readonly string[];
  constructor(packages: readonly string[]) {
    super(
      `Debian packages are missing: ${packages.join(' ')}. Install them with apt-get install --no-install-recommends ${packages.join(' ')}.`,
    );
    this.packages = packages;
  }
}

/** Refuses unless every file is there. The table names for each file the Debian package that brings it. */
export async function requireFiles(packageOf: Readonly<Record<string, string>>): Promise<void> {
  const absent = await Promise.all(
    Object.entries(packageOf).map(([file, name]) =>
      access(file).then(
        () => [],
        () => [name],
      ),
    ),
  );
  const packages = [...new Set(absent.flat())].toSorted();
  if (packages.length > 0) throw new MissingPackages(packages);
}
