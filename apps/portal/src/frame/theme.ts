import { remembered } from '../store.ts';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];
const isTheme = (text: string): text is Theme => themes.some((one) => one === text);

export const theme = remembered<Theme>('theme', 'auto', isTheme);

/** Puts the chosen theme on the page, and follows the system's where nothing was chosen. */
export function applyTheme(): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const chosen = theme.get();
    document.documentElement.classList.toggle('pf-v6-theme-dark', chosen === 'dark' || (chosen === 'auto' && dark.matches));
  };
  theme.subscribe(apply);
  dark.addEventListener('change', apply);
  apply();
}
