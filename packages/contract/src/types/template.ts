import type { TypeDeclarations } from '../names.ts';

/** Templates, instance types and snapshots. */
export const templateTypes = {
  template: {
    extends: 'vm_base',
    attributes: {
      status: 'template_status?readonly',
      vm: 'vm',
      version: 'template_version',
    },
    links: {
      cdroms: 'cdrom[]',
      graphics_consoles: 'graphics_console[]',
      nics: 'nic[]',
      permissions: 'permission[]',
      tags: 'tag[]',
      watchdogs: 'watchdog[]',
      disk_attachments: 'disk_attachment[]',
      mediated_devices: 'vm_mediated_device[]',
    },
  },
  template_version: {
    attributes: {
      version_number: 'integer',
      version_name: 'string',
    },
    links: {
      base_template: 'template',
    },
  },
  instance_type: {
    extends: 'template',
  },
  snapshot: {
    extends: 'vm',
    attributes: {
      date: 'date?readonly',
      snapshot_status: 'snapshot_status?readonly',
      persist_memorystate: 'boolean',
      snapshot_type: 'snapshot_type?readonly',
    },
    links: {
      vm: 'vm',
      disks: 'disk[]',
    },
  },
} as const satisfies TypeDeclarations;
