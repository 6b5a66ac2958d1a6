import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cli } from '../cli.ts';
import { Problem } from '../problem.ts';

/** A login that lasts from one call of the program to the next. The token is as good as a password: nobody else may read it. */
export interface Session {
  /** Of the API. */
  readonly url: string;
  readonly username: string;
  readonly token: string;
  /** The authority's certificate in PEM; without it the system's authorities count. */
  readonly ca?: string | undefined;
}

type Place = Pick<Cli, 'environment' | 'home'>;

export function sessionPath({ environment, home }: Place): string {
  const configured = environment['XDG_CONFIG_HOME'];
  return join(configured?.startsWith('/') ? configured : join(home, '.config'), 'ostler', 'session.json');
}

export async function readSession(place: Place): Promise<Session | undefined> {
  const path = sessionPath(place);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Problem(`Cannot read the session in ${path}: ${error.message}`);
  });
  return text === undefined ? undefined : parsed(text);
}

/** A file that makes no sense is no session: logging in replaces it. */
function parsed(text: string): Session | undefined {
  try {
    const { url, username, token, ca }: Record<string, unknown> = Object(JSON.parse(text));
    if (typeof url !== 'string' || typeof username !== 'string' || typeof token !== 'string') return undefined;
    return { url, username, token, ...(typeof ca === 'string' && { ca }) };
  } catch {
    return undefined;
  }
}

export async function writeSession(place: Place, session: Session): Promise<void> {
  const path = sessionPath(place);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await chmod(dirname(path), 0o700);
  const temporary = `${path}.${process.pid}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(session, undefined, 2)}\n`);
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

export const removeSession = (place: Place): Promise<void> => rm(sessionPath(place), { force: true });
