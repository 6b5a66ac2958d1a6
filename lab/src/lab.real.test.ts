import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '@ostler/libvirt/daemon/poll';
import { processesThat } from '@ostler/libvirt/daemon/process';
import { guestDomainXml } from './guest-domain.ts';
import { tinyGuest, waitForHeartbeat, type Heartbeat } from './guest.ts';
import type { Host } from './host.ts';
import { openLab, type Lab } from './lab.ts';

let lab: Lab;
let first: Host;
let second: Host;
beforeAll(async () => {
  lab = await openLab(2);
  const [one, other] = lab.hosts;
  if (!one || !other) throw new Error('A lab of two hosts has two hosts');
  [first, second] = [one, other];
});
afterAll(() => lab?.close());
beforeEach(async () => {
  for (const host of lab.hosts) {
    await host.setStorage('ok');
    await host.powerOn();
  }
});

/** A guest whose disk lies on the shared storage, started on a host. */
async function guestOn(host: Host, name: string): Promise<(wanted?: (heartbeat: Heartbeat) => boolean) => Promise<Heartbeat>> {
  const disk = join(lab.shared, `${name}.qcow2`);
  if (
    !(await stat(disk).then(
      () => true,
      () => false,
    ))
  )
    await copyFile((await tinyGuest()).bootQcow2, disk);
  const [log, xml] = [join(host.directory, `${name}.serial`), join(host.directory, `${name}.xml`)];
  await writeFile(log, '');
  await writeFile(xml, guestDomainXml({ name, disk: join(host.storage, `${name}.qcow2`), serialLog: log, bridge: 'vmbr0' }));
  await host.virsh(['create', xml]);
  return (wanted) => waitForHeartbeat(log, wanted);
}

const processesOf = (host: Host) =>
  processesThat(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes(`${host.directory}/`));
const running = async (host: Host) => (await host.virsh(['list', '--name'])).split('\n').filter(Boolean);

test('each host runs a guest from the one storage, under a libvirt of its own', async () => {
  const [one, other] = await Promise.all([guestOn(first, 'one'), guestOn(second, 'other')]);
  await Promise.all([one(), other()]);
  expect(await running(first)).toEqual(['one']);
  expect(await running(second)).toEqual(['other']);
  expect(await readdir(second.storage).catch(() => [])).toEqual([]); // mounted in hosts alone
  expect((await second.inside('ls', [second.storage])).trim().split('\n')).toEqual(['one.qcow2', 'other.qcow2']);
  await first.virsh(['destroy', 'one']);
  await second.virsh(['destroy', 'other']);
});

test('a power cut ends everything in the host and nothing in the other; what the disk had is there afterwards', async () => {
  const [lost, kept] = [await guestOn(first, 'lost'), await guestOn(second, 'kept')];
  const before = await lost(({ count }) => count >= 2);
  await first.powerOff();
  expect(first.isOn()).toBe(false);
  expect(await processesOf(first)).toEqual([]);
  await expect(first.virsh(['list'])).rejects.toThrow(/Failed to connect|failed to connect/);
  const { count } = await kept();
  await kept((later) => later.count > count);

  await first.powerOn();
  expect(await running(first)).toEqual([]);
  const again = await guestOn(first, 'lost');
  const after = await again();
  expect(after.boot).not.toBe(before.boot);
  expect(after.disk).toBeGreaterThan(before.disk ?? 0);
  await first.virsh(['destroy', 'lost']);
  await second.virsh(['destroy', 'kept']);
});

test('a guest can be taken up by the other host once its own has lost power', async () => {
  const before = await (await guestOn(first, 'moved'))(({ count }) => count >= 2);
  await first.powerOff();
  const after = await (await guestOn(second, 'moved'))();
  expect(after.disk).toBeGreaterThan(before.disk ?? 0);
  await second.virsh(['destroy', 'moved']);
});

test('storage that hangs stalls the host whose line is cut, and nobody else; when it comes back all goes on', async () => {
  const [stalled, free] = [await guestOn(first, 'stalled'), await guestOn(second, 'free')];
  await Promise.all([stalled(), free()]);
  await first.setStorage('hang');
  let returned = false;
  const waiting = first.inside('touch', [join(first.storage, 'late')], { timeoutMs: 60_000 }).finally(() => (returned = true));
  await second.inside('touch', [join(second.storage, 'prompt')]);
  const { count } = await free();
  await free((later) => later.count >= count + 3);
  expect(returned).toBe(false);
  expect(await stat(join(lab.shared, 'late')).catch(() => undefined)).toBeUndefined();

  await first.setStorage('ok');
  await waiting;
  const seen = await stalled();
  await stalled((later) => later.boot === seen.boot && later.count > seen.count);
  await first.virsh(['destroy', 'stalled']);
  await second.virsh(['destroy', 'free']);
});

test('a guest whose storage fails is paused with an I/O error, and goes on after it is mended', async () => {
  const heard = await guestOn(first, 'failing');
  const before = await heard();
  await first.setStorage('eio');
  await expect.poll(() => first.virsh(['domstate', 'failing', '--reason']), { timeout: 30_000 }).toMatch(/paused \(I\/O error\)/);
  await first.setStorage('ok');
  await first.virsh(['resume', 'failing']);
  expect((await heard((later) => later.count > before.count + 1)).boot).toBe(before.boot);
  await first.virsh(['destroy', 'failing']);
});

test.each([
  { fault: 'enospc', complaint: 'No space left on device', readable: true },
  { fault: 'ro', complaint: 'Read-only file system', readable: true },
  { fault: 'eio', complaint: 'Input/output error', readable: false },
] as const)(
  'storage with $fault says "$complaint" to its host alone; what was there can be read: $readable',
  async ({ fault, complaint, readable }) => {
    const name = `kept-${fault}`;
    await writeFile(join(lab.shared, name), 'kept');
    await first.setStorage(fault);
    await expect(first.inside('dd', ['if=/dev/zero', `of=${join(first.storage, `new-${fault}`)}`, 'bs=4096', 'count=1'])).rejects.toThrow(
      complaint,
    );
    const read = await first.inside('cat', [join(first.storage, name)]).catch((error: Error) => error.message);
    if (readable) expect(read).toBe('kept');
    else expect(read).toContain(complaint);
    await second.inside('dd', ['if=/dev/zero', `of=${join(second.storage, `new-${fault}`)}`, 'bs=4096', 'count=1']);
  },
);

test('slow storage is late and right', async () => {
  await first.setStorage({ slow: 50 });
  await first.inside('sh', ['-c', `echo late >${join(first.storage, 'slow')}`]);
  expect(await readFile(join(lab.shared, 'slow'), 'utf8')).toBe('late\n');
});

test('files belong to whoever made them, not to the storage', async () => {
  await first.inside('sh', [
    '-c',
    `mkdir -m 1777 ${join(first.storage, 'public')} && setpriv --reuid 36 --regid 36 --clear-groups touch ${join(first.storage, 'public/mine')}`,
  ]);
  expect(await stat(join(lab.shared, 'public/mine'))).toMatchObject({ uid: 36, gid: 36 });
});

test('hosts and the manager meet on the management network', async () => {
  const script = `require('net').createServer((socket) => socket.end('${first.name}')).listen(54321, '${first.address}')`;
  first.spawnInside(process.execPath, ['-e', script], join(first.directory, 'server.log'));
  const ask = `const ask = () => require('net').connect(54321, '${first.address}').on('data', (data) => process.stdout.write(data)).on('error', () => setTimeout(ask, 50)); ask()`;
  expect(await lab.network.management.inside(process.execPath, ['-e', ask])).toBe(first.name);
  expect(await second.inside(process.execPath, ['-e', ask])).toBe(first.name);
  await first.powerOff();
  expect(await processesOf(first)).toEqual([]);
});

test('a lab does not survive the process that made it, however that ended', async () => {
  const script = `const { openLab } = await import(${JSON.stringify(join(import.meta.dirname, 'lab.ts'))}); const lab = await openLab(1); console.log(lab.shared); setInterval(() => {}, 1e6)`;
  const maker = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said]: string[] = (await once(maker.stdout, 'data')).map(String);
  const root = join((said ?? '').trim(), '..');
  const left = () => processesThat(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes(root));
  expect(await left()).not.toEqual([]);
  maker.kill('SIGKILL');
  await until('the end of the lab', async () => ((await left()).length === 0 ? true : undefined));
  await rm(root, { recursive: true, force: true });
});
