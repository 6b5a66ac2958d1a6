import type { TypeDeclarations } from '../names.ts';

/** Clusters and the policies that they carry. */
export const clusterTypes = {
  cluster: {
    extends: 'identified',
    attributes: {
      cpu: 'cpu',
      memory_policy: 'memory_policy',
      version: 'version',
      supported_versions: 'version[]?readonly',
      error_handling: 'error_handling',
      virt_service: 'boolean',
      gluster_service: 'boolean',
      threads_as_cores: 'boolean',
      tunnel_migration: 'boolean',
      trusted_service: 'boolean',
      ha_reservation: 'boolean',
      vnc_encryption: 'boolean',
      bios_type: 'bios_type',
      optional_reason: 'boolean?deprecated',
      maintenance_reason_required: 'boolean?deprecated',
      ballooning_enabled: 'boolean',
      display: 'display',
      ksm: 'ksm',
      serial_number: 'serial_number',
      required_rng_sources: 'rng_source[]',
      fencing_policy: 'fencing_policy',
      migration: 'migration_options',
      custom_scheduling_policy_properties: 'property[]',
      switch_type: 'switch_type',
      firewall_type: 'firewall_type',
      log_max_memory_used_threshold: 'integer',
      log_max_memory_used_threshold_type: 'log_max_memory_used_threshold_type',
      gluster_tuned_profile: 'string',
      fips_mode: 'fips_mode',
      upgrade_in_progress: 'boolean',
      upgrade_percent_complete: 'integer',
      upgrade_correlation_id: 'string',
    },
    links: {
      enabled_features: 'cluster_feature[]',
      scheduling_policy: 'scheduling_policy',
      data_center: 'data_center',
      management_network: 'network',
      external_network_providers: 'external_provider[]',
      mac_pool: 'mac_pool',
      affinity_groups: 'affinity_group[]',
      cpu_profiles: 'cpu_profile[]',
      gluster_hooks: 'gluster_hook[]',
      gluster_volumes: 'gluster_volume[]',
      network_filters: 'network_filter[]',
      networks: 'network[]',
      permissions: 'permission[]',
    },
  },
  cluster_feature: {
    extends: 'identified',
    links: {
      cluster_level: 'cluster_level',
    },
  },
  cluster_level: {
    extends: 'identified',
    attributes: {
      cpu_types: 'cpu_type[]?readonly',
      permits: 'permit[]?readonly',
    },
    links: {
      cluster_features: 'cluster_feature[]',
    },
  },
  cpu_type: {
    attributes: {
      name: 'string',
      level: 'integer',
      architecture: 'architecture',
    },
  },
  error_handling: {
    attributes: {
      on_error: 'migrate_on_error',
    },
  },
  fencing_policy: {
    attributes: {
      enabled: 'boolean',
      skip_if_sd_active: 'skip_if_sd_active',
      skip_if_connectivity_broken: 'skip_if_connectivity_broken',
      skip_if_gluster_bricks_up: 'boolean',
      skip_if_gluster_quorum_not_met: 'boolean',
    },
  },
  skip_if_sd_active: {
    attributes: {
      enabled: 'boolean',
    },
  },
  skip_if_connectivity_broken: {
    attributes: {
      enabled: 'boolean',
      threshold: 'integer',
    },
  },
  memory_policy: {
    attributes: {
      guaranteed: 'integer',
      max: 'integer',
      ballooning: 'boolean',
      over_commit: 'memory_over_commit',
      transparent_huge_pages: 'transparent_huge_pages',
    },
    elements: { transparent_huge_pages: 'transparent_hugepages' },
  },
  memory_over_commit: {
    attributes: {
      percent: 'integer',
    },
  },
  transparent_huge_pages: {
    element: 'transparent_hugepages',
    attributes: {
      enabled: 'boolean',
    },
  },
  ksm: {
    attributes: {
      enabled: 'boolean',
      merge_across_nodes: 'boolean',
    },
  },
  migration_options: {
    element: 'migration',
    attributes: {
      auto_converge: 'inheritable_boolean',
      compressed: 'inheritable_boolean',
      encrypted: 'inheritable_boolean',
      parallel_migrations_policy: 'parallel_migrations_policy',
      custom_parallel_migrations: 'integer',
      bandwidth: 'migration_bandwidth',
    },
    links: {
      policy: 'migration_policy',
    },
  },
  migration_bandwidth: {
    attributes: {
      assignment_method: 'migration_bandwidth_assignment_method',
      custom_value: 'integer',
    },
  },
  migration_policy: {
    extends: 'identified',
  },
  mac_pool: {
    extends: 'identified',
    attributes: {
      allow_duplicates: 'boolean',
      default_pool: 'boolean',
      ranges: 'range[]',
    },
    links: {
      permissions: 'permission[]',
    },
  },
  cpu_profile: {
    extends: 'identified',
    links: {
      qos: 'qos',
      cluster: 'cluster',
      permissions: 'permission[]',
    },
  },
} as const satisfies TypeDeclarations;
