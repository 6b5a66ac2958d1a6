import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { run, MissingPackages } from '@ostler/libvirt/daemon/command';
import { cpioArchive } from './cpio.ts';
import type { CpioEntry } from './cpio.ts';

/** What the guest is made of, apart from the kernel: the programs of this machine and the scripts in lab/guest. */
export const guestScripts = join(import.meta.dirname, '../guest');
const programs = { busybox: '/bin/busybox', agent: '/usr/sbin/qemu-ga' };

/** Disks, network, agent port, balloon, power button, CD-ROM; SATA and IDE beside virtio. ext4 and the serial port are built in. */
const virtioModules = ['virtio_pci', 'virtio_blk', 'virtio_scsi', 'virtio_net', 'virtio_console', 'virtio_balloon', 'virtio-rng'];
const wantedModules = [...virtioModules, 'sd_mod', 'sr_mod', 'isofs', 'ata_piix', 'ahci', 'e1000', 'e1000e', 'button', 'evdev'];

/** The newest Debian cloud kernel of this machine: small, and it has what the guest needs. */
export async function findKernel(): Promise<{ vmlinuz: string; modules: string }> {
  const names = await readdir('/boot').catch(() => []);
  const versions = names.filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name)).map((name) => name.slice('vmlinuz-'.length));
  const newest = versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (!newest) throw new MissingPackages(['linux-image-cloud-amd64']);
  return { vmlinuz: `/boot/vmlinuz-${newest}`, modules: `/lib/modules/${newest}` };
}

/** The initramfs: busybox, qemu-ga and its libraries, kernel modules, and the scripts that make them a guest. */
export async function buildInitrd(modulesDirectory: string): Promise<Buffer> {
  const modules = inLoadOrder(await readFile(join(modulesDirectory, 'modules.dep'), 'utf8'), wantedModules);
  const files = new Map<string, { from: string; executable: boolean }>([
    ['/init', { from: join(guestScripts, 'init'), executable: true }],
    ['/sbin/shutdown', { from: join(guestScripts, 'shutdown'), executable: true }],
    ['/etc/dhcp-event', { from: join(guestScripts, 'dhcp-event'), executable: true }],
    ['/etc/acpi/PWRF/00000080', { from: join(guestScripts, 'power-button'), executable: true }],
    ['/bin/busybox', { from: programs.busybox, executable: true }],
    ['/bin/qemu-ga', { from: programs.agent, executable: true }],
    ...(await librariesOf(programs.agent)).map((library) => [library, { from: library, executable: true }] as const),
    ...modules.map((path) => [`/modules/${basename(path)}`, { from: join(modulesDirectory, path), executable: false }] as const),
  ]);
  const contents = await Promise.all(
    [...files].map(async ([path, { from, executable }]): Promise<CpioEntry> => ({
      type: 'file',
      path,
      content: await readFile(from),
      executable,
    })),
  );
  const texts = Object.entries({
    '/modules/order': modules.map((path) => `${basename(path)}\n`).join(''),
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    '/etc/group': 'root:x:0:\n',
    '/etc/os-release': 'ID=labguest\nNAME="Lab guest"\nVERSION_ID=1\nPRETTY_NAME="Lab guest 1"\n',
  }).map(([path, text]): CpioEntry => ({ type: 'file', path, content: Buffer.from(text) }));
  const leaves: CpioEntry[] = [...contents, ...texts, { type: 'symlink', path: '/bin/sh', target: 'busybox' }];
  const directories = directoriesOf(['/root/.', '/dev/.', ...leaves.map(({ path }) => path)]);
  return gzipSync(cpioArchive([...directories, ...leaves]), { level: 1 });
}

/**
 * The modules and all that they need, each after what it needs. modules.dep has one line a module: `path: what it needs, the
 * last first`. A module that this kernel does not have is left out: the guest does without that hardware.
 */
export function inLoadOrder(modulesDep: string, wanted: readonly string[]): string[] {
  const lines = modulesDep.split('\n').filter((line) => line.includes(':'));
  const needs = new Map(
    lines.map((line) => {
      const [path = '', list = ''] = line.split(':');
      return [path, list.trim().split(/\s+/).filter(Boolean)] as const;
    }),
  );
  const pathOf = new Map([...needs.keys()].map((path) => [basename(path, '.ko'), path]));
  const order = new Set<string>();
  const add = (path: string): void => {
    for (const needed of needs.get(path)?.toReversed() ?? []) add(needed);
    order.add(path);
  };
  for (const name of wanted) {
    const path = pathOf.get(name);
    if (path) add(path);
  }
  return [...order];
}

/** The shared libraries of a program and its loader, as ldd names them. */
async function librariesOf(program: string): Promise<string[]> {
  const listing = await run('ldd', [program]);
  return [...new Set(listing.match(/\/[^\s()]+/g))].filter((path) => path !== program);
}

function directoriesOf(paths: readonly string[]): CpioEntry[] {
  const found = new Set<string>();
  for (const path of paths) {
    for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) found.add(parent);
  }
  return [...found].toSorted().map((path) => ({ type: 'directory', path }));
}
