import { body, needs, path, permit, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** What a VM is made of. */
export const vmDevicesServices = {
  vm_graphics_consoles: {
    paths: ['vms/{vm}/graphicsconsoles'],
    type: 'graphics_console',
    root: 'graphics_consoles',
    methods: {
      list: { access: visible, query: { max: 'integer', current: 'boolean' } },
      add: { notBuilt: true, mandatory: ['protocol'] },
    },
  },
  vm_graphics_console: {
    paths: ['vms/{vm}/graphicsconsoles/{graphics_console}'],
    type: 'graphics_console',
    methods: {
      get: { access: visible, query: { current: 'boolean' } },
      remove: { notBuilt: true },
      proxyticket: { notBuilt: true, out: { proxy_ticket: 'proxy_ticket' } },
      ticket: { access: needs(permit('connect_to_vm', path('vm'))), action: { ticket: 'ticket' }, out: { ticket: 'ticket' } },
      remoteviewerconnectionfile: { notBuilt: true, out: { remote_viewer_connection_file: 'string' } },
    },
  },
  vm_applications: {
    paths: ['vms/{vm}/applications'],
    type: 'application',
    root: 'applications',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  vm_application: {
    paths: ['vms/{vm}/applications/{application}'],
    type: 'application',
    methods: {
      get: { notBuilt: true },
    },
  },
  vm_cdroms: {
    paths: ['vms/{vm}/cdroms'],
    type: 'cdrom',
    root: 'cdroms',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['file.id'] },
    },
  },
  vm_cdrom: {
    paths: ['vms/{vm}/cdroms/{cdrom}'],
    type: 'cdrom',
    methods: {
      get: { access: visible, query: { current: 'boolean' } },
      update: { notBuilt: true, query: { current: 'boolean' } },
    },
  },
  vm_host_devices: {
    paths: ['vms/{vm}/hostdevices'],
    type: 'host_device',
    root: 'host_devices',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['id|name'] },
    },
  },
  vm_host_device: {
    paths: ['vms/{vm}/hostdevices/{host_device}'],
    type: 'host_device',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  vm_nics: {
    paths: ['vms/{vm}/nics'],
    type: 'nic',
    root: 'nics',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: {
        access: needs(
          permit('configure_vm_network', path('vm')),
          permit('configure_vm_network', body('nic.vnic_profile', { absent: 'skip' })),
        ),
        mandatory: ['name'],
      },
    },
  },
  vm_nic: {
    paths: ['vms/{vm}/nics/{nic}'],
    type: 'nic',
    methods: {
      get: { access: visible },
      update: {
        access: needs(
          permit('configure_vm_network', path('vm')),
          permit('configure_vm_network', body('nic.vnic_profile', { absent: 'skip' })),
        ),
      },
      remove: { access: needs(permit('configure_vm_network', path('vm'))) },
      activate: { access: needs(permit('configure_vm_network', path('vm'))) },
      deactivate: { access: needs(permit('configure_vm_network', path('vm'))) },
    },
  },
  vm_reported_devices: {
    paths: ['vms/{vm}/reporteddevices'],
    type: 'reported_device',
    root: 'reported_devices',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
    },
  },
  nic_reported_devices: {
    paths: ['vms/{vm}/nics/{nic}/reporteddevices'],
    type: 'reported_device',
    root: 'reported_devices',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  vm_reported_device: {
    paths: ['vms/{vm}/reporteddevices/{reported_device}', 'vms/{vm}/nics/{nic}/reporteddevices/{reported_device}'],
    type: 'reported_device',
    methods: {
      get: { notBuilt: true },
    },
  },
  nic_network_filter_parameters: {
    paths: ['vms/{vm}/nics/{nic}/networkfilterparameters'],
    type: 'network_filter_parameter',
    root: 'network_filter_parameters',
    methods: {
      list: { notBuilt: true },
      add: { notBuilt: true },
    },
  },
  nic_network_filter_parameter: {
    paths: ['vms/{vm}/nics/{nic}/networkfilterparameters/{network_filter_parameter}'],
    type: 'network_filter_parameter',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  vm_numa_nodes: {
    paths: ['vms/{vm}/numanodes'],
    type: 'virtual_numa_node',
    root: 'vm_numa_nodes',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['index', 'memory', 'cpu.cores.index'] },
    },
  },
  vm_numa_node: {
    paths: ['vms/{vm}/numanodes/{virtual_numa_node}'],
    type: 'virtual_numa_node',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  vm_sessions: {
    paths: ['vms/{vm}/sessions'],
    type: 'session',
    root: 'sessions',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  vm_session: {
    paths: ['vms/{vm}/sessions/{session}'],
    type: 'session',
    methods: {
      get: { notBuilt: true },
    },
  },
  vm_watchdogs: {
    paths: ['vms/{vm}/watchdogs'],
    type: 'watchdog',
    root: 'watchdogs',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['action', 'model'] },
    },
  },
  vm_watchdog: {
    paths: ['vms/{vm}/watchdogs/{watchdog}'],
    type: 'watchdog',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  disk_attachments: {
    paths: ['vms/{vm}/diskattachments'],
    type: 'disk_attachment',
    root: 'disk_attachments',
    methods: {
      list: { access: visible },
      add: {
        access: needs(
          permit('configure_vm_storage', path('vm')),
          permit('attach_disk', body('disk_attachment.disk', { absent: 'skip', by: 'id' })),
          permit('create_disk', body('disk_attachment.disk.storage_domains', { absent: 'system' }), { missing: 'disk_attachment.disk.id' }),
        ),
        mandatory: ['disk'],
        variants: [['interface', 'bootable'], ['disk.id']],
      },
    },
  },
  disk_attachment: {
    paths: ['vms/{vm}/diskattachments/{disk_attachment}'],
    type: 'disk_attachment',
    methods: {
      get: { access: visible },
      update: {
        access: needs(
          permit('configure_vm_storage', path('vm')),
          permit('edit_disk_properties', path('disk_attachment'), { given: 'disk_attachment.disk' }),
        ),
      },
      remove: {
        access: needs(
          permit('configure_vm_storage', path('vm')),
          permit('delete_disk', path('disk_attachment'), { parameter: 'detach_only', is: false }),
        ),
        query: { detach_only: 'boolean' },
      },
    },
  },
  vm_mediated_devices: {
    paths: ['vms/{vm}/mediateddevices'],
    type: 'vm_mediated_device',
    root: 'vm_mediated_devices',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true },
    },
  },
  vm_mediated_device: {
    paths: ['vms/{vm}/mediateddevices/{vm_mediated_device}'],
    type: 'vm_mediated_device',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
} as const satisfies ServiceDeclarations;
