import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { run } from '@ostler/libvirt/daemon/command';
import { heartbeatsIn, kernelCommandLine, tinyGuest, waitForHeartbeat } from './guest.ts';
import type { TinyGuest } from './guest.ts';
import { until } from '@ostler/libvirt/daemon/poll';

let directory: string;
let guest: TinyGuest;
const started: ChildProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lab-guest-'));
  guest = await tinyGuest();
});
afterEach(() => Promise.all(started.splice(0).map(kill)));
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A guest on plain QEMU, without KVM and without libvirt. */
function boot(name: string, args: readonly string[]): { log: string; process: ChildProcess } {
  const log = join(directory, `${name}.log`);
  const machine = ['-accel', 'tcg', '-m', '128', '-display', 'none', '-monitor', 'none', '-serial', `file:${log}`];
  const process = spawn('qemu-system-x86_64', [...machine, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  started.push(process);
  return { log, process };
}

async function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill('SIGKILL');
  await once(process, 'exit');
}

const virtioDisk = (file: string, format: string): string[] => ['-drive', `file=${file},format=${format},if=virtio,cache=none`];

test('the guest boots from its disk, counts, and a second boot continues the count of the disk', async () => {
  const disk = join(directory, 'boot.qcow2');
  await copyFile(guest.bootQcow2, disk);
  const first = boot('first', ['-M', 'q35', ...virtioDisk(disk, 'qcow2')]);
  const early = await waitForHeartbeat(first.log);
  const later = await waitForHeartbeat(first.log, ({ count }) => count >= early.count + 2);
  expect(later.boot).toBe(early.boot);
  expect(later).toMatchObject({ device: 'vda1', hostname: 'labguest' });
  expect((later.disk ?? 0) - (early.disk ?? 0)).toBe(later.count - early.count);
  await kill(first.process);
  const stamped = heartbeatsIn(await readFile(first.log, 'latin1')).at(-1)?.disk ?? 0;

  const second = boot('second', ['-M', 'q35', ...virtioDisk(disk, 'qcow2')]);
  const again = await waitForHeartbeat(second.log, ({ count }) => count >= 2);
  expect(again.boot).not.toBe(early.boot);
  const [atBoot] = heartbeatsIn(await readFile(second.log, 'latin1'));
  // Killed between stamp and line, the disk is one ahead of what was read.
  expect([stamped + 1, stamped + 2]).toContain(atBoot?.disk);
});

test('the raw disk boots from an IDE controller too', async () => {
  const disk = join(directory, 'boot.raw');
  await copyFile(guest.bootRaw, disk);
  const { log } = boot('ide', ['-M', 'pc', '-drive', `file=${disk},format=raw,if=ide`]);
  expect(await waitForHeartbeat(log)).toMatchObject({ device: 'sda1', disk: 1 });
});

test('kernel and initrd boot directly, and without a disk the heartbeat says so', async () => {
  const { log } = boot('direct', ['-M', 'q35', '-kernel', guest.vmlinuz, '-initrd', guest.initrd, '-append', kernelCommandLine]);
  expect(await waitForHeartbeat(log)).toMatchObject({ disk: null, device: null });
});

test.each([
  { label: 'cidata', path: 'meta-data', content: 'instance-id: i1\nlocal-hostname: web.example\n' },
  {
    label: 'config-2',
    path: 'openstack/latest/meta_data.json',
    content: '{"launch_index": "0", "hostname": "web.example", "name": "web"}',
  },
])('the host name comes from a $label CD-ROM', async ({ label, path, content }) => {
  const iso = await makeIso(label, path, content);
  const { log } = boot(label, [
    '-M',
    'q35',
    '-kernel',
    guest.vmlinuz,
    '-initrd',
    guest.initrd,
    '-append',
    kernelCommandLine,
    '-drive',
    `file=${iso},format=raw,if=none,id=cd`,
    '-device',
    'virtio-scsi-pci',
    '-device',
    'scsi-cd,drive=cd',
  ]);
  expect(await waitForHeartbeat(log)).toMatchObject({ hostname: 'web.example' });
});

test('a guest takes a lease where a DHCP server answers', async () => {
  const { log } = boot('dhcp', [
    '-M',
    'q35',
    '-kernel',
    guest.vmlinuz,
    '-initrd',
    guest.initrd,
    '-append',
    kernelCommandLine,
    '-nic',
    'user,model=virtio-net-pci,restrict=on',
  ]);
  const lease = async (): Promise<string | undefined> =>
    /LABGUEST lease (\S+) on eth0/.exec(await readFile(log, 'latin1').catch(() => ''))?.[1];
  expect(await until('a lease', lease)).toBe('10.0.2.15');
});

test('builders at the same time get the same guest, and a later one finds it built', async () => {
  const cache = join(directory, 'cache');
  const [one, other] = await Promise.all([tinyGuest(cache), tinyGuest(cache)]);
  expect(other).toEqual(one);
  const built = (await stat(one.bootQcow2)).mtimeMs;
  expect((await stat((await tinyGuest(cache)).bootQcow2)).mtimeMs).toBe(built);
  expect(await readdir(cache)).toHaveLength(1);
  await run('qemu-img', ['check', one.bootQcow2]);
});

async function makeIso(label: string, path: string, content: string): Promise<string> {
  const tree = join(directory, `${label}.tree`);
  await mkdir(join(tree, path, '..'), { recursive: true });
  await writeFile(join(tree, path), content);
  const iso = join(directory, `${label}.iso`);
  await run('genisoimage', ['-quiet', '-r', '-J', '-V', label, '-o', iso, tree]);
  return iso;
}
