import type { TypeDeclarations } from '../names.ts';

/** Networks and vNIC profiles. */
export const networkTypes = {
  network: {
    extends: 'identified',
    attributes: {
      ip: 'ip?deprecated',
      vlan: 'vlan',
      stp: 'boolean',
      status: 'network_status?readonly',
      display: 'boolean?deprecated',
      mtu: 'integer',
      usages: 'network_usage[]',
      required: 'boolean',
      profile_required: 'boolean',
      dns_resolver_configuration: 'dns_resolver_configuration',
      vdsm_name: 'string',
      port_isolation: 'boolean',
    },
    links: {
      data_center: 'data_center',
      cluster: 'cluster',
      qos: 'qos',
      network_labels: 'network_label[]',
      permissions: 'permission[]',
      vnic_profiles: 'vnic_profile[]',
      external_provider: 'open_stack_network_provider',
      external_provider_physical_network: 'network',
    },
  },
  vlan: {
    attributes: {
      id: 'integer',
    },
  },
  network_label: {
    extends: 'identified',
    links: {
      network: 'network',
      host_nic: 'host_nic',
    },
  },
  network_filter: {
    extends: 'identified',
    attributes: {
      version: 'version',
    },
  },
  network_filter_parameter: {
    extends: 'identified',
    attributes: {
      value: 'string',
    },
    links: {
      nic: 'nic',
    },
  },
  vnic_profile: {
    extends: 'identified',
    attributes: {
      port_mirroring: 'boolean',
      custom_properties: 'custom_property[]',
      pass_through: 'vnic_pass_through',
      migratable: 'boolean',
    },
    links: {
      network: 'network',
      qos: 'qos',
      network_filter: 'network_filter',
      failover: 'vnic_profile',
      permissions: 'permission[]',
    },
  },
  vnic_pass_through: {
    attributes: {
      mode: 'vnic_pass_through_mode',
    },
  },
  vnic_profile_mapping: {
    attributes: {
      source_network_name: 'string?deprecated',
      source_network_profile_name: 'string?deprecated',
    },
    links: {
      target_vnic_profile: 'vnic_profile?deprecated',
    },
  },
  port_mirroring: {},
} as const satisfies TypeDeclarations;
