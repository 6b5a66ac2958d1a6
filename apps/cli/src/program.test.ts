import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { bashCompletion } from './commands/completion.ts';
import { outcomeOf } from './problem.ts';
import { newProgram } from './program.ts';

let said = '';
let complained = '';
beforeEach(() => {
  said = complained = '';
});

function cli(): Cli {
  const out = new PassThrough().on('data', (chunk: Buffer) => (said += chunk.toString()));
  const err = new PassThrough().on('data', (chunk: Buffer) => (complained += chunk.toString()));
  return { in: new PassThrough(), out, err, environment: { OSTLER_STATE_DIR: '/nowhere/at/all' }, home: '/nowhere/at/all', now: () => 0, signal: new AbortController().signal };
}

const called = async (...args: string[]) => {
  try {
    await newProgram(cli()).parseAsync(args, { from: 'user' });
    return { exitCode: 0, text: undefined };
  } catch (error) {
    return outcomeOf(error);
  }
};

test.each([
  [['vm', 'create', 'web', '--memory', 'lots'], 'Write a size as'],
  [['vm', 'create', 'web', '--cpus', '0'], 'a number from 1 on'],
  [['vm', 'create'], "missing required argument 'name'"],
  [['vm', 'fly', 'web'], "unknown command 'fly'"],
  [['vm', 'list', '--output', 'xml'], 'Allowed choices are text, table, json, yaml'],
  [['vm', 'console', 'web', '--timeout', 'soon'], 'a number of seconds'],
  [['disk', 'create', 'data'], "required option '--size <size>'"],
  [['vm', 'start', 'web', '--colour', 'red'], "unknown option '--colour'"],
  [['login', '--password', 'secret'], "unknown option '--password'"],
])('%j is a mistake of use, and told as one', async (args, why) => {
  expect((await called(...args)).exitCode).toBe(2);
  expect(complained).toContain(why);
});

test('without a session nothing is asked of anybody', async () => {
  expect(await called('vm', 'list', '-o', 'json')).toEqual({ exitCode: 3, text: expect.stringContaining('ostler login') });
  expect(said).toBe('');
});

test('an address that could not be trusted is refused before anything is sent to it', async () => {
  expect(await called('login', 'http://manager.example')).toEqual({ exitCode: 2, text: expect.stringContaining('https://') });
  expect(await called('login', 'https://admin:secret@manager.example')).toEqual({
    exitCode: 2,
    text: expect.not.stringContaining('secret'),
  });
});

const leaves = (command: Command): Command[] => (command.commands.length === 0 ? [command] : command.commands.flatMap(leaves));

test('every command that changes something can be tried without changing it', () => {
  const reading = /^(login|logout|whoami|list|show|console|download|coverage|bash|__complete|token|cancel|resume|abandon)$/;
  const without = leaves(newProgram(cli())).filter(
    (one) => !reading.test(one.name()) && !one.options.some(({ long }) => long === '--dry-run'),
  );
  expect(without.map((one) => one.name())).toEqual([]);
});

test('bash completes nouns, verbs and options by the commands that there are', { timeout: 60_000 }, async () => {
  const script = `${bashCompletion(newProgram(cli()))}
ostler() { "$NODE" "$MAIN" "$@"; }
complete_it() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _ostler; echo "\${COMPREPLY[*]}"; }
complete_it ostler st
complete_it ostler vm sh
complete_it ostler vm disk ''
complete_it ostler vm start web --dr
complete_it ostler vm update web --memory-policy.
complete_it ostler vm disk update web root --interface v`;
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], {
    env: { ...process.env, NODE: process.execPath, MAIN: join(import.meta.dirname, 'main.ts'), OSTLER_STATE_DIR: '/nowhere/at/all' },
  });
  expect(stdout.split('\n')).toEqual([
    'status storage-domain storage-connection',
    'show shutdown',
    'attach detach list show update',
    '--dry-run',
    '--memory-policy.ballooning --memory-policy.guaranteed --memory-policy.max --memory-policy.over-commit.percent --memory-policy.transparent-huge-pages.enabled',
    'virtio virtio_scsi',
    '',
  ]);
});

test('help tells the exit codes, and is no mistake', async () => {
  expect((await called('--help')).exitCode).toBe(0);
  expect(said).toContain('3 not logged in or unreachable');
});
