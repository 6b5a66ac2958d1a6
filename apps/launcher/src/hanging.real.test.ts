import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Client } from '@ostler/contract/client';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { faultyStorage, setFault } from '@ostler/lab/storage-fault';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { output } from './command.ts';
import { inRoot } from './root.ts';
import { bash, testInstance, type TestInstance } from './test/instance.test-support.ts';

const patience = { timeout: 90_000, interval: 250 };

let ostler: TestInstance;
let api: Client;
let directory: string;
let storage: ChildProcess;
const place = (name: string) => join(directory, name);

beforeAll(async () => {
  ostler = await testInstance();
  directory = await mkdtemp('/var/tmp/ostler-hanging-');
  await chmod(directory, 0o755);
  // As `/` is where systemd runs: what is mounted here later is seen by a libvirtd in a mount namespace of its own.
  await output('mount', ['--bind', directory, directory]);
  await output('mount', ['--make-shared', directory]);
  const { status, stdout, stderr } = await ostler.up();
  if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
  api = await ostler.api();
  await output(inRoot('ostler'), ['lab', 'guest', place('guest.qcow2')], { deadline: 120_000 });
  for (const name of ['backing', 'mount']) await mkdir(place(name));
  await chown(place('backing'), 36, 36);
  await setFault(place('switch'), 'ok');
  const options = 'allow_other,default_permissions';
  storage = spawn(await faultyStorage(), [place('backing'), place('switch'), '-f', '-o', options, place('mount')], { stdio: 'inherit' });
  await vi.waitFor(() => output('mountpoint', ['-q', place('mount')]), patience);
  const { id } = await api.storagedomains.add({
    name: 'faulty',
    type: 'data',
    host: { name: (await api.hosts.list({}))[0]?.name },
    storage: { type: 'posixfs', path: place('mount'), vfs_type: 'none', mount_options: 'bind' },
  });
  await becomes('unattached');
  await api.datacenters(fixedIds.defaultDataCenter).storagedomains.add({ id: id ?? '' });
  await becomes('active');
}, 300_000);

afterAll(async () => {
  await setFault(place('switch'), 'ok');
  await ostler.remove();
  await output('umount', ['--lazy', place('mount')]);
  await output('umount', ['--lazy', directory]);
  storage.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

/** A domain that is attached says its status where it is attached. */
async function becomes(status: string): Promise<void> {
  await vi.waitFor(async () => {
    const attached = (await api.datacenters(fixedIds.defaultDataCenter).storagedomains.list({})).find(({ name }) => name === 'faulty');
    const own = (await api.storagedomains.list({})).find(({ name }) => name === 'faulty');
    expect(attached?.status ?? own?.status).toBe(status);
  }, patience);
}

const guestOn = (domain: string, name: string) =>
  bash(
    `ostler login >/dev/null
     ostler disk upload guest.qcow2 --storage-domain ${domain} --alias ${name}
     ostler vm create ${name} --memory 128MiB
     ostler vm disk attach ${name} ${name}
     ostler vm start ${name}`,
    directory,
    ostler.paths.state,
  );

/** How often the guest has written to its disk: it stamps it every second. */
const writes = async (vm: string): Promise<number> => Number(/wr_req (\d+)/.exec(await ostler.virsh('domblkstat', vm, 'vda'))?.[1]);

async function goesOn(vm: string): Promise<void> {
  const before = await writes(vm);
  await vi.waitFor(async () => expect(await writes(vm)).toBeGreaterThan(before + 2), patience);
}

const statusOf = async (name: string) => (await api.vms.list({ search: `name=${name}` }))[0]?.status;

test('one storage domain hangs: the VMs and disks of the other go on, the API answers and says so, and all heals', async () => {
  await guestOn('data', 'sound');
  await guestOn('faulty', 'stuck');
  await vi.waitFor(async () => expect([await statusOf('sound'), await statusOf('stuck')]).toEqual(['up', 'up']), patience);
  await goesOn('stuck');

  await setFault(place('switch'), 'hang');
  await becomes('inactive');
  await goesOn('sound');
  // Not only what runs already: on the other domain everything can be done.
  await guestOn('data', 'new');
  await vi.waitFor(async () => expect(await statusOf('new')).toBe('up'), patience);
  await goesOn('new');
  await bash('ostler vm shutdown new && ostler vm remove new', directory, ostler.paths.state);
  expect((await api.hosts.list({}))[0]?.status).toBe('up');
  expect((await api.events.list({ max: 50 })).map(({ description }) => description)).toContainEqual(expect.stringContaining('faulty'));

  await setFault(place('switch'), 'ok');
  await becomes('active');
  await goesOn('stuck');
  expect(await statusOf('stuck')).toBe('up');
}, 420_000);
