import { enums } from './enums.ts';
import type { EnumName, TypeName } from './names.ts';
import type { Infer, TypeDeclaration } from './language.ts';
import { accessTypes } from './types/access.ts';
import { clusterTypes } from './types/cluster.ts';
import { commonTypes } from './types/common.ts';
import { dataCenterTypes } from './types/data-center.ts';
import { diskTypes } from './types/disk.ts';
import { glusterTypes } from './types/gluster.ts';
import { hostNetworkTypes } from './types/host-network.ts';
import { hostTypes } from './types/host.ts';
import { importTypes } from './types/import.ts';
import { initializationTypes } from './types/initialization.ts';
import { jobTypes } from './types/job.ts';
import { networkTypes } from './types/network.ts';
import { planTypes } from './types/plan.ts';
import { providerTypes } from './types/provider.ts';
import { schedulingTypes } from './types/scheduling.ts';
import { storageDomainTypes } from './types/storage-domain.ts';
import { systemTypes } from './types/system.ts';
import { templateTypes } from './types/template.ts';
import { vmHardwareTypes } from './types/vm-hardware.ts';
import { vmTypes } from './types/vm.ts';

/** Every type of the API by its name. */
export const types = {
  ...commonTypes,
  ...systemTypes,
  ...dataCenterTypes,
  ...clusterTypes,
  ...schedulingTypes,
  ...hostTypes,
  ...hostNetworkTypes,
  ...networkTypes,
  ...storageDomainTypes,
  ...diskTypes,
  ...vmTypes,
  ...vmHardwareTypes,
  ...initializationTypes,
  ...templateTypes,
  ...accessTypes,
  ...jobTypes,
  ...planTypes,
  ...importTypes,
  ...providerTypes,
  ...glusterTypes,
} satisfies Record<TypeName, TypeDeclaration>;

export const schema = { types, enums };

type Schema = typeof schema;

/** The static type of every declared type: `Api['vm']`. */
export type Api = { [T in TypeName]: Infer<Schema, T> };

/** The values of every enum: `Enum['vm_status']`. */
export type Enum = { [E in EnumName]: (typeof enums)[E][number] };

export { enums };
export type { TypeName, EnumName };
