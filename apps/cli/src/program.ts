import { Command, Option } from 'commander';
import type { Cli } from './cli.ts';
import { apiCommands } from './commands/api.ts';
import { completionCommands } from './commands/completion.ts';
import { diskCommands } from './commands/disk.ts';
import { eventCommands } from './commands/event.ts';
import { domainList, infrastructureCommands } from './commands/infrastructure.ts';
import { jobCommands } from './commands/job.ts';
import { loginCommands } from './commands/login.ts';
import { userCommands } from './commands/user.ts';
import { vmCommands } from './commands/vm.ts';
import { addNouns } from './nouns/program.ts';

const furtherHelp = `
This machine:
  up                         install what is missing, start Ostler and say where it serves
  down                       stop it; virtual machines keep running
  status                     how it is
  test                       install what the tests need, and run them all

Everything that has a name is told by its name or its id. "ostler vm create --help" tells the flags of a verb, and
"source <(ostler completion bash)" completes them. Results go to standard output, all else to standard error.
Exit status: 0 done, 1 refused or failed, 2 usage, 3 not logged in or unreachable, 4 not found, 5 not permitted, 6 not in time, 130 Ctrl-C.`;

/** `ostler <noun> <verb>`: everything that is done through the API. */
export function newProgram(cli: Cli): Command {
  const program = new Command('ostler')
    .description('Ostler manages virtual machines on Linux hosts.')
    .addOption(
      new Option('-o, --output <format>', 'for people, or for programs')
        .choices(['text', 'table', 'json', 'yaml'])
        .default('text', 'text, as tables'),
    )
    .option('-q, --quiet', 'say nothing of what goes on meanwhile')
    .helpCommand('help [command...]', 'what a command does, and its flags')
    .configureHelp({ sortSubcommands: true })
    .showHelpAfterError('See --help.')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: (text) => void cli.out.write(text), writeErr: (text) => void cli.err.write(text) })
    .addHelpText('after', furtherHelp);
  loginCommands(program, cli);
  vmCommands(program, cli);
  diskCommands(program, cli);
  infrastructureCommands(program, cli);
  jobCommands(program, cli);
  eventCommands(program, cli);
  userCommands(program, cli);
  addNouns(program, cli, { 'storage-domain': domainList });
  apiCommands(program, cli);
  completionCommands(program, cli);
  return program;
}
