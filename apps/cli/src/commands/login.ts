import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { exitCodes, Problem } from '../problem.ts';
import { on, type Run } from '../run.ts';
import { apiUrlOf } from '../session/address.ts';
import { readSession, removeSession, writeSession } from '../session/file.ts';
import { localInstance } from '../session/instance.ts';
import { askPassword, passwordFrom } from '../session/secrets.ts';
import { fetchToken, ownerOf, revokeToken } from '../session/sso.ts';
import { authorityOf, type TrustOptions } from '../session/trust.ts';
import { properties } from '../show/table.ts';

interface LoginOptions extends TrustOptions {
  readonly username?: string;
  readonly passwordFile?: string;
}

export function loginCommands(program: Command, cli: Cli): void {
  program
    .command('login')
    .argument('[address]', 'of the manager, as https://manager.example:8443; without it the Ostler of this machine is meant')
    .description('log in, and stay so until "ostler logout"')
    .option('--username <name>', 'admin@internal if not said')
    .option('--password-file <file>', 'the password is its first line; "-" is standard input')
    .option('--ca-file <file>', "certificate of the manager's authority, in PEM")
    .option('--ca-fingerprint <sha256>', "of the certificate of the manager's authority, which is then fetched from the manager")
    .action(on(cli, login));
  program.command('logout').description('end the session').action(on(cli, logout));
  program.command('whoami').description('as whom, and where, you are logged in').action(on(cli, whoAmI));
}

async function login(run: Run, address: string | undefined, options: LoginOptions): Promise<void> {
  const { cli } = run;
  const { OSTLER_URL, OSTLER_USERNAME, OSTLER_PASSWORD_FILE, OSTLER_CA_FILE } = cli.environment;
  const given = address ?? (OSTLER_URL || undefined);
  const instance = given === undefined ? await localInstance(cli) : undefined;
  const url = apiUrlOf(instance?.apiUrl ?? given ?? '');
  const username = options.username ?? (OSTLER_USERNAME || instance?.username || 'admin@internal');
  const caFile = options.caFile ?? (options.caFingerprint === undefined ? OSTLER_CA_FILE || instance?.caFile : undefined);
  const ca = await authorityOf(cli, url, { caFile, caFingerprint: options.caFingerprint });
  // The file of the instance holds its first user's password, and nobody else's.
  const own = instance !== undefined && username === instance.username ? instance.passwordFile : undefined;
  const passwordFile = options.passwordFile ?? (OSTLER_PASSWORD_FILE || own);
  const password = passwordFile === undefined ? await askPassword(cli, `Password of ${username}: `) : await passwordFrom(cli, passwordFile);
  const token = await fetchToken({ url, ca }, username, password, cli.signal);
  const before = await readSession(cli);
  await writeSession(cli, { url, username, token, ca });
  if (before) await revokeToken(before, before.token).catch(() => undefined);
  run.print({ url, username }, `Logged in to ${new URL(url).host} as ${username}.\n`);
}

async function logout(run: Run): Promise<void> {
  const session = await readSession(run.cli);
  if (!session) return run.print({ logged_in: false }, 'You were not logged in.\n');
  await removeSession(run.cli);
  // The token is forgotten here whether the manager hears of it or not.
  const heard = await revokeToken(session, session.token).then(
    () => true,
    () => false,
  );
  if (!heard) run.progress.say(`${new URL(session.url).host} could not be told; the session there ends by itself.`);
  run.print({ logged_in: false }, 'Logged out.\n');
}

async function whoAmI(run: Run): Promise<void> {
  const connection = await run.connection();
  const username = await ownerOf(connection, connection.token);
  if (username === undefined) throw new Problem('Your session is over. Log in with "ostler login".', exitCodes.unreachable);
  run.print(
    { username, url: connection.url },
    properties([
      ['user', username],
      ['API', connection.url],
    ]),
  );
}
