import { domainServices } from './access/domain-routes.ts';
import { groupServices } from './access/group-routes.ts';
import { permissionServices } from './access/permission-routes.ts';
import { userProfileServices } from './access/profile-routes.ts';
import { roleServices } from './access/role-routes.ts';
import { userServices } from './access/user-routes.ts';
import { affinityGroupServices } from './affinity/group-routes.ts';
import { affinityLabelServices } from './affinity/label-routes.ts';
import { eventServices } from './audit/routes.ts';
import { clusterNetworkServices } from './cluster/network-routes.ts';
import { cpuProfileServices } from './cluster/cpu-profile-routes.ts';
import { macPoolServices } from './cluster/mac-pool-routes.ts';
import { clusterServices } from './cluster/routes.ts';
import { dataCenterServices } from './datacenter/routes.ts';
import { diskServices } from './disk/routes.ts';
import { hostServices } from './host/routes.ts';
import type { AnyServed } from './http/mount.ts';
import { jobServices } from './jobs/routes.ts';
import { networkLabelServices } from './network/label-routes.ts';
import { vnicProfileServices } from './network/profile-routes.ts';
import { networkServices } from './network/routes.ts';
import { qosServices } from './qos/routes.ts';
import { quotaLimitServices } from './quota/limit-routes.ts';
import { quotaServices } from './quota/routes.ts';
import { schedulingServices } from './scheduling/routes.ts';
import { storageConnectionServices } from './storage-domain/connection-routes.ts';
import { diskProfileServices } from './storage-domain/profile-routes.ts';
import { storageDomainServices } from './storage-domain/routes.ts';
import { systemServices } from './system/routes.ts';
import { bookmarkServices } from './tag/bookmark-routes.ts';
import { tagServices } from './tag/routes.ts';
import { templateServices } from './template/routes.ts';
import { transferServices } from './transfer/routes.ts';
import { vmDeviceServices } from './vm/devices-routes.ts';
import { vmServices } from './vm/routes.ts';

/** Every service that is built, by its noun. */
export const allServices: readonly AnyServed[] = [
  ...systemServices,
  ...userServices,
  ...userProfileServices,
  ...groupServices,
  ...domainServices,
  ...roleServices,
  ...permissionServices,
  ...tagServices,
  ...bookmarkServices,
  ...eventServices,
  ...jobServices,
  ...dataCenterServices,
  ...clusterServices,
  ...clusterNetworkServices,
  ...macPoolServices,
  ...cpuProfileServices,
  ...qosServices,
  ...quotaServices,
  ...quotaLimitServices,
  ...schedulingServices,
  ...affinityGroupServices,
  ...affinityLabelServices,
  ...networkServices,
  ...networkLabelServices,
  ...vnicProfileServices,
  ...hostServices,
  ...storageDomainServices,
  ...storageConnectionServices,
  ...diskProfileServices,
  ...diskServices,
  ...transferServices,
  ...templateServices,
  ...vmServices,
  ...vmDeviceServices,
];
