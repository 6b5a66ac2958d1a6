import { body, login, needs, owner, path, permit, system, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Users, groups, roles and who has which on what. */
export const accessServices = {
  assigned_permissions: {
    paths: [
      'clusters/{cluster}/permissions',
      'cpuprofiles/{cpu_profile}/permissions',
      'datacenters/{data_center}/permissions',
      'diskprofiles/{disk_profile}/permissions',
      'disks/{disk}/permissions',
      'hosts/{host}/permissions',
      'macpools/{mac_pool}/permissions',
      'networks/{network}/permissions',
      'storagedomains/{storage_domain}/permissions',
      'templates/{template}/permissions',
      'vms/{vm}/permissions',
      'vnicprofiles/{vnic_profile}/permissions',
      'datacenters/{data_center}/quotas/{quota}/permissions',
      'networks/{network}/vnicprofiles/{vnic_profile}/permissions',
      'storagedomains/{storage_domain}/disks/{disk}/permissions',
    ],
    type: 'permission',
    root: 'permissions',
    methods: {
      list: { access: visible },
      add: { access: needs(permit('manipulate_permissions', owner)), mandatory: ['role.id|name'], variants: [['user.id'], ['group.id']] },
    },
  },
  principal_permissions: {
    paths: ['groups/{group}/permissions', 'users/{user}/permissions'],
    type: 'permission',
    root: 'permissions',
    methods: {
      list: { access: visible },
      // On the object that the permission names, or on the system if it names none.
      add: {
        access: needs(
          permit('manipulate_permissions', body('permission.data_center', { absent: 'skip' })),
          permit('manipulate_permissions', body('permission.cluster', { absent: 'skip' })),
          permit('manipulate_permissions', body('permission.host', { absent: 'skip' })),
          permit('manipulate_permissions', body('permission.storage_domain', { absent: 'skip' })),
          permit('manipulate_permissions', body('permission.vm', { absent: 'skip' })),
          permit('manipulate_permissions', body('permission.vm_pool', { absent: 'skip' })),
          permit('manipulate_permissions', body('permission.template', { absent: 'skip' })),
          permit('manipulate_permissions', body('permission.disk', { absent: 'skip' })),
          permit('manipulate_permissions', system, {
            missing: 'permission.data_center|cluster|host|storage_domain|vm|vm_pool|template|disk.id|name',
          }),
        ),
        mandatory: ['role.id|name'],
      },
    },
  },
  other_permissions: {
    paths: [
      'vmpools/{vm_pool}/permissions',
      'datacenters/{data_center}/storagedomains/{storage_domain}/disks/{disk}/permissions',
    ],
    type: 'permission',
    root: 'permissions',
    methods: {
      list: { notBuilt: true },
      add: {
        notBuilt: true,
        mandatory: ['role.id|name'],
        variants: [
          ['user.id'],
          ['group.id'],
          ['data_center.id'],
          ['cluster.id'],
          ['host.id'],
          ['storage_domain.id'],
          ['vm.id'],
          ['vm_pool.id'],
          ['template.id'],
        ],
      },
    },
  },
  permission: {
    paths: [
      'permissions/{permission}',
      'clusters/{cluster}/permissions/{permission}',
      'cpuprofiles/{cpu_profile}/permissions/{permission}',
      'datacenters/{data_center}/permissions/{permission}',
      'diskprofiles/{disk_profile}/permissions/{permission}',
      'disks/{disk}/permissions/{permission}',
      'hosts/{host}/permissions/{permission}',
      'macpools/{mac_pool}/permissions/{permission}',
      'networks/{network}/permissions/{permission}',
      'storagedomains/{storage_domain}/permissions/{permission}',
      'templates/{template}/permissions/{permission}',
      'vms/{vm}/permissions/{permission}',
      'vnicprofiles/{vnic_profile}/permissions/{permission}',
      'datacenters/{data_center}/quotas/{quota}/permissions/{permission}',
      'networks/{network}/vnicprofiles/{vnic_profile}/permissions/{permission}',
      'storagedomains/{storage_domain}/disks/{disk}/permissions/{permission}',
    ],
    type: 'permission',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('manipulate_permissions', path('permission'))) },
    },
  },
  principal_permission: {
    paths: ['groups/{group}/permissions/{permission}', 'users/{user}/permissions/{permission}'],
    type: 'permission',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('manipulate_permissions', path('permission'))) },
    },
  },
  other_permission: {
    paths: [
      'vmpools/{vm_pool}/permissions/{permission}',
      'datacenters/{data_center}/storagedomains/{storage_domain}/disks/{disk}/permissions/{permission}',
    ],
    type: 'permission',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  domains: {
    paths: ['domains'],
    type: 'domain',
    root: 'domains',
    methods: {
      list: { access: login, query: { max: 'integer' } },
    },
  },
  domain: {
    paths: ['domains/{domain}'],
    type: 'domain',
    methods: {
      get: { access: login },
    },
  },
  domain_users: {
    paths: ['domains/{domain}/users'],
    type: 'user',
    root: 'users',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
    },
  },
  domain_user: {
    paths: ['domains/{domain}/users/{user}'],
    type: 'user',
    methods: {
      get: { access: visible },
    },
  },
  domain_groups: {
    paths: ['domains/{domain}/groups'],
    type: 'group',
    root: 'groups',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
    },
  },
  domain_group: {
    paths: ['domains/{domain}/groups/{group}'],
    type: 'group',
    methods: {
      get: { access: visible },
    },
  },
  groups: {
    paths: ['groups'],
    type: 'group',
    root: 'groups',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { access: needs(permit('add_users_and_groups_from_directory', system)), mandatory: ['name'] },
    },
  },
  group: {
    paths: ['groups/{group}'],
    type: 'group',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('manipulate_users', system)) },
      // RHV's groups are a directory's. Those of Ostler's own domain get their members here.
      addmember: { access: needs(permit('manipulate_users', system)), action: { user: 'user' }, mandatory: ['user.id|user_name'], ostler: true },
      removemember: { access: needs(permit('manipulate_users', system)), action: { user: 'user' }, mandatory: ['user.id|user_name'], ostler: true },
    },
  },
  assigned_roles: {
    paths: ['groups/{group}/roles', 'users/{user}/roles'],
    type: 'role',
    root: 'roles',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
    },
  },
  role: {
    paths: ['roles/{role}'],
    type: 'role',
    methods: {
      get: { access: login },
      update: { access: needs(permit('manipulate_roles', system)) },
      remove: { access: needs(permit('manipulate_roles', system)) },
    },
  },
  permits: {
    paths: ['roles/{role}/permits'],
    type: 'permit',
    root: 'permits',
    methods: {
      list: { access: login, query: { max: 'integer' } },
      add: { access: needs(permit('manipulate_roles', system)), mandatory: ['id|name'] },
    },
  },
  permit: {
    paths: ['roles/{role}/permits/{permit}'],
    type: 'permit',
    methods: {
      get: { access: login },
      remove: { access: needs(permit('manipulate_roles', system)) },
    },
  },
  assigned_tags: {
    paths: ['groups/{group}/tags', 'hosts/{host}/tags', 'templates/{template}/tags', 'users/{user}/tags', 'vms/{vm}/tags'],
    type: 'tag',
    root: 'tags',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('tag_management', system)), mandatory: ['id|name'] },
    },
  },
  assigned_tag: {
    paths: [
      'groups/{group}/tags/{tag}',
      'hosts/{host}/tags/{tag}',
      'templates/{template}/tags/{tag}',
      'users/{user}/tags/{tag}',
      'vms/{vm}/tags/{tag}',
    ],
    type: 'tag',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('tag_management', system)) },
    },
  },
  roles: {
    paths: ['roles'],
    type: 'role',
    root: 'roles',
    methods: {
      list: { access: login, query: { max: 'integer' } },
      add: { access: needs(permit('manipulate_roles', system)), mandatory: ['name', 'permits.id|name'] },
    },
  },
  system_permissions: {
    paths: ['permissions'],
    type: 'permission',
    root: 'permissions',
    methods: {
      list: { access: visible },
      add: { access: needs(permit('manipulate_permissions', system)), mandatory: ['role.id|name'], variants: [['user.id'], ['group.id']] },
    },
  },
  users: {
    paths: ['users'],
    type: 'user',
    root: 'users',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { access: needs(permit('add_users_and_groups_from_directory', system)), mandatory: ['user_name', 'domain.id|name'] },
    },
  },
  user: {
    paths: ['users/{user}'],
    type: 'user',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('manipulate_users', system)) },
      remove: { access: needs(permit('manipulate_users', system)) },
      // RHV sets internal users' passwords with a tool on the manager's machine. One's own needs the current one besides.
      setpassword: {
        access: needs(permit('manipulate_users', system), { orOwnerOf: 'user' }),
        action: { password: 'string?secret', current_password: 'string?secret' },
        mandatory: ['password'],
        ostler: true,
      },
    },
  },
  domain_user_groups: {
    paths: ['users/{user}/groups'],
    type: 'group',
    root: 'groups',
    methods: {
      list: { access: visible },
    },
  },
  ssh_public_keys: {
    paths: ['users/{user}/sshpublickeys'],
    type: 'ssh_public_key',
    root: 'ssh_public_keys',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('manipulate_users', system), { orOwnerOf: 'user' }), mandatory: ['content'] },
    },
  },
  ssh_public_key: {
    paths: ['users/{user}/sshpublickeys/{ssh_public_key}'],
    type: 'ssh_public_key',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('manipulate_users', system), { orOwnerOf: 'user' }) },
      remove: { access: needs(permit('manipulate_users', system), { orOwnerOf: 'user' }) },
    },
  },
  user_options: {
    paths: ['users/{user}/options'],
    type: 'user_option',
    root: 'user_options',
    methods: {
      list: { access: visible },
      add: { access: needs(permit('manipulate_users', system), { orOwnerOf: 'user' }), mandatory: ['content', 'name'] },
    },
  },
  user_option: {
    paths: ['users/{user}/options/{user_option}'],
    type: 'user_option',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('manipulate_users', system), { orOwnerOf: 'user' }) },
    },
  },
  event_subscriptions: {
    paths: ['users/{user}/eventsubscriptions'],
    type: 'event_subscription',
    root: 'event_subscriptions',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['event'] },
    },
  },
  event_subscription: {
    paths: ['users/{user}/eventsubscriptions/{event_subscription}'],
    type: 'event_subscription',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
} as const satisfies ServiceDeclarations;
