import { store } from '../store.ts';

export interface Toast {
  readonly variant: 'success' | 'danger' | 'warning' | 'info';
  readonly title: string;
  readonly detail?: string | undefined;
}

export const toasts = store<readonly (Toast & { readonly key: number })[]>([]);
let count = 0;

/** Says what came of something. Successes go by themselves; what went wrong stays until it was read. */
export function toast(said: Toast): void {
  const key = ++count;
  toasts.set([{ ...said, key }, ...toasts.get()].slice(0, 5));
}

export const dismiss = (key: number) => toasts.set(toasts.get().filter((one) => one.key !== key));
