import { Command, Option } from 'commander';
import type { Cli } from './cli.ts';
import { apiCommands } from './commands/api.ts';
import { completionCommand } from './commands/completion.ts';
import { diskCommands } from './commands/disk.ts';
import { eventCommands } from './commands/event.ts';
import { infrastructureCommands } from './commands/infrastructure.ts';
import { jobCommands } from './commands/job.ts';
import { loginCommands } from './commands/login.ts';
import { userCommands } from './commands/user.ts';
import { vmCommands } from './commands/vm.ts';

/** `ostler <noun> <verb>`: everything that is done through the API. */
export function newProgram(cli: Cli): Command {
  const program = new Command('ostler')
    .description('Ostler manages virtual machines on Linux hosts.')
    .addOption(new Option('-o, --output <format>', 'for people, or for programs').choices(['text', 'json', 'yaml']).default('text'))
    .option('-q, --quiet', 'say nothing of what goes on meanwhile')
    .helpCommand(false)
    .showHelpAfterError('See --help.')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: (text) => void cli.out.write(text), writeErr: (text) => void cli.err.write(text) })
    .addHelpText(
      'after',
      '\nOf this machine: ostler up, down, status, test.\nExit status: 0 done, 1 refused or failed, 2 usage, 3 not logged in or unreachable, 4 not found.',
    );
  loginCommands(program, cli);
  vmCommands(program, cli);
  diskCommands(program, cli);
  infrastructureCommands(program, cli);
  jobCommands(program, cli);
  eventCommands(program, cli);
  userCommands(program, cli);
  apiCommands(program, cli);
  completionCommand(program, cli);
  return program;
}
