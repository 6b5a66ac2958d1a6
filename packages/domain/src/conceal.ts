import type { Phrase, Plan } from './plan.ts';
import type { Reason, Refusal } from './reason.ts';

/** What stands where a name stood that the reader may not know. */
export const notShown = '(not shown)';

/** A text with every one of the names replaced, as words of their own: a host called `a` must not take the letters of other words with it. */
export const concealed = (text: string, names: readonly string[], instead = notShown): string =>
  names.reduce((told, name) => told.replace(wordOf(name), () => instead), text);

const wordOf = (name: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}_.-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\p{L}\\p{N}_-])`, 'gu');

/** A plan as it is shown to who may not know of some objects: their names and ids are left out, nothing else changes. */
export const planWithout = <Data>(plan: Plan<Data>, names: readonly string[]): Plan<Data> => ({
  ...plan,
  title: phraseWithout(plan.title, names),
  checks: plan.checks.map((one) => phraseWithout(one, names)),
  effects: plan.effects.map((one) => phraseWithout(one, names)),
  uses: plan.uses.map((use) => ({ ...use, where: concealed(use.where, names) })),
});

export function refusalWithout({ refused: [first, ...others] }: Refusal, names: readonly string[]): Refusal {
  return { refused: [reasonWithout(first, names), ...others.map((one) => reasonWithout(one, names))] };
}

const reasonWithout = (reason: Reason, names: readonly string[]): Reason => ({
  ...reason,
  parameters: parametersWithout(reason.parameters, names),
});
const phraseWithout = (phrase: Phrase, names: readonly string[]): Phrase => ({
  ...phrase,
  parameters: parametersWithout(phrase.parameters, names),
});
const parametersWithout = (parameters: Phrase['parameters'], names: readonly string[]): Phrase['parameters'] =>
  Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, typeof value === 'string' ? concealed(value, names) : value]));
