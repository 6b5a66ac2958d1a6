import { createRootRoute } from '@tanstack/react-router';
import { Frame } from './frame.tsx';
import { BrokenPage, MissingPage } from './missing-page.tsx';

/** What a list keeps in its address. */
export interface ListSearch {
  readonly q?: string | undefined;
  readonly sort?: string | undefined;
}

export const listSearch = (search: Record<string, unknown>): ListSearch => ({
  ...(typeof search['q'] === 'string' && { q: search['q'] }),
  ...(typeof search['sort'] === 'string' && { sort: search['sort'] }),
});

export const rootRoute = createRootRoute({
  component: Frame,
  notFoundComponent: MissingPage,
  errorComponent: BrokenPage,
});
