import type { Cli } from './cli.ts';
import { printable } from './show/table.ts';

/** What is told while something goes on, on standard error: results alone go to standard output. */
export interface Progress {
  /** A line that stays. */
  say(text: string): void;
  /** Where things stand: on a terminal one line that is written over; elsewhere only when `key` has changed. */
  state(text: string, key?: string): void;
  /** Takes the line that is written over away. */
  clear(): void;
}

export function progressOn(cli: Pick<Cli, 'err'>, quiet: boolean): Progress {
  let shown = false;
  let lastKey: string | undefined;
  const clear = () => {
    if (shown) cli.err.write('\r\u001b[K');
    shown = false;
  };
  return {
    say(text) {
      clear();
      if (!quiet) cli.err.write(`${printable(text)}\n`);
    },
    state(text, key = text) {
      if (quiet) return;
      if (!cli.err.isTTY) {
        if (key !== lastKey) cli.err.write(`${printable(text)}\n`);
      } else {
        cli.err.write(`\r\u001b[K${printable(text).slice(0, Math.max(20, (cli.err.columns ?? 80) - 1))}`);
        shown = true;
      }
      lastKey = key;
    },
    clear,
  };
}
