import { body, needs, path, permit, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** VMs and pools of them. */
export const vmServices = {
  vm_pools: {
    paths: ['vmpools'],
    type: 'vm_pool',
    root: 'vm_pools',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { notBuilt: true, query: { seal: 'boolean' }, mandatory: ['name', 'cluster.id|name', 'template.id|name'] },
    },
  },
  vm_pool: {
    paths: ['vmpools/{vm_pool}'],
    type: 'vm_pool',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true, query: { seal: 'boolean' } },
      remove: { notBuilt: true },
      allocatevm: { notBuilt: true },
    },
  },
  vms: {
    paths: ['vms'],
    type: 'vm',
    root: 'vms',
    methods: {
      list: { access: visible, query: { search: 'string', max: 'integer', case_sensitive: 'boolean', ovf_as_ova: 'boolean' } },
      add: {
        access: needs(
          permit('create_vm', body('vm.cluster', { absent: 'system' })),
          permit('create_vm', body('vm.template', { absent: 'skip' })),
        ),
        query: { clone: 'boolean', clone_permissions: 'boolean', auto_pinning_policy: 'auto_pinning_policy', seal: 'boolean' },
        variants: [
          ['name', 'cluster.id|name', 'template.id|name'],
          ['initialization.configuration.data', 'initialization.configuration.type'],
        ],
      },
    },
  },
  vm: {
    paths: ['vms/{vm}'],
    type: 'vm',
    methods: {
      get: { access: visible, query: { next_run: 'boolean', ovf_as_ova: 'boolean' } },
      update: { access: needs(permit('edit_vm_properties', path('vm'))), query: { next_run: 'boolean' } },
      remove: { access: needs(permit('delete_vm', path('vm'))), query: { detach_only: 'boolean', force: 'boolean' } },
      cancelmigration: { notBuilt: true },
      commitsnapshot: { notBuilt: true },
      clone: {
        notBuilt: true,
        action: { vm: 'vm', discard_snapshots: 'boolean', storage_domain: 'storage_domain' },
        mandatory: ['vm.name'],
      },
      detach: { notBuilt: true },
      export: {
        notBuilt: true,
        action: {
          discard_snapshots: 'boolean',
          exclusive: 'boolean',
          storage_domain: 'storage_domain',
          host: 'host',
          directory: 'string',
          filename: 'string',
        },
        variants: [['storage_domain.id|name'], ['directory', 'host.id|name']],
      },
      freezefilesystems: { notBuilt: true },
      logon: { notBuilt: true },
      maintenance: { notBuilt: true, action: { maintenance_enabled: 'boolean' }, mandatory: ['maintenance_enabled'] },
      migrate: {
        notBuilt: true,
        action: { cluster: 'cluster', force: 'boolean', host: 'host', migrate_vms_in_affinity_closure: 'boolean' },
      },
      previewsnapshot: {
        notBuilt: true,
        action: { disks: 'disk[]', restore_memory: 'boolean', lease: 'storage_domain_lease', snapshot: 'snapshot', vm: 'vm' },
        mandatory: ['snapshot.id'],
      },
      autopincpuandnumanodes: { notBuilt: true, action: { optimize_cpu_settings: 'boolean' } },
      reboot: { access: needs(permit('reboot_vm', path('vm'))), action: { force: 'boolean' } },
      reset: { access: needs(permit('reset_vm', path('vm'))) },
      reordermacaddresses: { notBuilt: true },
      shutdown: { access: needs(permit('shut_down_vm', path('vm'))), action: { force: 'boolean', reason: 'string' } },
      start: {
        access: needs(permit('run_vm', path('vm'))),
        action: {
          authorized_key: 'authorized_key',
          pause: 'boolean',
          vm: 'vm',
          use_cloud_init: 'boolean',
          use_sysprep: 'boolean',
          use_ignition: 'boolean',
          use_initialization: 'boolean',
          volatile: 'boolean',
          attach_wgt: 'boolean',
        },
      },
      stop: { access: needs(permit('stop_vm', path('vm'))), action: { force: 'boolean', reason: 'string' } },
      suspend: { access: needs(permit('hibernate_vm', path('vm'))) },
      thawfilesystems: { notBuilt: true },
      ticket: { access: needs(permit('connect_to_vm', path('vm'))), action: { ticket: 'ticket' }, out: { ticket: 'ticket' } },
      undosnapshot: { notBuilt: true },
      screenshot: { notBuilt: true },
      serialconsoleticket: {
        access: needs(permit('connect_to_serial_console', path('vm'))),
        out: { ticket: 'ticket', url: 'string' },
        ostler: true,
      },
    },
  },
} as const satisfies ServiceDeclarations;
