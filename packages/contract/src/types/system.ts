import type { TypeDeclarations } from '../names.ts';

/** The entry point, options, tags and bookmarks. */
export const systemTypes = {
  api: {
    attributes: {
      special_objects: 'special_objects?readonly',
      product_info: 'product_info?readonly',
      summary: 'api_summary?readonly',
      time: 'date?readonly',
      engine_backup: 'engine_backup_info?readonly',
    },
    links: {
      authenticated_user: 'user?readonly',
      effective_user: 'user?readonly',
    },
  },
  api_summary: {
    attributes: {
      vms: 'api_summary_item',
      hosts: 'api_summary_item',
      users: 'api_summary_item',
      storage_domains: 'api_summary_item',
    },
  },
  api_summary_item: {
    attributes: {
      total: 'integer',
      active: 'integer',
    },
  },
  special_objects: {
    links: {
      blank_template: 'template',
      root_tag: 'tag',
    },
  },
  product_info: {
    attributes: {
      name: 'string',
      vendor: 'string',
      version: 'version',
      instance_id: 'string',
    },
  },
  product: {
    extends: 'identified',
  },
  vendor: {
    extends: 'identified',
  },
  package: {
    attributes: {
      name: 'string',
    },
  },
  engine_backup_info: {
    attributes: {
      last_engine_backup: 'date',
      last_db_backup: 'date',
      last_dwh_backup: 'date',
      last_cinder_backup: 'date',
      last_keycloak_backup: 'date',
      last_grafana_backup: 'date',
    },
  },
  system_option: {
    extends: 'identified',
    attributes: {
      values: 'system_option_value[]',
    },
  },
  system_option_value: {
    attributes: {
      value: 'string',
      version: 'string',
    },
  },
  bookmark: {
    extends: 'identified',
    attributes: {
      value: 'string',
    },
  },
  tag: {
    extends: 'identified',
    links: {
      host: 'host',
      vm: 'vm',
      user: 'user',
      group: 'group',
      template: 'template',
      parent: 'tag',
    },
  },
} as const satisfies TypeDeclarations;
