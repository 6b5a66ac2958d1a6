import type { TypeDeclarations } from '../names.ts';

/** Importing VMs and templates from elsewhere. */
export const importTypes = {
  external_vm_import: {
    attributes: {
      provider: 'external_vm_provider_type',
      url: 'string',
      username: 'string',
      password: 'string?secret',
      name: 'string',
      sparse: 'boolean',
    },
    links: {
      vm: 'vm',
      cluster: 'cluster',
      storage_domain: 'storage_domain',
      cpu_profile: 'cpu_profile',
      quota: 'quota',
      host: 'host',
      drivers_iso: 'file',
    },
  },
  external_template_import: {
    attributes: {
      url: 'string',
      clone: 'boolean',
    },
    links: {
      template: 'template',
      cluster: 'cluster',
      storage_domain: 'storage_domain',
      host: 'host',
      cpu_profile: 'cpu_profile',
      quota: 'quota',
    },
  },
  registration_configuration: {
    attributes: {
      cluster_mappings: 'registration_cluster_mapping[]',
      role_mappings: 'registration_role_mapping[]',
      lun_mappings: 'registration_lun_mapping[]',
      domain_mappings: 'registration_domain_mapping[]',
      affinity_group_mappings: 'registration_affinity_group_mapping[]',
      affinity_label_mappings: 'registration_affinity_label_mapping[]',
      vnic_profile_mappings: 'registration_vnic_profile_mapping[]',
    },
  },
  registration_affinity_group_mapping: {
    links: {
      from: 'affinity_group',
      to: 'affinity_group',
    },
  },
  registration_affinity_label_mapping: {
    links: {
      from: 'affinity_label',
      to: 'affinity_label',
    },
  },
  registration_cluster_mapping: {
    links: {
      from: 'cluster',
      to: 'cluster',
    },
  },
  registration_domain_mapping: {
    links: {
      from: 'domain',
      to: 'domain',
    },
  },
  registration_lun_mapping: {
    links: {
      from: 'disk',
      to: 'disk',
    },
  },
  registration_role_mapping: {
    links: {
      from: 'role',
      to: 'role',
    },
  },
  registration_vnic_profile_mapping: {
    links: {
      from: 'vnic_profile',
      to: 'vnic_profile',
    },
  },
} as const satisfies TypeDeclarations;
