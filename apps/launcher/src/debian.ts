import { access, mkdir, writeFile } from 'node:fs/promises';
import { finished, output } from './command.ts';
import { Problem } from './instance/problem.ts';
import type { Progress } from './steps.ts';

/** What a machine needs from Debian 12, by what needs it. */
export const packages = {
  /** Virtual machines. libvirt-daemon-system is left out on purpose: it would bring a libvirtd and networks of the machine's own. */
  host: [
    'dnsmasq-base',
    'genisoimage',
    'iproute2',
    'iptables',
    'kmod',
    'libvirt-clients',
    'libvirt-daemon',
    'libvirt-daemon-driver-qemu',
    'mount',
    'mtools',
    'ovmf',
    'qemu-system-x86',
    'qemu-utils',
    'swtpm',
    'swtpm-tools',
    'util-linux',
  ],
  database: ['postgresql-15'],
  /** Parts of the tiny guest to try things with, and what puts them together. */
  guest: ['busybox-static', 'e2fsprogs', 'extlinux', 'linux-image-cloud-amd64', 'mount', 'qemu-guest-agent', 'qemu-utils'],
  /** Beyond the above: the programs against which formats and protocols are checked. */
  tests: [
    'curl',
    'fence-agents',
    'gcc',
    'gir1.2-govirt-1.0',
    'jq',
    'libc6-dev',
    'libfuse3-dev',
    'libnbd-bin',
    'libxml2-utils',
    'nbdkit',
    'openssl',
    'procps',
    'python3-gi',
    'sanlock',
  ],
  /** For what runs with --long only. */
  longTests: ['mmdebstrap'],
  browser: ['chromium'],
} as const;

/** Installs what is missing of these, or says that root would. Returns how it went. */
export async function provide(names: readonly string[], purpose: string, write: (line: string) => void, progress: Progress): Promise<string> {
  const missing = await missingPackages(names);
  if (missing.length === 0) return 'already there';
  if (process.getuid?.() !== 0) throw new Problem(`${purpose} needs root, or these packages installed: ${missing.join(' ')}.`);
  write(`  Installing ${missing.join(' ')}`);
  await installPackages(missing, progress);
  return `installed ${missing.length}`;
}

/** Which of these are not installed. */
async function missingPackages(names: readonly string[]): Promise<readonly string[]> {
  const query = finished('dpkg-query', ['--show', '--showformat', '${Package} ${db:Status-Status}\\n', ...names]);
  const { stdout } = await query.catch((cause: unknown) => {
    throw new Problem('Ostler installs its packages on Debian 12; this machine has no dpkg-query.', { cause });
  });
  const installed = new Set(stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])));
  return names.filter((name) => !installed.has(name));
}

/** Installs packages with what they depend on, and nothing that is only recommended. Needs root. */
async function installPackages(names: readonly string[], progress: Progress): Promise<void> {
  if (names.includes('postgresql-15')) await noDatabaseOfDebians();
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
  progress('reading the lists of packages');
  await output('apt-get', [...patience, '-qq', 'update'], { env, deadline: 600_000 });
  const install = ['-o', 'APT::Status-Fd=1', '-qq', '--yes', '--no-install-recommends', 'install', ...names];
  await output('apt-get', [...patience, ...install], { env, deadline: 1_200_000, hear: (text) => text.split('\n').forEach((line) => told(line, progress)) });
}

/** apt's lines for programs: `dlstatus:FILE:PERCENT:…` while it downloads, `pmstatus:PACKAGE:PERCENT:…` while dpkg works. */
function told(line: string, progress: Progress): void {
  const [, what, name, percent] = /^(dl|pm)status:([^:]*):([\d.]+):/.exec(line) ?? [];
  if (percent !== undefined) progress(`${what === 'dl' ? 'downloading' : `installing ${name}`}, ${Math.round(Number(percent))} %`);
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
