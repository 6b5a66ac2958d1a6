import { access, mkdir, writeFile } from 'node:fs/promises';
import { finished, output } from './command.ts';

/** What a machine needs from Debian 12, by what needs it. */
export const packages = {
  /** Virtual machines. libvirt-daemon-system is left out on purpose: it would bring a libvirtd and networks of the machine's own. */
  host: [
    'dnsmasq-base',
    'iproute2',
    'iptables',
    'kmod',
    'libvirt-clients',
    'libvirt-daemon',
    'libvirt-daemon-driver-qemu',
    'ovmf',
    'qemu-system-x86',
    'qemu-utils',
    'swtpm',
    'swtpm-tools',
    'util-linux',
  ],
  database: ['postgresql-15'],
  /** Beyond the above: the tiny guest's parts, and the programs against which formats and protocols are checked. */
  tests: [
    'busybox-static',
    'curl',
    'e2fsprogs',
    'extlinux',
    'fence-agents',
    'gcc',
    'gir1.2-govirt-1.0',
    'libc6-dev',
    'libfuse3-dev',
    'libnbd-bin',
    'libxml2-utils',
    'linux-image-cloud-amd64',
    'nbdkit',
    'openssl',
    'procps',
    'python3-gi',
    'qemu-guest-agent',
    'sanlock',
  ],
  browser: ['chromium'],
} as const;

/** Which of these are not installed. */
export async function missingPackages(names: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await finished('dpkg-query', ['--show', '--showformat', '${Package} ${db:Status-Status}\\n', ...names]);
  const installed = new Set(stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])));
  return names.filter((name) => !installed.has(name));
}

/** Installs packages with what they depend on, and nothing that is only recommended. Needs root. */
export async function installPackages(names: readonly string[]): Promise<void> {
  if (names.includes('postgresql-15')) await noDatabaseOfDebians();
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
  await output('apt-get', [...patience, '-qq', 'update'], { env, deadline: 600_000 });
  await output('apt-get', [...patience, '-qq', '--yes', '--no-install-recommends', 'install', ...names], { env, deadline: 1_200_000 });
}

const createCluster = '/etc/postgresql-common/createcluster.conf';

/** Debian's package starts a database of its own on port 5432. Ours is private, and nobody asked for the other. */
async function noDatabaseOfDebians(): Promise<void> {
  const settled = await access(createCluster).then(
    () => true,
    () => false,
  );
  if (settled) return;
  await mkdir('/etc/postgresql-common', { recursive: true });
  await writeFile(createCluster, 'create_main_cluster = false\n');
}
