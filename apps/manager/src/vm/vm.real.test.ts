import { randomUUID } from 'node:crypto';
import type { VmObservation } from '@ostler/agent-contract/values';
import { proves } from '@ostler/contract/coverage';
import { fixedIds, instanceTypes } from '@ostler/domain/fixed-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { row, rows, sql } from '../db/database.ts';
import { applyObservation } from '../monitoring/observations.ts';
import { digestOfRows, hostsUp, simulatedWorld, type World } from '../testing/world.test-support.ts';

let world: World;
let domain: string;
let controlling: { stop(): Promise<void> };
const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;

beforeAll(async () => {
  world = await simulatedWorld({ hosts: 2 });
  controlling = world.control();
  await hostsUp(world);
  domain = await world.addDomain('data1');
});
afterAll(() => world?.stop());

const blank = (name: string, more: object = {}) => ({ name, cluster: { name: 'Default' }, template: { name: 'Blank' }, ...more });
const addVm = async (name: string, more: object = {}) => (await world.did('POST', 'vms', blank(name, more))).body.id as string;
const newDisk = (alias: string, more: object = {}) => ({
  alias,
  format: 'cow',
  provisioned_size: gibibyte,
  storage_domains: { storage_domain: [{ id: domain }] },
  ...more,
});
const addDisk = async (alias: string, more: object = {}) => (await world.did('POST', 'disks', newDisk(alias, more))).body.id as string;
/** A VM with one boot disk, as simple as one that starts can be. */
async function bootable(name: string, more: object = {}): Promise<string> {
  const vm = await addVm(name, more);
  await world.did('POST', `vms/${vm}/diskattachments`, { bootable: true, interface: 'virtio', disk: newDisk(`${name}_disk`) });
  return vm;
}
const becomes = (vm: string, wanted: string) =>
  world.until(
    () => world.vmStatus(vm),
    (status) => status === wanted,
  );
async function started(name: string): Promise<string> {
  const vm = await bootable(name);
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  return vm;
}
const runOf = (vm: string) =>
  row<{ run: string; host: string; boot: string; sequence: number }>(
    world.db,
    sql`select run_id as run, run_host_id as host, run_boot_id as boot, run_sequence as sequence from vms where id = ${vm}`,
  );
const hostOf = async (vm: string) => {
  const run = await runOf(vm);
  return world.hosts.find((host) => host.hostId === run?.host) ?? world.hosts[0];
};
async function gone(vm: string): Promise<void> {
  await world.did('POST', `vms/${vm}/stop`, {});
  await world.did('DELETE', `vms/${vm}`);
}
const eventsOf = (vm: string, code: number) =>
  rows<{ parameters: Record<string, string> }>(
    world.db,
    sql`select parameters from events where vm_id = ${vm} and code = ${code} order by index`,
  );

const allowed = (actions: { name: string; allowed: string }[]) => actions.filter((one) => one.allowed === 'true').map((one) => one.name);

// ---- what a VM is -------------------------------------------------------------------------------------------------

test('a VM of Blank is what was asked for, and Blank where nothing was', async () => {
  const before = await world.slate();
  const plain = await addVm('plain');
  expect((await world.ask('GET', `vms/${plain}`)).body).toMatchObject({
    name: 'plain',
    status: 'down',
    memory: String(gibibyte),
    memory_policy: { guaranteed: String(gibibyte), max: String(4 * gibibyte) },
    cpu: { topology: { sockets: '1', cores: '1', threads: '1' } },
    bios: { type: 'q35_sea_bios' },
    template: { id: fixedIds.blankTemplate },
    original_template: { id: fixedIds.blankTemplate },
    cluster: { id: fixedIds.defaultCluster },
  });
  const rich = await addVm('rich', {
    description: 'all of it',
    comment: 'c',
    memory: 2 * gibibyte,
    memory_policy: { guaranteed: gibibyte, max: 3 * gibibyte },
    cpu: { topology: { sockets: 2, cores: 2, threads: 1 } },
    bios: { type: 'q35_ovmf', boot_menu: { enabled: true } },
    os: { type: 'rhel_8x64', boot: { devices: { device: ['network', 'hd'] } } },
    display: { type: 'vnc' },
    delete_protected: true,
    high_availability: { enabled: true, priority: 50 },
    type: 'desktop',
  });
  expect((await world.ask('GET', `vms/${rich}`)).body).toMatchObject({
    description: 'all of it',
    comment: 'c',
    memory: String(2 * gibibyte),
    memory_policy: { guaranteed: String(gibibyte), max: String(3 * gibibyte) },
    cpu: { topology: { sockets: '2', cores: '2' } },
    bios: { type: 'q35_ovmf', boot_menu: { enabled: 'true' } },
    os: { type: 'rhel_8x64', boot: { devices: { device: ['network', 'hd'] } } },
    delete_protected: 'true',
    high_availability: { enabled: 'true', priority: '50' },
    type: 'desktop',
  });
  expect(await world.ask('DELETE', `vms/${rich}`)).toMatchObject({ status: 409, body: { code: 'vm_delete_protected' } });
  const changed = await world.did('PUT', `vms/${rich}`, {
    name: 'richer',
    delete_protected: false,
    memory: gibibyte,
    memory_policy: { max: 4 * gibibyte },
  });
  expect(changed.body).toMatchObject({ name: 'richer', memory: String(gibibyte), os: { type: 'rhel_8x64' } });
  for (const vm of [plain, rich]) await world.did('DELETE', `vms/${vm}`);
  expect((await world.ask('GET', `vms/${plain}`)).status).toBe(404);
  expect(await world.slate()).toEqual(before);
  proves('vms.add', 'vms.list', 'vm.get', 'vm.update', 'vm.remove');
});

test('Blank and the instance types are told as RHV’s clients know them', async () => {
  expect((await world.ask('GET', `templates/${fixedIds.blankTemplate}`)).body).toMatchObject({
    name: 'Blank',
    status: 'ok',
    version: { version_number: '1' },
    memory: String(gibibyte),
  });
  expect((await world.ask('GET', 'templates?search=name%3DBlank')).body.template).toHaveLength(1);
  expect((await world.ask('GET', 'templates?search=name%3DOther')).body.template ?? []).toEqual([]);
  const types = (await world.ask('GET', 'instancetypes')).body.instance_type as { name: string }[];
  expect(types.map((one) => one.name).toSorted()).toEqual(instanceTypes.map((one) => one.name).toSorted());
  expect((await world.ask('GET', `instancetypes/${instanceTypes[2].id}`)).body).toMatchObject({
    name: 'Medium',
    memory: String(4096 * mebibyte),
    cpu: { topology: { sockets: '2' } },
  });
  for (const path of ['instancetypes/nothing', `instancetypes/${fixedIds.blankTemplate}`, `templates/${instanceTypes[0].id}`])
    expect((await world.ask('GET', path)).status, `${path}`).toBe(404);
  for (const part of ['nics', 'diskattachments'])
    expect((await world.ask('GET', `templates/${fixedIds.blankTemplate}/${part}`)).status).toBe(200);
  proves(
    'templates.list',
    'template.get',
    'instance_types.list',
    'instance_type.get',
    'template_nics.list',
    'template_disk_attachments.list',
  );
});

test('disks are attached new, by id and at birth; what does not fit is refused by its field', async () => {
  const vm = await addVm('disks');
  const made = await world.did('POST', `vms/${vm}/diskattachments`, { bootable: true, interface: 'virtio', disk: newDisk('boot') });
  expect(made.body).toMatchObject({ bootable: 'true', interface: 'virtio', active: 'true' });
  const boot = made.body.id as string;
  const loose = await addDisk('loose');
  expect(
    (await world.did('POST', `vms/${vm}/diskattachments`, { interface: 'virtio_scsi', bootable: false, disk: { id: loose } })).body,
  ).toMatchObject({ id: loose, interface: 'virtio_scsi' });
  expect((await world.ask('GET', `vms/${vm}/diskattachments`)).body.disk_attachment).toHaveLength(2);
  expect(
    (await world.ask('GET', `vms/${vm}?follow=disk_attachments.disk`)).body.disk_attachments.disk_attachment.map(
      (one: { disk: { alias: string } }) => one.disk.alias,
    ),
  ).toEqual(['boot', 'loose']);
  expect((await world.did('PUT', `vms/${vm}/diskattachments/${loose}`, { interface: 'sata' })).body.interface).toBe('sata');
  expect((await world.ask('GET', `vms/${vm}/diskattachments/${loose}`)).body.interface).toBe('sata');
  const other = await addVm('other-disks');
  const refusals: [number, string, string | undefined, string, object][] = [
    [409, 'disk_boot_in_use', 'disk_attachment.bootable', vm, { bootable: true, interface: 'virtio', disk: newDisk('second-boot') }],
    [409, 'disk_already_attached', undefined, vm, { interface: 'virtio', bootable: false, disk: { id: loose } }],
    [409, 'disk_attached_elsewhere', undefined, other, { interface: 'virtio', bootable: false, disk: { id: loose } }],
    [400, 'disk_interface_chipset', 'disk_attachment.interface', other, { interface: 'ide', bootable: false, disk: newDisk('ide') }],
    [
      400,
      'disk_read_only_interface',
      'disk_attachment.read_only',
      other,
      { interface: 'sata', bootable: false, read_only: true, disk: newDisk('sata') },
    ],
  ];
  for (const [status, code, field, target, body] of refusals) {
    const answer = await world.ask('POST', `vms/${target}/diskattachments`, body);
    expect({ status: answer.status, code: answer.body.code, field: answer.body.field }).toEqual({ status, code, field });
  }
  await world.did('DELETE', `vms/${vm}/diskattachments/${loose}`);
  expect((await world.ask('GET', `disks/${loose}`)).body.status).toBe('ok');
  const born = await addVm('born-with', {
    disk_attachments: { disk_attachment: [{ disk: { id: loose }, interface: 'virtio', bootable: true }] },
  });
  expect((await world.ask('GET', `vms/${born}/diskattachments`)).body.disk_attachment).toMatchObject([
    { id: loose, bootable: 'true', interface: 'virtio' },
  ]);
  expect(
    await world.ask('POST', 'vms', blank('born-too', { disk_attachments: { disk_attachment: [{ disk: { id: boot } }] } })),
  ).toMatchObject({ status: 409, body: { code: 'disk_attached_elsewhere', field: 'vm.disk_attachments' } });
  expect(
    await world.ask('POST', 'vms', blank('born-too', { disk_attachments: { disk_attachment: [{ disk: newDisk('new') }] } })),
  ).toMatchObject({ status: 501, body: { code: 'disk_inline_new' } });
  await world.did('DELETE', `vms/${vm}/diskattachments/${boot}?detach_only=false`);
  expect((await world.ask('GET', `disks/${boot}`)).status).toBe(404);
  for (const one of [vm, other, born]) await world.did('DELETE', `vms/${one}`);
  expect((await world.ask('GET', `disks/${loose}`)).status).toBe(404);
  proves('disk_attachments.add', 'disk_attachments.list', 'disk_attachment.get', 'disk_attachment.update', 'disk_attachment.remove');
});

test('NICs get the pool’s lowest free address or bring their own; names and addresses are taken once', async () => {
  const vm = await addVm('nics');
  const one = await world.did('POST', `vms/${vm}/nics`, { name: 'nic1', vnic_profile: { id: fixedIds.managementProfile } });
  const two = await world.did('POST', `vms/${vm}/nics`, { name: 'nic2', interface: 'e1000', mac: { address: '02:00:00:00:00:01' } });
  expect(one.body).toMatchObject({
    interface: 'virtio',
    linked: 'true',
    plugged: 'true',
    vnic_profile: { id: fixedIds.managementProfile },
  });
  expect(one.body.mac.address).toMatch(/^56:6f:.*:00:00$/);
  expect(two.body.mac.address).toBe('02:00:00:00:00:01');
  expect((await world.ask('GET', `vms/${vm}/nics`)).body.nic).toHaveLength(2);
  const id = two.body.id as string;
  expect((await world.did('PUT', `vms/${vm}/nics/${id}`, { name: 'renamed', linked: false })).body).toMatchObject({
    name: 'renamed',
    linked: 'false',
  });
  await world.did('POST', `vms/${vm}/nics/${id}/deactivate`, {});
  expect((await world.ask('GET', `vms/${vm}/nics/${id}`)).body.plugged).toBe('false');
  await world.did('POST', `vms/${vm}/nics/${id}/activate`, {});
  expect((await world.ask('GET', `vms/${vm}/nics/${id}`)).body.plugged).toBe('true');
  const refusals: [number, string, string, object][] = [
    [409, 'nic_name_taken', 'nic.name', { name: 'NIC1' }],
    [409, 'mac_taken', 'nic.mac.address', { name: 'x', mac: { address: '02:00:00:00:00:01' } }],
    [400, 'mac_malformed', 'nic.mac.address', { name: 'x', mac: { address: '02-00' } }],
    [400, 'mac_multicast', 'nic.mac.address', { name: 'x', mac: { address: '01:00:00:00:00:01' } }],
    [400, 'name_characters', 'nic.name', { name: 'has space' }],
    [400, 'nic_interface_unfit', 'nic.interface', { name: 'x', interface: 'pci_passthrough' }],
  ];
  for (const [status, code, field, body] of refusals)
    expect(await world.ask('POST', `vms/${vm}/nics`, body), `${code}`).toMatchObject({ status, body: { code, field } });
  await world.did('DELETE', `vms/${vm}/nics/${id}`);
  expect((await world.ask('GET', `vms/${vm}/nics/${id}`)).status).toBe(404);
  await world.did('DELETE', `vms/${vm}`);
  proves('vm_nics.add', 'vm_nics.list', 'vm_nic.get', 'vm_nic.update', 'vm_nic.remove', 'vm_nic.activate', 'vm_nic.deactivate');
});

// ---- running ------------------------------------------------------------------------------------------------------

test('a VM starts, is up when its guest answers, and after a stop it is down and its host has nothing of it', async () => {
  const before = await world.slate();
  const vm = await bootable('life');
  await world.did('POST', `vms/${vm}/nics`, { name: 'nic1', vnic_profile: { id: fixedIds.managementProfile } });
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  const { body } = await world.ask('GET', `vms/${vm}`);
  const host = await hostOf(vm);
  expect(body).toMatchObject({ host: { id: host.hostId }, fqdn: 'life' });
  expect(Number(body.start_time)).toBeGreaterThan(0);
  expect(allowed(body.action_states.action_state)).toEqual(expect.arrayContaining(['stop', 'shutdown', 'reboot', 'reset', 'console']));
  expect(allowed(body.action_states.action_state)).not.toContain('start');
  for (const [path, of] of [
    ['graphicsconsoles', 'graphics_console'],
    ['cdroms', 'cdrom'],
    ['snapshots', 'snapshot'],
  ] as const) {
    const all = (await world.ask('GET', `vms/${vm}/${path}`)).body[of] as { id: string }[];
    expect(all, `${path}`).toHaveLength(1);
    expect((await world.ask('GET', `vms/${vm}/${path}/${all[0]?.id}`)).body.id).toBe(all[0]?.id);
  }
  host.world.setGuest(vm, { nics: [{ name: 'eth0', addresses: [{ family: 'v4', address: '192.0.2.7', prefix: 24 }] }] });
  await world.until(
    async () => (await world.ask('GET', `vms/${vm}/reporteddevices`)).body.reported_device as { ips: object }[] | undefined,
    (all) => all?.length === 1,
  );
  expect((await world.ask('GET', `vms/${vm}/reporteddevices`)).body.reported_device[0].ips.ip).toMatchObject([
    { address: '192.0.2.7', version: 'v4' },
  ]);
  const figures = (await world.ask('GET', `vms/${vm}/statistics`)).body.statistic as {
    name: string;
    values: { value: { datum: string }[] };
  }[];
  expect(figures.map((one) => one.name)).toEqual(
    expect.arrayContaining(['memory.installed', 'cpu.current.total', 'network.current.total', 'elapsed.time']),
  );
  const again = await world.ask('POST', `vms/${vm}/start`, {});
  expect(again).toMatchObject({ status: 409, body: { code: 'vm_wrong_status' } });
  for (const [action, status] of [
    ['reboot', 'up'],
    ['reset', 'up'],
  ] as const) {
    await world.did('POST', `vms/${vm}/${action}`, {});
    await becomes(vm, status);
  }
  expect(await world.ask('POST', `vms/${vm}/screenshot`, {})).toMatchObject({ status: 501, body: { code: 'method_not_built' } });
  await world.did('POST', `vms/${vm}/stop`, { reason: 'enough' });
  expect((await world.ask('GET', `vms/${vm}`)).body).toMatchObject({ status: 'down', stop_reason: 'enough' });
  expect((await world.ask('GET', `vms/${vm}`)).body).not.toHaveProperty('host');
  await world.until(
    () => host.world.vms(),
    (all) => all.length === 0,
  );
  expect(host.world.uses()).toEqual([]);
  await world.did('POST', `vms/${vm}/stop`, {});
  expect(await eventsOf(vm, 33)).toHaveLength(1);
  await world.did('DELETE', `vms/${vm}`);
  expect(await world.slate()).toEqual(before);
  proves(
    'vm.start',
    'vm.stop',
    'vm.reboot',
    'vm.reset',
    'vm_graphics_consoles.list',
    'vm_graphics_console.get',
    'vm_cdroms.list',
    'vm_cdrom.get',
    'snapshots.list',
    'snapshot.get',
    'vm_reported_devices.list',
    'vm_statistics.list',
  );
});

test('a shutdown is the guest’s to do; a guest that ignores it stays, and can be powered off', async () => {
  const vm = await started('polite');
  await world.did('POST', `vms/${vm}/shutdown`, { reason: 'night' });
  await becomes(vm, 'down');
  expect((await world.ask('GET', `vms/${vm}`)).body.stop_reason).toBe('night');
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  (await hostOf(vm)).world.ignoreShutdown(vm);
  await world.did('POST', `vms/${vm}/shutdown`, {});
  await becomes(vm, 'powering_down');
  await world.did('POST', `vms/${vm}/stop`, {});
  expect(await world.vmStatus(vm)).toBe('down');
  await world.did('DELETE', `vms/${vm}`);
  proves('vm.shutdown');
});

test('started paused, a VM waits until it is started once more', async () => {
  const vm = await bootable('paused');
  await world.did('POST', `vms/${vm}/start`, { pause: true });
  await becomes(vm, 'paused');
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  (await hostOf(vm)).world.ioError(vm, 'no_space');
  await becomes(vm, 'paused');
  expect((await world.ask('GET', `vms/${vm}`)).body.status_detail).toBe('ENOSPC');
  await gone(vm);
});

test('consoles are opened for VMs that run, each ticket for one client', async () => {
  const vm = await bootable('console');
  expect(await world.ask('POST', `vms/${vm}/ticket`, {})).toMatchObject({ status: 409 });
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  const graphics = await world.ask('POST', `vms/${vm}/ticket`, { ticket: { value: 'secret', expiry: 120 } });
  expect(graphics.body.ticket).toMatchObject({ value: 'secret', expiry: '120' });
  const serial = await world.ask('POST', `vms/${vm}/serialconsoleticket`, {});
  expect(serial.body.url).toMatch(/^wss:\/\/manager\.test:8443\/consoles\//);
  expect((await hostOf(vm)).world.consoleTickets()).toHaveLength(2);
  await world.did('POST', `vms/${vm}/stop`, {});
  await world.did('DELETE', `vms/${vm}`);
  proves('vm.ticket', 'vm.serialconsoleticket');
});

test('a start that fails leaves the VM down, the reason in an event, and nothing on the host', async () => {
  const vm = await bootable('unlucky');
  const before = await world.slate();
  for (const host of world.hosts) host.faults.add('startVm', { kind: 'refused', code: 'hypervisor_failed', message: 'QEMU said no' }, 1);
  await world.did('POST', `vms/${vm}/start`, {}, 'failed');
  for (const host of world.hosts) host.faults.clear();
  expect(await world.vmStatus(vm)).toBe('down');
  expect(await world.slate()).toEqual(before);
  const told = await rows<{ parameters: Record<string, string> }>(
    world.db,
    sql`select parameters from events where vm_id = ${vm} and parameters ->> 'reason' like '%QEMU said no%'`,
  );
  expect(told).toHaveLength(1);
  await world.did('DELETE', `vms/${vm}`);
});

test('a start during which libvirt does not answer is tried again, and comes about', async () => {
  const vm = await bootable('patient');
  for (const host of world.hosts) host.faults.add('startVm', { kind: 'refused', code: 'hypervisor_unreachable', message: 'libvirt is away' }, 1);
  await world.did('POST', `vms/${vm}/start`, {});
  for (const host of world.hosts) host.faults.clear();
  expect(await world.vmStatus(vm)).not.toBe('down');
  await world.did('POST', `vms/${vm}/stop`, {});
  await world.did('DELETE', `vms/${vm}`);
});

// ---- observations -------------------------------------------------------------------------------------------------

test('a late or duplicate report about an earlier run changes nothing', async () => {
  const vm = await started('twice');
  const host = await hostOf(vm);
  const first = await runOf(vm);
  const late = host.world.vms().find((one) => one.vm === vm) as VmObservation;
  await world.did('POST', `vms/${vm}/stop`, {});
  await world.did('POST', `vms/${vm}/start`, {});
  await becomes(vm, 'up');
  const second = await runOf(vm);
  expect(second?.run).not.toBe(first?.run);
  const now = await runOf(vm);
  const position = { bootId: now?.boot ?? '', sequence: 1_000_000_000 };
  const state = async () =>
    row(world.db, sql`select run_id, run_host_id, run_status, run_state, run_sequence, exit_reason from vms where id = ${vm}`);
  const before = await state();
  const host2 = now?.host ?? '';
  expect(await applyObservation(world.db, host2, position, late)).toBe('stale');
  expect(await applyObservation(world.db, host2, position, { ...late, state: { kind: 'ended', exit: 'crashed' } })).toBe('over');
  // The right run, from a host that it is not on, and from this host but older than what is known.
  const fresh = { ...late, run: now?.run ?? '', state: { kind: 'ended', exit: 'crashed' } } as const;
  expect(await applyObservation(world.db, world.hosts.find((one) => one.hostId !== host2)?.hostId ?? '', position, fresh)).toBe('over');
  expect(await applyObservation(world.db, host2, { ...position, sequence: Number(now?.sequence) }, fresh)).toBe('stale');
  expect(await state()).toEqual(before);
  expect(await world.vmStatus(vm)).toBe('up');
  await gone(vm);
});

test('a run that ended while no controller was there is found by the next, with how it ended', async () => {
  const crashed = await started('crashed');
  const finished = await started('finished');
  await controlling.stop();
  (await hostOf(crashed)).world.crash(crashed);
  (await hostOf(finished)).world.guestShutdown(finished);
  expect(await world.vmStatus(crashed)).toBe('up');
  controlling = world.control();
  for (const vm of [crashed, finished]) await becomes(vm, 'down');
  const exits = await rows<{ exit: string }>(
    world.db,
    sql`select exit_reason as exit from vms where id in (${crashed}, ${finished}) order by name`,
  );
  expect(exits.map((one) => one.exit)).toEqual(['crashed', 'guest_shutdown']);
  for (const host of world.hosts)
    await world.until(
      () => host.world.vms(),
      (all) => all.length === 0,
    );
  for (const vm of [crashed, finished]) await world.did('DELETE', `vms/${vm}`);
});

test('the VMs of a host that is silent too long are unknown; when it answers again they are what they were', async () => {
  const vm = await started('silent');
  const host = await hostOf(vm);
  host.faults.disconnect();
  world.passTime(60_000);
  await becomes(vm, 'unknown');
  expect((await world.ask('GET', `hosts/${host.hostId}`)).body.status).toBe('non_responsive');
  for (const action of ['start', 'stop', 'shutdown', 'reboot', 'reset'])
    expect(await world.ask('POST', `vms/${vm}/${action}`, {}), `${action}`).toMatchObject({
      status: 409,
      body: { code: 'vm_host_unreachable' },
    });
  expect(await world.ask('DELETE', `vms/${vm}`)).toMatchObject({ status: 409, body: { code: 'vm_host_unreachable' } });
  host.faults.reconnect();
  await becomes(vm, 'up');
  expect(await eventsOf(vm, 163)).toHaveLength(1);
  await hostsUp(world);
  await gone(vm);
});

test('a host that lost its power comes back without its VMs: they are down, even the one that was being stopped', async () => {
  const vm = await started('powerless');
  const host = await hostOf(vm);
  host.faults.add('destroyVm', { kind: 'hung', way: 'request' }, 1);
  const stopping = world.did('POST', `vms/${vm}/stop`, {});
  await becomes(vm, 'powering_down');
  host.world.powerOff();
  host.world.powerOn();
  await becomes(vm, 'down');
  await stopping;
  expect(world.storage.violations).toEqual([]);
  await hostsUp(world);
  await world.did('DELETE', `vms/${vm}`);
});

test('of two controllers on one database one acts; when it goes, the other takes over with a higher epoch', async () => {
  const epochs: string[] = [];
  const epoch = async () => (await row<{ epoch: number }>(world.db, sql`select epoch from manager_epoch`))?.epoch ?? 0;
  const first = await epoch();
  const second = world.control({ onLead: (led) => led !== undefined && epochs.push(`second ${led}`) });
  const vm = await started('shared');
  expect(epochs).toEqual([]);
  await controlling.stop();
  await world.until(
    () => epochs,
    (all) => all.length === 1,
  );
  expect(await epoch()).toBe(first + 1);
  await world.did('POST', `vms/${vm}/stop`, {});
  await world.did('DELETE', `vms/${vm}`);
  controlling = world.control();
  await second.stop();
  await world.until(epoch, (now) => now === first + 2);
  expect(world.storage.violations).toEqual([]);
});

// ---- removal, dry runs, bad input -----------------------------------------------------------------------------------

test('a removed VM takes its disks with it, unless they are only to be detached', async () => {
  const kept = await bootable('kept');
  const [attachment] = (await world.ask('GET', `vms/${kept}/diskattachments`)).body.disk_attachment as { id: string }[];
  await world.did('DELETE', `vms/${kept}?detach_only=true`);
  expect((await world.ask('GET', `disks/${attachment?.id}`)).body.status).toBe('ok');
  const taken = await addVm('taken');
  await world.did('POST', `vms/${taken}/diskattachments`, { bootable: true, interface: 'virtio', disk: { id: attachment?.id } });
  await world.did('DELETE', `vms/${taken}`);
  expect((await world.ask('GET', `disks/${attachment?.id}`)).status).toBe(404);
  expect(world.storage.contents().flatMap((one) => [...one.volumes.values()].map(({ facts }) => facts.image))).not.toContain(
    attachment?.id,
  );
});

test('a shareable disk of several VMs stays when one of them is removed, and goes with the last', async () => {
  const disk = await addDisk('shared', { format: 'raw', shareable: true });
  const [one, two] = [await addVm('share1'), await addVm('share2')];
  for (const vm of [one, two])
    await world.did('POST', `vms/${vm}/diskattachments`, { interface: 'virtio', bootable: false, disk: { id: disk } });
  await world.did('DELETE', `vms/${one}`);
  expect((await world.ask('GET', `disks/${disk}`)).status).toBe(200);
  await world.did('DELETE', `vms/${two}`);
  expect((await world.ask('GET', `disks/${disk}`)).status).toBe(404);
});

test('a dry run of every mutation of VMs changes nothing, and says the plan with its steps', async () => {
  const down = await bootable('dry-down');
  const up = await started('dry-up');
  const nic = (await world.did('POST', `vms/${down}/nics`, { name: 'nic1' })).body.id as string;
  const loose = await addDisk('dry-loose');
  const [attachment] = (await world.ask('GET', `vms/${down}/diskattachments`)).body.disk_attachment as { id: string }[];
  const before = await digestOfRows(world);
  const calls: [string, string, object | undefined, string[]][] = [
    ['POST', 'vms', blank('dry-new'), []],
    ['PUT', `vms/${down}`, { name: 'dry-other' }, []],
    ['DELETE', `vms/${down}`, undefined, ['remove-disk-1']],
    ['DELETE', `vms/${down}?detach_only=true`, undefined, []],
    ['POST', `vms/${down}/start`, {}, ['start']],
    ['POST', `vms/${up}/stop`, { reason: 'dry' }, ['stop', 'observe-end']],
    ['POST', `vms/${down}/stop`, { reason: 'dry' }, []],
    ['POST', `vms/${up}/shutdown`, { reason: 'dry' }, ['shutdown']],
    ['POST', `vms/${up}/reboot`, {}, ['reboot']],
    ['POST', `vms/${up}/reset`, {}, ['reset']],
    ['POST', `vms/${down}/nics`, { name: 'nic2' }, []],
    ['PUT', `vms/${down}/nics/${nic}`, { name: 'nic9' }, []],
    ['POST', `vms/${down}/nics/${nic}/deactivate`, {}, []],
    ['DELETE', `vms/${down}/nics/${nic}`, undefined, []],
    ['POST', `vms/${down}/diskattachments`, { interface: 'virtio', bootable: false, disk: { id: loose } }, []],
    [
      'POST',
      `vms/${down}/diskattachments`,
      { interface: 'virtio', bootable: false, disk: newDisk('dry-disk') },
      ['create-volume', 'record'],
    ],
    ['PUT', `vms/${down}/diskattachments/${attachment?.id}`, { interface: 'virtio_scsi' }, []],
    ['DELETE', `vms/${down}/diskattachments/${attachment?.id}`, undefined, []],
    ['DELETE', `vms/${down}/diskattachments/${attachment?.id}?detach_only=false`, undefined, ['remove-image']],
  ];
  for (const [method, path, body, steps] of calls) {
    const { status, body: plan } = await world.ask(method, `${path}${path.includes('?') ? '&' : '?'}dry_run=true`, body);
    expect(status, `${method} ${path} ${JSON.stringify(plan)}`).toBe(200);
    expect(plan, `${method} ${path}`).toMatchObject({ allowed: 'true', title: expect.stringMatching(/\S/) });
    expect(
      (plan.steps?.plan_step ?? []).map((one: { name: string }) => one.name),
      `${method} ${path}`,
    ).toEqual(steps);
  }
  for (const path of [`vms/${up}/ticket`, `vms/${up}/serialconsoleticket`])
    expect((await world.ask('POST', `${path}?dry_run=true`, {})).body, `${path}`).toMatchObject({ allowed: 'true' });
  expect((await world.ask('POST', `vms/${up}/start?dry_run=true`, {})).body).toMatchObject({
    allowed: 'false',
    reasons: { reason: [{ code: 'vm_wrong_status' }] },
  });
  expect(await digestOfRows(world)).toBe(before);
  await gone(up);
  await world.did('DELETE', `vms/${down}`);
  await world.did('DELETE', `disks/${loose}`);
});

test('bad input about VMs is told by code and field, and leaves nothing behind', async () => {
  const vm = await bootable('known');
  const diskless = await addVm('diskless');
  const up = await started('known-up');
  const before = await digestOfRows(world);
  const nobody = randomUUID();
  const refusals: [number, string, string | undefined, string, string, object?][] = [
    [409, 'vm_name_taken', 'vm.name', 'POST', 'vms', blank('KNOWN')],
    [409, 'vm_name_taken', 'vm.name', 'PUT', `vms/${diskless}`, { name: 'known' }],
    [400, 'name_too_long', 'vm.name', 'POST', 'vms', blank('x'.repeat(65))],
    [400, 'name_characters', 'vm.name', 'POST', 'vms', blank('a/b')],
    [400, 'name_empty', 'vm.name', 'PUT', `vms/${vm}`, { name: '' }],
    [400, 'memory_too_small', 'vm.memory', 'POST', 'vms', blank('x', { memory: 1 })],
    [400, 'memory_too_large', 'vm.memory', 'POST', 'vms', blank('x', { memory: 2 ** 45 })],
    [
      400,
      'memory_above_maximum',
      'vm.memory_policy.max',
      'POST',
      'vms',
      blank('x', { memory: 2 * gibibyte, memory_policy: { max: gibibyte } }),
    ],
    [
      400,
      'guaranteed_above_memory',
      'vm.memory_policy.guaranteed',
      'POST',
      'vms',
      blank('x', { memory: gibibyte, memory_policy: { guaranteed: 2 * gibibyte } }),
    ],
    [400, 'cpu_count', 'vm.cpu.topology.sockets', 'POST', 'vms', blank('x', { cpu: { topology: { sockets: 17, cores: 1, threads: 1 } } })],
    [400, 'cpu_total', 'vm.cpu.topology', 'POST', 'vms', blank('x', { cpu: { topology: { sockets: 16, cores: 50, threads: 1 } } })],
    [400, 'operating_system_unknown', 'vm.os.type', 'POST', 'vms', blank('x', { os: { type: 'beos' } })],
    [400, 'machine_text', 'vm.custom_emulated_machine', 'POST', 'vms', blank('x', { custom_emulated_machine: 'a b' })],
    [400, 'priority', 'vm.high_availability.priority', 'POST', 'vms', blank('x', { high_availability: { enabled: true, priority: 101 } })],
    [400, 'io_threads', 'vm.io.threads', 'POST', 'vms', blank('x', { io: { threads: 128 } })],
    [400, 'boot_devices', 'vm.os.boot.devices', 'POST', 'vms', blank('x', { os: { boot: { devices: { device: ['hd', 'hd'] } } } })],
    [409, 'vm_boot_disk_missing', undefined, 'POST', `vms/${diskless}/start`, {}],
    [409, 'vm_wrong_status', undefined, 'POST', `vms/${vm}/shutdown`, {}],
    [409, 'vm_wrong_status', undefined, 'POST', `vms/${vm}/reboot`, {}],
    [409, 'vm_wrong_status', undefined, 'POST', `vms/${vm}/reset`, {}],
    [409, 'vm_wrong_status', undefined, 'DELETE', `vms/${up}`],
    [409, 'hot_memory_step', 'vm.memory', 'PUT', `vms/${up}`, { memory: gibibyte + mebibyte }],
    [409, 'vm_wrong_status', undefined, 'POST', `vms/${up}/nics`, { name: 'nic1' }],
    [409, 'vm_wrong_status', undefined, 'POST', `vms/${up}/diskattachments`, { interface: 'virtio', bootable: false, disk: newDisk('x') }],
    [
      400,
      'disk_for_attachment_missing',
      'vm.disk_attachments',
      'POST',
      'vms',
      blank('x', { disk_attachments: { disk_attachment: [{ disk: { id: nobody } }] } }),
    ],
    [
      501,
      'vm_from_ovf_not_built',
      'vm.initialization.configuration',
      'POST',
      'vms',
      { initialization: { configuration: { type: 'ovf', data: '<x/>' } } },
    ],
  ];
  for (const [status, code, field, method, path, body] of refusals) {
    const answer = await world.ask(method, path, body);
    expect(
      { status: answer.status, code: answer.body.code, field: answer.body.field },
      `${method} ${path} ${JSON.stringify(body)}`,
    ).toEqual({ status, code, field });
  }
  expect(await world.ask('POST', `vms/${vm}/start`, { vm: { placement_policy: { hosts: { host: [{ id: nobody }] } } } })).toMatchObject({
    status: 409,
    body: { code: 'vm_no_host_in_cluster' },
  });
  for (const [method, path, body] of [
    ['GET', `vms/${nobody}`],
    ['DELETE', `vms/${nobody}`],
    ['POST', `vms/${nobody}/start`, {}],
    ['GET', `vms/${vm}/nics/${nobody}`],
    ['PUT', `vms/${vm}/nics/${nobody}`, {}],
    ['DELETE', `vms/${vm}/nics/${nobody}`],
    ['POST', `vms/${vm}/nics/${nobody}/activate`, {}],
    ['POST', `vms/${vm}/nics/${nobody}/deactivate`, {}],
    ['GET', `vms/${vm}/diskattachments/${nobody}`],
    ['DELETE', `vms/${vm}/diskattachments/${nobody}`],
    ['POST', 'vms', blank('x', { cluster: { id: nobody } })],
    ['POST', 'vms', blank('x', { template: { id: nobody } })],
  ] as [string, string, object?][])
    expect((await world.ask(method, path, body)).status, `${method} ${path}`).toBe(404);
  expect(await digestOfRows(world)).toBe(before);
  await gone(up);
  for (const one of [vm, diskless]) await world.did('DELETE', `vms/${one}`);
});

test('a host without room, CPUs or a network for a VM says so', async () => {
  const large = await bootable('large', { memory: 200 * gibibyte });
  const answer = await world.ask('POST', `vms/${large}/start`, {});
  expect(answer).toMatchObject({ status: 409, body: { code: 'vm_no_host' } });
  expect(answer.body.detail).toContain('GiB of memory');
  await world.did('PUT', `vms/${large}`, {
    memory: gibibyte,
    memory_policy: { max: 4 * gibibyte, guaranteed: gibibyte },
    cpu: { topology: { sockets: 16, cores: 4, threads: 1 } },
  });
  expect((await world.ask('POST', `vms/${large}/start`, {})).body.detail).toContain('CPUs');
  await world.did('DELETE', `vms/${large}`);
});

// ---- search ---------------------------------------------------------------------------------------------------------

test('VMs are found by every field that can be searched, and only where it matches', async () => {
  const up = await started('search-up');
  await world.did('PUT', `vms/${up}`, { comment: 'front', description: 'serves' });
  (await hostOf(up)).world.setGuest(up, { nics: [{ name: 'eth0', addresses: [{ family: 'v4', address: '192.0.2.9', prefix: 24 }] }] });
  const down = await addVm('search-down', { memory: 2 * gibibyte, os: { type: 'rhel_8x64' }, type: 'desktop', bios: { type: 'q35_ovmf' } });
  const found = async (search: string) => {
    const { status, body } = await world.ask('GET', `vms?search=${encodeURIComponent(search)}`);
    expect(status, `${search} ${JSON.stringify(body)}`).toBe(200);
    return ((body.vm ?? []) as { id: string }[]).map((one) => one.id).toSorted();
  };
  await world.until(
    () => found('ip=192.0.2.9'),
    (ids) => ids.length === 1,
  );
  const both = [up, down].toSorted();
  const host = (await row<{ name: string }>(world.db, sql`select name from hosts where id = ${(await runOf(up))?.host}`))?.name ?? '';
  const only: [string, string[]][] = [
    ['name=search-up', [up]],
    ['name=search*', both],
    ['comment=front', [up]],
    ['description=serves', [up]],
    [`id=${down}`, [down]],
    ['status=up', [up]],
    ['status=down and memory>1024', [down]],
    ['cluster=Default', both],
    ['cluster=Other', []],
    ['datacenter=Default', both],
    ['datacenter=Other', []],
    [`host=${host}`, [up]],
    ['host=nobody', []],
    ['template=Blank', both],
    ['template=Other', []],
    ['storage=data1', [up]],
    ['storage=data2', []],
    ['os=rhel_8x64', [down]],
    ['type=desktop', [down]],
    ['architecture=x86_64', both],
    ['architecture=ppc64', []],
    ['ip=192.0.2.*', [up]],
    ['ip=198.*', []],
    ['fqdn=search-up', [up]],
    ['memory>1024', [down]],
    ['guaranteed_memory>1024', [down]],
    ['uptime>=0', [up]],
    ['creationdate>=today', both],
    ['creationdate<yesterday', []],
    ['next_run_config_exists=true', []],
    ['next_run_config_exists=false', both],
    ['compatibility_level=4.7', both],
    ['compatibility_level=4.2', []],
    ['bios_type=q35_ovmf', [down]],
    ['created_by_user_id=*', both],
    [`created_by_user_id=${down}`, []],
    ['cpu_usage>100', []],
    ['mem_usage>100', []],
    ['network_usage>100', []],
    ['front', [up]],
    ['status=up or os=rhel_8x64', both],
  ];
  for (const [search, ids] of only) expect(await found(search), `${search}`).toEqual(ids);
  expect(await world.ask('GET', 'vms?search=colour%3Dred')).toMatchObject({
    status: 400,
    body: { code: 'search_field_unknown', field: 'search' },
  });
  await gone(up);
  await world.did('DELETE', `vms/${down}`);
});
