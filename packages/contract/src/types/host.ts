import type { TypeDeclarations } from '../names.ts';

/** Hosts: what they are and what they have. */
export const hostTypes = {
  host: {
    extends: 'identified',
    attributes: {
      address: 'string',
      status: 'host_status?readonly',
      status_detail: 'string?readonly',
      certificate: 'certificate?readonly',
      external_status: 'external_status',
      port: 'integer',
      type: 'host_type',
      spm: 'spm',
      version: 'version?readonly',
      hardware_information: 'hardware_information?readonly',
      power_management: 'power_management',
      ksm: 'ksm',
      transparent_huge_pages: 'transparent_huge_pages',
      iscsi: 'iscsi_details',
      root_password: 'string?secret',
      ssh: 'ssh',
      cpu: 'cpu',
      memory: 'integer?readonly',
      max_scheduling_memory: 'integer?readonly',
      summary: 'vm_summary?readonly',
      override_iptables: 'boolean',
      protocol: 'host_protocol',
      os: 'operating_system',
      libvirt_version: 'version?readonly',
      display: 'display',
      hosted_engine: 'hosted_engine',
      kdump_status: 'kdump_status?readonly',
      se_linux: 'se_linux',
      auto_numa_status: 'auto_numa_status?readonly',
      numa_supported: 'boolean?readonly',
      update_available: 'boolean?readonly',
      network_operation_in_progress: 'boolean?readonly',
      reinstallation_required: 'boolean?readonly',
      device_passthrough: 'host_device_passthrough',
      vgpu_placement: 'vgpu_placement',
      ovn_configured: 'boolean',
    },
    links: {
      cpu_units: 'host_cpu_unit[]',
      cluster: 'cluster',
      hooks: 'hook[]',
      external_host_provider: 'external_host_provider',
      storage_connection_extensions: 'storage_connection_extension[]',
      affinity_labels: 'affinity_label[]',
      devices: 'host_device[]',
      agents: 'agent[]',
      katello_errata: 'katello_erratum[]',
      network_attachments: 'network_attachment[]',
      nics: 'host_nic[]',
      numa_nodes: 'numa_node[]',
      permissions: 'permission[]',
      statistics: 'statistic[]?readonly',
      storages: 'host_storage[]',
      tags: 'tag[]',
      unmanaged_networks: 'unmanaged_network[]',
      external_network_provider_configurations: 'external_network_provider_configuration[]',
    },
    elements: { transparent_huge_pages: 'transparent_hugepages', numa_nodes: 'host_numa_nodes' },
  },
  vm_summary: {
    attributes: {
      active: 'integer',
      migrating: 'integer',
      total: 'integer',
    },
  },
  hardware_information: {
    attributes: {
      manufacturer: 'string',
      version: 'string',
      serial_number: 'string',
      product_name: 'string',
      uuid: 'string',
      family: 'string',
      supported_rng_sources: 'rng_source[]',
    },
  },
  host_cpu_unit: {
    extends: 'identified',
    attributes: {
      socket_id: 'integer',
      core_id: 'integer',
      cpu_id: 'integer',
      runs_vdsm: 'boolean',
    },
    links: {
      vms: 'vm[]',
    },
  },
  host_device: {
    extends: 'identified',
    attributes: {
      capability: 'string',
      product: 'product',
      vendor: 'vendor',
      iommu_group: 'integer',
      physical_function: 'host_device',
      virtual_functions: 'integer',
      placeholder: 'boolean',
      driver: 'string',
      m_dev_types: 'm_dev_type[]',
    },
    links: {
      host: 'host',
      parent_device: 'host_device',
      vm: 'vm',
    },
  },
  host_device_passthrough: {
    attributes: {
      enabled: 'boolean',
    },
  },
  m_dev_type: {
    attributes: {
      name: 'string',
      human_readable_name: 'string',
      available_instances: 'integer',
      description: 'string',
    },
  },
  hosted_engine: {
    attributes: {
      configured: 'boolean',
      active: 'boolean',
      score: 'integer',
      global_maintenance: 'boolean',
      local_maintenance: 'boolean',
    },
  },
  hook: {
    extends: 'identified',
    attributes: {
      event_name: 'string',
      md5: 'string',
    },
    links: {
      host: 'host',
    },
  },
  katello_erratum: {
    extends: 'identified',
    attributes: {
      title: 'string',
      type: 'string',
      issued: 'date',
      severity: 'string',
      solution: 'string',
      summary: 'string',
      packages: 'package[]',
    },
    links: {
      host: 'host',
      vm: 'vm',
    },
  },
  kernel: {
    attributes: {
      version: 'version',
    },
  },
  se_linux: {
    attributes: {
      mode: 'se_linux_mode',
    },
  },
  spm: {
    attributes: {
      priority: 'integer',
      status: 'spm_status',
    },
  },
  ssh: {
    extends: 'identified',
    attributes: {
      port: 'integer',
      fingerprint: 'string?deprecated',
      public_key: 'string',
      authentication_method: 'ssh_authentication_method',
      user: 'user',
    },
  },
  power_management: {
    attributes: {
      enabled: 'boolean',
      address: 'string',
      username: 'string',
      password: 'string?secret',
      options: 'option[]',
      status: 'power_management_status',
      pm_proxies: 'pm_proxy[]',
      agents: 'agent[]',
      automatic_pm_enabled: 'boolean',
      kdump_detection: 'boolean',
      type: 'string',
    },
  },
  agent: {
    extends: 'identified',
    attributes: {
      type: 'string',
      address: 'string',
      username: 'string',
      password: 'string?secret',
      options: 'option[]',
      encrypt_options: 'boolean',
      concurrent: 'boolean',
      order: 'integer',
      port: 'integer',
    },
    links: {
      host: 'host',
    },
  },
  pm_proxy: {
    attributes: {
      type: 'pm_proxy_type',
    },
  },
} as const satisfies TypeDeclarations;
