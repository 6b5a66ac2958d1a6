import { keepPreviousData, useQueries, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

export interface PageOptions {
  readonly search: string;
  readonly max: number;
  readonly case_sensitive: boolean;
  readonly signal: AbortSignal;
}

export interface Rows<T> {
  /** Undefined where the row has not been read yet. */
  at(index: number): T | undefined;
  /** How many rows there are, as far as is known. */
  readonly count: number;
  /** Whether there may be more than `count`. */
  readonly more: boolean;
  readonly pending: boolean;
  readonly fetching: boolean;
  readonly error: Error | null;
  readonly loaded: readonly T[];
  retry(): void;
}

const size = 100;

/**
 * A list of any length, of which the pages are read that are looked at. Each page is a query of its own: a change reads again
 * what is on the screen, not what somebody scrolled past.
 */
export function useRows<T>(
  noun: string,
  search: string,
  inView: { first: number; last: number },
  read: (options: PageOptions) => Promise<T[]>,
): Rows<T> {
  const client = useQueryClient();
  const keyOf = (page: number) => [noun, 'list', search, page] as const;
  const [known, setKnown] = useState<{ search: string; pages: number }>({ search, pages: 1 });
  const pages = known.search === search ? known.pages : 1;
  const first = Math.min(Math.floor(inView.first / size), pages - 1);
  const last = Math.min(Math.floor(inView.last / size), pages - 1);
  const wanted = Array.from({ length: Math.max(1, last - first + 1) }, (_, index) => Math.max(0, first) + index);
  const results = useQueries({
    queries: wanted.map((page) => ({
      queryKey: keyOf(page),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        read({ search: page === 0 ? search : `${search} page ${page + 1}`.trim(), max: size, case_sensitive: false, signal }),
      placeholderData: page === 0 ? keepPreviousData : undefined,
    })),
  });
  const held = (page: number): readonly T[] | undefined => results[wanted.indexOf(page)]?.data ?? client.getQueryData<T[]>(keyOf(page));
  const lastPage = held(pages - 1);
  const full = lastPage !== undefined && lastPage.length >= size;
  // A full page may be followed by another; the one before an empty page was the last.
  if (full) setKnown({ search, pages: pages + 1 });
  else if (known.search !== search) setKnown({ search, pages });
  const more = lastPage === undefined && pages > 1;
  const count = (pages - 1) * size + (lastPage?.length ?? (pages > 1 ? 1 : 0));
  const [front] = results;
  return {
    at: (index) => held(Math.floor(index / size))?.[index % size],
    count,
    more,
    pending: pages === 1 && lastPage === undefined && front?.error == null,
    fetching: results.some(({ isFetching }) => isFetching),
    error: held(0) === undefined ? (front?.error ?? null) : null,
    loaded: Array.from({ length: pages }, (_, page) => held(page) ?? []).flat(),
    retry: () => void front?.refetch(),
  };
}
