import { expect, test } from 'vitest';
import { countOf, sum } from './count.ts';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((one) => ({ status: one })) });

test('tests are counted as they ended', () => {
  const report = { numPassedTests: 5, numFailedTests: 2, testResults: [file('passed', 'passed'), file('failed', 'passed', 'failed')] };
  expect(countOf(report, 1)).toEqual({ passed: 5, failed: 2 });
});

test('a file that could not be loaded is a failure, though no test in it failed', () => {
  expect(countOf({ numPassedTests: 3, numFailedTests: 0, testResults: [file('failed')] }, 1)).toEqual({ passed: 3, failed: 1 });
});

test('a run that ended badly is never a success, whatever its report says', () => {
  expect(countOf({ numPassedTests: 3, numFailedTests: 0, testResults: [] }, 1)).toEqual({ passed: 3, failed: 1 });
  expect(countOf(undefined, undefined)).toEqual({ passed: 0, failed: 1 });
});

test('parts add up', () => {
  expect(sum([{ passed: 1, failed: 0 }, { passed: 2, failed: 3 }])).toEqual({ passed: 3, failed: 3 });
});
