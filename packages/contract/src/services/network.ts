import { body, login, needs, path, permit, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Networks and vNIC profiles. */
export const networkServices = {
  network_filters: {
    paths: ['networkfilters', 'clusters/{cluster}/networkfilters'],
    type: 'network_filter',
    root: 'network_filters',
    methods: {
      list: { access: login },
    },
  },
  network_filter: {
    paths: ['networkfilters/{network_filter}', 'clusters/{cluster}/networkfilters/{network_filter}'],
    type: 'network_filter',
    methods: {
      get: { access: login },
    },
  },
  networks: {
    paths: ['networks'],
    type: 'network',
    root: 'networks',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: {
        access: needs(permit('create_storage_pool_network', body('network.data_center'))),
        mandatory: ['name', 'data_center.id|name'],
      },
    },
  },
  network: {
    paths: ['networks/{network}'],
    type: 'network',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('configure_storage_pool_network', path('network'))) },
      remove: { access: needs(permit('delete_storage_pool_network', path('network'))) },
    },
  },
  assigned_vnic_profiles: {
    paths: ['networks/{network}/vnicprofiles'],
    type: 'vnic_profile',
    root: 'vnic_profiles',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('create_network_vnic_profile', path('network'))), mandatory: ['name'] },
    },
  },
  assigned_vnic_profile: {
    paths: ['networks/{network}/vnicprofiles/{vnic_profile}'],
    type: 'vnic_profile',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('delete_network_vnic_profile', path('vnic_profile'))) },
    },
  },
  network_labels: {
    paths: ['networks/{network}/networklabels'],
    type: 'network_label',
    root: 'network_labels',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('configure_storage_pool_network', path('network'))), mandatory: ['id'] },
    },
  },
  network_label: {
    paths: ['networks/{network}/networklabels/{network_label}'],
    type: 'network_label',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('configure_storage_pool_network', path('network'))) },
    },
  },
  host_nic_labels: {
    paths: ['hosts/{host}/nics/{host_nic}/networklabels', 'hosts/{host}/nics/{host_nic}/virtualfunctionallowedlabels'],
    type: 'network_label',
    root: 'network_labels',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['id'] },
    },
  },
  host_nic_label: {
    paths: [
      'hosts/{host}/nics/{host_nic}/networklabels/{network_label}',
      'hosts/{host}/nics/{host_nic}/virtualfunctionallowedlabels/{network_label}',
    ],
    type: 'network_label',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  vnic_profiles: {
    paths: ['vnicprofiles'],
    type: 'vnic_profile',
    root: 'vnic_profiles',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { access: needs(permit('create_network_vnic_profile', body('vnic_profile.network'))), mandatory: ['name', 'network.id'] },
    },
  },
  vnic_profile: {
    paths: ['vnicprofiles/{vnic_profile}'],
    type: 'vnic_profile',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('configure_network_vnic_profile', path('vnic_profile'))) },
      remove: { access: needs(permit('delete_network_vnic_profile', path('vnic_profile'))) },
    },
  },
} as const satisfies ServiceDeclarations;
