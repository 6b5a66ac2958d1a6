import { levelIsLower } from '../datacenter/rules.ts';
import { defaultSchedulingPolicy, isPropertyName, policyProperties, propertyFits, schedulingPolicyOf } from '../scheduling/policies.ts';
import { reasons, type Reason } from '../reason.ts';
import { cpuTypeNamed, cpuTypesOf } from './cpu-types.ts';

/** What a cluster says of its hosts and VMs (infra.md 1.1, 3.4, 4.7): one document, kept beside the cluster's name. */

export type ClusterFirmware = 'i440fx_sea_bios' | 'q35_sea_bios' | 'q35_ovmf' | 'q35_secure_boot';
export type Inheritable = 'true' | 'false' | 'inherit';

export interface MigrationSettings {
  readonly policy: string;
  readonly bandwidth: { readonly method: 'auto' | 'custom' | 'hypervisor_default'; readonly custom?: number };
  readonly autoConverge: Inheritable;
  readonly compressed: Inheritable;
  readonly encrypted: Inheritable;
}

export interface FencingPolicy {
  readonly enabled: boolean;
  readonly skipIfStorageAlive: boolean;
  readonly skipIfConnectivityBroken: { readonly enabled: boolean; readonly threshold: number };
}

export interface ClusterPolicy {
  readonly architecture: string;
  readonly cpuType?: string;
  readonly overcommitPercent: number;
  readonly ballooning: boolean;
  readonly ksm: boolean;
  readonly ksmMergeAcrossNodes: boolean;
  readonly hugePages: boolean;
  readonly firmware: ClusterFirmware;
  readonly threadsAsCores: boolean;
  readonly haReservation: boolean;
  readonly onError: 'migrate' | 'do_not_migrate' | 'migrate_highly_available';
  /** /dev/urandom is always there for VMs; a hardware generator where a host has one. */
  readonly hardwareRng: boolean;
  readonly serialNumber?: { readonly policy: 'host' | 'vm' | 'custom' | 'none'; readonly value?: string };
  readonly migration: MigrationSettings;
  readonly tunnelMigration: boolean;
  readonly fencing: FencingPolicy;
  readonly schedulingPolicy: string;
  readonly schedulingProperties: Readonly<Record<string, string>>;
  readonly firewall: 'firewalld' | 'iptables';
  /** From how much used memory on a host is warned of. */
  readonly memoryWarning: { readonly kind: 'percentage' | 'absolute_value_in_mb'; readonly value: number };
  readonly spiceProxy?: string;
}

/** RHV's migration policies. The legacy one, which leaves it all to the host, belongs to level 4.2. */
export const migrationPolicies = [
  { id: '80554327-0569-496b-bdeb-fcbbf52b827b', name: 'Minimal downtime' },
  { id: '80554327-0569-496b-bdeb-fcbbf52b827c', name: 'Suspend workload if needed' },
  { id: 'a7aeedb2-8d66-4e51-bb22-32595027ce71', name: 'Post-copy migration' },
  { id: '00000000-0000-0000-0000-000000000000', name: 'Legacy' },
] as const;
const legacyMigration = migrationPolicies[3].id;

/** RHV's default cluster. */
export const defaultPolicy: ClusterPolicy = {
  architecture: 'x86_64',
  overcommitPercent: 100,
  ballooning: true,
  ksm: true,
  ksmMergeAcrossNodes: true,
  hugePages: true,
  firmware: 'q35_sea_bios',
  threadsAsCores: false,
  haReservation: false,
  onError: 'migrate',
  hardwareRng: false,
  migration: {
    policy: migrationPolicies[0].id,
    bandwidth: { method: 'auto' },
    autoConverge: 'inherit',
    compressed: 'inherit',
    encrypted: 'inherit',
  },
  tunnelMigration: false,
  fencing: { enabled: true, skipIfStorageAlive: false, skipIfConnectivityBroken: { enabled: false, threshold: 50 } },
  schedulingPolicy: defaultSchedulingPolicy,
  schedulingProperties: {},
  firewall: 'firewalld',
  memoryWarning: { kind: 'percentage', value: 95 },
};

export const policyReasons = reasons({
  cluster_architecture_unknown: { class: 'bad_input', text: 'Clusters of the architecture {architecture} are not built. There is x86_64.' },
  cluster_overcommit_unfit: { class: 'bad_input', text: 'Memory overcommitment is from 1 to 1000 per cent.' },
  cluster_cpu_type_unknown: {
    class: 'bad_input',
    text: 'There is no CPU type {type} at the compatibility version {version}; there are {known}.',
  },
  cluster_bios_type_level: { class: 'bad_input', text: 'A cluster of the compatibility version 4.2 has i440fx machines only.' },
  cluster_serial_number_unfit: { class: 'bad_input', text: 'A serial number of one’s own needs a value, and no other policy has one.' },
  cluster_migration_policy_unknown: { class: 'bad_input', text: 'There is no migration policy {policy}; there are {known}.' },
  cluster_migration_policy_level: { class: 'bad_input', text: 'The legacy migration policy belongs to the compatibility version 4.2.' },
  cluster_migration_bandwidth_unfit: { class: 'bad_input', text: 'A migration bandwidth of one’s own is at least 1 Mbps.' },
  cluster_fencing_threshold_unfit: { class: 'bad_input', text: 'A threshold of unreachable hosts is from 0 to 100 per cent.' },
  cluster_scheduling_property_unknown: { class: 'bad_input', text: 'There is no scheduling property {name}; there are {known}.' },
  cluster_scheduling_property_unfit: { class: 'bad_input', text: 'The scheduling property {name} cannot be {value}.' },
  cluster_memory_warning_unfit: { class: 'bad_input', text: 'The memory of which is warned is from 0 to 100 per cent, or some MB.' },
});

/** What is wrong with a policy at a compatibility level, whatever else there is. */
export function policyProblems(policy: ClusterPolicy, version: string): readonly (Reason | false | undefined)[] {
  const said = policyReasons;
  const { architecture, cpuType, overcommitPercent, serialNumber: serial, migration, fencing, memoryWarning: warning } = policy;
  const { threshold } = fencing.skipIfConnectivityBroken;
  const known = migrationPolicies.map(({ id, name }) => `${id} (${name})`).join(', ');
  return [
    !['x86_64', 'undefined'].includes(architecture) && said.cluster_architecture_unknown({ architecture }, 'cluster.cpu.architecture'),
    cpuType !== undefined &&
      !cpuTypeNamed(version, cpuType) &&
      said.cluster_cpu_type_unknown(
        {
          type: cpuType.slice(0, 60),
          version,
          known: cpuTypesOf(version)
            .map((one) => one.name)
            .join(', '),
        },
        'cluster.cpu.type',
      ),
    !isWithin(overcommitPercent, 1, 1000) && said.cluster_overcommit_unfit('cluster.memory_policy.over_commit.percent'),
    levelIsLower(version, '4.3') && policy.firmware !== 'i440fx_sea_bios' && said.cluster_bios_type_level('cluster.bios_type'),
    serial && (serial.policy === 'custom') !== Boolean(serial.value) && said.cluster_serial_number_unfit('cluster.serial_number'),
    !migrationPolicies.some(({ id }) => id === migration.policy) &&
      said.cluster_migration_policy_unknown({ policy: migration.policy.slice(0, 60), known }, 'cluster.migration.policy'),
    migration.policy === legacyMigration &&
      !levelIsLower(version, '4.3') &&
      said.cluster_migration_policy_level('cluster.migration.policy'),
    migration.bandwidth.method === 'custom' &&
      !((migration.bandwidth.custom ?? 0) >= 1) &&
      said.cluster_migration_bandwidth_unfit('cluster.migration.bandwidth.custom_value'),
    !isWithin(threshold, 0, 100) && said.cluster_fencing_threshold_unfit('cluster.fencing_policy.skip_if_connectivity_broken.threshold'),
    !(warning.kind === 'percentage' ? isWithin(warning.value, 0, 100) : warning.value >= 0) &&
      said.cluster_memory_warning_unfit('cluster.log_max_memory_used_threshold'),
    ...Object.entries(policy.schedulingProperties).map(([name, value]) =>
      !isPropertyName(name)
        ? said.cluster_scheduling_property_unknown(
            { name: name.slice(0, 60), known: Object.keys(policyProperties).join(', ') },
            'cluster.custom_scheduling_policy_properties',
          )
        : !propertyFits(name, value) &&
          said.cluster_scheduling_property_unfit({ name, value: value.slice(0, 60) }, 'cluster.custom_scheduling_policy_properties'),
    ),
  ];
}

const isWithin = (number: number, least: number, most: number): boolean => Number.isInteger(number) && number >= least && number <= most;

/** The properties by which a cluster is scheduled: those of its policy, with what it says itself. */
export const schedulingPropertiesOf = (policy: ClusterPolicy): Readonly<Record<string, string>> => ({
  ...schedulingPolicyOf({ id: policy.schedulingPolicy })?.properties,
  ...policy.schedulingProperties,
});
