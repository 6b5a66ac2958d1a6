/** How a part of the tests ended. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
}

export const sum = (counts: readonly Count[]): Count =>
  counts.reduce((all, one) => ({ passed: all.passed + one.passed, failed: all.failed + one.failed }), { passed: 0, failed: 0 });

/**
 * What Vitest's JSON report says. A file that could not even be loaded has no tests in it and is one failure; so is a run that
 * ended badly without any test having failed, as with an error that nobody caught.
 */
export function countOf(report: unknown, exitStatus: number | undefined): Count {
  const passed = numberAt(report, 'numPassedTests');
  const failed = numberAt(report, 'numFailedTests') + filesThatDidNotLoad(report);
  return { passed, failed: failed === 0 && exitStatus !== 0 ? 1 : failed };
}

const at = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined);

function numberAt(value: unknown, name: string): number {
  const found = at(value, name);
  return typeof found === 'number' ? found : 0;
}

function filesThatDidNotLoad(report: unknown): number {
  const files = at(report, 'testResults');
  if (!Array.isArray(files)) return 0;
  const failedTests = (file: unknown): boolean => {
    const tests = at(file, 'assertionResults');
    return Array.isArray(tests) && tests.some((test: unknown) => at(test, 'status') === 'failed');
  };
  return files.filter((file: unknown) => at(file, 'status') === 'failed' && !failedTests(file)).length;
}
