import type { Readable, Writable } from 'node:stream';

/** Everything outside of the program that it touches, so that tests can be the outside. */
export interface Cli {
  readonly in: Readable & { readonly isTTY?: boolean | undefined; setRawMode?(raw: boolean): unknown };
  readonly out: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
  readonly err: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Ctrl-C, and whoever else wants an end. */
  readonly signal: AbortSignal;
}
