import type { Api } from '@ostler/contract/schema';
import type { Run } from '../run.ts';
import { humanSize } from '../sizes.ts';
import { printable } from './table.ts';

/** The plan of a dry run, or the reasons against it. */
export function showPlan(run: Run, plan: Api['plan']): void {
  run.print(plan, plan.allowed === false ? refusal(plan) : allowed(plan));
}

function allowed({ title = 'It would be done.', checks = [], effects = [], uses = [], steps = [] }: Api['plan']): string {
  return [
    printable(title),
    ...part('Checked', checks),
    ...part('Then', effects),
    ...part('Uses', uses.flatMap(use)),
    ...part(
      'Steps',
      steps.map(({ title: step, name }, at) => `${at + 1}. ${step ?? name ?? ''}`),
    ),
    'Nothing has been changed.\n',
  ].join('\n');
}

const refusal = ({ reasons = [] }: Api['plan']): string =>
  [
    'It would be refused:',
    ...reasons.map(({ text, code, field }) => `  ${printable(text ?? code ?? '')}${field === undefined ? '' : ` (${printable(field)})`}`),
    '',
  ].join('\n');

const part = (name: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${name}:`, ...lines.map((line) => `  ${printable(line)}`)];

function use({ kind = '', where = '', amount = 0 }: Api['plan_use']): string[] {
  if (amount === 0) return [];
  const figure = kind === 'cpu' ? String(Math.abs(amount)) : humanSize(Math.abs(amount));
  return [`${amount < 0 ? 'gives back ' : ''}${figure} of ${kind} at ${where}`];
}
