import { useEffect } from 'react';
import { store } from '../store.ts';

/** Something that the page at hand offers to the palette. */
export interface OfferedAction {
  readonly key: string;
  readonly title: string;
  /** Why it is not possible now. */
  readonly why?: string | undefined;
  readonly run: () => void;
}

export const offeredActions = store<readonly OfferedAction[]>([]);

/** Offers actions as long as the page is there. */
export function useOfferedActions(actions: readonly OfferedAction[]): void {
  useEffect(() => {
    offeredActions.set([...offeredActions.get(), ...actions]);
    return () => offeredActions.set(offeredActions.get().filter((one) => !actions.includes(one)));
  });
}
