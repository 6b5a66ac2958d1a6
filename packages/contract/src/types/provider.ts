import type { TypeDeclarations } from '../names.ts';

/** Providers outside: Foreman, OpenStack. */
export const providerTypes = {
  external_provider: {
    extends: 'identified',
    attributes: {
      url: 'string',
      requires_authentication: 'boolean',
      username: 'string',
      password: 'string?secret',
      authentication_url: 'string',
      properties: 'property[]',
    },
  },
  external_host_provider: {
    extends: 'external_provider',
    links: {
      certificates: 'certificate[]',
      compute_resources: 'external_compute_resource[]',
      discovered_hosts: 'external_discovered_host[]',
      host_groups: 'external_host_group[]',
      hosts: 'host[]',
    },
  },
  external_host: {
    extends: 'identified',
    attributes: {
      address: 'string',
    },
    links: {
      external_host_provider: 'external_host_provider',
    },
  },
  external_host_group: {
    extends: 'identified',
    attributes: {
      architecture_name: 'string',
      operating_system_name: 'string',
      domain_name: 'string',
      subnet_name: 'string',
    },
    links: {
      external_host_provider: 'external_host_provider',
    },
  },
  external_compute_resource: {
    extends: 'identified',
    attributes: {
      provider: 'string',
      user: 'string',
      url: 'string',
    },
    links: {
      external_host_provider: 'external_host_provider',
    },
  },
  external_discovered_host: {
    extends: 'identified',
    attributes: {
      ip: 'string',
      mac: 'string',
      subnet_name: 'string',
      last_report: 'string',
    },
    links: {
      external_host_provider: 'external_host_provider',
    },
  },
  external_network_provider_configuration: {
    extends: 'identified',
    links: {
      external_network_provider: 'external_provider',
      host: 'host',
    },
  },
  agent_configuration: {
    attributes: {
      network_mappings: 'string',
      broker_type: 'message_broker_type',
      address: 'string',
      port: 'integer',
      username: 'string',
      password: 'string?secret',
    },
  },
  open_stack_provider: {
    extends: 'external_provider',
    attributes: {
      tenant_name: 'string',
    },
  },
  open_stack_image_provider: {
    extends: 'open_stack_provider',
    element: 'openstack_image_provider',
    links: {
      certificates: 'certificate[]',
      images: 'open_stack_image[]',
    },
  },
  open_stack_image: {
    extends: 'identified',
    element: 'openstack_image',
    links: {
      openstack_image_provider: 'open_stack_image_provider',
    },
  },
  open_stack_network_provider: {
    extends: 'open_stack_provider',
    element: 'openstack_network_provider',
    attributes: {
      plugin_type: 'network_plugin_type?deprecated',
      external_plugin_type: 'string',
      agent_configuration: 'agent_configuration?deprecated',
      read_only: 'boolean',
      type: 'open_stack_network_provider_type',
      auto_sync: 'boolean',
      unmanaged: 'boolean',
      user_domain_name: 'string',
      project_name: 'string',
      project_domain_name: 'string',
    },
    links: {
      certificates: 'certificate[]',
      networks: 'open_stack_network[]',
      subnets: 'open_stack_subnet[]',
    },
  },
  open_stack_network: {
    extends: 'identified',
    element: 'openstack_network',
    links: {
      openstack_network_provider: 'open_stack_network_provider',
    },
  },
  open_stack_subnet: {
    extends: 'identified',
    element: 'openstack_subnet',
    attributes: {
      cidr: 'string',
      ip_version: 'string',
      gateway: 'string',
      dns_servers: 'string[]',
    },
    links: {
      openstack_network: 'open_stack_network',
    },
  },
  open_stack_volume_provider: {
    extends: 'open_stack_provider',
    element: 'openstack_volume_provider',
    links: {
      data_center: 'data_center',
      certificates: 'certificate[]',
      volume_types: 'open_stack_volume_type[]',
      authentication_keys: 'openstack_volume_authentication_key[]',
    },
  },
  open_stack_volume_type: {
    extends: 'identified',
    attributes: {
      properties: 'property[]',
    },
    links: {
      openstack_volume_provider: 'open_stack_volume_provider',
    },
  },
  openstack_volume_authentication_key: {
    extends: 'identified',
    attributes: {
      uuid: 'string',
      value: 'string?secret',
      usage_type: 'openstack_volume_authentication_key_usage_type',
      creation_date: 'date',
    },
    links: {
      openstack_volume_provider: 'open_stack_volume_provider',
    },
  },
} as const satisfies TypeDeclarations;
