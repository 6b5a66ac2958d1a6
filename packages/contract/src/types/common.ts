import type { TypeDeclarations } from '../names.ts';

/** What many types are made of. */
export const commonTypes = {
  identified: {
    attributes: {
      id: 'string',
      name: 'string',
      description: 'string',
      comment: 'string',
    },
  },
  device: {
    extends: 'identified',
    links: {
      template: 'template',
      instance_type: 'instance_type',
      vms: 'vm[]',
      vm: 'vm?deprecated',
    },
  },
  version: {
    extends: 'identified',
    attributes: {
      major: 'integer',
      minor: 'integer',
      build: 'integer',
      revision: 'integer',
      full_version: 'string',
    },
  },
  property: {
    attributes: {
      name: 'string',
      value: 'string',
    },
  },
  option: {
    attributes: {
      name: 'string',
      value: 'string',
      type: 'string',
    },
  },
  custom_property: {
    attributes: {
      name: 'string',
      value: 'string',
      regexp: 'string',
    },
  },
  icon: {
    extends: 'identified',
    attributes: {
      media_type: 'string',
      data: 'string',
    },
  },
  certificate: {
    extends: 'identified',
    attributes: {
      organization: 'string',
      subject: 'string',
      content: 'string',
    },
  },
  statistic: {
    extends: 'identified',
    attributes: {
      values: 'value[]',
      kind: 'statistic_kind',
      type: 'value_type',
      unit: 'statistic_unit',
    },
    links: {
      disk: 'disk',
      host: 'host',
      host_nic: 'host_nic',
      host_numa_node: 'numa_node',
      nic: 'nic',
      vm: 'vm',
      brick: 'gluster_brick',
      step: 'step',
      gluster_volume: 'gluster_volume',
    },
  },
  value: {
    attributes: {
      datum: 'double',
      detail: 'string',
    },
  },
  rate: {
    attributes: {
      bytes: 'integer',
      period: 'integer',
    },
  },
  range: {
    attributes: {
      from: 'string',
      to: 'string',
    },
  },
  time_zone: {
    attributes: {
      name: 'string',
      utc_offset: 'string',
    },
  },
} as const satisfies TypeDeclarations;
