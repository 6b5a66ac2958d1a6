import { createRouter, parseSearchWith, stringifySearchWith } from '@tanstack/react-router';
import { rootRoute } from './frame/root-route.ts';
import { BrokenPage } from './frame/missing-page.tsx';
import { pageRoutes } from './pages/routes.ts';
import { vmRoutes } from './vm/routes.ts';

export const router = createRouter({
  routeTree: rootRoute.addChildren([...vmRoutes, ...pageRoutes]),
  basepath: '/portal',
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: BrokenPage,
  // Texts as texts: a search for 100 is no number, and the address can be read.
  parseSearch: parseSearchWith((text) => text),
  stringifySearch: stringifySearchWith(String),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
