import { Command } from 'commander';
import type { Client } from '@ostler/contract/client';
import type { Cli } from './cli.ts';
import type { Flag } from './nouns/flags.ts';
import { flagsGiven } from './nouns/offer.ts';
import { progressOn, type Progress } from './progress.ts';
import { connect, type Connection } from './session/connection.ts';
import { toJsonText, toYamlText } from './show/plain.ts';
import { styleOf, type Style } from './show/style.ts';

/** `table` is another word for `text`. */
export type OutputFormat = 'text' | 'table' | 'json' | 'yaml';

/** One call of the program: what its commands work with. */
export interface Run {
  readonly cli: Cli;
  readonly output: OutputFormat;
  readonly progress: Progress;
  readonly style: Style;
  /** The flags that the command has from the contract, besides those that it declares itself. */
  readonly flags: readonly Flag[];
  /** Connects at the first need: help and completion need nobody. */
  connection(): Promise<Connection>;
  api(): Promise<Client>;
  /** The result: for people as `text` says it, for programs the value itself. */
  print(value: unknown, text: string): void;
  end(): Promise<void>;
}

export interface GlobalOptions {
  readonly output: OutputFormat;
  readonly quiet?: boolean;
}

export function newRun(cli: Cli, { output, quiet = false }: GlobalOptions, flags: readonly Flag[] = []): Run {
  let connected: Promise<Connection> | undefined;
  const connection = () => (connected ??= connect(cli));
  return {
    cli,
    output,
    progress: progressOn(cli, quiet),
    style: styleOf(cli),
    flags,
    connection,
    api: async () => (await connection()).api,
    print: (value, text) => void cli.out.write(output === 'json' ? toJsonText(value) : output === 'yaml' ? toYamlText(value) : text),
    end: async () => void (await connected?.then(({ end }) => end()).catch(() => undefined)),
  };
}

/**
 * An action of commander that gets a `Run`. What commander hands over is what the command declared: its arguments, its options,
 * and itself.
 */
export const on =
  <A extends readonly unknown[]>(cli: Cli, work: (run: Run, ...given: A) => Promise<void>) =>
  async (...all: unknown[]): Promise<void> => {
    const command = all.at(-1);
    if (!(command instanceof Command)) throw new Error('An action is called by its command');
    const run = newRun(cli, command.optsWithGlobals<GlobalOptions>(), flagsGiven(command));
    try {
      // commander knows no types; each command's work names those of its own declarations.
      await work(run, ...(all.slice(0, -1) as unknown as A));
    } finally {
      run.progress.clear();
      await run.end();
    }
  };
