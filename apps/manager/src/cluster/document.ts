import { href, hrefAt, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { compatibilityLevels, version } from '@ostler/domain/datacenter/rules';
import { networkFields } from '../network/service.ts';
import type { ClusterNetworkRow } from './network-store.ts';
import type { ClusterRow, CpuProfileRow, MacPoolRow } from './store.ts';

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
        architecture: policy.architecture as 'x86_64' | 'undefined',
        ...(policy.cpuType !== undefined && { type: policy.cpuType }),
      },
      bios_type: policy.firmware,
      memory_policy: { over_commit: { percent: policy.overcommitPercent }, transparent_huge_pages: { enabled: true } },
      ballooning_enabled: policy.ballooning,
      ksm: { enabled: policy.ksm, merge_across_nodes: true },
      threads_as_cores: policy.threadsAsCores,
      ha_reservation: policy.haReservation,
      error_handling: { on_error: policy.onError },
      virt_service: true,
      gluster_service: false,
      trusted_service: false,
      tunnel_migration: false,
      vnc_encryption: false,
      switch_type: 'legacy' as const,
      firewall_type: 'firewalld' as const,
      fips_mode: 'undefined' as const,
      required_rng_sources: ['urandom' as const],
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

export const macPoolDocument = (row: MacPoolRow): Api['mac_pool'] =>
  linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      allow_duplicates: row.allowDuplicates,
      default_pool: row.defaultPool,
      ranges: row.ranges.map(({ from, to }) => ({ from, to })),
    },
    'macpools/{mac_pool}',
    { mac_pool: row.id },
  );

export const cpuProfileDocument = (row: CpuProfileRow): Api['cpu_profile'] =>
  linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      cluster: { id: row.cluster, href: href('cluster', { cluster: row.cluster }) },
    },
    'cpuprofiles/{cpu_profile}',
    { cpu_profile: row.id },
  );
