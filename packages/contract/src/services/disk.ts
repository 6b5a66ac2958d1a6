import { body, needs, path, permit, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Disks and their transfers. */
export const diskServices = {
  disks: {
    paths: ['disks'],
    type: 'disk',
    root: 'disks',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: {
        access: needs(permit('create_disk', body('disk.storage_domains', { absent: 'system' }))),
        variants: [
          ['provisioned_size', 'format'],
          ['lun_storage.type', 'lun_storage.logical_units.id'],
        ],
      },
    },
  },
  disk: {
    paths: ['disks/{disk}'],
    type: 'disk',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('edit_disk_properties', path('disk'))) },
      remove: { access: needs(permit('delete_disk', path('disk'))) },
      copy: {
        notBuilt: true,
        action: { disk: 'disk', storage_domain: 'storage_domain', disk_profile: 'disk_profile', quota: 'quota' },
        mandatory: ['storage_domain.id|name'],
      },
      export: { notBuilt: true, action: { storage_domain: 'storage_domain' }, mandatory: ['storage_domain.id|name'] },
      move: {
        notBuilt: true,
        action: { storage_domain: 'storage_domain', disk_profile: 'disk_profile', quota: 'quota' },
        mandatory: ['storage_domain.id|name'],
      },
      sparsify: { notBuilt: true },
      refreshlun: { notBuilt: true, action: { host: 'host' }, mandatory: ['host.id|name'] },
      reduce: { notBuilt: true },
      convert: { notBuilt: true, action: { disk: 'disk' }, mandatory: ['disk.format', 'disk.sparse'] },
    },
  },
  disk_snapshots: {
    paths: ['disks/{disk}/disksnapshots', 'storagedomains/{storage_domain}/disksnapshots'],
    type: 'disk_snapshot',
    root: 'disk_snapshots',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', include_active: 'boolean', include_template: 'boolean' } },
    },
  },
  disk_snapshot: {
    paths: ['disks/{disk}/disksnapshots/{disk_snapshot}', 'storagedomains/{storage_domain}/disksnapshots/{disk_snapshot}'],
    type: 'disk_snapshot',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  image_transfers: {
    paths: ['imagetransfers'],
    type: 'image_transfer',
    root: 'image_transfers',
    methods: {
      list: { access: visible },
      add: {
        // Each of them that is named, for a transfer may name several.
        access: needs(
          permit('edit_disk_properties', body('image_transfer.disk', { absent: 'skip' })),
          permit('edit_disk_properties', body('image_transfer.snapshot', { absent: 'skip' })),
          permit('edit_disk_properties', body('image_transfer.image', { absent: 'skip' })),
        ),
        variants: [['disk.id'], ['snapshot.id'], ['image.id']],
      },
    },
  },
  image_transfer: {
    paths: ['imagetransfers/{image_transfer}'],
    type: 'image_transfer',
    methods: {
      get: { access: visible },
      extend: { access: needs(permit('edit_disk_properties', path('image_transfer'))) },
      pause: { access: needs(permit('edit_disk_properties', path('image_transfer'))) },
      resume: { access: needs(permit('edit_disk_properties', path('image_transfer'))) },
      cancel: { access: needs(permit('edit_disk_properties', path('image_transfer'))) },
      finalize: { access: needs(permit('edit_disk_properties', path('image_transfer'))) },
    },
  },
} as const satisfies ServiceDeclarations;
