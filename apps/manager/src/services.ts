import { dataCenterServices } from './datacenter/routes.ts';
import type { AnyServed } from './http/mount.ts';

/** Every service that is built, by its noun. */
export const allServices: readonly AnyServed[] = [...dataCenterServices];
