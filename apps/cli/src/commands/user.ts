import type { Command } from 'commander';
import { carryOut, mutating, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { on, type Run } from '../run.ts';
import { askPassword, canAsk, passwordFrom } from '../session/secrets.ts';
import { Problem } from '../problem.ts';

interface AddOptions extends MutationOptions {
  readonly passwordFile?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly email?: string;
  readonly domain: string;
}

export function userCommands(program: Command, cli: Cli): void {
  const user = program.command('user').description('users');
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
