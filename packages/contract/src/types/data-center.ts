import type { TypeDeclarations } from '../names.ts';

/** Data centers, their quotas, QoS and iSCSI bonds. */
export const dataCenterTypes = {
  data_center: {
    extends: 'identified',
    attributes: {
      local: 'boolean',
      storage_format: 'storage_format',
      version: 'version',
      supported_versions: 'version[]?readonly',
      status: 'data_center_status?readonly',
      quota_mode: 'quota_mode_type',
    },
    links: {
      mac_pool: 'mac_pool',
      storage_domains: 'storage_domain[]',
      clusters: 'cluster[]',
      networks: 'network[]',
      permissions: 'permission[]',
      quotas: 'quota[]',
      qoss: 'qos[]',
      iscsi_bonds: 'iscsi_bond[]',
    },
  },
  iscsi_bond: {
    extends: 'identified',
    links: {
      data_center: 'data_center',
      storage_connections: 'storage_connection[]',
      networks: 'network[]',
    },
  },
  qos: {
    extends: 'identified',
    attributes: {
      type: 'qos_type',
      max_throughput: 'integer',
      max_read_throughput: 'integer',
      max_write_throughput: 'integer',
      max_iops: 'integer',
      max_read_iops: 'integer',
      max_write_iops: 'integer',
      cpu_limit: 'integer',
      inbound_average: 'integer',
      inbound_peak: 'integer',
      inbound_burst: 'integer',
      outbound_average: 'integer',
      outbound_peak: 'integer',
      outbound_burst: 'integer',
      outbound_average_linkshare: 'integer',
      outbound_average_upperlimit: 'integer',
      outbound_average_realtime: 'integer',
    },
    links: {
      data_center: 'data_center',
    },
  },
  quota: {
    extends: 'identified',
    attributes: {
      data_center: 'data_center',
      vms: 'vm[]',
      disks: 'disk[]',
      users: 'user[]',
      cluster_soft_limit_pct: 'integer',
      cluster_hard_limit_pct: 'integer',
      storage_soft_limit_pct: 'integer',
      storage_hard_limit_pct: 'integer',
    },
    links: {
      permissions: 'permission[]',
      quota_cluster_limits: 'quota_cluster_limit[]',
      quota_storage_limits: 'quota_storage_limit[]',
    },
  },
  quota_cluster_limit: {
    extends: 'identified',
    attributes: {
      vcpu_limit: 'integer',
      vcpu_usage: 'integer',
      memory_limit: 'double',
      memory_usage: 'double',
    },
    links: {
      quota: 'quota',
      cluster: 'cluster',
    },
  },
  quota_storage_limit: {
    extends: 'identified',
    attributes: {
      limit: 'integer',
      usage: 'double',
    },
    links: {
      quota: 'quota',
      storage_domain: 'storage_domain',
    },
  },
} as const satisfies TypeDeclarations;
