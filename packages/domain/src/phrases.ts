import type { Phrase } from './plan.ts';

/**
 * What phrases say in English. A noun declares its own beside its plans; the table here only joins them, so that a
 * reader's language is one place to change.
 */
const texts = new Map<string, string>();

/** Declares a noun's phrases: `phrases({ 'vm.start': 'Starting VM {vm}' })` gives makers with checked parameters. */
export function phrases<const Table extends Record<string, string>>(table: Table): PhraseMakers<Table>;
export function phrases(table: Record<string, string>): Record<string, (parameters?: Phrase['parameters']) => Phrase> {
  const makers: Record<string, (parameters?: Phrase['parameters']) => Phrase> = {};
  for (const [code, text] of Object.entries(table)) {
    if (texts.has(code)) throw new Error(`Phrase ${code} is declared twice`);
    texts.set(code, text);
    makers[code] = (parameters = {}) => ({ code, parameters });
  }
  return makers;
}

type Placeholders<T extends string> = T extends `${string}{${infer P}}${infer Rest}` ? P | Placeholders<Rest> : never;
export type PhraseMakers<Table extends Record<string, string>> = {
  readonly [Code in keyof Table & string]: [Placeholders<Table[Code]>] extends [never]
    ? () => Phrase
    : (parameters: { readonly [P in Placeholders<Table[Code]>]: string | number }) => Phrase;
};

/** The English sentence; a code of another version is shown as it is, the dots of a step's name as spaces. */
export function say(phrase: Phrase): string {
  const text = texts.get(phrase.code);
  if (text === undefined) return phrase.code.replace(/^step\./, '').replaceAll('-', ' ');
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(phrase.parameters[name] ?? whole));
}
