import type { Api } from '@ostler/contract/schema';
import type { ClusterPolicy, FencingPolicy, MigrationSettings } from '@ostler/domain/cluster/policy';
import { clusterReasons, type ClusterSettings } from '@ostler/domain/cluster/rules';
import { levelIsLower } from '@ostler/domain/datacenter/rules';
import { refusalOf, type Refusal } from '@ostler/domain/reason';
import { schedulingPolicies, schedulingPolicyOf } from '@ostler/domain/scheduling/policies';
import { isVisible } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import type { Transaction } from '../db/database.ts';

/** What a client asks of a cluster, from the API's words. What is not named stays as it is. */
export function clusterWished(input: Api['cluster'], base: ClusterSettings): ClusterSettings {
  const { version: level } = input;
  const version = level ? `${level.major ?? 4}.${level.minor ?? 0}` : base.version;
  return {
    name: input.name ?? base.name,
    description: input.description ?? base.description,
    comment: input.comment ?? base.comment,
    version,
    macPool: input.mac_pool?.id ?? base.macPool,
    policy: policyWished(input, base.policy, version),
  };
}

function policyWished(input: Api['cluster'], base: ClusterPolicy, version: string): ClusterPolicy {
  const { cpuType: _type, serialNumber: _serial, spiceProxy: _proxy, ...kept } = base;
  // An empty text takes the type away, and so do the proxy's.
  const cpuType = (input.cpu?.type ?? base.cpuType) || undefined;
  const proxy = (input.display ? input.display.proxy : base.spiceProxy) || undefined;
  const firmware = input.bios_type;
  const memory = input.memory_policy;
  const scheduling = input.scheduling_policy && schedulingPolicyOf(input.scheduling_policy);
  return {
    ...kept,
    ...(cpuType !== undefined && { cpuType }),
    ...(proxy !== undefined && { spiceProxy: proxy }),
    ...serialWished(input, base),
    architecture: input.cpu?.architecture ?? base.architecture,
    overcommitPercent: memory?.over_commit?.percent ?? base.overcommitPercent,
    ballooning: input.ballooning_enabled ?? memory?.ballooning ?? base.ballooning,
    ksm: input.ksm?.enabled ?? base.ksm,
    ksmMergeAcrossNodes: input.ksm?.merge_across_nodes ?? base.ksmMergeAcrossNodes,
    hugePages: memory?.transparent_huge_pages?.enabled ?? base.hugePages,
    // Clusters of 4.2 have no other machines than the old ones.
    firmware:
      firmware === undefined || firmware === 'cluster_default'
        ? levelIsLower(version, '4.3')
          ? 'i440fx_sea_bios'
          : base.firmware
        : firmware,
    threadsAsCores: input.threads_as_cores ?? base.threadsAsCores,
    haReservation: input.ha_reservation ?? base.haReservation,
    onError: input.error_handling?.on_error ?? base.onError,
    hardwareRng: input.required_rng_sources ? input.required_rng_sources.includes('hwrng') : base.hardwareRng,
    migration: migrationWished(input.migration, base.migration),
    tunnelMigration: input.tunnel_migration ?? base.tunnelMigration,
    fencing: fencingWished(input.fencing_policy, base.fencing),
    schedulingPolicy: scheduling?.id ?? base.schedulingPolicy,
    schedulingProperties: propertiesWished(input, base),
    firewall: input.firewall_type ?? base.firewall,
    memoryWarning: {
      kind: input.log_max_memory_used_threshold_type ?? base.memoryWarning.kind,
      value: input.log_max_memory_used_threshold ?? base.memoryWarning.value,
    },
  };
}

function serialWished({ serial_number: given }: Api['cluster'], base: ClusterPolicy): Pick<ClusterPolicy, 'serialNumber'> {
  if (!given) return base.serialNumber ? { serialNumber: base.serialNumber } : {};
  return { serialNumber: { policy: given.policy ?? base.serialNumber?.policy ?? 'host', ...(given.value && { value: given.value }) } };
}

/** Properties are those of the policy unless the cluster says otherwise. With another policy they begin anew. */
function propertiesWished(input: Api['cluster'], base: ClusterPolicy): ClusterPolicy['schedulingProperties'] {
  const wanted = input.custom_scheduling_policy_properties;
  if (wanted) return Object.fromEntries(wanted.map(({ name = '', value = '' }) => [name, value]));
  const policy = input.scheduling_policy && schedulingPolicyOf(input.scheduling_policy);
  return policy && policy.id !== base.schedulingPolicy ? {} : base.schedulingProperties;
}

function migrationWished(given: Api['migration_options'] | undefined, base: MigrationSettings): MigrationSettings {
  if (!given) return base;
  const { bandwidth } = given;
  const custom = bandwidth?.custom_value ?? base.bandwidth.custom;
  const method = bandwidth?.assignment_method ?? base.bandwidth.method;
  return {
    policy: given.policy?.id ?? base.policy,
    bandwidth: { method, ...(method === 'custom' && custom !== undefined && { custom }) },
    autoConverge: given.auto_converge ?? base.autoConverge,
    compressed: given.compressed ?? base.compressed,
    encrypted: given.encrypted ?? base.encrypted,
  };
}

function fencingWished(given: Api['fencing_policy'] | undefined, base: FencingPolicy): FencingPolicy {
  const broken = given?.skip_if_connectivity_broken;
  return {
    enabled: given?.enabled ?? base.enabled,
    skipIfStorageAlive: given?.skip_if_sd_active?.enabled ?? base.skipIfStorageAlive,
    skipIfConnectivityBroken: {
      enabled: broken?.enabled ?? base.skipIfConnectivityBroken.enabled,
      threshold: broken?.threshold ?? base.skipIfConnectivityBroken.threshold,
    },
  };
}

/** What only makes sense with the database at hand, or not at all. */
export async function unfit(
  tx: Transaction,
  reader: Reader,
  input: Api['cluster'],
  { macPool: pool }: ClusterSettings,
): Promise<Refusal | undefined> {
  const said = clusterReasons;
  const { mac_pool: asked, scheduling_policy: policy } = input;
  const poolFits = asked?.id === undefined || (pool !== null && (await isVisible(tx, reader, 'mac_pool', pool)));
  return refusalOf([
    input.bios_type === 'cluster_default' && said.cluster_bios_type_unfit({ type: 'cluster_default' }, 'cluster.bios_type'),
    !poolFits && said.cluster_mac_pool_unknown({ pool: (asked?.id ?? '').slice(0, 60) }, 'cluster.mac_pool'),
    policy !== undefined &&
      !schedulingPolicyOf(policy) &&
      said.cluster_scheduling_policy_unknown(
        { policy: (policy.name ?? policy.id ?? '').slice(0, 60), known: schedulingPolicies.map(({ name }) => name).join(', ') },
        'cluster.scheduling_policy',
      ),
    (input.virt_service === false || input.gluster_service === true) && said.cluster_needs_virt_service('cluster.virt_service'),
    input.trusted_service === true && said.cluster_trusted_service_not_built('cluster.trusted_service'),
    input.switch_type === 'ovs' && said.cluster_switch_not_built({ type: 'ovs' }, 'cluster.switch_type'),
    input.vnc_encryption === true && said.cluster_vnc_encryption_not_built('cluster.vnc_encryption'),
    input.fips_mode === 'enabled' && said.cluster_fips_not_built('cluster.fips_mode'),
  ]);
}
