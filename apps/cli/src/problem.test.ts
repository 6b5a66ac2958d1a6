import { CommanderError } from 'commander';
import { ApiFault, ApiUnreachable } from '@ostler/contract/client';
import { expect, test } from 'vitest';
import { outcomeOf, Problem, usageProblem } from './problem.ts';

const fault = (status: number, detail: string, code?: string) =>
  new ApiFault(status, { reason: 'Operation Failed', detail: `[${detail}]`, code }, 'c');

test.each([
  ['a refusal', fault(409, 'VM web is up.'), 1, 'VM web is up.'],
  ['what is not there', fault(404, 'There is nothing at this path.'), 4, 'There is nothing at this path.'],
  ['a session that is over', fault(401, 'Log in.', 'unauthenticated'), 3, expect.stringContaining('ostler login')],
  ['a wrong password', fault(401, 'The password is wrong.', 'access_denied'), 3, 'The password is wrong.'],
  ['no answer', new ApiUnreachable('no_answer', 'm:1 cannot be reached'), 3, 'm:1 cannot be reached.'],
  ['wrong use', usageProblem('Say what.'), 2, 'Say what.'],
  ['what commander has told', new CommanderError(1, 'commander.unknownOption', 'x'), 2, undefined],
  ['help', new CommanderError(0, 'commander.help', 'x'), 0, undefined],
  ['a failed job', new Problem('It failed.'), 1, 'It failed.'],
  ['anything else', new TypeError('odd'), 1, 'odd'],
])('%s has its exit code and its sentence', (_what, error, exitCode, text) => {
  expect(outcomeOf(error)).toEqual({ exitCode, text });
});
