import { proves } from '@ostler/contract/coverage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { row, rows, sql } from '../db/database.ts';
import { hostsUp, simulatedWorld, type World } from '../testing/world.test-support.ts';

/** What becomes of a VM between its starts: changes that wait, a guest that is suspended, a run with something of its own. */

let world: World;
let domain: string;
const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;

beforeAll(async () => {
  world = await simulatedWorld({ hosts: 2 });
  world.control();
  await hostsUp(world);
  domain = await world.addDomain('data1');
});
afterAll(() => world?.stop());

const blank = (name: string, more: object = {}) => ({ name, cluster: { name: 'Default' }, template: { name: 'Blank' }, ...more });
const newDisk = (alias: string) => ({
  alias,
  format: 'cow',
  provisioned_size: gibibyte,
  storage_domains: { storage_domain: [{ id: domain }] },
});
async function bootable(name: string, more: object = {}): Promise<string> {
  const vm = (await world.did('POST', 'vms', blank(name, more))).body.id as string;
  await world.did('POST', `vms/${vm}/diskattachments`, { bootable: true, interface: 'virtio', disk: newDisk(`${name}_disk`) });
  return vm;
}
const becomes = (vm: string, wanted: string) =>
  world.until(
    () => world.vmStatus(vm),
    (status) => status === wanted,
  );
async function started(name: string, more: object = {}): Promise<string> {
  const vm = await bootable(name, more);
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  return vm;
}
const get = async (path: string) => (await world.ask('GET', path)).body;
const hostOf = async (vm: string) => {
  const run = await row<{ host: string }>(world.db, sql`select run_host_id as host from vms where id = ${vm}`);
  return world.hosts.find((host) => host.hostId === run?.host) ?? world.hosts[0];
};
async function gone(vm: string): Promise<void> {
  await world.did('POST', `vms/${vm}/stop`, {});
  await world.did('DELETE', `vms/${vm}`);
}
const eventsOf = async (vm: string, code: number) =>
  (await rows(world.db, sql`select 1 from events where vm_id = ${vm} and code = ${code}`)).length;
const volumesOnStorage = () => world.storage.contents().flatMap((one) => [...one.volumes.keys()]);

// ---- what waits for the next start ----------------------------------------------------------------------------------

test('a running VM is changed at once in what its guest does not notice; the rest waits for its next start, and comes then', async () => {
  const vm = await started('waits');
  const changed = await world.did('PUT', `vms/${vm}`, {
    name: 'waited',
    description: 'd',
    comment: 'c',
    delete_protected: true,
    high_availability: { enabled: true, priority: 50 },
    memory_policy: { guaranteed: 512 * mebibyte },
    bios: { type: 'q35_ovmf' },
    os: { boot: { devices: { device: ['network', 'hd'] } } },
  });
  const now = {
    name: 'waited',
    description: 'd',
    comment: 'c',
    delete_protected: 'true',
    high_availability: { enabled: 'true', priority: '50' },
    memory_policy: { guaranteed: String(512 * mebibyte) },
    bios: { type: 'q35_sea_bios' },
    os: { boot: { devices: { device: ['hd'] } } },
    next_run_configuration_exists: 'true',
  };
  const next = { bios: { type: 'q35_ovmf' }, os: { boot: { devices: { device: ['network', 'hd'] } } } };
  expect(changed.body).toMatchObject(now);
  expect(await get(`vms/${vm}`)).toMatchObject(now);
  expect(await get(`vms/${vm}?next_run=true`)).toMatchObject({ ...next, name: 'waited', status: 'up' });
  expect((await get('vms?search=next_run_config_exists%3Dtrue')).vm.map((one: { id: string }) => one.id)).toEqual([vm]);

  await world.did('PUT', `vms/${vm}`, { usb: { enabled: false } });
  expect(await get(`vms/${vm}?next_run=true`)).toMatchObject({ ...next, usb: { enabled: 'false' } });
  await world.did('POST', `vms/${vm}/shutdown`, {});
  await becomes(vm, 'down');
  expect(await get(`vms/${vm}`)).toMatchObject({ ...next, usb: { enabled: 'false' }, next_run_configuration_exists: 'false' });
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  expect((await hostOf(vm)).world.specOf(vm)).toMatchObject({ firmware: 'q35_ovmf', boot: ['network', 'hd'] });
  await world.did('PUT', `vms/${vm}`, { delete_protected: false });
  await gone(vm);
  proves('vm.update', 'vm.get');
});

test('with next_run everything waits, and what is taken back waits no longer', async () => {
  const vm = await started('patient');
  await world.did('PUT', `vms/${vm}?next_run=true`, { memory: 2 * gibibyte, high_availability: { enabled: true } });
  expect(await get(`vms/${vm}`)).toMatchObject({ memory: String(gibibyte), high_availability: { enabled: 'false' }, next_run_configuration_exists: 'true' });
  expect(await get(`vms/${vm}?next_run=true`)).toMatchObject({ memory: String(2 * gibibyte), high_availability: { enabled: 'true' } });
  expect((await hostOf(vm)).world.specOf(vm).memory.size).toBe(gibibyte);
  await world.did('PUT', `vms/${vm}?next_run=true`, { memory: gibibyte, high_availability: { enabled: false } });
  expect(await get(`vms/${vm}`)).toMatchObject({ next_run_configuration_exists: 'false' });
  await gone(vm);
});

test('memory and processors are plugged into a VM that is up; what its guest or its host refuses waits for the next start', async () => {
  const vm = await started('grows');
  const host = await hostOf(vm);
  const size = gibibyte + 512 * mebibyte;
  await world.did('PUT', `vms/${vm}`, { memory: size, cpu: { topology: { sockets: 4 } } });
  expect(await get(`vms/${vm}`)).toMatchObject({ memory: String(size), cpu: { topology: { sockets: '4' } }, next_run_configuration_exists: 'false' });
  expect(host.world.specOf(vm)).toMatchObject({ memory: { size }, cpu: { sockets: 4 } });
  expect(await eventsOf(vm, 2039)).toBe(1);

  await world.did('PUT', `vms/${vm}`, { cpu: { topology: { sockets: 2 } } });
  expect(host.world.specOf(vm).cpu.sockets).toBe(2);
  host.world.holdOn(vm);
  await world.did('PUT', `vms/${vm}`, { cpu: { topology: { sockets: 1 } } }, 'failed');
  expect(await get(`vms/${vm}`)).toMatchObject({ cpu: { topology: { sockets: '2' } }, next_run_configuration_exists: 'true' });
  expect(await get(`vms/${vm}?next_run=true`)).toMatchObject({ cpu: { topology: { sockets: '1' } } });
  await world.did('PUT', `vms/${vm}`, { memory: 256 * mebibyte });
  expect(await get(`vms/${vm}`)).toMatchObject({ memory: String(size) });
  expect(await world.ask('PUT', `vms/${vm}`, { memory: size + 100 * mebibyte })).toMatchObject({
    status: 409,
    body: { code: 'hot_memory_step', field: 'vm.memory' },
  });
  await world.did('POST', `vms/${vm}/stop`, {});
  expect(await get(`vms/${vm}`)).toMatchObject({ memory: String(256 * mebibyte), cpu: { topology: { sockets: '1' } } });
  await world.did('DELETE', `vms/${vm}`);
});

// ---- suspended --------------------------------------------------------------------------------------------------------

test('a suspended VM keeps its guest on a disk of its own, and goes on from there, on any host', async () => {
  const vm = await started('sleeper');
  const before = await world.slate();
  await world.did('POST', `vms/${vm}/suspend`, {});
  expect(await world.vmStatus(vm)).toBe('suspended');
  expect(await eventsOf(vm, 512)).toBe(1);
  const memory = (await get('disks?search=alias%3Dsleeper_memory')).disk as { id: string; content_type: string; status: string }[];
  expect(memory).toMatchObject([{ content_type: 'memory_dump_volume', status: 'ok' }]);
  expect(await world.ask('DELETE', `disks/${memory[0]?.id}`)).toMatchObject({ status: 409, body: { code: 'disk_in_use' } });
  for (const host of world.hosts)
    await world.until(
      () => host.world.vms(),
      (all) => all.length === 0,
    );
  for (const [method, path, body] of [
    ['DELETE', `vms/${vm}`],
    ['POST', `vms/${vm}/suspend`, {}],
    ['POST', `vms/${vm}/reboot`, {}],
  ] as [string, string, object?][])
    expect(await world.ask(method, path, body), `${method} ${path}`).toMatchObject({ status: 409, body: { code: 'vm_wrong_status' } });
  await world.did('PUT', `vms/${vm}`, { description: 'while it sleeps', bios: { boot_menu: { enabled: true } } });
  expect(await get(`vms/${vm}`)).toMatchObject({ description: 'while it sleeps', next_run_configuration_exists: 'true' });
  await world.did('PUT', `vms/${vm}`, { description: '', bios: { boot_menu: { enabled: false } } });

  const [, other] = world.hosts;
  await world.did('POST', `vms/${vm}/start`, { vm: { placement_policy: { hosts: { host: [{ id: other?.hostId }] } } } });
  await becomes(vm, 'up');
  expect(await get(`vms/${vm}`)).toMatchObject({ host: { id: other?.hostId }, fqdn: 'sleeper' });
  expect((await get('disks?search=alias%3Dsleeper_memory')).disk ?? []).toEqual([]);
  expect(volumesOnStorage()).toHaveLength(1);
  expect(world.storage.violations).toEqual([]);
  expect(Object.keys(await world.slate())).toEqual(Object.keys(before));
  await gone(vm);
  proves('vm.suspend', 'vm.start');
});

test('a suspended VM that is powered off has lost its memory, and becomes what waited for that', async () => {
  const vm = await started('dreamer');
  await world.did('PUT', `vms/${vm}`, { bios: { boot_menu: { enabled: true } } });
  await world.did('POST', `vms/${vm}/suspend`, {});
  expect(await get(`vms/${vm}`)).toMatchObject({ next_run_configuration_exists: 'true' });
  await world.did('POST', `vms/${vm}/shutdown`, { reason: 'enough' });
  expect(await get(`vms/${vm}`)).toMatchObject({
    status: 'down',
    stop_reason: 'enough',
    bios: { boot_menu: { enabled: 'true' } },
    next_run_configuration_exists: 'false',
  });
  expect(volumesOnStorage()).toHaveLength(1);
  await world.did('DELETE', `vms/${vm}`);
});

test('a guest that cannot be saved goes on, and leaves nothing; one whose memory is lost can only start anew', async () => {
  const vm = await started('insomniac');
  const host = await hostOf(vm);
  host.faults.add('saveVm', { kind: 'refused', code: 'hypervisor_failed' }, 1);
  await world.did('POST', `vms/${vm}/suspend`, {}, 'failed');
  expect(await world.vmStatus(vm)).toBe('up');
  expect(volumesOnStorage()).toHaveLength(1);
  expect(await eventsOf(vm, 521)).toBe(1);

  await world.did('POST', `vms/${vm}/suspend`, {});
  const saved = await row<{ volume: string }>(world.db, sql`select v.id as volume from vms m join volumes v on v.disk_id = m.saved_memory where m.id = ${vm}`);
  for (const one of world.storage.contents()) one.volumes.delete(saved?.volume ?? '');
  await world.did('POST', `vms/${vm}/start`, {}, 'failed');
  expect(await world.vmStatus(vm)).toBe('suspended');
  await world.db.transaction().execute((tx) => sql`update volumes set legal = false where id = ${saved?.volume}`.execute(tx));
  expect(await world.ask('POST', `vms/${vm}/start`, {})).toMatchObject({ status: 409, body: { code: 'vm_saved_memory_lost' } });
  await gone(vm);
});

test('there is room for a guest’s memory, or it is not suspended', async () => {
  const vm = await started('huge', { memory: 8 * gibibyte });
  await world.db.transaction().execute((tx) => sql`update storage_domains set available = 6 * 1073741824::bigint`.execute(tx));
  expect(await world.ask('POST', `vms/${vm}/suspend`, {})).toMatchObject({ status: 409, body: { code: 'vm_suspend_no_domain' } });
  await world.db.transaction().execute((tx) => sql`update storage_domains set available = total`.execute(tx));
  await gone(vm);
});

// ---- a run with something of its own -----------------------------------------------------------------------------------

test('a run once has what it was asked for, shows that it has, and its next run has none of it', async () => {
  const vm = await bootable('once');
  const [host] = world.hosts;
  await world.did('POST', `vms/${vm}/start`, {
    pause: true,
    vm: {
      os: { boot: { devices: { device: ['cdrom', 'hd'] } }, kernel: '/boot/vmlinuz', initrd: '/boot/initrd', cmdline: 'quiet' },
      placement_policy: { hosts: { host: [{ id: host.hostId }] } },
    },
  });
  await becomes(vm, 'paused');
  expect(await get(`vms/${vm}`)).toMatchObject({ run_once: 'true', os: { boot: { devices: { device: ['hd'] } } }, host: { id: host.hostId } });
  expect(host.world.specOf(vm)).toMatchObject({ boot: ['cdrom', 'hd'], kernel: { path: '/boot/vmlinuz', initrd: '/boot/initrd', commandLine: 'quiet' } });
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  await world.did('POST', `vms/${vm}/stop`, {});
  expect(await get(`vms/${vm}`)).toMatchObject({ run_once: 'false' });
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  expect((await hostOf(vm)).world.specOf(vm)).toMatchObject({ boot: ['hd'], kernel: null });
  await gone(vm);
});
