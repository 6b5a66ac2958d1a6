import type { TypeDeclarations } from '../names.ts';

/** The hardware of a virtual machine. */
export const vmHardwareTypes = {
  bios: {
    attributes: {
      boot_menu: 'boot_menu',
      type: 'bios_type',
    },
  },
  boot: {
    attributes: {
      devices: 'boot_device[]',
    },
  },
  boot_menu: {
    attributes: {
      enabled: 'boolean',
    },
  },
  operating_system: {
    element: 'os',
    attributes: {
      type: 'string',
      boot: 'boot',
      kernel: 'string',
      initrd: 'string',
      cmdline: 'string',
      reported_kernel_cmdline: 'string',
      custom_kernel_cmdline: 'string',
      description: 'string',
      version: 'version',
    },
  },
  operating_system_info: {
    extends: 'identified',
    element: 'operating_system',
    attributes: {
      large_icon: 'icon',
      small_icon: 'icon',
      architecture: 'architecture',
      tpm_support: 'tpm_support',
    },
  },
  cpu: {
    attributes: {
      type: 'string',
      topology: 'cpu_topology',
      level: 'integer',
      name: 'string',
      speed: 'double',
      cpu_tune: 'cpu_tune',
      mode: 'cpu_mode',
      architecture: 'architecture',
      cores: 'core[]',
    },
  },
  cpu_topology: {
    attributes: {
      sockets: 'integer',
      cores: 'integer',
      threads: 'integer',
    },
  },
  cpu_tune: {
    attributes: {
      vcpu_pins: 'vcpu_pin[]',
    },
  },
  core: {
    attributes: {
      index: 'integer',
      socket: 'integer',
    },
  },
  vcpu_pin: {
    attributes: {
      vcpu: 'integer',
      cpu_set: 'string',
    },
  },
  numa_node: {
    extends: 'identified',
    element: 'host_numa_node',
    attributes: {
      index: 'integer',
      memory: 'integer',
      cpu: 'cpu',
      node_distance: 'string',
    },
    links: {
      host: 'host',
      statistics: 'statistic[]',
    },
  },
  numa_node_pin: {
    attributes: {
      host_numa_node: 'numa_node?deprecated',
      pinned: 'boolean?deprecated',
      index: 'integer',
    },
  },
  virtual_numa_node: {
    extends: 'numa_node',
    element: 'vm_numa_node',
    attributes: {
      numa_node_pins: 'numa_node_pin[]',
      numa_tune_mode: 'numa_tune_mode',
    },
    links: {
      vm: 'vm',
    },
  },
  nic: {
    extends: 'device',
    attributes: {
      linked: 'boolean',
      interface: 'nic_interface',
      mac: 'mac',
      plugged: 'boolean',
      synced: 'boolean',
      boot_protocol: 'boot_protocol',
      on_boot: 'boolean',
    },
    links: {
      network: 'network',
      statistics: 'statistic[]?readonly',
      vnic_profile: 'vnic_profile',
      network_labels: 'network_label[]',
      network_attachments: 'network_attachment[]',
      virtual_function_allowed_labels: 'network_label[]',
      virtual_function_allowed_networks: 'network[]',
      reported_devices: 'reported_device[]?readonly',
      network_filter_parameters: 'network_filter_parameter[]',
    },
  },
  cdrom: {
    extends: 'device',
    attributes: {
      file: 'file',
    },
  },
  floppy: {
    extends: 'device',
    attributes: {
      file: 'file',
    },
  },
  watchdog: {
    extends: 'device',
    attributes: {
      model: 'watchdog_model',
      action: 'watchdog_action',
    },
  },
  console: {
    attributes: {
      enabled: 'boolean',
    },
  },
  display: {
    attributes: {
      type: 'display_type?deprecated',
      video_type: 'video_type',
      address: 'string',
      port: 'integer',
      secure_port: 'integer',
      monitors: 'integer',
      single_qxl_pci: 'boolean?deprecated',
      allow_override: 'boolean',
      certificate: 'certificate',
      smartcard_enabled: 'boolean',
      keyboard_layout: 'string',
      proxy: 'string',
      file_transfer_enabled: 'boolean',
      copy_paste_enabled: 'boolean',
      disconnect_action: 'string',
      disconnect_action_delay: 'integer',
    },
  },
  graphics_console: {
    extends: 'identified',
    attributes: {
      protocol: 'graphics_type?readonly',
      port: 'integer?readonly',
      tls_port: 'integer?readonly',
      address: 'string?readonly',
    },
    links: {
      vm: 'vm',
      template: 'template',
      instance_type: 'instance_type',
    },
  },
  ticket: {
    attributes: {
      value: 'string',
      expiry: 'integer',
    },
  },
  proxy_ticket: {
    attributes: {
      value: 'string',
    },
  },
  io: {
    attributes: {
      threads: 'integer',
    },
  },
  payload: {
    attributes: {
      files: 'file[]',
      volume_id: 'string',
      type: 'vm_device_type',
    },
  },
  rng_device: {
    attributes: {
      rate: 'rate',
      source: 'rng_source',
    },
  },
  serial_number: {
    attributes: {
      policy: 'serial_number_policy',
      value: 'string',
    },
  },
  sso: {
    attributes: {
      methods: 'method[]',
    },
  },
  method: {
    attributes: {
      id: 'sso_method',
    },
  },
  usb: {
    attributes: {
      enabled: 'boolean',
      type: 'usb_type',
    },
  },
  virtio_scsi: {
    attributes: {
      enabled: 'boolean',
    },
  },
  vm_mediated_device: {
    extends: 'device',
    attributes: {
      spec_params: 'property[]',
    },
  },
} as const satisfies TypeDeclarations;
