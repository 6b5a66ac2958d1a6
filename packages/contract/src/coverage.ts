import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BuiltMethod } from './handlers.ts';
import type { ServiceName } from './services.ts';
import { allMethods } from './tree.ts';

/**
 * How much of the API there is. A method is *declared* if RHV has it, *built* if it has a handler, and *proven* only if a test marked it
 * after it had changed real state through it, or read state that it had made, and found it so.
 */

/** A built method: `vms.add`. */
export type MethodId = { [S in ServiceName]: `${S}.${BuiltMethod<S>}` }[ServiceName];

/** Where proofs are collected while tests run: one name a line. `OSTLER_PROOFS` names another file. */
export const proofsFile = (): string => process.env['OSTLER_PROOFS'] ?? 'node_modules/.cache/ostler/api-proofs';

/** To be called by a test behind its last expectation: `proves('vms.add', 'vm.start')`. */
export function proves(...methods: readonly MethodId[]): void {
  const file = proofsFile();
  mkdirSync(dirname(file), { recursive: true });
  // One short append is not torn by others that append at the same time.
  appendFileSync(file, methods.map((method) => `${method}\n`).join(''));
}

/** What tests have marked in a file; nothing if no test has run. */
export function readProofs(file: string = proofsFile()): ReadonlySet<string> {
  try {
    return new Set(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    );
  } catch {
    return new Set();
  }
}

export interface ServiceCoverage {
  readonly service: string;
  readonly declared: readonly string[];
  readonly built: readonly string[];
  readonly proven: readonly string[];
}

export function coverage(proofs: ReadonlySet<string>): ServiceCoverage[] {
  return [...Map.groupBy(allMethods(), ({ service }) => service)].map(([service, routes]) => {
    const names = (kept: readonly (typeof routes)[number][]) => [...new Set(kept.map(({ method }) => method))];
    const built = names(routes.filter(({ access }) => access !== undefined));
    return { service, declared: names(routes), built, proven: built.filter((method) => proofs.has(`${service}.${method}`)) };
  });
}

/** A line for each service that has anything built, and what is left of it; then the sums over all. */
export function printCoverage(rows: readonly ServiceCoverage[]): string {
  const sum = (part: 'declared' | 'built' | 'proven'): number => rows.reduce((total, row) => total + row[part].length, 0);
  const shown = rows.filter(({ built }) => built.length > 0);
  const width = Math.max(...shown.map(({ service }) => service.length));
  const lines = shown.map(({ service, declared, built, proven }) => {
    const unproven = built.filter((method) => !proven.includes(method));
    const missing = declared.filter((method) => !built.includes(method));
    const counts = [declared, built, proven].map((part) => String(part.length).padStart(8)).join(' ');
    const notes = [unproven.length > 0 && `unproven: ${unproven.join(' ')}`, missing.length > 0 && `not built: ${missing.join(' ')}`];
    return `${service.padEnd(width)} ${counts}  ${notes.filter(Boolean).join('; ')}`.trimEnd();
  });
  const head = `${'service'.padEnd(width)} ${['declared', 'built', 'proven'].map((word) => word.padStart(8)).join(' ')}`;
  const others = rows.length - shown.length;
  return [
    head,
    ...lines,
    '',
    `${sum('declared')} methods declared, ${sum('built')} built, ${sum('proven')} proven; ${others} services have nothing built.`,
  ].join('\n');
}
