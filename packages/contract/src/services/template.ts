import { visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Templates and instance types. */
export const templateServices = {
  instance_types: {
    paths: ['instancetypes'],
    type: 'instance_type',
    root: 'instance_types',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { notBuilt: true, mandatory: ['name'] },
    },
  },
  instance_type: {
    paths: ['instancetypes/{instance_type}'],
    type: 'instance_type',
    methods: {
      get: { access: visible },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  instance_type_nics: {
    paths: ['instancetypes/{instance_type}/nics'],
    type: 'nic',
    root: 'nics',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string' } },
      add: { notBuilt: true },
    },
  },
  instance_type_nic: {
    paths: ['instancetypes/{instance_type}/nics/{nic}'],
    type: 'nic',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  instance_type_watchdogs: {
    paths: ['instancetypes/{instance_type}/watchdogs'],
    type: 'watchdog',
    root: 'watchdogs',
    methods: {
      list: { notBuilt: true, query: { max: 'integer', search: 'string' } },
      add: { notBuilt: true },
    },
  },
  instance_type_watchdog: {
    paths: ['instancetypes/{instance_type}/watchdogs/{watchdog}'],
    type: 'watchdog',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  instance_type_graphics_consoles: {
    paths: ['instancetypes/{instance_type}/graphicsconsoles'],
    type: 'graphics_console',
    root: 'graphics_consoles',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['protocol'] },
    },
  },
  instance_type_graphics_console: {
    paths: ['instancetypes/{instance_type}/graphicsconsoles/{graphics_console}'],
    type: 'graphics_console',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  templates: {
    paths: ['templates'],
    type: 'template',
    root: 'templates',
    methods: {
      list: { access: visible, query: { max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: {
        notBuilt: true,
        query: { clone_permissions: 'boolean', seal: 'boolean' },
        variants: [
          ['name', 'vm.id|name'],
          ['initialization.configuration.data', 'initialization.configuration.type', 'cluster.id|name'],
          ['name', 'vm.id|name', 'vm.snapshots.id'],
        ],
      },
    },
  },
  template: {
    paths: ['templates/{template}'],
    type: 'template',
    methods: {
      get: { access: visible },
      update: { notBuilt: true },
      remove: { notBuilt: true },
      export: {
        notBuilt: true,
        action: { exclusive: 'boolean', storage_domain: 'storage_domain', host: 'host', directory: 'string', filename: 'string' },
        variants: [['storage_domain.id|name'], ['host.id|name', 'directory']],
      },
    },
  },
  template_graphics_consoles: {
    paths: ['templates/{template}/graphicsconsoles'],
    type: 'graphics_console',
    root: 'graphics_consoles',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['protocol'] },
    },
  },
  template_graphics_console: {
    paths: ['templates/{template}/graphicsconsoles/{graphics_console}'],
    type: 'graphics_console',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  template_cdroms: {
    paths: ['templates/{template}/cdroms'],
    type: 'cdrom',
    root: 'cdroms',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  template_cdrom: {
    paths: ['templates/{template}/cdroms/{cdrom}'],
    type: 'cdrom',
    methods: {
      get: { notBuilt: true },
    },
  },
  template_nics: {
    paths: ['templates/{template}/nics'],
    type: 'nic',
    root: 'nics',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['name'] },
    },
  },
  template_nic: {
    paths: ['templates/{template}/nics/{nic}'],
    type: 'nic',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  template_watchdogs: {
    paths: ['templates/{template}/watchdogs'],
    type: 'watchdog',
    root: 'watchdogs',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true, mandatory: ['action', 'model'] },
    },
  },
  template_watchdog: {
    paths: ['templates/{template}/watchdogs/{watchdog}'],
    type: 'watchdog',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
  template_disk_attachments: {
    paths: ['templates/{template}/diskattachments'],
    type: 'disk_attachment',
    root: 'disk_attachments',
    methods: {
      list: { access: visible },
    },
  },
  template_disk_attachment: {
    paths: ['templates/{template}/diskattachments/{disk_attachment}'],
    type: 'disk_attachment',
    methods: {
      get: { notBuilt: true },
      remove: { notBuilt: true, query: { storage_domain: 'string', force: 'boolean' } },
    },
  },
  template_mediated_devices: {
    paths: ['templates/{template}/mediateddevices'],
    type: 'vm_mediated_device',
    root: 'vm_mediated_devices',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
      add: { notBuilt: true },
    },
  },
  template_mediated_device: {
    paths: ['templates/{template}/mediateddevices/{vm_mediated_device}'],
    type: 'vm_mediated_device',
    methods: {
      get: { notBuilt: true },
      update: { notBuilt: true },
      remove: { notBuilt: true },
    },
  },
} as const satisfies ServiceDeclarations;
