import { login, needs, path, permit, system, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Affinity and scheduling policies. */
export const schedulingServices = {
  affinity_groups: {
    paths: ['clusters/{cluster}/affinitygroups'],
    type: 'affinity_group',
    root: 'affinity_groups',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('manipulate_affinity_groups', path('cluster'))), mandatory: ['name'] },
    },
  },
  affinity_group: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}'],
    type: 'affinity_group',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))) },
      remove: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))) },
    },
  },
  affinity_group_vms: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}/vms'],
    type: 'vm',
    root: 'vms',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))), mandatory: ['id|name'] },
    },
  },
  affinity_group_vm: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}/vms/{vm}'],
    methods: {
      remove: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))) },
    },
  },
  affinity_group_hosts: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}/hosts'],
    type: 'host',
    root: 'hosts',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))), mandatory: ['id|name'] },
    },
  },
  affinity_group_host: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}/hosts/{host}'],
    methods: {
      remove: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))) },
    },
  },
  affinity_group_vm_labels: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}/vmlabels'],
    type: 'affinity_label',
    root: 'affinity_labels',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))), mandatory: ['id|name'] },
    },
  },
  affinity_group_vm_label: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}/vmlabels/{affinity_label}'],
    methods: {
      remove: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))) },
    },
  },
  affinity_group_host_labels: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}/hostlabels'],
    type: 'affinity_label',
    root: 'affinity_labels',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))), mandatory: ['id|name'] },
    },
  },
  affinity_group_host_label: {
    paths: ['clusters/{cluster}/affinitygroups/{affinity_group}/hostlabels/{affinity_label}'],
    methods: {
      remove: { access: needs(permit('manipulate_affinity_groups', path('affinity_group'))) },
    },
  },
  assigned_affinity_labels: {
    paths: ['hosts/{host}/affinitylabels', 'vms/{vm}/affinitylabels'],
    type: 'affinity_label',
    root: 'affinity_labels',
    methods: {
      list: { access: visible },
      add: { access: needs(permit('tag_management', system)), mandatory: ['id|name'] },
    },
  },
  assigned_affinity_label: {
    paths: ['hosts/{host}/affinitylabels/{affinity_label}', 'vms/{vm}/affinitylabels/{affinity_label}'],
    type: 'affinity_label',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('tag_management', system)) },
    },
  },
  affinity_labels: {
    paths: ['affinitylabels'],
    type: 'affinity_label',
    root: 'affinity_labels',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('tag_management', system)), mandatory: ['name'] },
    },
  },
  affinity_label: {
    paths: ['affinitylabels/{affinity_label}'],
    type: 'affinity_label',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('tag_management', system)) },
      remove: { access: needs(permit('tag_management', system)) },
    },
  },
  affinity_label_vms: {
    paths: ['affinitylabels/{affinity_label}/vms'],
    type: 'vm',
    root: 'vms',
    methods: {
      list: { access: visible },
      add: { access: needs(permit('tag_management', system)), mandatory: ['id|name'] },
    },
  },
  affinity_label_vm: {
    paths: ['affinitylabels/{affinity_label}/vms/{vm}'],
    type: 'vm',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('tag_management', system)) },
    },
  },
  affinity_label_hosts: {
    paths: ['affinitylabels/{affinity_label}/hosts'],
    type: 'host',
    root: 'hosts',
    methods: {
      list: { access: visible },
      add: { access: needs(permit('tag_management', system)), mandatory: ['id|name'] },
    },
  },
  affinity_label_host: {
    paths: ['affinitylabels/{affinity_label}/hosts/{host}'],
    type: 'host',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('tag_management', system)) },
    },
  },
  scheduling_policies: {
    paths: ['schedulingpolicies'],
    type: 'scheduling_policy',
    root: 'scheduling_policies',
    methods: {
      list: { access: login, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['name'] },
    },
  },
  scheduling_policy: {
    paths: ['schedulingpolicies/{scheduling_policy}'],
    type: 'scheduling_policy',
    methods: {
      get: { access: login },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  filters: {
    paths: ['schedulingpolicies/{scheduling_policy}/filters'],
    type: 'filter',
    root: 'filters',
    methods: {
      list: { access: login, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['scheduling_policy_unit.id'] },
    },
  },
  filter: {
    paths: ['schedulingpolicies/{scheduling_policy}/filters/{filter}'],
    type: 'filter',
    methods: {
      get: { access: login },
      remove: { notBuilt: true },
    },
  },
  weights: {
    paths: ['schedulingpolicies/{scheduling_policy}/weights'],
    type: 'weight',
    root: 'weights',
    methods: {
      list: { access: login, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['scheduling_policy_unit.id'] },
    },
  },
  weight: {
    paths: ['schedulingpolicies/{scheduling_policy}/weights/{weight}'],
    type: 'weight',
    methods: {
      get: { access: login },
      remove: { notBuilt: true },
    },
  },
  balances: {
    paths: ['schedulingpolicies/{scheduling_policy}/balances'],
    type: 'balance',
    root: 'balances',
    methods: {
      list: { access: login, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['scheduling_policy_unit.id'] },
    },
  },
  balance: {
    paths: ['schedulingpolicies/{scheduling_policy}/balances/{balance}'],
    type: 'balance',
    methods: {
      get: { access: login },
      remove: { notBuilt: true },
    },
  },
  scheduling_policy_units: {
    paths: ['schedulingpolicyunits'],
    type: 'scheduling_policy_unit',
    root: 'scheduling_policy_units',
    methods: {
      list: { access: login, query: { max: 'integer' } },
    },
  },
  scheduling_policy_unit: {
    paths: ['schedulingpolicyunits/{scheduling_policy_unit}'],
    type: 'scheduling_policy_unit',
    methods: {
      get: { access: login },
      remove: { notBuilt: true },
    },
  },
} as const satisfies ServiceDeclarations;
