import type { ServiceDeclarations } from '../service-language.ts';

/** Providers outside, and imports from elsewhere. */
export const providerServices = {
  external_host_providers: {
    paths: ['externalhostproviders'],
    type: 'external_host_provider',
    root: 'external_host_providers',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string' } },
      add: { notBuilt: true, mandatory: ['name'] },
    },
  },
  external_host_provider: {
    paths: ['externalhostproviders/{external_host_provider}'],
    type: 'external_host_provider',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
      importcertificates: { notBuilt: true, action: { certificates: 'certificate[]' }, mandatory: ['certificates.content'] },
      testconnectivity: { notBuilt: true },
    },
  },
  external_provider_certificates: {
    paths: [
      'externalhostproviders/{external_host_provider}/certificates',
      'openstackimageproviders/{open_stack_image_provider}/certificates',
      'openstacknetworkproviders/{open_stack_network_provider}/certificates',
      'openstackvolumeproviders/{open_stack_volume_provider}/certificates',
    ],
    type: 'certificate',
    root: 'certificates',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  external_provider_certificate: {
    paths: [
      'externalhostproviders/{external_host_provider}/certificates/{certificate}',
      'openstackimageproviders/{open_stack_image_provider}/certificates/{certificate}',
      'openstacknetworkproviders/{open_stack_network_provider}/certificates/{certificate}',
      'openstackvolumeproviders/{open_stack_volume_provider}/certificates/{certificate}',
    ],
    type: 'certificate',
    methods: {
      get: { notBuilt: true },
    },
  },
  external_compute_resources: {
    paths: ['externalhostproviders/{external_host_provider}/computeresources'],
    type: 'external_compute_resource',
    root: 'external_compute_resources',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  external_compute_resource: {
    paths: ['externalhostproviders/{external_host_provider}/computeresources/{external_compute_resource}'],
    type: 'external_compute_resource',
    methods: {
      get: { notBuilt: true },
    },
  },
  external_discovered_hosts: {
    paths: ['externalhostproviders/{external_host_provider}/discoveredhosts'],
    type: 'external_discovered_host',
    root: 'external_discovered_hosts',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  external_discovered_host: {
    paths: ['externalhostproviders/{external_host_provider}/discoveredhosts/{external_discovered_host}'],
    type: 'external_discovered_host',
    methods: {
      get: { notBuilt: true },
    },
  },
  external_host_groups: {
    paths: ['externalhostproviders/{external_host_provider}/hostgroups'],
    type: 'external_host_group',
    root: 'external_host_groups',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  external_host_group: {
    paths: ['externalhostproviders/{external_host_provider}/hostgroups/{external_host_group}'],
    type: 'external_host_group',
    methods: {
      get: { notBuilt: true },
    },
  },
  external_hosts: {
    paths: ['externalhostproviders/{external_host_provider}/hosts'],
    type: 'external_host',
    root: 'external_hosts',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  external_host: {
    paths: ['externalhostproviders/{external_host_provider}/hosts/{external_host}'],
    type: 'external_host',
    methods: {
      get: { notBuilt: true },
    },
  },
  external_vm_imports: {
    paths: ['externalvmimports'],
    type: 'external_vm_import',
    root: 'external_vm_imports',
    methods: {
      add: { notBuilt: true },
    },
  },
  external_template_imports: {
    paths: ['externaltemplateimports'],
    type: 'external_template_import',
    root: 'external_template_imports',
    methods: {
      add: { notBuilt: true },
    },
  },
  katello_erratum: {
    paths: ['katelloerrata/{katello_erratum}', 'hosts/{host}/katelloerrata/{katello_erratum}', 'vms/{vm}/katelloerrata/{katello_erratum}'],
    type: 'katello_erratum',
    methods: {
      get: { notBuilt: true },
    },
  },
  openstack_image_providers: {
    paths: ['openstackimageproviders'],
    type: 'open_stack_image_provider',
    root: 'openstack_image_providers',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string' } },
      add: { notBuilt: true, mandatory: ['name'] },
    },
  },
  openstack_image_provider: {
    paths: ['openstackimageproviders/{open_stack_image_provider}'],
    type: 'open_stack_image_provider',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
      importcertificates: { notBuilt: true, action: { certificates: 'certificate[]' }, mandatory: ['certificates.content'] },
      testconnectivity: { notBuilt: true },
    },
  },
  openstack_images: {
    paths: ['openstackimageproviders/{open_stack_image_provider}/images'],
    type: 'open_stack_image',
    root: 'openstack_images',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  openstack_image: {
    paths: ['openstackimageproviders/{open_stack_image_provider}/images/{open_stack_image}'],
    type: 'open_stack_image',
    methods: {
      get: { notBuilt: true },
      import: {
        notBuilt: true,
        action: { disk: 'disk', import_as_template: 'boolean', storage_domain: 'storage_domain', template: 'template', cluster: 'cluster' },
        mandatory: ['storage_domain.id|name'],
      },
    },
  },
  openstack_network_providers: {
    paths: ['openstacknetworkproviders'],
    type: 'open_stack_network_provider',
    root: 'openstack_network_providers',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string' } },
      add: { notBuilt: true, mandatory: ['name'] },
    },
  },
  openstack_network_provider: {
    paths: ['openstacknetworkproviders/{open_stack_network_provider}'],
    type: 'open_stack_network_provider',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
      importcertificates: { notBuilt: true, action: { certificates: 'certificate[]' }, mandatory: ['certificates.content'] },
      testconnectivity: { notBuilt: true },
    },
  },
  openstack_networks: {
    paths: ['openstacknetworkproviders/{open_stack_network_provider}/networks'],
    type: 'open_stack_network',
    root: 'openstack_networks',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  openstack_network: {
    paths: ['openstacknetworkproviders/{open_stack_network_provider}/networks/{open_stack_network}'],
    type: 'open_stack_network',
    methods: {
      get: { notBuilt: true },
      import: { notBuilt: true, action: { data_center: 'data_center' } },
    },
  },
  openstack_subnets: {
    paths: ['openstacknetworkproviders/{open_stack_network_provider}/networks/{open_stack_network}/subnets'],
    type: 'open_stack_subnet',
    root: 'openstack_subnets',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true },
    },
  },
  openstack_subnet: {
    paths: ['openstacknetworkproviders/{open_stack_network_provider}/networks/{open_stack_network}/subnets/{open_stack_subnet}'],
    type: 'open_stack_subnet',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  openstack_volume_providers: {
    paths: ['openstackvolumeproviders'],
    type: 'open_stack_volume_provider',
    root: 'openstack_volume_providers',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string' } },
      add: { notBuilt: true, mandatory: ['name'] },
    },
  },
  openstack_volume_provider: {
    paths: ['openstackvolumeproviders/{open_stack_volume_provider}'],
    type: 'open_stack_volume_provider',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true, query: { force: 'boolean' } },
      importcertificates: { notBuilt: true, action: { certificates: 'certificate[]' }, mandatory: ['certificates.content'] },
      testconnectivity: { notBuilt: true },
    },
  },
  openstack_volume_types: {
    paths: ['openstackvolumeproviders/{open_stack_volume_provider}/volumetypes'],
    type: 'open_stack_volume_type',
    root: 'open_stack_volume_types',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  openstack_volume_type: {
    paths: ['openstackvolumeproviders/{open_stack_volume_provider}/volumetypes/{open_stack_volume_type}'],
    type: 'open_stack_volume_type',
    methods: {
      get: { notBuilt: true },
    },
  },
  openstack_volume_authentication_keys: {
    paths: ['openstackvolumeproviders/{open_stack_volume_provider}/authenticationkeys'],
    type: 'openstack_volume_authentication_key',
    root: 'openstack_volume_authentication_keys',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['usage_type', 'uuid', 'value'] },
    },
  },
  openstack_volume_authentication_key: {
    paths: ['openstackvolumeproviders/{open_stack_volume_provider}/authenticationkeys/{openstack_volume_authentication_key}'],
    type: 'openstack_volume_authentication_key',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  engine_katello_errata: {
    paths: ['katelloerrata'],
    type: 'katello_erratum',
    root: 'katello_errata',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
} as const satisfies ServiceDeclarations;
