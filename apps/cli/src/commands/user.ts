import type { Command } from 'commander';
import type { Api } from '@ostler/contract/schema';
import { carryOut, mutating, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { on, type Run } from '../run.ts';
import { askPassword, canAsk, passwordFrom } from '../session/secrets.ts';
import { Problem } from '../problem.ts';
import { table } from '../show/table.ts';

interface AddOptions extends MutationOptions {
  readonly passwordFile?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly email?: string;
  readonly domain: string;
}

export function userCommands(program: Command, cli: Cli): void {
  const user = program.command('user').description('users');
  user
    .command('list')
    .description('all that you may see')
    .option('--search <text>', 'as in the search bar: "usrname=jane*"')
    .action(on(cli, list));
  mutating(
    user
      .command('add')
      .argument('<name>', 'under which the user logs in')
      .description('add a user; may do nothing before a role is given')
      .option('--password-file <file>', 'the password is its first line; "-" is standard input; asked for if not said')
      .option('--first-name <name>')
      .option('--last-name <name>')
      .option('--email <address>')
      .option('--domain <domain>', 'directory', 'internal-authz'),
  ).action(on(cli, add));
  program
    .command('permission')
    .description('who may do what')
    .command('list')
    .description('those on the whole system')
    .action(on(cli, permissions));
}

async function list(run: Run, { search }: { search?: string }): Promise<void> {
  const users = await (await run.api()).users.list({ search, signal: run.cli.signal });
  const text = table<Api['user']>(
    [
      { title: 'LOGIN', cell: (one) => one.user_name ?? one.principal },
      { title: 'FIRST NAME', cell: ({ name }) => name },
      { title: 'LAST NAME', cell: (one) => one.last_name },
      { title: 'EMAIL', cell: ({ email }) => email },
      { title: 'ID', cell: ({ id }) => id },
    ],
    users,
  );
  run.print(users, users.length === 0 ? 'There are none.\n' : text);
}

async function add(run: Run, name: string, options: AddOptions): Promise<void> {
  const { cli } = run;
  const api = await run.api();
  const password =
    options.passwordFile !== undefined
      ? await passwordFrom(cli, options.passwordFile)
      : canAsk(cli) && !options.dryRun
        ? await newPassword(run, name)
        : undefined;
  const wish = {
    user_name: name,
    domain: { name: options.domain },
    ...(password !== undefined && { password }),
    ...(options.firstName !== undefined && { name: options.firstName }),
    ...(options.lastName !== undefined && { last_name: options.lastName }),
    ...(options.email !== undefined && { email: options.email }),
  };
  const done = await carryOut(run, options, (call) => api.users.add(wish, call));
  if (done) run.print(done.answer, `User ${done.answer.user_name ?? name} has been added.\n`);
}

async function newPassword(run: Run, name: string): Promise<string> {
  const first = await askPassword(run.cli, `New password of ${name}: `);
  if (first !== (await askPassword(run.cli, 'Again: '))) throw new Problem('The two passwords differ.');
  return first;
}

async function permissions(run: Run): Promise<void> {
  const all = await (await run.api()).permissions.list({ follow: 'role,user,group', signal: run.cli.signal });
  const text = table<Api['permission']>(
    [
      { title: 'WHO', cell: ({ user, group }) => user?.user_name ?? user?.name ?? group?.name ?? user?.id ?? group?.id },
      { title: 'ROLE', cell: ({ role }) => role?.name ?? role?.id },
      { title: 'ID', cell: ({ id }) => id },
    ],
    all,
  );
  run.print(all, all.length === 0 ? 'There are none that you may see.\n' : text);
}
