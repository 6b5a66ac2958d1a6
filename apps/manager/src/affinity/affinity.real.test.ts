import { randomUUID } from 'node:crypto';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '@ostler/contract/coverage';
import { testManager, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
const hosts: string[] = [];
beforeAll(async () => {
  manager = await testManager();
  for (const spm of [1, 2]) {
    const id = randomUUID();
    hosts.push(id);
    await manager.database.pool.query(
      `insert into hosts (id, name, cluster_id, address, spm_id, status) values ($1, $2, $3, 'a', $4, 'up')`,
      [id, `h${spm}`, fixedIds.defaultCluster, spm],
    );
  }
});
afterAll(() => manager?.stop());

const fresh = (kind: string) => `${kind}-${randomUUID().slice(0, 8)}`;
const added = async (path: string, body: object) => {
  const answer = await manager.ask('POST', path, body);
  expect([path, answer.status, answer.body.detail]).toEqual([path, 201, undefined]);
  return answer.body;
};
const refused = async (method: string, path: string, body?: object) => {
  const { status, body: told } = await manager.ask(method, path, body);
  return { status, code: told.code, field: told.field };
};
const vm = async (cluster: string = fixedIds.defaultCluster) =>
  await added('vms', { name: fresh('vm'), cluster: { id: cluster }, template: { name: 'Blank' } });
const runOn = (id: string, host: string | undefined) =>
  manager.database.pool.query(
    `update vms set run_id = case when $2::uuid is null then null else gen_random_uuid() end, run_host_id = $2, run_status = 'up' where id = $1`,
    [id, host],
  );
const groups = `clusters/${fixedIds.defaultCluster}/affinitygroups`;

test('an affinity group says who belongs together, under the old words and the new', async () => {
  const [one, two] = [await vm(), await vm()];
  const name = fresh('g');
  const group = await added(groups, {
    name,
    description: 'web',
    priority: 2.5,
    vms_rule: { positive: true, enforcing: true },
    vms: { vm: [{ id: one.id }, { name: two.name }] },
    hosts: { host: [{ name: 'h1' }] },
  });
  expect(group).toMatchObject({
    name,
    priority: 2.5,
    positive: 'true',
    enforcing: 'true',
    vms_rule: { enabled: 'true', positive: 'true', enforcing: 'true' },
    hosts_rule: { enabled: 'false' },
    cluster: { id: fixedIds.defaultCluster },
    broken: 'false',
    hosts: { host: [{ id: hosts[0] }] },
  });
  expect(group.vms.vm).toHaveLength(2);
  const old = await added(groups, { name: fresh('g'), positive: false, enforcing: false });
  expect(old.vms_rule).toEqual({ enabled: 'true', positive: 'false', enforcing: 'false' });
  expect(await refused('POST', groups, { name: name.toUpperCase() })).toMatchObject({ status: 409, field: 'affinity_group.name' });
  expect(await refused('POST', groups, { name: fresh('g'), vms: { vm: [{ id: randomUUID() }] } })).toMatchObject({
    code: 'affinity_member_unknown',
  });
  const at = `${groups}/${group.id}`;
  const changed = await manager.ask('PUT', at, { description: 'web tier', vms: { vm: [{ id: one.id }] } });
  expect(changed.body).toMatchObject({
    description: 'web tier',
    priority: 2.5,
    vms: { vm: [{ id: one.id }] },
    hosts: { host: [{ id: hosts[0] }] },
  });
  expect((await manager.ask('GET', groups)).body.affinity_group.map((g: { id: string }) => g.id)).toContain(group.id);
  expect((await manager.ask('DELETE', at)).status).toBe(200);
  expect((await manager.ask('GET', at)).status).toBe(404);
  proves('affinity_groups.add', 'affinity_groups.list', 'affinity_group.get', 'affinity_group.update', 'affinity_group.remove');
});

test('VMs, hosts and labels join and leave a group of their cluster', async () => {
  const group = await added(groups, { name: fresh('g') });
  const at = `${groups}/${group.id}`;
  const member = await vm();
  const elsewhere = await added('clusters', { name: fresh('c'), data_center: { id: fixedIds.defaultDataCenter } });
  const stranger = await vm(elsewhere.id);
  const label = await added('affinitylabels', { name: fresh('l') });
  expect(await added(`${at}/vms`, { id: member.id })).toMatchObject({ id: member.id, name: member.name });
  expect(await refused('POST', `${at}/vms`, { id: member.id })).toMatchObject({ status: 409, code: 'affinity_member_already' });
  expect(await refused('POST', `${at}/vms`, { id: stranger.id })).toMatchObject({ status: 400, code: 'affinity_member_unknown' });
  await added(`${at}/hosts`, { name: 'h2' });
  await added(`${at}/vmlabels`, { name: label.name });
  await added(`${at}/hostlabels`, { id: label.id });
  expect((await manager.ask('GET', `${at}/vms`)).body.vm).toMatchObject([{ id: member.id }]);
  expect((await manager.ask('GET', `${at}/hosts`)).body.host).toMatchObject([{ id: hosts[1] }]);
  for (const kind of ['vmlabels', 'hostlabels']) {
    expect((await manager.ask('GET', `${at}/${kind}`)).body.affinity_label).toMatchObject([{ id: label.id }]);
    expect((await manager.ask('DELETE', `${at}/${kind}/${label.id}`)).status).toBe(200);
    expect((await manager.ask('GET', `${at}/${kind}`)).body.affinity_label).toEqual([]);
  }
  expect((await manager.ask('DELETE', `${at}/hosts/${hosts[1]}`)).status).toBe(200);
  expect((await manager.ask('DELETE', `${at}/hosts/${hosts[1]}`)).status).toBe(404);
  expect((await manager.ask('DELETE', `clusters/${elsewhere.id}/affinitygroups/${group.id}/vms/${member.id}`)).status).toBe(404);
  expect((await manager.ask('DELETE', `${at}/vms/${member.id}`)).status).toBe(200);
  // Who leaves the cluster leaves its groups.
  await added(`${at}/vms`, { id: member.id });
  await manager.database.pool.query('update vms set cluster_id = $2 where id = $1', [member.id, elsewhere.id]);
  expect((await manager.ask('GET', `${at}/vms`)).body.vm).toEqual([]);
  proves(
    'affinity_group_vms.add',
    'affinity_group_vms.list',
    'affinity_group_vm.remove',
    'affinity_group_hosts.add',
    'affinity_group_hosts.list',
    'affinity_group_host.remove',
    'affinity_group_vm_labels.add',
    'affinity_group_vm_labels.list',
    'affinity_group_vm_label.remove',
    'affinity_group_host_labels.add',
    'affinity_group_host_labels.list',
    'affinity_group_host_label.remove',
  );
});

test('a group is broken while its rules do not hold for what runs, labels included', async () => {
  const [one, two] = [await vm(), await vm()];
  const label = await added('affinitylabels', { name: fresh('l'), vms: { vm: [{ id: two.id }] }, hosts: { host: [{ id: hosts[0] }] } });
  const group = await added(groups, {
    name: fresh('g'),
    vms_rule: { positive: false, enforcing: true },
    vms: { vm: [{ id: one.id }] },
    vm_labels: { affinity_label: [{ id: label.id }] },
  });
  const at = `${groups}/${group.id}`;
  const broken = async () => (await manager.ask('GET', at)).body.broken;
  await runOn(one.id, hosts[0]);
  await runOn(two.id, hosts[0]);
  expect(await broken()).toBe('true');
  await runOn(two.id, hosts[1]);
  expect(await broken()).toBe('false');
  await manager.ask('PUT', at, {
    vms_rule: { enabled: false },
    hosts_rule: { positive: true, enforcing: true },
    host_labels: { affinity_label: [{ id: label.id }] },
  });
  expect(await broken()).toBe('true');
  await manager.ask('PUT', at, { hosts_rule: { positive: false } });
  expect(await broken()).toBe('true');
  await runOn(one.id, undefined);
  expect(await broken()).toBe('false');
});

test('an affinity label is put on VMs and hosts, from its side and from theirs', async () => {
  const name = fresh('l');
  const label = await added('affinitylabels', { name, has_implicit_affinity_group: true });
  expect(label).toMatchObject({ name, has_implicit_affinity_group: 'true', read_only: 'false' });
  const one = await vm();
  const at = `affinitylabels/${label.id}`;
  expect(await refused('POST', 'affinitylabels', { name })).toMatchObject({ status: 409, field: 'affinity_label.name' });
  await added(`${at}/vms`, { id: one.id });
  await added(`${at}/hosts`, { name: 'h1' });
  await added(`hosts/${hosts[1]}/affinitylabels`, { name });
  expect((await manager.ask('GET', `${at}/hosts`)).body.host).toHaveLength(2);
  expect((await manager.ask('GET', `${at}/hosts/${hosts[1]}`)).body.name).toBe('h2');
  expect((await manager.ask('GET', `${at}/vms/${one.id}`)).body.name).toBe(one.name);
  expect((await manager.ask('GET', at)).body).toMatchObject({
    vms: { vm: [{ id: one.id }] },
    hosts: { host: [{ name: 'h1' }, { name: 'h2' }] },
  });
  expect((await manager.ask('GET', `vms/${one.id}/affinitylabels`)).body.affinity_label).toMatchObject([{ id: label.id }]);
  expect((await manager.ask('GET', `vms/${one.id}/affinitylabels/${label.id}`)).body.name).toBe(name);
  expect(await refused('POST', `vms/${one.id}/affinitylabels`, { name: 'none' })).toMatchObject({ code: 'affinity_label_unknown' });
  expect((await manager.ask('DELETE', `vms/${one.id}/affinitylabels/${label.id}`)).status).toBe(200);
  expect((await manager.ask('GET', `${at}/vms`)).body.vm).toEqual([]);
  expect((await manager.ask('DELETE', `${at}/hosts/${hosts[1]}`)).status).toBe(200);
  expect((await manager.ask('DELETE', `${at}/vms/${one.id}`)).status).toBe(404);
  await added(`${at}/vms`, { name: one.name });
  expect((await manager.ask('DELETE', `${at}/vms/${one.id}`)).status).toBe(200);
  const renamed = await manager.ask('PUT', at, { name: fresh('l'), vms: { vm: [{ id: one.id }] } });
  expect(renamed.body).toMatchObject({ vms: { vm: [{ id: one.id }] }, hosts: { host: [{ name: 'h1' }] } });
  expect((await manager.ask('GET', 'affinitylabels')).body.affinity_label.length).toBeGreaterThan(0);
  expect((await manager.ask('DELETE', at)).status).toBe(200);
  expect((await manager.ask('GET', at)).status).toBe(404);
  proves(
    'affinity_labels.add',
    'affinity_labels.list',
    'affinity_label.get',
    'affinity_label.update',
    'affinity_label.remove',
    'affinity_label_vms.add',
    'affinity_label_vms.list',
    'affinity_label_vm.get',
    'affinity_label_vm.remove',
    'affinity_label_hosts.add',
    'affinity_label_hosts.list',
    'affinity_label_host.get',
    'affinity_label_host.remove',
    'assigned_affinity_labels.add',
    'assigned_affinity_labels.list',
    'assigned_affinity_label.get',
    'assigned_affinity_label.remove',
  );
});
