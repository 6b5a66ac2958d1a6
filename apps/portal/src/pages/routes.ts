import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { listSearch, rootRoute } from '../frame/root-route.ts';

const dashboard = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./dashboard-page.tsx'), 'DashboardPage'),
});

const events = createRoute({
  getParentRoute: () => rootRoute,
  path: '/events',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./event-list-page.tsx'), 'EventListPage'),
});

export const pageRoutes = [dashboard, events] as const;
