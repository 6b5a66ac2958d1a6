import { randomUUID } from 'node:crypto';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testManager, type TestManager } from '../testing/manager.ts';

/** Clusters, and the networks and vNIC profiles that are in them. */

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
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
const newDataCenter = async () => (await added('datacenters', { name: fresh('dc') })).id as string;

test('a cluster begins with the management network in all roles and a CPU profile of its own', async () => {
  const dataCenter = await newDataCenter();
  const cluster = await added('clusters', { name: fresh('c'), data_center: { id: dataCenter } });
  expect(cluster).toMatchObject({
    version: { major: '4', minor: '7' },
    bios_type: 'q35_sea_bios',
    memory_policy: { over_commit: { percent: '100' } },
  });
  const { body } = await manager.ask('GET', `clusters/${cluster.id}/networks`);
  expect(body.network).toMatchObject([
    {
      name: 'ovirtmgmt',
      required: 'true',
      usages: { usage: expect.arrayContaining(['management', 'display', 'migration', 'default_route', 'vm']) },
    },
  ]);
  expect((await manager.ask('GET', 'cpuprofiles')).body.cpu_profile).toContainEqual(expect.objectContaining({ name: cluster.name }));
  expect((await manager.ask('GET', `datacenters/${dataCenter}/clusters`)).body.cluster).toHaveLength(1);
  // A second cluster of the data center shares the network.
  const second = await added('clusters', { name: fresh('c'), data_center: { id: dataCenter } });
  expect(second.management_network.id).toBe(body.network[0].id);
});

test('what does not fit a cluster is refused by its field', async () => {
  const data_center = { id: fixedIds.defaultDataCenter };
  expect(await refused('POST', 'clusters', { name: 'default', data_center })).toMatchObject({ status: 409, field: 'cluster.name' });
  expect(await refused('POST', 'clusters', { name: fresh('c'), data_center, version: { major: 4, minor: 2 } })).toMatchObject({
    code: 'cluster_version_below_data_center',
  });
  expect(
    await refused('POST', 'clusters', { name: fresh('c'), data_center, memory_policy: { over_commit: { percent: 0 } } }),
  ).toMatchObject({ status: 400, field: 'cluster.memory_policy.over_commit.percent' });
  expect(await refused('PUT', `clusters/${fixedIds.defaultCluster}`, { data_center: { id: await newDataCenter() } })).toMatchObject({
    code: 'cluster_data_center_fixed',
  });
  const changed = await manager.ask('PUT', `clusters/${fixedIds.defaultCluster}`, { memory_policy: { over_commit: { percent: 150 } } });
  expect(changed.body.memory_policy.over_commit.percent).toBe('150');
});

test('a cluster is removed once nothing is in it, the Default cluster never', async () => {
  const cluster = await added('clusters', { name: fresh('c'), data_center: { id: await newDataCenter() } });
  const vm = await added('vms', { name: fresh('vm'), cluster: { id: cluster.id }, template: { name: 'Blank' } });
  expect(await refused('DELETE', `clusters/${cluster.id}`)).toMatchObject({ status: 409, code: 'cluster_not_empty' });
  await manager.ask('DELETE', `vms/${vm.id}`);
  await manager.database.pool.query('delete from vms where id = $1', [vm.id]);
  expect((await manager.ask('DELETE', `clusters/${cluster.id}`)).status).toBe(200);
  expect((await manager.ask('GET', `clusters/${cluster.id}`)).status).toBe(404);
  expect(await refused('DELETE', `clusters/${fixedIds.defaultCluster}`)).toMatchObject({ code: 'cluster_is_default' });
});

test('a network comes with a vNIC profile, is put into a cluster, and takes roles from others', async () => {
  const data_center = { id: fixedIds.defaultDataCenter };
  const name = fresh('n');
  const network = await added('networks', { name, data_center, vlan: { id: 7 }, mtu: 9000 });
  expect(network).toMatchObject({ vlan: { id: '7' }, mtu: '9000', usages: { usage: ['vm'] } });
  const { body } = await manager.ask('GET', `networks/${network.id}/vnicprofiles`);
  expect(body.vnic_profile).toMatchObject([{ name, network_filter: { name: 'vdsm-no-mac-spoofing' } }]);
  const place = `clusters/${fixedIds.defaultCluster}/networks`;
  expect(await added(place, { name, required: false, usages: { usage: ['vm', 'display'] } })).toMatchObject({ required: 'false' });
  const management = await manager.ask('GET', `${place}/${fixedIds.managementNetwork}`);
  expect(management.body.usages.usage).not.toContain('display');
  expect(await refused('PUT', `${place}/${network.id}`, { usages: { usage: ['vm'] } })).toMatchObject({ code: 'network_role_kept' });
  expect(await refused('DELETE', `${place}/${fixedIds.managementNetwork}`)).toMatchObject({ code: 'network_is_management' });
  await manager.ask('PUT', `${place}/${fixedIds.managementNetwork}`, {
    usages: { usage: ['vm', 'management', 'display', 'migration', 'default_route'] },
  });
  expect((await manager.ask('DELETE', `${place}/${network.id}`)).status).toBe(200);
  expect((await manager.ask('GET', `${place}/${network.id}`)).status).toBe(404);
  expect((await manager.ask('DELETE', `networks/${network.id}`)).status).toBe(200);
});

test('networks and profiles that VMs use, or that manage, stay', async () => {
  const network = await added('networks', { name: fresh('n'), data_center: { name: 'Default' }, profile_required: false });
  const profile = await added('vnicprofiles', { name: fresh('p'), network: { id: network.id }, network_filter: { name: 'clean-traffic' } });
  const vm = await added('vms', { name: fresh('vm'), cluster: { name: 'Default' }, template: { name: 'Blank' } });
  await manager.ask('POST', `clusters/${fixedIds.defaultCluster}/networks`, { id: network.id });
  await added(`vms/${vm.id}/nics`, { name: 'nic1', vnic_profile: { id: profile.id } });
  expect(await refused('DELETE', `vnicprofiles/${profile.id}`)).toMatchObject({ code: 'profile_has_nics' });
  expect(await refused('DELETE', `networks/${network.id}`)).toMatchObject({ code: 'network_has_nics' });
  expect(await refused('DELETE', `clusters/${fixedIds.defaultCluster}/networks/${network.id}`)).toMatchObject({ code: 'network_has_nics' });
  expect(await refused('DELETE', `networks/${fixedIds.managementNetwork}`)).toMatchObject({ code: 'network_is_management' });
  expect(await refused('POST', 'vnicprofiles', { name: profile.name, network: { id: network.id } })).toMatchObject({
    field: 'vnic_profile.name',
  });
  expect(await refused('PUT', `vnicprofiles/${profile.id}`, { network_filter: { name: 'none such' } })).toMatchObject({
    field: 'vnic_profile.network_filter',
  });
  expect(await refused('PUT', `networks/${network.id}`, { vlan: { id: 4095 } })).toMatchObject({ status: 400, field: 'network.vlan.id' });
});
