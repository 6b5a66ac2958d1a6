import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { coverage, printCoverage, proves, readProofs } from './coverage.ts';

const folders: string[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true }));
});

test('a method is proven only when a test has marked it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'proofs-'));
  folders.push(folder);
  vi.stubEnv('OSTLER_PROOFS', join(folder, 'below', 'proofs'));
  expect(readProofs()).toEqual(new Set());
  proves('vms.add', 'vm.start');
  proves('vms.add');

  const rows = coverage(readProofs());
  const of = (service: string) => rows.find((row) => row.service === service);
  expect(of('vms')).toEqual({ service: 'vms', declared: ['list', 'add'], built: ['list', 'add'], proven: ['add'] });
  expect(of('vm')?.proven).toEqual(['start']);
  expect(of('vm')?.built).not.toContain('screenshot');
  expect(of('vm')?.declared).toContain('screenshot');
});

test('a mark for what is not built does not compile, and does not count', () => {
  // @ts-expect-error screenshot is not built
  const mark: Parameters<typeof proves>[0] = 'vm.screenshot';
  expect(coverage(new Set([mark])).flatMap(({ proven }) => proven)).toEqual([]);
});

test('the print has a line for each service that has anything, what is left of it, and the sums', () => {
  const print = printCoverage(coverage(new Set(['vms.add'])));
  expect(print).toMatch(/^vms +2 +2 +1 {2}unproven: list$/m);
  expect(print).toMatch(/^vm_cdroms +2 +1 +0 {2}unproven: list; not built: add$/m);
  expect(print).toMatch(/\d+ methods declared, \d+ built, 1 proven; \d+ services have nothing built\.$/);
});
