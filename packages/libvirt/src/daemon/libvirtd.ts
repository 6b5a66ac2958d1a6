import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupFor, passwdFor } from './accounts.ts';
import { CommandFailed, requireFiles, run } from './command.ts';
import type { RunOptions } from './command.ts';
import { guestAccounts, libvirtConf, libvirtdSettings, qemuSettings } from './libvirt-conf.ts';
import { until } from './poll.ts';
import { killAll, killNow, processesThat, startDaemon } from './process.ts';

/**
 * A libvirtd of its own, in a mount namespace where one state directory stands for /run/libvirt, /etc/libvirt,
 * /var/lib/libvirt, /var/cache/libvirt and /var/log/libvirt. Any number run beside each other and beside the machine's own.
 * Files and networks are the machine's; so guests name disks by their ordinary paths.
 */
export type Libvirtd = {
  /** Has `run`, `etc`, `lib`, `cache` and `log` below it. QEMU's logs: `log/qemu/NAME.log`. */
  state: string;
  /** libvirt's Unix socket, as everyone sees it. */
  socket: string;
  uri: string;
  /** Of libvirtd, now. Undefined after `crash`. */
  pid(): Promise<number | undefined>;
  /** Every process that lives over this state: libvirtd, virtlogd, QEMU and their helpers. */
  processes(): Promise<number[]>;
  /** Runs virsh and returns its output; throws CommandFailed with what virsh said. */
  virsh(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Runs a program in libvirtd's mount namespace, where /run/libvirt and the others are this state. */
  inside(command: string, args: readonly string[], options?: RunOptions): Promise<string>;
  /** kill -9 of libvirtd alone: guests and virtlogd go on. */
  crash(): Promise<void>;
  /** libvirtd again, over the same state and guests. Already running is fine. */
  restart(): Promise<void>;
  /** The end of everything that lives over this state. */
  stop(): Promise<void>;
};

export type LibvirtdOptions = {
  /** An absolute path of at most 80 bytes, or socket names do not fit. */
  state: string;
  /** As whom guests run. */
  guestsAs: keyof typeof guestAccounts;
  /** Over our own settings of qemu.conf. */
  qemuConf?: Parameters<typeof libvirtConf>[0];
  /** A directory in which instances pass on what they found out about QEMU. */
  knownCapabilities?: string;
  /**
   * Directories below which mounts that are made later must be seen by libvirt and QEMU. A machine without systemd keeps its
   * mounts to each namespace; such a directory is therefore turned into a shared mount until `stop`.
   */
  sharedMounts?: readonly string[];
};

const requirements = {
  '/usr/sbin/libvirtd': 'libvirt-daemon',
  '/usr/sbin/virtlogd': 'libvirt-daemon',
  '/usr/bin/virsh': 'libvirt-clients',
  '/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so': 'libvirt-daemon-driver-qemu',
  '/usr/bin/qemu-system-x86_64': 'qemu-system-x86',
  '/usr/bin/unshare': 'util-linux',
};

const enterScript = join(import.meta.dirname, 'in-state');

/** Starts libvirtd, or takes over one that runs over this state already. Needs root. */
export async function startLibvirtd(options: LibvirtdOptions): Promise<Libvirtd> {
  await requireFiles(requirements);
  const { state, knownCapabilities } = options;
  const libvirtd = libvirtdOver(options);
  try {
    await prepare(state, options);
    await libvirtd.restart();
    if (knownCapabilities !== undefined) await keepCapabilities(state, knownCapabilities);
    return libvirtd;
  } catch (error) {
    await libvirtd.stop();
    throw error;
  }
}

/** Ends what an earlier, perhaps killed, process left running over a state. Nothing there is fine. */
export async function stopLibvirtd(state: string): Promise<void> {
  await killAll(() => processesOver(state));
}

/** The libvirtd over a state, whether it runs now or not. */
export function libvirtdOver({ state, sharedMounts = [] }: Pick<LibvirtdOptions, 'state' | 'sharedMounts'>): Libvirtd {
  const socket = join(state, 'run/libvirt-sock');
  const uri = `qemu+unix:///system?socket=${socket}`;
  const pid = (): Promise<number | undefined> => daemonPid(state, 'libvirtd');
  const virsh = (args: readonly string[], runOptions?: RunOptions): Promise<string> =>
    run('/usr/bin/virsh', ['--quiet', '--connect', uri, ...args], runOptions);
  return {
    state,
    socket,
    uri,
    pid,
    processes: () => processesOver(state),
    virsh,
    inside: async (command, args, runOptions) => {
      const target = await pid();
      if (target === undefined) throw new Error(`No libvirtd runs over ${state}: restart it first.`);
      return run('nsenter', [`--mount=/proc/${target}/ns/mnt`, '--', command, ...args], runOptions);
    },
    crash: async () => {
      const target = await pid();
      if (target === undefined) return;
      killNow(target);
      await until('the end of libvirtd', async () => ((await pid()) === undefined ? true : undefined));
    },
    restart: async () => {
      for (const daemon of ['virtlogd', 'libvirtd'] as const) await startOver(state, daemon);
      await until('an answer of libvirtd', () => answerOf(virsh, state), { deadlineMs: 30_000 });
    },
    stop: async () => {
      await stopLibvirtd(state);
      for (const directory of sharedMounts) await unshareMounts(directory);
    },
  };
}

async function prepare(state: string, { guestsAs, knownCapabilities, qemuConf = {}, sharedMounts = [] }: LibvirtdOptions): Promise<void> {
  for (const directory of ['run', 'etc', 'lib', 'cache', 'log/qemu']) await mkdir(join(state, directory), { recursive: true });
  await writeFile(join(state, 'etc/libvirtd.conf'), libvirtConf({ ...libvirtdSettings, host_uuid: uuidOf(state) }));
  await writeFile(join(state, 'etc/qemu.conf'), libvirtConf({ ...qemuSettings, ...guestAccounts[guestsAs], ...qemuConf }));
  await writeAccounts(join(state, 'accounts'));
  if (knownCapabilities !== undefined) await cp(knownCapabilities, join(state, capabilities), { recursive: true }).catch(() => {}); // none known yet
  for (const directory of sharedMounts) await shareMounts(directory);
}

async function writeAccounts(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const [passwd, group] = await Promise.all([readFile('/etc/passwd', 'utf8'), readFile('/etc/group', 'utf8')]);
  const kvm = await stat('/dev/kvm').catch(() => undefined);
  await writeFile(join(directory, 'passwd'), passwdFor(passwd));
  await writeFile(join(directory, 'group'), groupFor(group, kvm?.gid));
}

const capabilities = 'cache/qemu/capabilities';

/**
 * Probing what QEMU can do takes libvirt some seconds, so instances pass the result on. libvirt compares what it finds with the
 * program files and the machine, and probes again when they changed.
 */
async function keepCapabilities(state: string, known: string): Promise<void> {
  await mkdir(known, { recursive: true });
  const probed = (await readdir(join(state, capabilities))).filter((name) => name.endsWith('.xml') && !name.startsWith('.'));
  for (const name of probed) {
    const draft = join(known, `.${name}.${process.pid}.${performance.now()}`);
    await copyFile(join(state, capabilities, name), draft);
    await rename(draft, join(known, name));
  }
}

/** The same state is the same host. */
function uuidOf(state: string): string {
  const hex = createHash('sha256').update(state).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The pid file is named, because the default one is outside /run/libvirt and would be the machine's. */
async function startOver(state: string, daemon: 'libvirtd' | 'virtlogd'): Promise<void> {
  if ((await daemonPid(state, daemon)) !== undefined) return;
  const command = [`/usr/sbin/${daemon}`, '--pid-file', `/run/libvirt/${daemon}.pid`];
  await startDaemon(
    'unshare',
    ['--mount', '--propagation', 'slave', '--', enterScript, state, ...command],
    join(state, `log/${daemon}.out`),
  );
}

async function answerOf(virsh: Libvirtd['virsh'], state: string): Promise<true | undefined> {
  try {
    await virsh(['version'], { timeoutMs: 10_000 });
    return true;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    if ((await processesOver(state)).length > 0) return undefined;
    const said = await readFile(join(state, 'log/libvirtd.out'), 'utf8').catch(() => '');
    throw new Error(`libvirtd over ${state} ended at once: ${said.trim().slice(-2000)}`, { cause: error });
  }
}

async function daemonPid(state: string, daemon: string): Promise<number | undefined> {
  const pid = Number(await readFile(join(state, `run/${daemon}.pid`), 'utf8').catch(() => NaN));
  return Number.isInteger(pid) && (await livesOver(state, pid)) ? pid : undefined;
}

function processesOver(state: string): Promise<number[]> {
  return processesThat((pid) => livesOver(state, pid));
}

/** A process is this instance's when it sees our state as /run/libvirt: no pid file can be stale enough to name another's. */
async function livesOver(state: string, pid: number): Promise<boolean> {
  try {
    const [ours, theirs] = await Promise.all([stat(join(state, 'run')), stat(`/proc/${pid}/root/run/libvirt`)]);
    return ours.dev === theirs.dev && ours.ino === theirs.ino;
  } catch {
    return false; // gone, a kernel thread, or without a /run/libvirt
  }
}

async function shareMounts(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  if (await isSharedMount(directory)) return; // by an earlier start
  await run('mount', ['--bind', directory, directory]);
  await run('mount', ['--make-rshared', directory]);
}

async function unshareMounts(directory: string): Promise<void> {
  await run('umount', ['--recursive', directory]).catch((error: unknown) => {
    if (!(error instanceof CommandFailed && /not mounted|not found/.test(error.stderr))) throw error;
  });
}

/** Mount points stand in the fifth field of a line of mountinfo, `shared:N` among the optional ones before the dash. */
async function isSharedMount(directory: string): Promise<boolean> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' '));
  return lines.some((fields) => fields[4] === directory && fields.slice(6, fields.indexOf('-')).some((field) => field.startsWith('shared:')));
}
