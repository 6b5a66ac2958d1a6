import { Command } from 'commander';
import { runTests } from './test/run.ts';

/** `ostler up|down|status|test`: what concerns this machine. Everything else is the command line client's. */
const program = new Command('ostler').description('Ostler manages virtual machines on Linux hosts.').showHelpAfterError();

program
  .command('test')
  .description('install what the tests need, and run them all')
  .option('--long', 'also what takes hours')
  .argument('[filters...]', 'parts of test files’ names')
  .action(async (filters: string[], { long = false }: { long?: boolean }) => {
    const { failed } = await runTests({ long, filters }, write, performance.now.bind(performance));
    process.exitCode = failed === 0 ? 0 : 1;
  });

const write = (line: string): void => void process.stdout.write(`${line}\n`);

await program.parseAsync();
