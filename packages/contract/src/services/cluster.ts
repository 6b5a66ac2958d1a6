import { body, login, needs, path, permit, system, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Clusters with what hangs under them, and what clusters are made with. */
export const clusterServices = {
  cluster_levels: {
    paths: ['clusterlevels'],
    type: 'cluster_level',
    root: 'cluster_levels',
    methods: {
      list: { access: login },
    },
  },
  cluster_level: {
    paths: ['clusterlevels/{cluster_level}'],
    type: 'cluster_level',
    methods: {
      get: { access: login },
    },
  },
  cluster_features: {
    paths: ['clusterlevels/{cluster_level}/clusterfeatures'],
    type: 'cluster_feature',
    root: 'cluster_features',
    methods: {
      list: { notBuilt: true },
    },
  },
  cluster_feature: {
    paths: ['clusterlevels/{cluster_level}/clusterfeatures/{cluster_feature}'],
    type: 'cluster_feature',
    methods: {
      get: { notBuilt: true },
    },
  },
  clusters: {
    paths: ['clusters', 'datacenters/{data_center}/clusters'],
    type: 'cluster',
    root: 'clusters',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: {
        access: needs(permit('create_cluster', body('cluster.data_center', { absent: 'system' }))),
        mandatory: ['name', 'data_center.id|name'],
      },
    },
  },
  cluster: {
    paths: ['clusters/{cluster}'],
    type: 'cluster',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('edit_cluster_configuration', path('cluster'))) },
      remove: { access: needs(permit('delete_cluster', path('cluster'))) },
      // RHV adds hosts by SSH alone. Here a machine enrolls itself with a token, which is shown this once.
      issueenrollmenttoken: {
        access: needs(permit('create_host', path('cluster'))),
        action: { host_name: 'string' },
        out: { enrollment_token: 'string', valid_until: 'date' },
        ostler: true,
      },
      resetemulatedmachine: { notBuilt: true },
      syncallnetworks: { notBuilt: true },
      upgrade: {
        notBuilt: true,
        action: { upgrade_action: 'cluster_upgrade_action', correlation_id: 'string', upgrade_percent_complete: 'integer' },
      },
      refreshglusterhealstatus: { notBuilt: true },
    },
  },
  assigned_cpu_profiles: {
    paths: ['clusters/{cluster}/cpuprofiles'],
    type: 'cpu_profile',
    root: 'cpu_profiles',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('create_cpu_profile', path('cluster'))), mandatory: ['name'] },
    },
  },
  assigned_cpu_profile: {
    paths: ['clusters/{cluster}/cpuprofiles/{cpu_profile}'],
    type: 'cpu_profile',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('delete_cpu_profile', path('cpu_profile'))) },
    },
  },
  cluster_networks: {
    paths: ['clusters/{cluster}/networks'],
    type: 'network',
    root: 'networks',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: {
        access: needs(permit('configure_cluster_network', path('cluster')), permit('assign_cluster_network', body('network'))),
        mandatory: ['id|name'],
      },
    },
  },
  cluster_network: {
    paths: ['clusters/{cluster}/networks/{network}'],
    type: 'network',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('configure_cluster_network', path('cluster'))) },
      remove: { access: needs(permit('configure_cluster_network', path('cluster')), permit('assign_cluster_network', path('network'))) },
    },
  },
  cluster_enabled_features: {
    paths: ['clusters/{cluster}/enabledfeatures'],
    type: 'cluster_feature',
    root: 'cluster_features',
    methods: {
      list: { notBuilt: true },
      add: { notBuilt: true, mandatory: ['id'] },
    },
  },
  cluster_enabled_feature: {
    paths: ['clusters/{cluster}/enabledfeatures/{cluster_feature}'],
    type: 'cluster_feature',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  cluster_external_providers: {
    paths: ['clusters/{cluster}/externalnetworkproviders'],
    type: 'external_provider',
    root: 'external_providers',
    methods: {
      list: { notBuilt: true },
    },
  },
  cpu_profiles: {
    paths: ['cpuprofiles'],
    type: 'cpu_profile',
    root: 'cpu_profiles',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('create_cpu_profile', body('cpu_profile.cluster'))), mandatory: ['cluster.id', 'name'] },
    },
  },
  cpu_profile: {
    paths: ['cpuprofiles/{cpu_profile}'],
    type: 'cpu_profile',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('update_cpu_profile', path('cpu_profile'))) },
      remove: { access: needs(permit('delete_cpu_profile', path('cpu_profile'))) },
    },
  },
  mac_pools: {
    paths: ['macpools'],
    type: 'mac_pool',
    root: 'mac_pools',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('create_mac_pool', system)), mandatory: ['name', 'ranges.from', 'ranges.to'] },
    },
  },
  mac_pool: {
    paths: ['macpools/{mac_pool}'],
    type: 'mac_pool',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('edit_mac_pool', path('mac_pool'))) },
      remove: { access: needs(permit('delete_mac_pool', path('mac_pool'))) },
    },
  },
} as const satisfies ServiceDeclarations;
