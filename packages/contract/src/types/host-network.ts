import type { TypeDeclarations } from '../names.ts';

/** The network of a host: its devices, attachments and labels. */
export const hostNetworkTypes = {
  host_nic: {
    extends: 'identified',
    attributes: {
      mac: 'mac',
      ip: 'ip',
      ipv6: 'ip',
      base_interface: 'string',
      vlan: 'vlan',
      bonding: 'bonding',
      boot_protocol: 'boot_protocol',
      ipv6_boot_protocol: 'boot_protocol',
      check_connectivity: 'boolean',
      speed: 'integer?readonly',
      status: 'nic_status?readonly',
      mtu: 'integer',
      bridged: 'boolean',
      custom_configuration: 'boolean',
      override_configuration: 'boolean',
      properties: 'property[]',
      ad_aggregator_id: 'integer',
      virtual_functions_configuration: 'host_nic_virtual_functions_configuration',
    },
    links: {
      statistics: 'statistic[]?readonly',
      network_labels: 'network_label[]',
      host: 'host',
      network: 'network',
      qos: 'qos',
      physical_function: 'host_nic',
    },
  },
  host_nic_virtual_functions_configuration: {
    attributes: {
      max_number_of_virtual_functions: 'integer',
      number_of_virtual_functions: 'integer',
      all_networks_allowed: 'boolean',
    },
  },
  bonding: {
    attributes: {
      options: 'option[]',
      slaves: 'host_nic[]',
      ad_partner_mac: 'mac',
    },
    links: {
      active_slave: 'host_nic',
    },
  },
  mac: {
    attributes: {
      address: 'string',
    },
  },
  ip: {
    attributes: {
      address: 'string',
      netmask: 'string',
      gateway: 'string',
      version: 'ip_version',
    },
  },
  ip_address_assignment: {
    attributes: {
      ip: 'ip',
      assignment_method: 'boot_protocol',
    },
  },
  network_attachment: {
    extends: 'identified',
    attributes: {
      ip_address_assignments: 'ip_address_assignment[]',
      properties: 'property[]',
      in_sync: 'boolean',
      reported_configurations: 'reported_configuration[]',
      dns_resolver_configuration: 'dns_resolver_configuration',
    },
    links: {
      network: 'network',
      host_nic: 'host_nic',
      host: 'host',
      qos: 'qos',
    },
  },
  reported_configuration: {
    attributes: {
      name: 'string',
      expected_value: 'string',
      actual_value: 'string',
      in_sync: 'boolean',
    },
  },
  network_configuration: {
    attributes: {
      nics: 'nic[]',
      dns: 'dns',
    },
  },
  dns: {
    attributes: {
      servers: 'host[]',
      search_domains: 'host[]',
    },
  },
  dns_resolver_configuration: {
    attributes: {
      name_servers: 'string[]',
    },
  },
  nic_configuration: {
    attributes: {
      name: 'string',
      ip: 'ip',
      boot_protocol: 'boot_protocol',
      ipv6: 'ip',
      ipv6_boot_protocol: 'boot_protocol',
      on_boot: 'boolean',
    },
  },
  unmanaged_network: {
    extends: 'identified',
    links: {
      host_nic: 'host_nic',
      host: 'host',
    },
  },
  link_layer_discovery_protocol_element: {
    extends: 'identified',
    attributes: {
      type: 'integer',
      oui: 'integer',
      subtype: 'integer',
      properties: 'property[]',
    },
  },
} as const satisfies TypeDeclarations;
