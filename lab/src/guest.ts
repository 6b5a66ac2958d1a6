import { createHash } from 'node:crypto';
import { access, chmod, copyFile, mkdir, mkdtemp, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireFiles, run } from '@ostler/libvirt/daemon/command';
import { buildInitrd, findKernel, guestScripts } from './guest-parts.ts';
import { until } from '@ostler/libvirt/daemon/poll';

/**
 * The lab's guest: a Linux that boots in seconds under plain emulation and stamps its disk. Paths of files to copy or to back
 * overlays with; nobody writes to them. The disks (64 MiB) boot by BIOS, from virtio, SCSI, SATA or IDE, in 128 MiB of memory.
 */
export type TinyGuest = { vmlinuz: string; initrd: string; bootQcow2: string; bootRaw: string };

/** The kernel command line for a boot with `-kernel` and `-initrd`; the disks have it inside. */
export const kernelCommandLine = 'console=ttyS0 quiet nokaslr mitigations=off no_timer_check random.trust_cpu=on';

/** Where the lab keeps what it builds and runs. */
export function labDirectory(): string {
  return process.env['OSTLER_LAB'] ?? '/var/tmp/ostler-lab';
}

const requirements = {
  '/bin/busybox': 'busybox-static',
  '/usr/sbin/qemu-ga': 'qemu-guest-agent',
  '/usr/lib/EXTLINUX/mbr.bin': 'extlinux',
  '/usr/bin/extlinux': 'extlinux',
  '/usr/bin/qemu-img': 'qemu-utils',
  '/sbin/mke2fs': 'e2fsprogs',
};

/** The guest, built now unless it is there already (some seconds, once for each version of its parts). Needs root. */
export async function tinyGuest(cache = join(labDirectory(), 'guest')): Promise<TinyGuest> {
  await requireFiles(requirements);
  const kernel = await findKernel();
  const directory = join(cache, await keyOfInputs(kernel.vmlinuz));
  if (!(await exists(directory))) await buildInto(directory, cache, kernel);
  return {
    vmlinuz: join(directory, 'vmlinuz'),
    initrd: join(directory, 'initrd.img'),
    bootQcow2: join(directory, 'boot.qcow2'),
    bootRaw: join(directory, 'boot.raw'),
  };
}

export type Heartbeat = {
  /** Random, new at every boot. With `count` it proves that the guest's memory went on. */
  boot: string;
  /** Heartbeats since this boot. */
  count: number;
  /** Heartbeats ever stamped on this disk; null when the guest found no disk that it can write. */
  disk: number | null;
  device: string | null;
  uptimeSeconds: number;
  hostname: string;
};

const heartbeatPattern = /HB boot=(\w+) n=(\d+) disk=(\d+|-) dev=(\S+) up=([\d.]+) host=(\S+)[\r\n]*$/;

/** Reads one line of the guest's serial console. What is not a whole heartbeat is undefined; a shell prompt before it is no harm. */
export function parseHeartbeat(line: string): Heartbeat | undefined {
  const [, boot, count, disk, device, up, hostname] = heartbeatPattern.exec(line) ?? [];
  if (boot === undefined || hostname === undefined) return undefined;
  return {
    boot,
    count: Number(count),
    disk: disk === '-' ? null : Number(disk),
    device: device === undefined || device === '-' ? null : device,
    uptimeSeconds: Number(up),
    hostname,
  };
}

/** All whole heartbeats in a piece of console output, in order. The last line counts only once its end was written. */
export function heartbeatsIn(consoleOutput: string): Heartbeat[] {
  const lines = consoleOutput.split('\n').slice(0, -1);
  return lines.map(parseHeartbeat).filter((heartbeat) => heartbeat !== undefined);
}

/** Waits for a heartbeat in a console log: the newest, if it is `wanted`. To see that a guest goes on, want a count above the last one's. */
export function waitForHeartbeat(
  logFile: string,
  wanted: (heartbeat: Heartbeat) => boolean = () => true,
  deadlineMs = 60_000,
): Promise<Heartbeat> {
  const newest = async (): Promise<Heartbeat | undefined> => {
    const heartbeat = heartbeatsIn(await readFile(logFile, 'latin1').catch(() => '')).at(-1);
    return heartbeat && wanted(heartbeat) ? heartbeat : undefined;
  };
  return until(`a heartbeat in ${logFile}`, newest, { deadlineMs, everyMs: 100 });
}

/** Builders at the same time do not disturb each other: each builds in a directory of its own, the first to finish gives it its name. */
async function buildInto(directory: string, cache: string, kernel: { vmlinuz: string; modules: string }): Promise<void> {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'building-'));
  try {
    await chmod(work, 0o755); // QEMU may run as another user
    await copyFile(kernel.vmlinuz, join(work, 'vmlinuz'));
    await writeFile(join(work, 'initrd.img'), await buildInitrd(kernel.modules));
    await buildBootDisk(work);
    await rename(work, directory);
  } catch (error) {
    if (!(await exists(directory))) throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const diskBytes = 64 * 1024 * 1024;
const partitionStart = 1024 * 1024;

/** An MBR disk with one active ext4 partition: boot loader, kernel, initramfs and the stamp. */
async function buildBootDisk(work: string): Promise<void> {
  const raw = join(work, 'boot.raw');
  const tree = join(work, 'tree');
  const partitionBytes = diskBytes - partitionStart;
  await mkdir(tree);
  await copyFile(join(work, 'vmlinuz'), join(tree, 'vmlinuz'));
  await copyFile(join(work, 'initrd.img'), join(tree, 'initrd.img'));
  await writeFile(join(tree, 'counter'), `${'0'.padEnd(15)}\n`);
  await writeFile(join(tree, 'extlinux.conf'), extlinuxConf);
  await writeDisk(raw, masterBootRecord(await readFile('/usr/lib/EXTLINUX/mbr.bin')));
  // extlinux reads neither 64-bit block numbers nor checksums; without a journal the stamp is the only thing that is ever written.
  const features = '^has_journal,^64bit,^metadata_csum';
  const options = `offset=${partitionStart},lazy_itable_init=0,root_owner=0:0`;
  await run('/sbin/mke2fs', ['-q', '-F', '-t', 'ext4', '-m', '0', '-O', features, '-E', options, raw, `${partitionBytes / 1024}k`]);
  const fill = [join(guestScripts, 'fill-boot-disk'), raw, String(partitionStart), String(partitionBytes), tree, '/mnt'];
  await run('unshare', ['--mount', '--propagation', 'private', '--', ...fill]);
  await run('/usr/bin/qemu-img', ['convert', '-O', 'qcow2', raw, join(work, 'boot.qcow2')]);
  await rm(tree, { recursive: true });
}

const extlinuxConf = `SERIAL 0 115200
DEFAULT guest
PROMPT 0
LABEL guest
  LINUX /vmlinuz
  INITRD /initrd.img
  APPEND ${kernelCommandLine}
`;

/** Boot code, and one active Linux partition from 1 MiB to the end. Cylinders and heads are the filler for "use the sector numbers". */
function masterBootRecord(bootCode: Buffer): Buffer {
  const sector = Buffer.alloc(512);
  bootCode.copy(sector, 0, 0, 440);
  sector.set([0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff], 446);
  sector.writeUInt32LE(partitionStart / 512, 454);
  sector.writeUInt32LE((diskBytes - partitionStart) / 512, 458);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

async function writeDisk(path: string, firstSector: Buffer): Promise<void> {
  const disk = await open(path, 'w');
  try {
    await disk.truncate(diskBytes);
    await disk.write(firstSector, 0, firstSector.length, 0);
  } finally {
    await disk.close();
  }
}

/** Changes whenever something changes that the guest is made of, this code included. */
async function keyOfInputs(vmlinuz: string): Promise<string> {
  const scripts = (await readdir(guestScripts)).toSorted().map((name) => join(guestScripts, name));
  const code = ['guest.ts', 'guest-parts.ts', 'cpio.ts'].map((name) => join(import.meta.dirname, name));
  const hash = createHash('sha256');
  for (const file of [...scripts, ...code, vmlinuz, ...Object.keys(requirements)]) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
