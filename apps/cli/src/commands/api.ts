import { resolve } from 'node:path';
import type { Command } from 'commander';
import { coverage, printCoverage, readProofs } from '@ostler/contract/coverage';
import type { Cli } from '../cli.ts';
import { on, type Run } from '../run.ts';

/** Where a run of the tests leaves what it has proven. */
const usualProofs = resolve(import.meta.dirname, '../../../../node_modules/.cache/ostler/api-proofs');

export function apiCommands(program: Command, cli: Cli): void {
  program
    .command('api')
    .description('the API itself')
    .command('coverage')
    .description('how much of it is declared, built, and proven by a test that changed real state; needs no login')
    .option('--proofs <file>', 'of a run of the tests', usualProofs)
    .action(
      on(cli, async (run: Run, { proofs }: { proofs: string }) => {
        const rows = coverage(readProofs(proofs));
        run.print(rows, `${printCoverage(rows)}\n`);
      }),
    );
}
