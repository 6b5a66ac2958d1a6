import type { TypeDeclarations } from '../names.ts';

/** Gluster volumes. */
export const glusterTypes = {
  gluster_volume: {
    extends: 'identified',
    attributes: {
      volume_type: 'gluster_volume_type',
      transport_types: 'transport_type[]',
      replica_count: 'integer',
      stripe_count: 'integer',
      disperse_count: 'integer',
      redundancy_count: 'integer',
      options: 'option[]',
      status: 'gluster_state',
    },
    links: {
      cluster: 'cluster',
      bricks: 'gluster_brick[]',
      statistics: 'statistic[]',
    },
  },
  gluster_brick: {
    extends: 'gluster_brick_advanced_details',
    element: 'brick',
    attributes: {
      server_id: 'string',
      brick_dir: 'string',
      status: 'gluster_state',
    },
    links: {
      gluster_volume: 'gluster_volume',
      statistics: 'statistic[]',
    },
  },
  gluster_brick_advanced_details: {
    extends: 'device',
    attributes: {
      port: 'integer',
      pid: 'integer',
      device: 'string',
      mnt_options: 'string',
      fs_name: 'string',
      gluster_clients: 'gluster_client[]',
      memory_pools: 'gluster_memory_pool[]',
    },
  },
  gluster_brick_memory_info: {
    element: 'brick_memoryinfo',
    attributes: {
      memory_pools: 'gluster_memory_pool[]',
    },
  },
  gluster_memory_pool: {
    extends: 'identified',
    element: 'memory_pool',
    attributes: {
      type: 'string',
      hot_count: 'integer',
      cold_count: 'integer',
      padded_size: 'integer',
      alloc_count: 'integer',
      max_alloc: 'integer',
      pool_misses: 'integer',
      max_stdalloc: 'integer',
    },
  },
  gluster_client: {
    attributes: {
      host_name: 'string',
      client_port: 'integer',
      bytes_read: 'integer',
      bytes_written: 'integer',
    },
  },
  gluster_hook: {
    extends: 'identified',
    attributes: {
      gluster_command: 'string',
      stage: 'hook_stage',
      content_type: 'hook_content_type',
      checksum: 'string',
      content: 'string',
      conflict_status: 'integer',
      conflicts: 'string',
      status: 'hook_status',
    },
    links: {
      cluster: 'cluster',
      server_hooks: 'gluster_server_hook[]',
    },
  },
  gluster_server_hook: {
    extends: 'identified',
    element: 'server_hook',
    attributes: {
      content_type: 'hook_content_type',
      status: 'hook_status',
      checksum: 'string',
    },
    links: {
      host: 'host',
    },
  },
  gluster_volume_profile_details: {
    extends: 'identified',
    attributes: {
      brick_profile_details: 'brick_profile_detail[]',
      nfs_profile_details: 'nfs_profile_detail[]',
    },
  },
  profile_detail: {
    attributes: {
      profile_type: 'string',
      duration: 'integer',
      statistics: 'statistic[]',
      block_statistics: 'block_statistic[]',
      fop_statistics: 'fop_statistic[]',
    },
  },
  entity_profile_detail: {
    attributes: {
      profile_details: 'profile_detail[]',
    },
  },
  brick_profile_detail: {
    extends: 'entity_profile_detail',
    links: {
      brick: 'gluster_brick',
    },
  },
  nfs_profile_detail: {
    extends: 'entity_profile_detail',
    attributes: {
      nfs_server_ip: 'string',
    },
  },
  block_statistic: {
    attributes: {
      statistics: 'statistic[]',
    },
  },
  fop_statistic: {
    attributes: {
      name: 'string',
      statistics: 'statistic[]',
    },
  },
} as const satisfies TypeDeclarations;
