import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { i18next } from './language.ts';

/** English and German side by side: whoever writes one sees what the other lacks, and the compiler does too. */
type Table = Readonly<Record<string, readonly [english: string, german: string]>>;

/** `rows_one` and `rows_other` are asked for as `rows`, with a `count`. */
type Key<T> = T extends `${infer Stem}_${'one' | 'other'}` ? Stem : T;

export interface Texts<K extends string> {
  readonly namespace: string;
  /** Which keys there are is known to the compiler alone. */
  readonly keys?: K;
}

/** Declares what a page says. Each noun declares its own beside its pages. */
export function texts<const T extends Table>(namespace: string, table: T): Texts<Key<keyof T & string>> {
  const side = (index: 0 | 1) => Object.fromEntries(Object.entries(table).map(([key, pair]) => [key, pair[index]]));
  i18next.addResourceBundle('en', namespace, side(0), true, true);
  i18next.addResourceBundle('de', namespace, side(1), true, true);
  return { namespace };
}

export type Say<K extends string> = (key: K, parameters?: Readonly<Record<string, string | number>>) => string;

/** i18next derives types from its own declarations; ours are in `texts`. */
type Translate = (key: string, options: Readonly<Record<string, unknown>>) => string;
const translate: Translate = i18next.t;

/** What the page says, in the reader's language. */
export function useTexts<K extends string>(said: Texts<K>): Say<K> {
  const { t }: { t: Translate } = useTranslation(said.namespace);
  // The same function as long as the language is the same: effects and memoized parts depend on it.
  return useCallback((key, parameters) => t(key, { ...parameters }), [t]);
}

/** The same where nothing is rendered again when the language changes. */
export const sayNow = <K extends string>(said: Texts<K>, key: K, parameters: Readonly<Record<string, string | number>> = {}): string =>
  translate(key, { ns: said.namespace, ...parameters });
