import { homedir } from 'node:os';
import type { Cli } from './cli.ts';
import { exitCodes, outcomeOf } from './problem.ts';
import { newProgram } from './program.ts';

const stop = new AbortController();
const cli: Cli = {
  in: process.stdin,
  out: process.stdout,
  err: process.stderr,
  environment: process.env,
  home: homedir(),
  now: () => Date.now(),
  signal: stop.signal,
};

// The first Ctrl-C lets what goes on come to an orderly end; the second does not wait for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort();
  });
// `ostler vm list | head -1`: whoever read has read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.failed));

let exitCode: number = exitCodes.done;
try {
  await newProgram(cli).parseAsync();
} catch (error) {
  const outcome = outcomeOf(error);
  exitCode = stop.signal.aborted ? exitCodes.interrupted : outcome.exitCode;
  // Whoever pressed Ctrl-C knows why it ended; what was cleaned up is worth a word, an aborted request is not.
  const told = stop.signal.aborted && !(error instanceof Error && error.name === 'Problem') ? undefined : outcome.text;
  if (told !== undefined) process.stderr.write(`ostler: ${told}\n`);
  if (process.env['OSTLER_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}
// Standard output may be a pipe, in which the last words still are; and a paused terminal would keep the program alive.
process.stdout.write('', () => process.exit(exitCode));
