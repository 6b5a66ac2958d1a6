import { visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Statistics of everything that has them. */
export const statisticsServices = {
  vm_statistics: {
    paths: ['vms/{vm}/statistics'],
    type: 'statistic',
    root: 'statistics',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
    },
  },
  host_statistics: {
    paths: ['hosts/{host}/statistics'],
    type: 'statistic',
    root: 'statistics',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
    },
  },
  statistics: {
    paths: [
      'disks/{disk}/statistics',
      'clusters/{cluster}/glustervolumes/{gluster_volume}/statistics',
      'hosts/{host}/nics/{host_nic}/statistics',
      'hosts/{host}/numanodes/{numa_node}/statistics',
      'jobs/{job}/steps/{step}/statistics',
      'storagedomains/{storage_domain}/disks/{disk}/statistics',
      'vms/{vm}/nics/{nic}/statistics',
      'clusters/{cluster}/glustervolumes/{gluster_volume}/glusterbricks/{gluster_brick}/statistics',
      'datacenters/{data_center}/storagedomains/{storage_domain}/disks/{disk}/statistics',
    ],
    type: 'statistic',
    root: 'statistics',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  statistic: {
    paths: [
      'disks/{disk}/statistics/{statistic}',
      'hosts/{host}/statistics/{statistic}',
      'vms/{vm}/statistics/{statistic}',
      'clusters/{cluster}/glustervolumes/{gluster_volume}/statistics/{statistic}',
      'hosts/{host}/nics/{host_nic}/statistics/{statistic}',
      'hosts/{host}/numanodes/{numa_node}/statistics/{statistic}',
      'jobs/{job}/steps/{step}/statistics/{statistic}',
      'storagedomains/{storage_domain}/disks/{disk}/statistics/{statistic}',
      'vms/{vm}/nics/{nic}/statistics/{statistic}',
      'clusters/{cluster}/glustervolumes/{gluster_volume}/glusterbricks/{gluster_brick}/statistics/{statistic}',
      'datacenters/{data_center}/storagedomains/{storage_domain}/disks/{disk}/statistics/{statistic}',
    ],
    type: 'statistic',
    methods: {
      get: { notBuilt: true },
    },
  },
} as const satisfies ServiceDeclarations;
