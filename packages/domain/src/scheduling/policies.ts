/**
 * RHV's scheduling policies and the units that they are made of, under RHV's ids: clients name them by these. A policy's
 * filters reject hosts, its weights order what is left, its balancer moves VMs later (infra.md 4.2, 4.3).
 */

export type UnitKind = 'filter' | 'weight' | 'load_balancing';

export interface PolicyUnit {
  readonly id: string;
  readonly name: string;
  readonly kind: UnitKind;
  readonly description: string;
  readonly properties: readonly PropertyName[];
}

/** What each property of a policy may be. */
export const policyProperties = {
  HighUtilization: { least: 50, most: 99 },
  LowUtilization: { least: 0, most: 49 },
  CpuOverCommitDurationMinutes: { least: 1, most: 99 },
  HighVmCount: { least: 0, most: 9999 },
  MigrationThreshold: { least: 2, most: 9999 },
  SpmVmGrace: { least: 0, most: 9999 },
  HostsInReserve: { least: 0, most: 9999 },
  EnableAutomaticHostPowerManagement: 'boolean',
  MaxFreeMemoryForOverUtilized: { least: 1, most: 2 ** 31 - 1 },
  MinFreeMemoryForUnderUtilized: { least: 1, most: 2 ** 31 - 1 },
  HeSparesCount: { least: 0, most: 9999 },
  ScaleDown: { least: 1, most: 100 },
  MaximumAllowedSwapUsage: { least: 0, most: 199 },
} as const satisfies Record<string, 'boolean' | { readonly least: number; readonly most: number }>;

export type PropertyName = keyof typeof policyProperties;
export const isPropertyName = (name: string): name is PropertyName => Object.hasOwn(policyProperties, name);

export function propertyFits(name: PropertyName, value: string): boolean {
  const range = policyProperties[name];
  if (range === 'boolean') return value === 'true' || value === 'false';
  return /^\d{1,10}$/.test(value) && Number(value) >= range.least && Number(value) <= range.most;
}

const unit = (kind: UnitKind, id: string, name: string, description: string, properties: readonly PropertyName[] = []): PolicyUnit => ({
  id,
  name,
  kind,
  description,
  properties,
});
const memory = ['MaxFreeMemoryForOverUtilized', 'MinFreeMemoryForUnderUtilized'] as const;

/** Units that hold for every VM, whatever the policy says. */
export const mandatoryUnits = {
  pinToHost: unit('filter', '12262ab6-9690-4bc3-a2b3-35573b172d54', 'PinToHost', 'Only hosts to which the VM is pinned'),
  cpuPinning: unit(
    'filter',
    '6d636bf6-a35c-4f9d-b68d-0731f731cddc',
    'CpuPinning',
    'Only hosts that have the CPUs that the VM is pinned to',
  ),
  cpuLevel: unit('filter', '438b052c-90ab-40e8-9be0-a22560202ea6', 'CPU-Level', 'Only hosts whose CPU can do what the VM’s CPU type asks'),
  compatibility: unit(
    'filter',
    '3e4a7d54-9e7f-11e5-8994-feff819cdc9f',
    'Compatibility-Version',
    'Only hosts of the VM’s compatibility version',
  ),
  hostDevice: unit(
    'filter',
    '728a21f1-f97e-4d32-bc3e-b3cc49756abb',
    'HostDevice',
    'Only hosts that have the devices that are passed through',
  ),
  mediatedDevice: unit('filter', 'aa604ea6-f758-4d28-8e05-bf5f4a0818bd', 'MDevice', 'Only hosts with the mediated devices of the VM'),
  leases: unit('filter', 'b454ae40-f767-45b1-949a-7e5bd04d83ab', 'VM leases ready', 'Only hosts on which the VM’s lease can be taken'),
} as const;

const filters = {
  cpu: unit('filter', '6d636bf6-a35c-4f9d-b68d-0731f720cddc', 'CPU', 'Only hosts with at least as many CPUs as the VM has'),
  overloaded: unit('filter', '98842bc5-4094-4b83-8224-7b50f86a94c9', 'CPUOverloaded', 'No hosts whose CPUs have been busy for long', [
    'HighUtilization',
    'CpuOverCommitDurationMinutes',
  ]),
  machine: unit('filter', '58894b5b-d55d-4f85-8f82-5bf217e640b0', 'Emulated-Machine', 'Only hosts that have the VM’s machine type'),
  hostedEngine: unit('filter', 'e659c871-0bf1-4ccc-b748-f28f5d08dffd', 'HA', 'A manager’s own VM runs on hosts that are fit for it'),
  swap: unit('filter', '43b9e654-337f-4b0d-a896-cbb22ce5a7fc', 'Swap', 'No hosts that swap more than is allowed', [
    'MaximumAllowedSwapUsage',
  ]),
  memory: unit('filter', 'c9ddbb34-0e1d-4061-a8d7-b0893fa80932', 'Memory', 'Only hosts with enough memory for the VM'),
  numa: unit('filter', 'fcbfe4b1-b83e-4428-b9d3-b3d348b93be6', 'NUMA', 'Only hosts with NUMA nodes for those of the VM'),
  hugePages: unit('filter', '23e07b34-66dd-4735-bc45-bcddded02c05', 'HugePages', 'Only hosts with enough free huge pages'),
  migration: unit('filter', 'e659c871-0bf1-4ccc-b748-f28f5d08ddda', 'Migration', 'Not the host on which the VM runs already'),
  vmAffinity: unit(
    'filter',
    '84e6ddee-ab0d-42dd-82f0-c297779db566',
    'VmAffinityGroups',
    'Only hosts that keep the enforced rules between VMs',
  ),
  hostAffinity: unit(
    'filter',
    'e69808a9-8a41-40f1-94ba-dd5d385d82d8',
    'VmToHostsAffinityGroups',
    'Only hosts that keep the enforced rules between VMs and hosts',
  ),
  network: unit(
    'filter',
    '72163d1c-9468-4480-99d9-0888664eb143',
    'Network',
    'Only hosts that have the networks of the VM, and the display network',
  ),
  spares: unit('filter', '53bff075-8306-446f-a53b-9c872a29d197', 'HostedEngineSpares', 'Keeps memory for the manager’s own VM', [
    'HeSparesCount',
  ]),
  tsc: unit(
    'filter',
    '47ea3cd0-8a2f-438d-9f63-49534178882a',
    'Migration-Tsc-Frequency',
    'Only hosts of the same TSC frequency, where the VM relies on it',
  ),
  clusterInMaintenance: unit('filter', '0bd8fef9-bcb4-4250-9998-410f01608d9b', 'ClusterInMaintenance', 'Only highly available VMs start'),
  inUpgrade: unit(
    'filter',
    '84e6ddee-ab0d-42dd-82f0-c298889db567',
    'InClusterUpgrade',
    'No hosts with an older system than the one the VM runs on',
  ),
} as const;

const weights = {
  cpuEven: unit('weight', '7db4ab05-81ab-42e8-868a-aee2df483edb', 'OptimalForCpuEvenDistribution', 'Hosts whose CPUs are less busy first', [
    'ScaleDown',
  ]),
  memoryEven: unit(
    'weight',
    '4134247a-9c58-4b9a-8593-530bb9e37c59',
    'OptimalForMemoryEvenDistribution',
    'Hosts with more free memory first',
  ),
  guestsEven: unit('weight', '3ba8c988-f779-42c0-90ce-caa8243edee7', 'OptimalForEvenGuestDistribution', 'Hosts with fewer VMs first', [
    'SpmVmGrace',
  ]),
  cpuSaving: unit('weight', '736999d0-1023-46a4-9a75-1316ed50e15b', 'OptimalForCpuPowerSaving', 'Hosts whose CPUs are busier first', [
    'HighUtilization',
  ]),
  memorySaving: unit('weight', '9dfe6086-646d-43b8-8eef-4d94de8472c8', 'OptimalForMemoryPowerSaving', 'Hosts with less free memory first'),
  preferred: unit('weight', '591cdb81-ba67-45b4-9642-e28f61a97d57', 'PreferredHosts', 'Hosts that the VM prefers first'),
  hostedEngine: unit('weight', '98e92667-6161-41fb-b3fa-34f820ccbc4b', 'HA', 'Hosts that are fitter for the manager’s own VM first'),
  reservation: unit(
    'weight',
    '7f262d70-6cac-11e3-981f-0800200c9a66',
    'OptimalForHaReservation',
    'Hosts with fewer highly available VMs first',
    ['ScaleDown'],
  ),
  vmAffinity: unit(
    'weight',
    '84e6ddee-ab0d-42dd-82f0-c297779db567',
    'VmAffinityGroups',
    'Hosts that keep more of the rules between VMs first',
  ),
  hostAffinity: unit(
    'weight',
    '427aed70-dae3-48ba-8fe9-a902a9d563c8',
    'VmToHostsAffinityGroups',
    'Hosts that keep more of the rules between VMs and hosts first',
  ),
  performance: unit(
    'weight',
    '71931e14-f0e6-4f91-a7c8-d494a26e3a09',
    'CPU for high performance VMs',
    'Hosts with as many sockets, cores and threads as the VM first',
  ),
  pinning: unit(
    'weight',
    '1b14ac11-20e9-4593-a149-2eb83c60a330',
    'CPU and NUMA pinning compatibility',
    'Hosts to which the pinning fits first',
  ),
  oneNode: unit(
    'weight',
    'f58c1cb9-d91f-48a6-a196-c6d22fb10c4e',
    'Fit VM to single host NUMA node',
    'Hosts with a NUMA node that holds the whole VM first',
  ),
  none: unit('weight', '38440000-8cf0-14bd-c43e-10b96e4ef00b', 'None', 'No host before another'),
  inUpgrade: unit('weight', '84e6ddee-ab0d-42dd-82f0-c298889db568', 'InClusterUpgrade', 'Hosts with the newer system first'),
} as const;

const balancers = {
  none: unit('load_balancing', '38440000-8cf0-14bd-c43e-10b96e4ef00a', 'None', 'VMs stay where they are'),
  even: unit(
    'load_balancing',
    '7db4ab05-81ab-42e8-868a-aee2df483ed2',
    'OptimalForEvenDistribution',
    'Moves VMs from busy hosts to others',
    ['HighUtilization', 'CpuOverCommitDurationMinutes', ...memory],
  ),
  saving: unit(
    'load_balancing',
    '736999d0-1023-46a4-9a75-1316ed50e151',
    'OptimalForPowerSaving',
    'Moves VMs together, so that hosts become free',
    [
      'HighUtilization',
      'LowUtilization',
      'CpuOverCommitDurationMinutes',
      'HostsInReserve',
      'EnableAutomaticHostPowerManagement',
      ...memory,
    ],
  ),
  guests: unit(
    'load_balancing',
    'd58c8e32-44e1-418f-9222-52cd887bf9e0',
    'OptimalForEvenGuestDistribution',
    'Moves VMs from hosts with many to hosts with few',
    ['HighVmCount', 'MigrationThreshold', 'SpmVmGrace'],
  ),
} as const;

export const policyUnits: readonly PolicyUnit[] = [
  ...Object.values(mandatoryUnits),
  ...Object.values(filters),
  ...Object.values(weights),
  ...Object.values(balancers),
];

export interface SchedulingPolicy {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly defaultPolicy: boolean;
  readonly filters: readonly PolicyUnit[];
  readonly weights: readonly { readonly unit: PolicyUnit; readonly factor: number }[];
  readonly balancer: PolicyUnit;
  readonly properties: Readonly<Partial<Record<PropertyName, string>>>;
}

const { clusterInMaintenance, inUpgrade: _upgrade, ...common } = filters;
const always = [
  { unit: weights.preferred, factor: 99 },
  { unit: weights.hostedEngine, factor: 1 },
  { unit: weights.reservation, factor: 1 },
  { unit: weights.vmAffinity, factor: 1 },
  { unit: weights.hostAffinity, factor: 20 },
  { unit: weights.performance, factor: 4 },
  { unit: weights.pinning, factor: 5 },
];
const even = [{ unit: weights.cpuEven, factor: 2 }, { unit: weights.memoryEven, factor: 1 }, ...always];
const busy = { HighUtilization: '80', CpuOverCommitDurationMinutes: '2' };

export const defaultSchedulingPolicy = 'b4ed2332-a7ac-4d5f-9596-99a439cb2812';

/** They came with the installation and are locked. */
export const schedulingPolicies: readonly SchedulingPolicy[] = [
  {
    id: defaultSchedulingPolicy,
    name: 'none',
    description: 'VMs start where there is most room, and stay there',
    defaultPolicy: true,
    filters: Object.values(common),
    weights: even,
    balancer: balancers.none,
    properties: busy,
  },
  {
    id: '7677771e-5eab-422e-83fa-dc04080d21b7',
    name: 'cluster_maintenance',
    description: 'Only highly available VMs start',
    defaultPolicy: false,
    filters: [clusterInMaintenance, ...Object.values(common)],
    weights: even,
    balancer: balancers.none,
    properties: busy,
  },
  {
    id: '20d25257-b4bd-4589-92a6-c4c5c5d3fd1a',
    name: 'evenly_distributed',
    description: 'Spreads the load over all hosts',
    defaultPolicy: false,
    filters: Object.values(common),
    weights: even,
    balancer: balancers.even,
    properties: { ...busy, HeSparesCount: '0' },
  },
  {
    id: '5a2b0939-7d46-4b73-a469-e9c2c7fc6a53',
    name: 'power_saving',
    description: 'Brings VMs together on few hosts',
    defaultPolicy: false,
    filters: Object.values(common),
    weights: [{ unit: weights.cpuSaving, factor: 2 }, { unit: weights.memorySaving, factor: 1 }, ...always],
    balancer: balancers.saving,
    properties: { ...busy, LowUtilization: '20', HeSparesCount: '0' },
  },
  {
    id: '8d5d7bec-68de-4a67-b53e-0ac54686d579',
    name: 'vm_evenly_distributed',
    description: 'Spreads VMs by their number',
    defaultPolicy: false,
    filters: Object.values(common),
    weights: [{ unit: weights.guestsEven, factor: 2 }, ...always],
    balancer: balancers.guests,
    properties: { ...busy, HeSparesCount: '0', HighVmCount: '10', MigrationThreshold: '5', SpmVmGrace: '5' },
  },
];

export const schedulingPolicyOf = (named: { readonly id?: string | undefined; readonly name?: string | undefined }) =>
  schedulingPolicies.find((one) => (named.id === undefined ? one.name === named.name : one.id === named.id.toLowerCase()));
