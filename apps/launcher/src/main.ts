import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { finished } from './command.ts';
import { packages, provide } from './debian.ts';
import { down } from './down.ts';
import { defaultState } from './instance/paths.ts';
import { Problem } from './instance/problem.ts';
import { inRoot, tool } from './root.ts';
import { status } from './status.ts';
import { lines, steps } from './steps.ts';
import { runTests } from './test/run.ts';
import { up, type UpWish } from './up.ts';

/** `ostler up|down|status|lab|test`: what concerns this machine. Everything else is the command line client's. */
const program = new Command('ostler')
  .description('Ostler manages virtual machines on Linux hosts.')
  .addHelpText('after', '\nEverything else (login, vm, disk, …) is the command line client: ./ostler vm --help.')
  .showHelpAfterError();

const output = lines(process.stdout);
const { write } = output;
const now = () => Date.now();

const stateDir = () =>
  new Option('--state-dir <directory>', 'where the instance keeps everything').env('OSTLER_STATE_DIR').default(defaultState).argParser((path) => resolve(path));

program
  .command('up')
  .description('install what is missing, start Ostler on this machine and say where it serves')
  .addOption(stateDir())
  .option('--port <port>', 'of the portal and the API (8443 if not said before)', portNumber)
  .option('--host-name <name>', 'under which this machine is reached')
  .option('--bridge <device>', 'a bridge of this machine for the VM network, instead of a NAT network')
  .option('--detach', 'return when it serves')
  .action((options: Omit<UpWish, 'detach'> & { detach?: boolean }) =>
    up({ ...options, detach: options.detach ?? false, databaseUrl: process.env['DATABASE_URL'] || undefined }, output, now),
  );

program
  .command('down')
  .description('stop Ostler; virtual machines keep running')
  .addOption(stateDir())
  .option('--vms', 'stop them too')
  .action((options: { stateDir: string; vms?: boolean }) => down({ stateDir: options.stateDir, vms: options.vms ?? false }, write));

program
  .command('status')
  .description('how Ostler is on this machine')
  .addOption(stateDir())
  .addOption(new Option('--output <format>', 'for people or for programs').choices(['text', 'json']).default('text'))
  .action(async (options: { stateDir: string; output: string }) => {
    process.exitCode = (await status(options, write, now)) ? 0 : 3;
  });

program
  .command('lab')
  .description('guest FILE.qcow2: a small disk image to try Ostler with')
  .helpOption(false)
  .allowUnknownOption()
  .argument('[arguments...]')
  .action(async (args: string[]) => {
    const aside = lines(process.stderr);
    if (args[0] === 'guest') await steps(aside.write, now, aside.passing).step('Packages', (progress) => provide(packages.guest, 'ostler lab guest', aside.write, progress));
    const { status: ended } = await finished(tool('node'), [inRoot('lab/src/main.ts'), ...args], { show: true, deadline: 600_000 });
    process.exitCode = ended ?? 1;
  });

program
  .command('test')
  .description('install what the tests need, and run them all')
  .option('--long', 'also what takes hours')
  .argument('[filters...]', 'parts of test files’ names')
  .action(async (filters: string[], { long = false }: { long?: boolean }) => {
    const { failed } = await runTests({ long, filters }, write, now);
    process.exitCode = failed === 0 ? 0 : 1;
  });

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  return port;
}

try {
  await program.parseAsync();
  process.exit();
} catch (error) {
  // What the person can change is a sentence; anything else is our fault or the machine's, and may need its stack.
  const known = error instanceof Problem || !(error instanceof Error) || process.env['OSTLER_DEBUG'] === undefined;
  process.stderr.write(`ostler: ${known ? (error instanceof Error ? error.message : String(error)) : (error.stack ?? error.message)}\n`);
  process.exit(1);
}
