import { visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Snapshots, backups and checkpoints of VMs. */
export const snapshotServices = {
  snapshots: {
    paths: ['vms/{vm}/snapshots'],
    type: 'snapshot',
    root: 'snapshots',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['description'] },
    },
  },
  snapshot: {
    paths: ['vms/{vm}/snapshots/{snapshot}'],
    type: 'snapshot',
    methods: {
      get: { access: visible },
      remove: { notBuilt: true },
      restore: { notBuilt: true, action: { disks: 'disk[]', restore_memory: 'boolean' } },
    },
  },
  snapshot_cdroms: {
    paths: ['vms/{vm}/snapshots/{snapshot}/cdroms'],
    type: 'cdrom',
    root: 'cdroms',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  snapshot_cdrom: {
    paths: ['vms/{vm}/snapshots/{snapshot}/cdroms/{cdrom}'],
    type: 'cdrom',
    methods: {
      get: { notBuilt: true },
    },
  },
  snapshot_disks: {
    paths: ['vms/{vm}/snapshots/{snapshot}/disks'],
    type: 'disk',
    root: 'disks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  snapshot_disk: {
    paths: ['vms/{vm}/snapshots/{snapshot}/disks/{disk}'],
    type: 'disk',
    methods: {
      get: { notBuilt: true },
    },
  },
  snapshot_nics: {
    paths: ['vms/{vm}/snapshots/{snapshot}/nics'],
    type: 'nic',
    root: 'nics',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  snapshot_nic: {
    paths: ['vms/{vm}/snapshots/{snapshot}/nics/{nic}'],
    type: 'nic',
    methods: {
      get: { notBuilt: true },
    },
  },
  vm_backups: {
    paths: ['vms/{vm}/backups'],
    type: 'backup',
    root: 'backups',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, query: { require_consistency: 'boolean', use_active: 'boolean' }, mandatory: ['disks'] },
    },
  },
  vm_backup: {
    paths: ['vms/{vm}/backups/{backup}'],
    type: 'backup',
    methods: {
      get: { notBuilt: true },
      finalize: { notBuilt: true },
    },
  },
  vm_backup_disks: {
    paths: ['vms/{vm}/backups/{backup}/disks'],
    type: 'disk',
    root: 'disks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  vm_backup_disk: {
    paths: ['vms/{vm}/backups/{backup}/disks/{disk}'],
    type: 'disk',
    methods: {
      get: { notBuilt: true },
    },
  },
  vm_checkpoints: {
    paths: ['vms/{vm}/checkpoints'],
    type: 'checkpoint',
    root: 'checkpoints',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  vm_checkpoint: {
    paths: ['vms/{vm}/checkpoints/{checkpoint}'],
    type: 'checkpoint',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  vm_checkpoint_disks: {
    paths: ['vms/{vm}/checkpoints/{checkpoint}/disks'],
    type: 'disk',
    root: 'disks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  vm_checkpoint_disk: {
    paths: ['vms/{vm}/checkpoints/{checkpoint}/disks/{disk}'],
    type: 'disk',
    methods: {
      get: { notBuilt: true },
    },
  },
} as const satisfies ServiceDeclarations;
