import type { QueryClient } from '@tanstack/react-query';
import { followChanges, type Change } from './changes.ts';

/**
 * Every query's key begins with the noun of the change log that it shows: `['vm', 'list', …]`, `['vm', 'item', id, …]`. A change makes
 * the object's own queries stale at once. Lists are read again at most every `listPause`, however much happens.
 */
const listPause = 500;

declare module '@tanstack/react-query' {
  interface Register {
    /** Further nouns whose changes concern a query: a VM's disks change as disks do. */
    queryMeta: { readonly also?: readonly string[] };
  }
}

export function keepLive(client: QueryClient, signal: AbortSignal): void {
  const waiting = new Set<string>();
  const resting = new Set<string>();
  const refreshLists = (noun: string) => {
    if (resting.has(noun)) return void waiting.add(noun);
    resting.add(noun);
    void client.invalidateQueries({ queryKey: [noun, 'list'] });
    void client.invalidateQueries({ predicate: ({ meta }) => meta?.also?.includes(noun) === true });
    setTimeout(() => {
      resting.delete(noun);
      if (waiting.delete(noun)) refreshLists(noun);
    }, listPause);
  };
  const changed = ({ noun, id, operation }: Change) => {
    if (operation !== 'removed') void client.invalidateQueries({ queryKey: [noun, 'item', id] });
    else if (client.getQueryState([noun, 'item', id])) void client.invalidateQueries({ queryKey: [noun, 'item', id], exact: true });
    refreshLists(noun);
  };
  void followChanges({ changed, resync: () => void client.invalidateQueries() }, signal);
}
