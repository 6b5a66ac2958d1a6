import { PassThrough } from 'node:stream';
import type { Cli } from '@ostler/cli/cli';
import { outcomeOf } from '@ostler/cli/problem';
import { newProgram } from '@ostler/cli/program';

export interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** The command line client without a process of its own, which takes a second to start: for tests of what it asks and says. */
export async function calledProgram(args: readonly string[], { home, environment, input = '' }: Surroundings): Promise<Ended> {
  const text = { out: '', err: '' };
  const stream = (into: 'out' | 'err') => new PassThrough().on('data', (chunk: Buffer) => (text[into] += chunk.toString()));
  const stdin = new PassThrough();
  stdin.end(input);
  const cli: Cli = {
    in: stdin,
    out: stream('out'),
    err: stream('err'),
    environment,
    home,
    now: () => Date.now(),
    signal: new AbortController().signal,
  };
  try {
    await newProgram(cli).parseAsync(args, { from: 'user' });
    return { exitCode: 0, ...text };
  } catch (error) {
    const { text: said, exitCode } = outcomeOf(error);
    return { exitCode, out: text.out, err: `${text.err}${said === undefined ? '' : `ostler: ${said}\n`}` };
  }
}
