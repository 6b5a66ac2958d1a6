/** The permits of RHV's roles by name. */
export type PermitName = (typeof permitNames)[number];

// prettier-ignore
export const permitNames = [
  'create_vm', 'delete_vm', 'edit_vm_properties', 'change_vm_cd', 'migrate_vm', 'connect_to_vm', 'import_export_vm', 'configure_vm_network',
  'configure_vm_storage', 'move_vm', 'manipulate_vm_snapshots', 'reconnect_to_vm', 'change_vm_custom_properties', 'edit_admin_vm_properties',
  'create_instance', 'reboot_vm', 'stop_vm', 'shut_down_vm', 'hibernate_vm', 'run_vm', 'reset_vm', 'create_host', 'edit_host_configuration',
  'delete_host', 'manipulate_host', 'configure_host_network', 'create_template', 'edit_template_properties', 'delete_template', 'copy_template',
  'configure_template_network', 'edit_admin_template_properties', 'create_cluster', 'edit_cluster_configuration', 'delete_cluster',
  'configure_cluster_network', 'assign_cluster_network', 'manipulate_users', 'manipulate_roles', 'manipulate_permissions',
  'add_users_and_groups_from_directory', 'create_storage_domain', 'edit_storage_domain_configuration', 'delete_storage_domain',
  'manipulate_storage_domain', 'create_storage_pool', 'delete_storage_pool', 'edit_storage_pool_configuration',
  'configure_storage_pool_network', 'create_storage_pool_network', 'delete_storage_pool_network', 'configure_engine', 'create_disk', 'attach_disk',
  'edit_disk_properties', 'configure_disk_storage', 'delete_disk', 'configure_network_vnic_profile', 'create_network_vnic_profile',
  'delete_network_vnic_profile', 'login', 'tag_management', 'bookmark_management', 'audit_log_management', 'inject_external_events',
  'inject_external_tasks', 'connect_to_serial_console',
] as const;
