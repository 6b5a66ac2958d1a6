import { chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '@ostler/libvirt/daemon/command';
import { guestDomainXml } from './guest-domain.ts';
import { tinyGuest, waitForHeartbeat } from './guest.ts';
import { startLibvirtd, stopLibvirtd } from './libvirtd.ts';
import type { Libvirtd } from './libvirtd.ts';
import { until } from '@ostler/libvirt/daemon/poll';

let directory: string;
let libvirtd: Libvirtd;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lab-libvirtd-'));
  libvirtd = await startLibvirtd({ sharedMounts: [join(directory, 'mounts')] });
});
afterAll(async () => {
  await libvirtd?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function startGuest(name: string): Promise<{ log: string }> {
  const disk = join(directory, `${name}.qcow2`);
  const log = join(directory, `${name}.serial`);
  const xml = join(directory, `${name}.xml`);
  await copyFile((await tinyGuest()).bootQcow2, disk);
  await writeFile(xml, guestDomainXml({ name, disk, serialLog: log }));
  await libvirtd.virsh(['define', xml]);
  await libvirtd.virsh(['start', name]);
  return { log };
}

const stateOf = async (name: string): Promise<string> => (await libvirtd.virsh(['domstate', name])).trim();

test('a guest goes on while libvirtd is killed, and the next libvirtd sees it running', async () => {
  const { log } = await startGuest('survivor');
  const before = await waitForHeartbeat(log);
  const first = await libvirtd.pid();
  await libvirtd.crash();
  await expect(libvirtd.virsh(['list'])).rejects.toThrow(/failed to connect|Cannot recv data|Failed to connect/);
  const without = await waitForHeartbeat(log, ({ count }) => count >= before.count + 2);
  await libvirtd.restart();
  expect(await libvirtd.pid()).not.toBe(first);
  expect(await stateOf('survivor')).toBe('running');
  const after = await waitForHeartbeat(log, ({ count }) => count > without.count);
  expect(after.boot).toBe(before.boot);
});

test('the guest answers its agent, and the power button shuts it down', async () => {
  const { log } = await startGuest('obedient');
  await waitForHeartbeat(log);
  const ping = (): Promise<true | undefined> =>
    libvirtd.virsh(['qemu-agent-command', 'obedient', '{"execute":"guest-ping"}']).then(
      () => true as const,
      () => undefined,
    );
  await until('an answer of the guest agent', ping);
  const name = await libvirtd.virsh(['qemu-agent-command', 'obedient', '{"execute":"guest-get-host-name"}']);
  expect(JSON.parse(name)).toEqual({ return: { 'host-name': 'labguest' } });
  await libvirtd.virsh(['shutdown', 'obedient', '--mode', 'acpi']);
  await until('the end of the guest', async () => ((await stateOf('obedient')) === 'shut off' ? true : undefined));
  expect(await readFile(log, 'latin1')).toMatch(/LABGUEST power button/);
});

test('the agent reboots a guest: a new boot on the same disk', async () => {
  const { log } = await startGuest('phoenix');
  const before = await waitForHeartbeat(log);
  await until('an accepted reboot', () =>
    libvirtd.virsh(['reboot', 'phoenix', '--mode', 'agent']).then(
      () => true as const,
      () => undefined,
    ),
  );
  const after = await waitForHeartbeat(log, ({ boot }) => boot !== before.boot);
  expect(after.disk).toBeGreaterThan(before.disk ?? 0);
});

test('a mount that is made later below a shared directory is seen by libvirt', async () => {
  const mount = join(directory, 'mounts/late');
  await run('mkdir', [mount]);
  await run('mount', ['-t', 'tmpfs', 'late', mount]);
  await writeFile(join(mount, 'seen'), '');
  expect(await libvirtd.inside('ls', [mount])).toBe('seen\n');
  await run('umount', [mount]);
});

test('instances do not see each other, and the end of one takes its guests and its state', async () => {
  const second = await startLibvirtd();
  const disk = join(directory, 'second.qcow2');
  await copyFile((await tinyGuest()).bootQcow2, disk);
  const xml = join(directory, 'second.xml');
  await writeFile(xml, guestDomainXml({ name: 'second', disk, serialLog: join(directory, 'second.serial') }));
  await second.virsh(['create', xml]);
  expect((await libvirtd.virsh(['list', '--name'])).split('\n')).not.toContain('second');
  expect(await second.processes()).toHaveLength(3); // libvirtd, virtlogd, QEMU
  const others = await libvirtd.processes();

  await second.stop();
  expect(await second.processes()).toEqual([]);
  await expect(stat(second.state)).rejects.toThrow(/ENOENT/);
  await stopLibvirtd(second.state);
  expect(await libvirtd.processes()).toEqual(others);
});

test('a guest can run as the owner of the storage: 36:36, with the group that may use KVM', async () => {
  const product = await startLibvirtd({ guestsAs: 'storage' });
  try {
    const [disk, log, xml] = ['owned.qcow2', 'owned.serial', 'owned.xml'].map((name) => join(product.state, name)) as [string, string, string];
    await copyFile((await tinyGuest()).bootQcow2, disk);
    await chown(disk, 36, 36);
    await writeFile(xml, guestDomainXml({ name: 'owned', disk, serialLog: log }));
    await product.virsh(['define', xml]);
    await product.virsh(['start', 'owned']);
    await waitForHeartbeat(log);
    const qemu = (await readFile(join(product.state, 'run/qemu/owned.pid'), 'utf8')).trim();
    const status = await readFile(`/proc/${qemu}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t36\t36\t36\t36$/m);
    const kvm = /^kvm:[^:]*:(\d+):/m.exec(await readFile('/etc/group', 'utf8'))?.[1];
    if (kvm !== undefined) expect(/^Groups:\t(.*)$/m.exec(status)?.[1]?.trim().split(' ')).toContain(kvm);
    expect(await stat(disk)).toMatchObject({ uid: 36, gid: 36 });
  } finally {
    await product.stop();
  }
});
