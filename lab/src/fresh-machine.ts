import { copyFile, cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '@ostler/libvirt/daemon/command';
import { labDirectory } from './guest.ts';
import { openNamespace } from './namespace.ts';

/**
 * A Debian 12 on which nothing was installed by hand but git, Node.js and npm as Debian has them: a root file system of its own in
 * namespaces of its own. The network and its ports are this machine's, and so is the way to the packages.
 */
export interface FreshMachine {
  /** Its files, as this machine sees them. */
  readonly root: string;
  /** Runs a program on it and returns what it wrote. */
  inside(command: string, args: readonly string[], wish?: { timeoutMs?: number; env?: Readonly<Record<string, string>> }): Promise<string>;
  /** Everything that runs on it dies, and it is gone. */
  remove(): Promise<void>;
}

const initialPackages = ['ca-certificates', 'git', 'nodejs', 'npm'];
const init = join(import.meta.dirname, '../host/fresh');
const everything = ['pid', 'mount', 'uts', 'ipc'] as const;
const building = 900_000;

/** Builds one; it takes a minute or two. Needs root and the package mmdebstrap. */
export async function freshMachine(name: string): Promise<FreshMachine> {
  await mkdir(labDirectory(), { recursive: true });
  const directory = await mkdtemp(join(labDirectory(), 'fresh-'));
  const root = join(directory, 'root');
  const gone = () => rm(directory, { recursive: true, force: true });
  try {
    const acquiring = (await aptSettings()).map((file) => `--aptopt=${file}`);
    const what = ['--variant=minbase', `--include=${initialPackages.join(',')}`, ...acquiring];
    await run('mmdebstrap', ['--mode=root', '--quiet', ...what, 'bookworm', root, await debianSources()], { timeoutMs: building });
    await copyWayToPackages(root);
    const machine = await openNamespace(everything, init, [root, name], join(directory, 'console.log'));
    return {
      root,
      inside: (command, args, { timeoutMs = 60_000, env = {} } = {}) =>
        machine.inside(command, args, { timeoutMs, env: { ...environment(), ...env } }),
      async remove() {
        await machine.end();
        await gone();
      },
    };
  } catch (error) {
    await gone();
    throw error;
  }
}

/** Where this machine gets Debian from; other people's packages are no part of a fresh Debian. */
async function debianSources(): Promise<string> {
  const known = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
  for (const file of known) if (/^(URIs:|deb )/m.test(await readFile(file, 'utf8').catch(() => ''))) return file;
  throw new Error(`None of ${known.join(', ')} says where this machine gets Debian from`);
}

async function aptSettings(): Promise<string[]> {
  const directory = '/etc/apt/apt.conf.d';
  const files = (await readdir(directory)).map((name) => join(directory, name));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return files.filter((_file, index) => /^\s*Acquire::/m.test(texts[index] ?? ''));
}

/** How names are resolved, whom TLS trusts, and where npm looks. */
async function copyWayToPackages(root: string): Promise<void> {
  const npmrc = join(homedir(), '.npmrc');
  for (const file of ['/etc/resolv.conf', '/etc/hosts', '/etc/npmrc', '/usr/etc/npmrc', '/etc/ssl/certs/ca-certificates.crt', npmrc]) {
    const target = join(root, file === npmrc ? '/root/.npmrc' : file);
    if ((await readFile(file).catch(() => undefined)) === undefined) continue;
    await mkdir(dirname(target), { recursive: true });
    await rm(target, { force: true });
    await copyFile(file, target);
  }
  const authorities = '/usr/local/share/ca-certificates';
  await cp(authorities, join(root, authorities), { recursive: true }).catch(() => undefined); // none of this machine's own
}

function environment(): NodeJS.ProcessEnv {
  const passed = Object.entries(process.env).filter(([name]) => /^(https?_proxy|no_proxy|npm_config_registry|node_extra_ca_certs)$/i.test(name));
  return { ...Object.fromEntries(passed), PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', TERM: 'dumb', LC_ALL: 'C.UTF-8' };
}
