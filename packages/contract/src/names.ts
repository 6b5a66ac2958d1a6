import type { EnumDeclarations as Enums, TypeDeclarations as Types } from './language.ts';

/**
 * Every name of the model, in one place: a declaration that refers to a name which is not here does not compile, at its own line,
 * and `schema.ts` does not compile unless each of them is declared once.
 */
// prettier-ignore
export const typeNames = [
  // what many types are made of
  'identified', 'device', 'version', 'property', 'option', 'custom_property', 'icon', 'certificate', 'statistic', 'value', 'rate',
  'range', 'time_zone',
  // the entry point, options, tags and bookmarks
  'api', 'api_summary', 'api_summary_item', 'special_objects', 'product_info', 'product', 'vendor', 'package', 'engine_backup_info',
  'system_option', 'system_option_value', 'bookmark', 'tag',
  // data centers, their quotas, QoS and iSCSI bonds
  'data_center', 'iscsi_bond', 'qos', 'quota', 'quota_cluster_limit', 'quota_storage_limit',
  // clusters and the policies that they carry
  'cluster', 'cluster_feature', 'cluster_level', 'cpu_type', 'error_handling', 'fencing_policy', 'skip_if_sd_active',
  'skip_if_connectivity_broken', 'memory_policy', 'memory_over_commit', 'transparent_huge_pages', 'ksm', 'migration_options',
  'migration_bandwidth', 'migration_policy', 'mac_pool', 'cpu_profile',
  // scheduling policies, affinity groups and labels
  'scheduling_policy', 'scheduling_policy_unit', 'filter', 'weight', 'balance', 'affinity_group', 'affinity_rule', 'affinity_label',
  // hosts: what they are and what they have
  'host', 'vm_summary', 'hardware_information', 'host_cpu_unit', 'host_device', 'host_device_passthrough', 'm_dev_type',
  'hosted_engine', 'hook', 'katello_erratum', 'kernel', 'se_linux', 'spm', 'ssh', 'power_management', 'agent', 'pm_proxy',
  // the network of a host: its devices, attachments and labels
  'host_nic', 'host_nic_virtual_functions_configuration', 'bonding', 'mac', 'ip', 'ip_address_assignment', 'network_attachment',
  'reported_configuration', 'network_configuration', 'dns', 'dns_resolver_configuration', 'nic_configuration', 'unmanaged_network',
  'link_layer_discovery_protocol_element',
  // networks and vNIC profiles
  'network', 'vlan', 'network_label', 'network_filter', 'network_filter_parameter', 'vnic_profile', 'vnic_pass_through',
  'vnic_profile_mapping', 'port_mirroring',
  // storage domains and how hosts reach them
  'storage_domain', 'storage_domain_lease', 'host_storage', 'logical_unit', 'volume_group', 'storage_connection',
  'storage_connection_extension', 'iscsi_details', 'disk_profile', 'file', 'image',
  // disks, their attachments, snapshots and transfers
  'disk', 'disk_attachment', 'disk_snapshot', 'image_transfer', 'backup', 'checkpoint',
  // virtual machines: the VM itself and its life
  'vm_base', 'vm', 'vm_placement_policy', 'dynamic_cpu', 'guest_operating_system', 'high_availability', 'session', 'application',
  'reported_device', 'vm_pool',
  // the hardware of a virtual machine
  'bios', 'boot', 'boot_menu', 'operating_system', 'operating_system_info', 'cpu', 'cpu_topology', 'cpu_tune', 'core', 'vcpu_pin',
  'numa_node', 'numa_node_pin', 'virtual_numa_node', 'nic', 'cdrom', 'floppy', 'watchdog', 'console', 'display', 'graphics_console',
  'ticket', 'proxy_ticket', 'io', 'payload', 'rng_device', 'serial_number', 'sso', 'method', 'usb', 'virtio_scsi',
  'vm_mediated_device',
  // what a guest is given at its first start: cloud-init, ignition, sysprep
  'initialization', 'cloud_init', 'configuration', 'authorized_key',
  // templates, instance types and snapshots
  'template', 'template_version', 'instance_type', 'snapshot',
  // users, groups, roles and permissions
  'user', 'group', 'domain', 'role', 'permit', 'permission', 'ssh_public_key', 'user_option', 'event_subscription',
  // jobs, their steps, and events
  'job', 'step', 'event',
  // faults, and our own: plans and why not
  'fault', 'plan', 'plan_use', 'plan_step', 'reason', 'action_state',
  // importing VMs and templates from elsewhere
  'external_vm_import', 'external_template_import', 'registration_configuration', 'registration_affinity_group_mapping',
  'registration_affinity_label_mapping', 'registration_cluster_mapping', 'registration_domain_mapping', 'registration_lun_mapping',
  'registration_role_mapping', 'registration_vnic_profile_mapping',
  // providers outside: Foreman, OpenStack
  'external_provider', 'external_host_provider', 'external_host', 'external_host_group', 'external_compute_resource',
  'external_discovered_host', 'external_network_provider_configuration', 'agent_configuration', 'open_stack_provider',
  'open_stack_image_provider', 'open_stack_image', 'open_stack_network_provider', 'open_stack_network', 'open_stack_subnet',
  'open_stack_volume_provider', 'open_stack_volume_type', 'openstack_volume_authentication_key',
  // Gluster volumes
  'gluster_volume', 'gluster_brick', 'gluster_brick_advanced_details', 'gluster_brick_memory_info', 'gluster_memory_pool',
  'gluster_client', 'gluster_hook', 'gluster_server_hook', 'gluster_volume_profile_details', 'profile_detail', 'entity_profile_detail',
  'brick_profile_detail', 'nfs_profile_detail', 'block_statistic', 'fop_statistic',
] as const;

// prettier-ignore
export const enumNames = [
  'access_protocol', 'architecture', 'auto_numa_status', 'auto_pinning_policy', 'backup_phase', 'bios_type', 'boot_device',
  'boot_protocol', 'checkpoint_state', 'cloud_init_network_protocol', 'cluster_upgrade_action', 'configuration_type', 'cpu_mode',
  'cpu_pinning_policy', 'creation_status', 'data_center_status', 'disk_backup', 'disk_backup_mode', 'disk_content_type', 'disk_format',
  'disk_interface', 'disk_status', 'disk_storage_type', 'disk_type', 'display_type', 'entity_external_status', 'external_status',
  'external_system_type', 'external_vm_provider_type', 'fence_type', 'fips_mode', 'firewall_type', 'gluster_state',
  'gluster_volume_type', 'graphics_type', 'hook_content_type', 'hook_stage', 'hook_status', 'host_protocol', 'host_status',
  'host_type', 'image_file_type', 'image_transfer_direction', 'image_transfer_phase', 'image_transfer_timeout_policy',
  'inheritable_boolean', 'ip_version', 'job_status', 'kdump_status', 'log_max_memory_used_threshold_type', 'log_severity',
  'lun_status', 'message_broker_type', 'migrate_on_error', 'migration_bandwidth_assignment_method', 'network_plugin_type',
  'network_status', 'network_usage', 'nfs_version', 'nic_interface', 'nic_status', 'notifiable_event', 'notification_method',
  'numa_tune_mode', 'open_stack_network_provider_type', 'openstack_volume_authentication_key_usage_type', 'os_type',
  'parallel_migrations_policy', 'payload_encoding', 'pm_proxy_type', 'policy_unit_type', 'power_management_status', 'qcow_version',
  'qos_type', 'quota_mode_type', 'reported_device_type', 'resolution_type', 'rng_source', 'role_type', 'scsi_generic_io',
  'se_linux_mode', 'serial_number_policy', 'snapshot_status', 'snapshot_type', 'spm_status', 'ssh_authentication_method', 'sso_method',
  'statistic_kind', 'statistic_unit', 'step_enum', 'step_status', 'storage_domain_status', 'storage_domain_type', 'storage_format',
  'storage_type', 'switch_type', 'template_status', 'tpm_support', 'transport_type', 'usb_type', 'value_type', 'vgpu_placement',
  'video_type', 'vm_affinity', 'vm_device_type', 'vm_pool_type', 'vm_status', 'vm_storage_error_resume_behaviour', 'vm_type',
  'vnic_pass_through_mode', 'watchdog_action', 'watchdog_model',
] as const;

export type TypeName = (typeof typeNames)[number];
export type EnumName = (typeof enumNames)[number];

/** What a noun's file must satisfy. */
export type TypeDeclarations = Types<TypeName, EnumName>;
export type EnumDeclarations = Enums<EnumName>;
