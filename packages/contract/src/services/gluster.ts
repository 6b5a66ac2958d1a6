import type { ServiceDeclarations } from '../service-language.ts';

/** Gluster volumes. */
export const glusterServices = {
  gluster_hooks: {
    paths: ['clusters/{cluster}/glusterhooks'],
    type: 'gluster_hook',
    root: 'gluster_hooks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  gluster_hook: {
    paths: ['clusters/{cluster}/glusterhooks/{gluster_hook}'],
    type: 'gluster_hook',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
      disable: { notBuilt: true },
      enable: { notBuilt: true },
      resolve: { notBuilt: true, action: { host: 'host', resolution_type: 'string' }, mandatory: ['resolution_type'] },
    },
  },
  gluster_volumes: {
    paths: ['clusters/{cluster}/glustervolumes'],
    type: 'gluster_volume',
    root: 'gluster_volumes',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { notBuilt: true, mandatory: ['name', 'volume_type', 'bricks.brick_dir', 'bricks.server_id'] },
    },
  },
  gluster_volume: {
    paths: ['clusters/{cluster}/glustervolumes/{gluster_volume}'],
    type: 'gluster_volume',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
      getprofilestatistics: { notBuilt: true, out: { details: 'gluster_volume_profile_details' } },
      rebalance: { notBuilt: true, action: { fix_layout: 'boolean', force: 'boolean' } },
      resetalloptions: { notBuilt: true },
      resetoption: { notBuilt: true, action: { force: 'boolean', option: 'option' }, mandatory: ['force', 'option.name'] },
      setoption: { notBuilt: true, action: { option: 'option' }, mandatory: ['option.name', 'option.value'] },
      start: { notBuilt: true, action: { force: 'boolean' } },
      startprofile: { notBuilt: true },
      stop: { notBuilt: true, action: { force: 'boolean' } },
      stopprofile: { notBuilt: true },
      stoprebalance: { notBuilt: true },
    },
  },
  gluster_bricks: {
    paths: ['clusters/{cluster}/glustervolumes/{gluster_volume}/glusterbricks'],
    type: 'gluster_brick',
    root: 'bricks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, body: 'gluster_brick[]', query: { replica_count: 'integer', stripe_count: 'integer' } },
      remove: { notBuilt: true, action: { bricks: 'gluster_brick[]', replica_count: 'integer' } },
      activate: { notBuilt: true, action: { bricks: 'gluster_brick[]' } },
      migrate: { notBuilt: true, action: { bricks: 'gluster_brick[]' } },
      stopmigrate: { notBuilt: true, action: { bricks: 'gluster_brick[]' } },
    },
  },
  gluster_brick: {
    paths: ['clusters/{cluster}/glustervolumes/{gluster_volume}/glusterbricks/{gluster_brick}'],
    type: 'gluster_brick',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
      replace: { notBuilt: true, action: { force: 'boolean' } },
    },
  },
} as const satisfies ServiceDeclarations;
