import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cli } from '../cli.ts';
import { exitCodes, Problem } from '../problem.ts';

/** What `ostler up` says of an instance on this machine: everything that logging in to it needs. */
export interface LocalInstance {
  readonly apiUrl: string;
  readonly caFile: string;
  readonly username: string;
  readonly passwordFile: string;
}

const usualState = '/var/lib/ostler';

export async function localInstance({ environment }: Pick<Cli, 'environment'>): Promise<LocalInstance> {
  const path = join(environment['OSTLER_STATE_DIR'] || usualState, 'instance.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Problem(
      error.code === 'EACCES'
        ? `There is an Ostler on this machine, but ${path} is not for you to read. Log in by its address: ostler login ADDRESS.`
        : `No Ostler was found on this machine (${path}). Say where it is: ostler login ADDRESS; or start one: ostler up.`,
      exitCodes.unreachable,
    );
  });
  const instance = fieldsOf(text);
  const field = (name: string): string => {
    const value = instance[name];
    if (typeof value !== 'string') throw new Problem(`${path} has no ${name}.`);
    return value;
  };
  return { apiUrl: field('api_url'), caFile: field('ca_file'), username: field('username'), passwordFile: field('password_file') };
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    return Object.fromEntries(Object.entries(Object(JSON.parse(text))));
  } catch {
    return {};
  }
}
