import type { TypeDeclarations } from '../names.ts';

/** Users, groups, roles and permissions. */
export const accessTypes = {
  user: {
    extends: 'identified',
    attributes: {
      domain_entry_id: 'string',
      department: 'string',
      logged_in: 'boolean?readonly',
      namespace: 'string',
      last_name: 'string',
      user_name: 'string',
      principal: 'string',
      /** With `add`, Ostler takes the password of a new internal user; RHV has the field and no use for it. */
      password: 'string?secret',
      email: 'string',
      user_options: 'property[]?deprecated',
    },
    links: {
      domain: 'domain',
      roles: 'role[]',
      groups: 'group[]',
      permissions: 'permission[]',
      tags: 'tag[]',
      ssh_public_keys: 'ssh_public_key[]',
      options: 'user_option[]',
    },
  },
  group: {
    extends: 'identified',
    attributes: {
      domain_entry_id: 'string',
      namespace: 'string',
    },
    links: {
      domain: 'domain',
      roles: 'role[]',
      permissions: 'permission[]',
      tags: 'tag[]',
    },
  },
  domain: {
    extends: 'identified',
    attributes: {
      user: 'user',
    },
    links: {
      groups: 'group[]',
      users: 'user[]',
    },
  },
  role: {
    extends: 'identified',
    attributes: {
      mutable: 'boolean',
      administrative: 'boolean',
    },
    links: {
      user: 'user',
      permits: 'permit[]',
    },
  },
  permit: {
    extends: 'identified',
    attributes: {
      administrative: 'boolean',
    },
    links: {
      role: 'role',
    },
  },
  permission: {
    extends: 'identified',
    links: {
      role: 'role',
      user: 'user',
      group: 'group',
      data_center: 'data_center',
      cluster: 'cluster',
      host: 'host',
      storage_domain: 'storage_domain',
      vm: 'vm',
      vm_pool: 'vm_pool',
      template: 'template',
      disk: 'disk',
    },
  },
  ssh_public_key: {
    extends: 'identified',
    attributes: {
      content: 'string',
    },
    links: {
      user: 'user',
    },
  },
  user_option: {
    extends: 'identified',
    attributes: {
      content: 'string',
    },
    links: {
      user: 'user',
    },
  },
  event_subscription: {
    extends: 'identified',
    attributes: {
      event: 'notifiable_event',
      user: 'user',
      notification_method: 'notification_method',
      address: 'string',
    },
  },
} as const satisfies TypeDeclarations;
