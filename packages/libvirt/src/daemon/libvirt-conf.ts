type Setting = string | number | readonly string[];

/** libvirt's configuration files: one `name = value` a line. */
export function libvirtConf(settings: Readonly<Record<string, Setting>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${render(value)}\n`)
    .join('');
}

function render(value: Setting): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `"${value}"`;
  return `[${value.map((item) => `"${item}"`).join(', ')}]`;
}

/** libvirtd without authentication: its socket is open to root alone. */
export const libvirtdSettings = {
  auth_unix_ro: 'none',
  auth_unix_rw: 'none',
  unix_sock_group: 'root',
  unix_sock_ro_perms: '0700',
  unix_sock_rw_perms: '0700',
  log_outputs: '3:file:/var/log/libvirt/libvirtd.log',
  keepalive_interval: 5,
  keepalive_count: 3,
};

/**
 * libvirt never touches the owner of a disk: storage belongs to 36:36, and whoever runs QEMU must be able to use that. No mandatory
 * access control, cgroups or mount namespace per guest: machines may not permit them, and the daemon has a namespace already.
 */
export const qemuSettings = {
  dynamic_ownership: 0,
  remember_owner: 0,
  security_driver: 'none',
  security_default_confined: 0,
  cgroup_controllers: [],
  namespaces: [],
  seccomp_sandbox: 0,
  set_process_name: 1,
  max_core: 0,
};

/** Who runs QEMU and swtpm. As root any disk is theirs to write; as 36:36, RHV's vdsm:kvm, only what belongs to storage domains. */
export const guestAccounts = {
  root: { user: 'root', group: 'root', swtpm_user: 'root', swtpm_group: 'root' },
  storage: { user: 'vdsm', group: '+36', swtpm_user: 'vdsm', swtpm_group: '+36' },
} as const;
