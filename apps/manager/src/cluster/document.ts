import { href, hrefAt, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { schedulingPropertiesOf, type MigrationSettings } from '@ostler/domain/cluster/policy';
import { compatibilityLevels, version } from '@ostler/domain/datacenter/rules';
import { networkFields } from '../network/service.ts';
import type { ClusterNetworkRow } from './network-store.ts';
import type { ClusterRow } from './store.ts';

export function clusterDocument(row: ClusterRow): Api['cluster'] {
  const { policy } = row;
  return linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      comment: row.comment,
      ...(row.dataCenter !== null && { data_center: { id: row.dataCenter, href: href('data_center', { data_center: row.dataCenter }) } }),
      version: version(row.version),
      supported_versions: compatibilityLevels.map(version),
      cpu: {
        // A type is one of an architecture, whatever was known before.
        architecture: policy.cpuType === undefined ? (policy.architecture as 'x86_64' | 'undefined') : ('x86_64' as const),
        ...(policy.cpuType !== undefined && { type: policy.cpuType }),
      },
      bios_type: policy.firmware,
      memory_policy: { over_commit: { percent: policy.overcommitPercent }, transparent_huge_pages: { enabled: policy.hugePages } },
      ballooning_enabled: policy.ballooning,
      ksm: { enabled: policy.ksm, merge_across_nodes: policy.ksmMergeAcrossNodes },
      threads_as_cores: policy.threadsAsCores,
      ha_reservation: policy.haReservation,
      error_handling: { on_error: policy.onError },
      fencing_policy: {
        enabled: policy.fencing.enabled,
        skip_if_sd_active: { enabled: policy.fencing.skipIfStorageAlive },
        skip_if_connectivity_broken: { ...policy.fencing.skipIfConnectivityBroken },
        skip_if_gluster_bricks_up: false,
        skip_if_gluster_quorum_not_met: false,
      },
      migration: migrationDocument(policy.migration),
      ...(policy.serialNumber && {
        serial_number: { policy: policy.serialNumber.policy, ...(policy.serialNumber.value && { value: policy.serialNumber.value }) },
      }),
      ...(policy.spiceProxy !== undefined && { display: { proxy: policy.spiceProxy } }),
      scheduling_policy: { id: policy.schedulingPolicy, href: href('scheduling_policy', { scheduling_policy: policy.schedulingPolicy }) },
      custom_scheduling_policy_properties: Object.entries(schedulingPropertiesOf(policy)).map(([name, value]) => ({ name, value })),
      log_max_memory_used_threshold: policy.memoryWarning.value,
      log_max_memory_used_threshold_type: policy.memoryWarning.kind,
      virt_service: true,
      gluster_service: false,
      trusted_service: false,
      tunnel_migration: policy.tunnelMigration,
      vnc_encryption: false,
      switch_type: 'legacy' as const,
      firewall_type: policy.firewall,
      fips_mode: 'disabled' as const,
      required_rng_sources: policy.hardwareRng ? ['urandom' as const, 'hwrng' as const] : ['urandom' as const],
      ...(row.macPool !== null && { mac_pool: { id: row.macPool, href: href('mac_pool', { mac_pool: row.macPool }) } }),
      ...(row.managementNetwork !== null && {
        management_network: {
          id: row.managementNetwork,
          href: hrefAt('clusters/{cluster}/networks/{network}', { cluster: row.id, network: row.managementNetwork }),
        },
      }),
    },
    'clusters/{cluster}',
    { cluster: row.id },
  );
}

const migrationDocument = ({ policy, bandwidth, ...flags }: MigrationSettings): Api['migration_options'] => ({
  auto_converge: flags.autoConverge,
  compressed: flags.compressed,
  encrypted: flags.encrypted,
  bandwidth: { assignment_method: bandwidth.method, ...(bandwidth.custom !== undefined && { custom_value: bandwidth.custom }) },
  policy: { id: policy },
});

export function clusterNetworkDocument(row: ClusterNetworkRow): Api['network'] {
  return {
    id: row.id,
    href: href('cluster_network', { cluster: row.cluster, network: row.id }),
    ...networkFields(row),
    cluster: { id: row.cluster, href: href('cluster', { cluster: row.cluster }) },
    status: row.operational ? 'operational' : 'non_operational',
    required: row.required,
    display: row.usages.includes('display'),
    usages: [...row.usages],
  };
}
