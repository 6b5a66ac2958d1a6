import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { listSearch, rootRoute } from '../frame/root-route.ts';

const list = createRoute({
  getParentRoute: () => rootRoute,
  path: '/vms',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./vm-list-page.tsx'), 'VmListPage'),
});

const details = createRoute({
  getParentRoute: () => rootRoute,
  path: '/vms/$vm/{-$tab}',
  component: lazyRouteComponent(() => import('./vm-page.tsx'), 'VmPage'),
});

export const vmRoutes = [list, details] as const;
