import { readFile } from 'node:fs/promises';
import type { Cli } from '../cli.ts';
import { interrupted, Problem, usageProblem } from '../problem.ts';

/** A password from a file, or from standard input for `-`: the first line. Never from an argument, which every process can read. */
export async function passwordFrom(cli: Cli, file: string): Promise<string> {
  const text =
    file === '-'
      ? await everything(cli)
      : await readFile(file, 'utf8').catch((error: Error) => {
          throw new Problem(`Cannot read the password: ${error.message}`);
        });
  const [password = ''] = text.split(/\r?\n/);
  if (password === '') throw new Problem(file === '-' ? 'Standard input holds no password.' : `${file} holds no password.`);
  return password;
}

async function everything(cli: Cli): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of cli.in) {
    chunks.push(Buffer.from(chunk));
    if (chunks.length > 1024) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Asks at the terminal, without showing what is typed. */
export const askPassword = (cli: Cli, question: string): Promise<string> => typed(cli, question, false);

export async function confirm(cli: Cli, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await typed(cli, `${question} [y/N] `, true)).trim());
}

export const canAsk = (cli: Cli): boolean => cli.in.isTTY === true && cli.err.isTTY === true && cli.in.setRawMode !== undefined;

/** Reads a line in raw mode, in which the terminal neither shows it nor acts on Ctrl-C: both are done here. */
async function typed(cli: Cli, question: string, shown: boolean): Promise<string> {
  if (!canAsk(cli)) throw usageProblem('There is no terminal to ask at: use --password-file, and --ca-file or --ca-fingerprint.');
  cli.err.write(question);
  cli.in.setRawMode?.(true);
  cli.in.resume();
  const bytes: number[] = [];
  try {
    for await (const byte of bytesOf(cli)) {
      if (byte === 0x0d || byte === 0x0a || (byte === 0x04 && bytes.length === 0)) break;
      if (byte === 0x03) throw interrupted();
      if (byte === 0x15) bytes.length = 0;
      else if (byte === 0x7f || byte === 0x08) dropCharacter(bytes);
      else if (byte >= 0x20) bytes.push(byte);
      if (shown && byte >= 0x20 && byte < 0x7f) cli.err.write(String.fromCharCode(byte));
    }
    return Buffer.from(bytes).toString('utf8');
  } finally {
    cli.in.setRawMode?.(false);
    cli.in.pause();
    cli.err.write('\n');
  }
}

async function* bytesOf(cli: Cli): AsyncGenerator<number> {
  const chunks = cli.in.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks) yield* Buffer.from(chunk);
}

/** The last character, which in UTF-8 may be several bytes. */
function dropCharacter(bytes: number[]): void {
  for (let byte = bytes.pop(); byte !== undefined && (byte & 0xc0) === 0x80;) byte = bytes.pop();
}
