import { body, needs, path, permit, system, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Data centers with their networks, storage domains and quotas. */
export const dataCenterServices = {
  data_centers: {
    paths: ['datacenters'],
    type: 'data_center',
    root: 'data_centers',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { access: needs(permit('create_storage_pool', system)), mandatory: ['name'] },
    },
  },
  data_center: {
    paths: ['datacenters/{data_center}'],
    type: 'data_center',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('edit_storage_pool_configuration', path('data_center'))) },
      remove: { access: needs(permit('delete_storage_pool', path('data_center'))), query: { force: 'boolean' } },
      setmaster: { notBuilt: true, action: { storage_domain: 'storage_domain' }, mandatory: ['storage_domain.id|name'] },
      cleanfinishedtasks: { notBuilt: true },
    },
  },
  attached_storage_domains: {
    paths: ['datacenters/{data_center}/storagedomains'],
    type: 'storage_domain',
    root: 'storage_domains',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: {
        access: needs(
          permit('manipulate_storage_domain', body('storage_domain')),
          permit('manipulate_storage_domain', path('data_center')),
        ),
        mandatory: ['id|name'],
      },
    },
  },
  attached_storage_domain: {
    paths: ['datacenters/{data_center}/storagedomains/{storage_domain}'],
    type: 'storage_domain',
    methods: {
      get: { access: visible },
      remove: {
        access: needs(
          permit('manipulate_storage_domain', path('storage_domain')),
          permit('manipulate_storage_domain', path('data_center')),
        ),
      },
      activate: { access: needs(permit('manipulate_storage_domain', path('storage_domain'))) },
      deactivate: { access: needs(permit('manipulate_storage_domain', path('storage_domain'))), action: { force: 'boolean' } },
    },
  },
  attached_storage_domain_disks: {
    paths: ['datacenters/{data_center}/storagedomains/{storage_domain}/disks'],
    type: 'disk',
    root: 'disks',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { notBuilt: true, query: { unregistered: 'boolean' } },
    },
  },
  attached_storage_domain_disk: {
    paths: ['datacenters/{data_center}/storagedomains/{storage_domain}/disks/{disk}'],
    type: 'disk',
    methods: {
      get: { access: visible },
      update: { notBuilt: true },
      remove: { notBuilt: true },
      copy: { notBuilt: true, action: { disk: 'disk', storage_domain: 'storage_domain' } },
      export: { notBuilt: true, action: { storage_domain: 'storage_domain' } },
      move: { notBuilt: true, action: { storage_domain: 'storage_domain' } },
      sparsify: { notBuilt: true },
      register: { notBuilt: true },
    },
  },
  data_center_networks: {
    paths: ['datacenters/{data_center}/networks'],
    type: 'network',
    root: 'networks',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('create_storage_pool_network', path('data_center'))), mandatory: ['name'] },
    },
  },
  data_center_network: {
    paths: ['datacenters/{data_center}/networks/{network}'],
    type: 'network',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('configure_storage_pool_network', path('network'))) },
      remove: { access: needs(permit('delete_storage_pool_network', path('network'))) },
    },
  },
  quotas: {
    paths: ['datacenters/{data_center}/quotas'],
    type: 'quota',
    root: 'quotas',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('configure_quota', path('data_center'))), mandatory: ['name'] },
    },
  },
  quota: {
    paths: ['datacenters/{data_center}/quotas/{quota}'],
    type: 'quota',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('configure_quota', path('quota'))) },
      remove: { access: needs(permit('configure_quota', path('quota'))) },
    },
  },
  quota_storage_limits: {
    paths: ['datacenters/{data_center}/quotas/{quota}/quotastoragelimits'],
    type: 'quota_storage_limit',
    root: 'quota_storage_limits',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('configure_quota', path('quota'))) },
    },
  },
  quota_storage_limit: {
    paths: ['datacenters/{data_center}/quotas/{quota}/quotastoragelimits/{quota_storage_limit}'],
    type: 'quota_storage_limit',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('configure_quota', path('quota'))) },
    },
  },
  quota_cluster_limits: {
    paths: ['datacenters/{data_center}/quotas/{quota}/quotaclusterlimits'],
    type: 'quota_cluster_limit',
    root: 'quota_cluster_limits',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('configure_quota', path('quota'))) },
    },
  },
  quota_cluster_limit: {
    paths: ['datacenters/{data_center}/quotas/{quota}/quotaclusterlimits/{quota_cluster_limit}'],
    type: 'quota_cluster_limit',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('configure_quota', path('quota'))) },
    },
  },
  qoss: {
    paths: ['datacenters/{data_center}/qoss'],
    type: 'qos',
    root: 'qoss',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      // RHV asks for that of networks where the limits are those of VMs' NICs; here one permit opens all types.
      add: { access: needs(permit('edit_storage_pool_configuration', path('data_center'))), mandatory: ['name', 'type'] },
    },
  },
  qos: {
    paths: ['datacenters/{data_center}/qoss/{qos}'],
    type: 'qos',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('edit_storage_pool_configuration', path('data_center'))) },
      remove: { access: needs(permit('edit_storage_pool_configuration', path('data_center'))) },
    },
  },
  iscsi_bonds: {
    paths: ['datacenters/{data_center}/iscsibonds'],
    type: 'iscsi_bond',
    root: 'iscsi_bonds',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['name'] },
    },
  },
  iscsi_bond: {
    paths: ['datacenters/{data_center}/iscsibonds/{iscsi_bond}'],
    type: 'iscsi_bond',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  iscsi_bond_networks: {
    paths: ['datacenters/{data_center}/iscsibonds/{iscsi_bond}/networks'],
    type: 'network',
    root: 'networks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { notBuilt: true, mandatory: ['id|name'] },
    },
  },
  iscsi_bond_connections: {
    paths: ['datacenters/{data_center}/iscsibonds/{iscsi_bond}/storageserverconnections'],
    type: 'storage_connection',
    root: 'storage_connections',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: {
        notBuilt: true,
        mandatory: ['type'],
        variants: [['address', 'port', 'target'], ['address', 'path'], ['path', 'vfs_type'], ['path', 'vfs_type'], ['path']],
      },
    },
  },
  iscsi_bond_connection: {
    paths: ['datacenters/{data_center}/iscsibonds/{iscsi_bond}/storageserverconnections/{storage_connection}'],
    type: 'storage_connection',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true, query: { force: 'boolean' } },
      remove: { notBuilt: true, query: { host: 'string' } },
    },
  },
} as const satisfies ServiceDeclarations;
