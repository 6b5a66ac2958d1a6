import { dataCenterServices } from './datacenter/routes.ts';
import { diskServices } from './disk/routes.ts';
import type { AnyServed } from './http/mount.ts';
import { storageDomainServices } from './storage-domain/routes.ts';
import { transferServices } from './transfer/routes.ts';
import { vmDeviceServices } from './vm/devices-routes.ts';
import { vmServices } from './vm/routes.ts';

/** Every service that is built, by its noun. */
export const allServices: readonly AnyServed[] = [
  ...dataCenterServices,
  ...storageDomainServices,
  ...diskServices,
  ...transferServices, ...vmServices,
  ...vmDeviceServices,
];
