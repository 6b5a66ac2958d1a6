import type { TypeDeclarations } from '../names.ts';

/** What a guest is given at its first start: cloud-init, ignition, sysprep. */
export const initializationTypes = {
  initialization: {
    attributes: {
      configuration: 'configuration',
      cloud_init: 'cloud_init?deprecated',
      host_name: 'string',
      domain: 'string',
      timezone: 'string',
      authorized_ssh_keys: 'string',
      regenerate_ssh_keys: 'boolean',
      regenerate_ids: 'boolean',
      dns_servers: 'string',
      dns_search: 'string',
      nic_configurations: 'nic_configuration[]',
      windows_license_key: 'string?secret',
      root_password: 'string?secret',
      custom_script: 'string',
      input_locale: 'string',
      ui_language: 'string',
      system_locale: 'string',
      user_locale: 'string',
      user_name: 'string',
      active_directory_ou: 'string',
      org_name: 'string',
      cloud_init_network_protocol: 'cloud_init_network_protocol',
    },
  },
  cloud_init: {
    attributes: {
      host: 'host',
      authorized_keys: 'authorized_key[]',
      network_configuration: 'network_configuration',
      regenerate_ssh_keys: 'boolean',
      timezone: 'string',
      users: 'user[]',
      files: 'file[]',
    },
  },
  configuration: {
    attributes: {
      type: 'configuration_type',
      data: 'string',
    },
  },
  authorized_key: {
    extends: 'identified',
    attributes: {
      key: 'string',
    },
    links: {
      user: 'user',
    },
  },
} as const satisfies TypeDeclarations;
