import type { Cli } from '../cli.ts';

/** How words look on a terminal that can show it. Elsewhere, and with NO_COLOR, they are only words. */
export interface Style {
  heading(text: string): string;
  status(text: string): string;
}

export const noStyle: Style = { heading: (text) => text, status: (text) => text };

const escape = (code: string) => (text: string) => (text.trim() === '' ? text : `\u001b[${code}m${text}\u001b[0m`);
const bold = escape('1');
const green = escape('32');
const yellow = escape('33');
const red = escape('31');
const dim = escape('2');
type Paint = (text: string) => string;

/** What a status tells at a glance: well, on its way, in trouble, or at rest. */
const tones: readonly (readonly [RegExp, Paint])[] = [
  [/^(up|ok|active|operational|finished|finished success|running|plugged)\b/, green],
  [/(error|illegal|failed|non|problem|attention|unknown|not responding|aborted|inactive)/, red],
  [/^(down|detached|unattached|maintenance|suspended|closed)\b/, dim],
  [/./, yellow],
];

export function styleOf({ out, environment }: Pick<Cli, 'out' | 'environment'>): Style {
  if (!out.isTTY || (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb') return noStyle;
  return { heading: bold, status: (text) => tones.find(([words]) => words.test(text.trim()))?.[1](text) ?? text };
}
