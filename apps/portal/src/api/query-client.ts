import { ApiFault } from '@ostler/contract/client-core';
import { QueryClient } from '@tanstack/react-query';
import { shared } from './shared.ts';

/** What is on the screen is kept true by the change stream; nothing grows old by itself. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      structuralSharing: shared,
      // A refusal is an answer; only silence is asked again.
      retry: (count, error) => !(error instanceof ApiFault) && count < 3,
    },
    mutations: { retry: false },
  },
});
