import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { remembered } from '../store.ts';

export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];
const isLanguage = (text: string): text is Language => languages.some((one) => one === text);

const ofBrowser = (): Language => navigator.languages.map((one) => one.slice(0, 2)).find(isLanguage) ?? 'en';

export const language = remembered<Language>('language', ofBrowser(), isLanguage);

void i18next.use(initReactI18next).init({
  lng: language.get(),
  fallbackLng: 'en',
  initAsync: false,
  resources: {},
  // React escapes what it shows.
  interpolation: { escapeValue: false },
  returnNull: false,
});

const speak = () => {
  document.documentElement.lang = language.get();
  void i18next.changeLanguage(language.get());
};
language.subscribe(speak);
document.documentElement.lang = language.get();

export { i18next };
