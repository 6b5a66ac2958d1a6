import { accessServices } from './services/access.ts';
import { clusterServices } from './services/cluster.ts';
import { dataCenterServices } from './services/data-center.ts';
import { diskServices } from './services/disk.ts';
import { glusterServices } from './services/gluster.ts';
import { hostServices } from './services/host.ts';
import { jobServices } from './services/job.ts';
import { networkServices } from './services/network.ts';
import { providerServices } from './services/provider.ts';
import { schedulingServices } from './services/scheduling.ts';
import { snapshotServices } from './services/snapshot.ts';
import { statisticsServices } from './services/statistics.ts';
import { storageDomainServices } from './services/storage-domain.ts';
import { systemServices } from './services/system.ts';
import { templateServices } from './services/template.ts';
import { vmServices } from './services/vm.ts';
import { vmDevicesServices } from './services/vm-devices.ts';

/** Every service of the API by its name. */
export const services = {
  ...systemServices,
  ...accessServices,
  ...clusterServices,
  ...dataCenterServices,
  ...diskServices,
  ...glusterServices,
  ...hostServices,
  ...jobServices,
  ...networkServices,
  ...providerServices,
  ...schedulingServices,
  ...snapshotServices,
  ...statisticsServices,
  ...storageDomainServices,
  ...templateServices,
  ...vmServices,
  ...vmDevicesServices,
};

export type Services = typeof services;
export type ServiceName = keyof Services;

/**
 * Places where a whole part of the tree can be reached a second way. What lies under such a path is what lies under the canonical path of
 * the same object; the objects before it in the path only lead there.
 */
export const aliases = {
  'datacenters/{data_center}/clusters/{cluster}': 'clusters/{cluster}',
  'datacenters/{data_center}/iscsibonds/{iscsi_bond}/networks/{network}': 'networks/{network}',
  'groups/{group}/roles/{role}': 'roles/{role}',
  'users/{user}/roles/{role}': 'roles/{role}',
} as const;
