import type { TypeDeclarations } from '../names.ts';

/** Scheduling policies, affinity groups and labels. */
export const schedulingTypes = {
  scheduling_policy: {
    extends: 'identified',
    attributes: {
      locked: 'boolean',
      default_policy: 'boolean',
      properties: 'property[]',
    },
    links: {
      balances: 'balance[]',
      filters: 'filter[]',
      weight: 'weight[]',
    },
  },
  scheduling_policy_unit: {
    extends: 'identified',
    attributes: {
      type: 'policy_unit_type',
      internal: 'boolean',
      enabled: 'boolean',
      properties: 'property[]',
    },
  },
  filter: {
    extends: 'identified',
    attributes: {
      position: 'integer',
    },
    links: {
      scheduling_policy_unit: 'scheduling_policy_unit',
    },
  },
  weight: {
    extends: 'identified',
    attributes: {
      factor: 'integer',
    },
    links: {
      scheduling_policy: 'scheduling_policy',
      scheduling_policy_unit: 'scheduling_policy_unit',
    },
  },
  balance: {
    extends: 'identified',
    links: {
      scheduling_policy: 'scheduling_policy',
      scheduling_policy_unit: 'scheduling_policy_unit',
    },
  },
  affinity_group: {
    extends: 'identified',
    attributes: {
      positive: 'boolean?deprecated',
      enforcing: 'boolean?deprecated',
      vms_rule: 'affinity_rule',
      hosts_rule: 'affinity_rule',
      priority: 'double',
      broken: 'boolean',
    },
    links: {
      cluster: 'cluster',
      vms: 'vm[]',
      hosts: 'host[]',
      vm_labels: 'affinity_label[]',
      host_labels: 'affinity_label[]',
    },
  },
  affinity_rule: {
    attributes: {
      positive: 'boolean',
      enforcing: 'boolean',
      enabled: 'boolean',
    },
  },
  affinity_label: {
    extends: 'identified',
    attributes: {
      read_only: 'boolean',
      has_implicit_affinity_group: 'boolean',
    },
    links: {
      hosts: 'host[]',
      vms: 'vm[]',
    },
  },
} as const satisfies TypeDeclarations;
