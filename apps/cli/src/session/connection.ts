import { client, type Client } from '@ostler/contract/client';
import type { Cli } from '../cli.ts';
import { exitCodes, Problem } from '../problem.ts';
import { apiUrlOf } from './address.ts';
import { readSession } from './file.ts';
import { localInstance, type LocalInstance } from './instance.ts';
import { passwordFrom } from './secrets.ts';
import { fetchToken, revokeToken, type Door } from './sso.ts';
import { certificateIn } from './trust.ts';

/** A manager that can be asked, and as whom. */
export interface Connection extends Door {
  readonly api: Client;
  readonly username: string;
  readonly token: string;
  /** Ends what was begun for this one call of the program. */
  end(): Promise<void>;
}

/**
 * From the environment, for programs; else from the session that `ostler login` has left; else, on the machine of an instance and
 * for whoever may read its password, from that. A state directory that is named outright is meant, whatever session there is.
 */
export async function connect(cli: Cli): Promise<Connection> {
  const { OSTLER_URL: address, OSTLER_PASSWORD_FILE: passwordFile, OSTLER_STATE_DIR: stateDir } = cli.environment;
  if (address && passwordFile)
    return forThisCall(cli, {
      apiUrl: apiUrlOf(address),
      username: cli.environment['OSTLER_USERNAME'] || 'admin@internal',
      caFile: cli.environment['OSTLER_CA_FILE'] || undefined,
      passwordFile,
    });
  const session = await readSession(cli);
  if (!address && (!session || stateDir)) {
    const instance = await instanceIfAny(cli);
    if (instance && session?.url !== apiUrlOf(instance.apiUrl)) return forThisCall(cli, instance);
  }
  const url = address ? apiUrlOf(address) : session?.url;
  if (!session || url !== session.url)
    throw new Problem(
      url === undefined
        ? 'You are not logged in. Log in with "ostler login", or set OSTLER_URL, OSTLER_USERNAME, OSTLER_PASSWORD_FILE and OSTLER_CA_FILE.'
        : `You are not logged in to ${url}. Log in with "ostler login ${url}", or set OSTLER_PASSWORD_FILE.`,
      exitCodes.unreachable,
    );
  const { username, token, ca } = session;
  return { url, ca, username, token, api: apiAt({ url, ca }, token), end: async () => undefined };
}

async function instanceIfAny(cli: Cli): Promise<LocalInstance | undefined> {
  try {
    return await localInstance(cli);
  } catch (error) {
    // None here, or not for this user: then it is a login that is missing.
    if (error instanceof Problem && error.exitCode === exitCodes.unreachable) return undefined;
    throw error;
  }
}

type Login = Omit<LocalInstance, 'caFile'> & { readonly caFile: string | undefined };

async function forThisCall(cli: Cli, { apiUrl: url, username, caFile, passwordFile }: Login): Promise<Connection> {
  const door = { url, ca: caFile ? await certificateIn(caFile) : undefined };
  const token = await fetchToken(door, username, await passwordFrom(cli, passwordFile), cli.signal);
  // Each call has a session of its own, which must not be left behind. If it is, it ends by itself.
  const end = () => revokeToken(door, token).catch(() => undefined);
  return { ...door, username, token, api: apiAt(door, token), end };
}

const apiAt = ({ url, ca }: Door, token: string): Client => client({ url, token, ...(ca !== undefined && { ca }) });
