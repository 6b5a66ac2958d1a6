import { body, needs, path, permit, system, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Storage domains with what is on them, and how hosts reach them. */
export const storageDomainServices = {
  storage_server_connections: {
    paths: ['storageconnections'],
    type: 'storage_connection',
    root: 'storage_connections',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: {
        access: needs(permit('create_storage_domain', system)),
        mandatory: ['type'],
        variants: [['address', 'port', 'target'], ['address', 'path'], ['path', 'vfs_type'], ['path', 'vfs_type'], ['path']],
      },
    },
  },
  storage_server_connection: {
    paths: ['storageconnections/{storage_connection}'],
    type: 'storage_connection',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('create_storage_domain', system)), query: { force: 'boolean' } },
      remove: { access: needs(permit('create_storage_domain', system)), query: { host: 'string' } },
    },
  },
  disk_profiles: {
    paths: ['diskprofiles'],
    type: 'disk_profile',
    root: 'disk_profiles',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: {
        access: needs(permit('create_storage_disk_profile', body('disk_profile.storage_domain'))),
        mandatory: ['name', 'storage_domain.id'],
      },
    },
  },
  disk_profile: {
    paths: ['diskprofiles/{disk_profile}'],
    type: 'disk_profile',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('configure_storage_disk_profile', path('disk_profile'))) },
      remove: { access: needs(permit('delete_storage_disk_profile', path('disk_profile'))) },
    },
  },
  storage_domains: {
    paths: ['storagedomains'],
    type: 'storage_domain',
    root: 'storage_domains',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { access: needs(permit('create_storage_domain', system)), mandatory: ['type', 'storage.type', 'host.id|name'] },
    },
  },
  storage_domain: {
    paths: ['storagedomains/{storage_domain}'],
    type: 'storage_domain',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('edit_storage_domain_configuration', path('storage_domain'))) },
      remove: {
        access: needs(permit('delete_storage_domain', path('storage_domain'))),
        query: { host: 'string', format: 'boolean', destroy: 'boolean' },
      },
      isattached: { access: visible, action: { host: 'host' }, out: { is_attached: 'boolean' }, mandatory: ['host.id'] },
      updateovfstore: { notBuilt: true },
      refreshluns: { notBuilt: true, action: { logical_units: 'logical_unit[]' } },
      reduceluns: { notBuilt: true, action: { logical_units: 'logical_unit[]' } },
    },
  },
  assigned_disk_profiles: {
    paths: ['storagedomains/{storage_domain}/diskprofiles'],
    type: 'disk_profile',
    root: 'disk_profiles',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('create_storage_disk_profile', path('storage_domain'))), mandatory: ['name'] },
    },
  },
  assigned_disk_profile: {
    paths: ['storagedomains/{storage_domain}/diskprofiles/{disk_profile}'],
    type: 'disk_profile',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('delete_storage_disk_profile', path('disk_profile'))) },
    },
  },
  storage_domain_disks: {
    paths: ['storagedomains/{storage_domain}/disks'],
    type: 'disk',
    root: 'disks',
    methods: {
      list: { access: visible, query: { max: 'integer', unregistered: 'boolean' } },
      add: { notBuilt: true, query: { unregistered: 'boolean' } },
    },
  },
  storage_domain_disk: {
    paths: ['storagedomains/{storage_domain}/disks/{disk}'],
    type: 'disk',
    methods: {
      get: { access: visible },
      update: { notBuilt: true },
      remove: { notBuilt: true },
      copy: { notBuilt: true, action: { disk: 'disk', storage_domain: 'storage_domain' } },
      export: { notBuilt: true, action: { storage_domain: 'storage_domain' } },
      move: { notBuilt: true, action: { storage_domain: 'storage_domain' } },
      sparsify: { notBuilt: true },
      reduce: { notBuilt: true },
    },
  },
  files: {
    paths: ['storagedomains/{storage_domain}/files'],
    type: 'file',
    root: 'files',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string', case_sensitive: 'boolean', refresh: 'boolean' } },
    },
  },
  file: {
    paths: ['storagedomains/{storage_domain}/files/{file}'],
    type: 'file',
    methods: {
      get: { notBuilt: true },
    },
  },
  images: {
    paths: ['storagedomains/{storage_domain}/images'],
    type: 'image',
    root: 'images',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  image: {
    paths: ['storagedomains/{storage_domain}/images/{image}'],
    type: 'image',
    methods: {
      get: { notBuilt: true },
      import: {
        notBuilt: true,
        action: { cluster: 'cluster', disk: 'disk', import_as_template: 'boolean', template: 'template', storage_domain: 'storage_domain' },
        mandatory: ['storage_domain.id|name'],
      },
    },
  },
  storage_domain_server_connections: {
    paths: ['storagedomains/{storage_domain}/storageconnections'],
    type: 'storage_connection',
    root: 'storage_connections',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('edit_storage_domain_configuration', path('storage_domain'))), mandatory: ['id'] },
    },
  },
  storage_domain_server_connection: {
    paths: ['storagedomains/{storage_domain}/storageconnections/{storage_connection}'],
    type: 'storage_connection',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('edit_storage_domain_configuration', path('storage_domain'))) },
    },
  },
  storage_domain_templates: {
    paths: ['storagedomains/{storage_domain}/templates'],
    type: 'template',
    root: 'templates',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', unregistered: 'boolean' } },
    },
  },
  storage_domain_template: {
    paths: ['storagedomains/{storage_domain}/templates/{template}'],
    type: 'template',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
      import: {
        notBuilt: true,
        action: {
          clone: 'boolean',
          cluster: 'cluster',
          exclusive: 'boolean',
          storage_domain: 'storage_domain',
          template: 'template',
          vm: 'vm',
        },
      },
      register: {
        notBuilt: true,
        action: {
          clone: 'boolean',
          cluster: 'cluster',
          exclusive: 'boolean',
          template: 'template',
          allow_partial_import: 'boolean',
          vnic_profile_mappings: 'vnic_profile_mapping[]',
          registration_configuration: 'registration_configuration',
        },
      },
    },
  },
  storage_domain_content_disks: {
    paths: ['storagedomains/{storage_domain}/templates/{template}/disks', 'storagedomains/{storage_domain}/vms/{vm}/disks'],
    type: 'disk',
    root: 'disks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
    },
  },
  storage_domain_content_disk: {
    paths: ['storagedomains/{storage_domain}/templates/{template}/disks/{disk}', 'storagedomains/{storage_domain}/vms/{vm}/disks/{disk}'],
    type: 'disk',
    methods: {
      get: { notBuilt: true },
    },
  },
  storage_domain_vms: {
    paths: ['storagedomains/{storage_domain}/vms'],
    type: 'vm',
    root: 'vms',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', unregistered: 'boolean' } },
    },
  },
  storage_domain_vm: {
    paths: ['storagedomains/{storage_domain}/vms/{vm}'],
    type: 'vm',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
      import: {
        notBuilt: true,
        action: {
          clone: 'boolean',
          cluster: 'cluster',
          storage_domain: 'storage_domain',
          vm: 'vm',
          exclusive: 'boolean',
          collapse_snapshots: 'boolean',
        },
      },
      register: {
        notBuilt: true,
        action: {
          clone: 'boolean',
          cluster: 'cluster',
          vm: 'vm',
          allow_partial_import: 'boolean',
          vnic_profile_mappings: 'vnic_profile_mapping[]',
          reassign_bad_macs: 'boolean',
          registration_configuration: 'registration_configuration',
        },
      },
    },
  },
  storage_domain_vm_disk_attachments: {
    paths: ['storagedomains/{storage_domain}/vms/{vm}/diskattachments'],
    type: 'disk_attachment',
    root: 'disk_attachments',
    methods: {
      list: { notBuilt: true },
    },
  },
  storage_domain_vm_disk_attachment: {
    paths: ['storagedomains/{storage_domain}/vms/{vm}/diskattachments/{disk_attachment}'],
    type: 'disk_attachment',
    methods: {
      get: { notBuilt: true },
    },
  },
} as const satisfies ServiceDeclarations;
