import { body, needs, path, permit, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Hosts with their devices and networks. */
export const hostServices = {
  hosts: {
    paths: ['hosts'],
    type: 'host',
    root: 'hosts',
    methods: {
      list: {
        access: visible,
        query: {
          max: 'integer',
          search: 'string',
          case_sensitive: 'boolean',
          migration_target_of: 'string',
          check_vms_in_affinity_closure: 'boolean',
        },
      },
      add: {
        access: needs(permit('create_host', body('host.cluster', { absent: 'system' }))),
        query: { deploy_hosted_engine: 'boolean', undeploy_hosted_engine: 'boolean', activate: 'boolean', reboot: 'boolean' },
        mandatory: ['name', 'address'],
      },
    },
  },
  host: {
    paths: ['hosts/{host}'],
    type: 'host',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('edit_host_configuration', path('host'))) },
      remove: { access: needs(permit('delete_host', path('host'))), query: { force: 'boolean' } },
      activate: { access: needs(permit('manipulate_host', path('host'))) },
      approve: {
        access: needs(permit('manipulate_host', path('host'))),
        action: { host: 'host', cluster: 'cluster', activate: 'boolean', reboot: 'boolean' },
        variants: [['host.root_password'], ['host.ssh.authentication_method', 'host.ssh.user.password', 'host.ssh.user.user_name']],
      },
      commitnetconfig: { notBuilt: true },
      deactivate: { access: needs(permit('manipulate_host', path('host'))), action: { reason: 'string', stop_gluster_service: 'boolean' } },
      enrollcertificate: { notBuilt: true },
      fence: {
        access: needs(permit('manipulate_host', path('host'))),
        action: { fence_type: 'string', maintenance_after_restart: 'boolean' },
        out: { power_management: 'power_management' },
        mandatory: ['fence_type'],
      },
      forceselectspm: { notBuilt: true },
      install: {
        notBuilt: true,
        action: {
          activate: 'boolean',
          root_password: 'string',
          ssh: 'ssh',
          host: 'host',
          image: 'string',
          deploy_hosted_engine: 'boolean',
          undeploy_hosted_engine: 'boolean',
          reboot: 'boolean',
        },
      },
      iscsidiscover: {
        notBuilt: true,
        action: { iscsi: 'iscsi_details' },
        out: { iscsi_targets: 'string[]' },
        mandatory: ['iscsi.address'],
      },
      discoveriscsi: {
        notBuilt: true,
        action: { iscsi: 'iscsi_details' },
        out: { discovered_targets: 'iscsi_details[]' },
        mandatory: ['iscsi.address'],
      },
      iscsilogin: { notBuilt: true, action: { iscsi: 'iscsi_details' }, mandatory: ['iscsi.address', 'iscsi.target'] },
      unregisteredstoragedomainsdiscover: {
        notBuilt: true,
        action: { iscsi: 'iscsi_details' },
        out: { storage_domains: 'storage_domain[]' },
      },
      upgrade: { notBuilt: true, action: { image: 'string', reboot: 'boolean', timeout: 'integer' } },
      upgradecheck: { notBuilt: true },
      refresh: { access: needs(permit('manipulate_host', path('host'))) },
      setupnetworks: {
        notBuilt: true,
        action: {
          modified_network_attachments: 'network_attachment[]',
          removed_network_attachments: 'network_attachment[]',
          synchronized_network_attachments: 'network_attachment[]',
          modified_bonds: 'host_nic[]',
          removed_bonds: 'host_nic[]',
          modified_labels: 'network_label[]',
          removed_labels: 'network_label[]',
          commit_on_success: 'boolean',
          check_connectivity: 'boolean',
          connectivity_timeout: 'integer',
        },
      },
      syncallnetworks: { notBuilt: true },
      copyhostnetworks: { notBuilt: true, action: { source_host: 'host' }, mandatory: ['source_host.id'] },
    },
  },
  fence_agents: {
    paths: ['hosts/{host}/fenceagents'],
    type: 'agent',
    root: 'agents',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['address', 'order', 'password', 'type', 'username'] },
    },
  },
  fence_agent: {
    paths: ['hosts/{host}/fenceagents/{agent}'],
    type: 'agent',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  host_devices: {
    paths: ['hosts/{host}/devices'],
    type: 'host_device',
    root: 'host_devices',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  host_device: {
    paths: ['hosts/{host}/devices/{host_device}'],
    type: 'host_device',
    methods: {
      get: { notBuilt: true },
    },
  },
  host_hooks: {
    paths: ['hosts/{host}/hooks'],
    type: 'hook',
    root: 'hooks',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
    },
  },
  host_hook: {
    paths: ['hosts/{host}/hooks/{hook}'],
    type: 'hook',
    methods: {
      get: { access: visible },
    },
  },
  host_nics: {
    paths: ['hosts/{host}/nics'],
    type: 'host_nic',
    root: 'host_nics',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
    },
  },
  host_nic: {
    paths: ['hosts/{host}/nics/{host_nic}'],
    type: 'host_nic',
    methods: {
      get: { access: visible },
      updatevirtualfunctionsconfiguration: {
        notBuilt: true,
        action: { virtual_functions_configuration: 'host_nic_virtual_functions_configuration' },
      },
    },
  },
  network_attachments: {
    paths: ['hosts/{host}/networkattachments', 'hosts/{host}/nics/{host_nic}/networkattachments'],
    type: 'network_attachment',
    root: 'network_attachments',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['network.id|name'] },
    },
  },
  network_attachment: {
    paths: ['hosts/{host}/networkattachments/{network_attachment}', 'hosts/{host}/nics/{host_nic}/networkattachments/{network_attachment}'],
    type: 'network_attachment',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  virtual_function_allowed_networks: {
    paths: ['hosts/{host}/nics/{host_nic}/virtualfunctionallowednetworks'],
    type: 'network',
    root: 'networks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['id|name'] },
    },
  },
  virtual_function_allowed_network: {
    paths: ['hosts/{host}/nics/{host_nic}/virtualfunctionallowednetworks/{network}'],
    type: 'network',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  link_layer_discovery_protocol: {
    paths: ['hosts/{host}/nics/{host_nic}/linklayerdiscoveryprotocolelements'],
    type: 'link_layer_discovery_protocol_element',
    root: 'link_layer_discovery_protocol_elements',
    methods: {
      list: { notBuilt: true },
    },
  },
  host_numa_nodes: {
    paths: ['hosts/{host}/numanodes'],
    type: 'numa_node',
    root: 'host_numa_nodes',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
    },
  },
  host_numa_node: {
    paths: ['hosts/{host}/numanodes/{numa_node}'],
    type: 'numa_node',
    methods: {
      get: { access: visible },
    },
  },
  host_storage: {
    paths: ['hosts/{host}/storage'],
    type: 'host_storage',
    root: 'host_storages',
    methods: {
      list: { notBuilt: true, query: { report_status: 'boolean' } },
    },
  },
  storage: {
    paths: ['hosts/{host}/storage/{host_storage}'],
    type: 'host_storage',
    methods: {
      get: { notBuilt: true, query: { report_status: 'boolean' } },
    },
  },
  katello_errata: {
    paths: ['hosts/{host}/katelloerrata', 'vms/{vm}/katelloerrata'],
    type: 'katello_erratum',
    root: 'katello_errata',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  storage_server_connection_extensions: {
    paths: ['hosts/{host}/storageconnectionextensions'],
    type: 'storage_connection_extension',
    root: 'storage_connection_extensions',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['password', 'target', 'username'] },
    },
  },
  storage_server_connection_extension: {
    paths: ['hosts/{host}/storageconnectionextensions/{storage_connection_extension}'],
    type: 'storage_connection_extension',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  unmanaged_networks: {
    paths: ['hosts/{host}/unmanagednetworks'],
    type: 'unmanaged_network',
    root: 'unmanaged_networks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  unmanaged_network: {
    paths: ['hosts/{host}/unmanagednetworks/{unmanaged_network}'],
    type: 'unmanaged_network',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  external_network_provider_configurations: {
    paths: ['hosts/{host}/externalnetworkproviderconfigurations'],
    type: 'external_network_provider_configuration',
    root: 'external_network_provider_configurations',
    methods: {
      list: { notBuilt: true },
    },
  },
  external_network_provider_configuration: {
    paths: ['hosts/{host}/externalnetworkproviderconfigurations/{external_network_provider_configuration}'],
    type: 'external_network_provider_configuration',
    methods: {
      get: { notBuilt: true },
    },
  },
  host_cpu_units: {
    paths: ['hosts/{host}/cpuunits'],
    type: 'host_cpu_unit',
    root: 'host_cpu_units',
    methods: {
      list: { notBuilt: true },
    },
  },
} as const satisfies ServiceDeclarations;
