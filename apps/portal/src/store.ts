import { useSyncExternalStore } from 'react';

/** A value outside of React that components follow. */
export interface Store<T> {
  get(): T;
  set(next: T): void;
  subscribe(listener: () => void): () => void;
}

export function store<T>(initial: T): Store<T> {
  const listeners = new Set<() => void>();
  let value = initial;
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const useStore = <T>(held: Store<T>): T => useSyncExternalStore(held.subscribe, held.get);

/** What a person chose, kept in this browser: a theme, columns. Never anything that opens a door. */
export function remembered<T extends string>(key: string, otherwise: T, possible: (text: string) => text is T): Store<T> {
  const name = `ostler.${key}`;
  const text = localStorage.getItem(name);
  const held = store<T>(text !== null && possible(text) ? text : otherwise);
  held.subscribe(() => localStorage.setItem(name, held.get()));
  return held;
}
