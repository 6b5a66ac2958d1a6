import { randomUUID } from 'node:crypto';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '@ostler/contract/coverage';
import { testManager, type TestManager } from '../testing/manager.ts';

/** What limits and addresses VMs: MAC pools, QoS, the profiles that refer to it, networks under their data center. */

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
const home = `datacenters/${fixedIds.defaultDataCenter}`;
const data_center = { id: fixedIds.defaultDataCenter };

// ---- MAC pools -------------------------------------------------------------------------------------------------------

const range = (from: string, to: string) => ({ ranges: { range: [{ from, to }] } });

test('a MAC pool is added with ranges that are well formed, forward, unicast and nobody else’s', async () => {
  const name = fresh('pool');
  const pool = await added('macpools', { name, ...range('02:AA:00:00:00:00', '02:aa:00:00:00:0f'), allow_duplicates: true });
  expect(pool).toMatchObject({ name, default_pool: 'false', allow_duplicates: 'true', ranges: { range: [{ from: '02:aa:00:00:00:00' }] } });
  const cases = [
    [400, 'mac_malformed', 'mac_pool.ranges', { name: fresh('p'), ...range('02:aa', '02:ab:00:00:00:00') }],
    [400, 'mac_range_backwards', 'mac_pool.ranges', { name: fresh('p'), ...range('02:ab:00:00:00:01', '02:ab:00:00:00:00') }],
    [400, 'mac_range_multicast', 'mac_pool.ranges', { name: fresh('p'), ...range('03:00:00:00:00:00', '03:00:00:00:00:01') }],
    [400, 'mac_range_multicast', 'mac_pool.ranges', { name: fresh('p'), ...range('02:ff:00:00:00:00', '04:00:00:00:00:01') }],
    [409, 'mac_pool_overlaps', 'mac_pool.ranges', { name: fresh('p'), ...range('02:aa:00:00:00:0f', '02:aa:00:00:00:ff') }],
    [409, 'mac_pool_name_taken', 'mac_pool.name', { name: name.toUpperCase(), ...range('02:ac:00:00:00:00', '02:ac:00:00:00:01') }],
    [
      409,
      'mac_pool_default_fixed',
      'mac_pool.default_pool',
      { name: fresh('p'), default_pool: true, ...range('02:ac:00:00:00:00', '02:ac:00:00:00:01') },
    ],
  ] as const;
  for (const [status, code, field, body] of cases) expect(await refused('POST', 'macpools', body)).toEqual({ status, code, field });
  expect((await manager.ask('PUT', `macpools/${pool.id}`, { description: 'spare' })).body).toMatchObject({
    description: 'spare',
    allow_duplicates: 'true',
  });
  expect((await manager.ask('DELETE', `macpools/${pool.id}`)).status).toBe(200);
  expect(await refused('DELETE', `macpools/${fixedIds.defaultMacPool}`)).toMatchObject({ status: 409, code: 'mac_pool_is_default' });
  proves('mac_pools.add', 'mac_pools.list', 'mac_pool.get', 'mac_pool.update', 'mac_pool.remove');
});

test('NICs get their addresses from the pool of their cluster, until it is empty', async () => {
  const pool = await added('macpools', { name: fresh('pool'), ...range('02:bb:00:00:00:00', '02:bb:00:00:00:01') });
  const cluster = await added('clusters', { name: fresh('c'), data_center, mac_pool: { id: pool.id } });
  const vm = await added('vms', { name: fresh('vm'), cluster: { id: cluster.id }, template: { name: 'Blank' } });
  const macs = [];
  for (const name of ['nic1', 'nic2']) macs.push((await added(`vms/${vm.id}/nics`, { name })).mac.address);
  expect(macs).toEqual(['02:bb:00:00:00:00', '02:bb:00:00:00:01']);
  expect(await refused('POST', `vms/${vm.id}/nics`, { name: 'nic3' })).toMatchObject({ status: 409, code: 'mac_pool_empty' });
  expect(await refused('DELETE', `macpools/${pool.id}`)).toMatchObject({ status: 409, code: 'mac_pool_in_use' });
  await manager.ask('PUT', `macpools/${pool.id}`, range('02:bb:00:00:00:00', '02:bb:00:00:00:02'));
  expect((await added(`vms/${vm.id}/nics`, { name: 'nic3' })).mac.address).toBe('02:bb:00:00:00:02');
  // Who shares an address must be allowed to.
  await manager.ask('PUT', `macpools/${pool.id}`, { allow_duplicates: true });
  await added(`vms/${vm.id}/nics`, { name: 'nic4', mac: { address: '02:bb:00:00:00:00' } });
  expect(await refused('PUT', `macpools/${pool.id}`, { allow_duplicates: false })).toMatchObject({ code: 'mac_pool_has_duplicates' });
  expect(await refused('PUT', home, { mac_pool: { id: randomUUID() } })).toMatchObject({ status: 400, field: 'data_center.mac_pool' });
});

// ---- QoS -------------------------------------------------------------------------------------------------------------

test('QoS limits what its type is about, within its range, and consistently', async () => {
  const add = (body: object) => refused('POST', `${home}/qoss`, { name: fresh('q'), ...body });
  const name = fresh('qos');
  const qos = await added(`${home}/qoss`, { name, type: 'storage', max_throughput: 100, max_read_iops: 50 });
  expect(qos).toMatchObject({ name, type: 'storage', max_throughput: '100', max_read_iops: '50', data_center });
  expect(await add({ name, type: 'storage' })).toMatchObject({ status: 409, code: 'qos_name_taken', field: 'qos.name' });
  await added(`${home}/qoss`, { name, type: 'cpu', cpu_limit: 50 });
  expect(await add({ type: 'cpu' })).toMatchObject({ code: 'qos_cpu_missing' });
  expect(await add({ type: 'cpu', cpu_limit: 101 })).toMatchObject({ code: 'qos_limit_unfit', field: 'qos.cpu_limit' });
  expect(await add({ type: 'cpu', cpu_limit: 50, max_iops: 5 })).toMatchObject({ code: 'qos_limit_elsewhere', field: 'qos.max_iops' });
  expect(await add({ type: 'storage', max_iops: 5, max_read_iops: 5 })).toMatchObject({ code: 'qos_total_and_parts' });
  expect(await add({ type: 'network', inbound_average: 10, inbound_peak: 20 })).toMatchObject({ code: 'qos_direction_incomplete' });
  expect(await add({ type: 'network', inbound_average: 10, inbound_peak: 5, inbound_burst: 1 })).toMatchObject({
    code: 'qos_peak_below_average',
  });
  expect(await add({ type: 'hostnetwork', outbound_average_upperlimit: 5 })).toMatchObject({ code: 'qos_share_missing' });
  expect(
    await add({ type: 'hostnetwork', outbound_average_linkshare: 5, outbound_average_upperlimit: 5, outbound_average_realtime: 6 }),
  ).toMatchObject({ code: 'qos_rate_above_limit' });
  const at = `${home}/qoss/${qos.id}`;
  expect((await manager.ask('PUT', at, { max_read_iops: -1, max_iops: 70 })).body).not.toHaveProperty('max_read_iops');
  expect(await refused('PUT', at, { type: 'cpu' })).toMatchObject({ status: 409, code: 'qos_type_fixed' });
  expect((await manager.ask('GET', `${home}/qoss`)).body.qos.map((one: { name: string }) => one.name)).toContain(name);
  const other = await added('datacenters', { name: fresh('dc') });
  expect((await manager.ask('GET', `datacenters/${other.id}/qoss/${qos.id}`)).status).toBe(404);
  expect((await manager.ask('DELETE', at)).status).toBe(200);
  expect((await manager.ask('GET', at)).status).toBe(404);
  proves('qoss.add', 'qoss.list', 'qos.get', 'qos.update', 'qos.remove');
});

test('a CPU profile refers to a QoS for CPUs of its data center, and goes on without limits when that is removed', async () => {
  const cluster = await added('clusters', { name: fresh('c'), data_center });
  const qos = await added(`${home}/qoss`, { name: fresh('q'), type: 'cpu', cpu_limit: 30 });
  const wrong = await added(`${home}/qoss`, { name: fresh('q'), type: 'storage', max_iops: 30 });
  const profile = await added(`clusters/${cluster.id}/cpuprofiles`, { name: 'half', qos: { id: qos.id } });
  expect(profile).toMatchObject({ cluster: { id: cluster.id }, qos: { id: qos.id, href: `/ovirt-engine/api/${home}/qoss/${qos.id}` } });
  expect(await refused('POST', 'cpuprofiles', { name: 'HALF', cluster: { id: cluster.id } })).toMatchObject({ field: 'cpu_profile.name' });
  expect(await refused('POST', 'cpuprofiles', { name: 'x', cluster: { id: cluster.id }, qos: { id: wrong.id } })).toMatchObject({
    status: 400,
    code: 'usage_profile_qos_unknown',
    field: 'cpu_profile.qos',
  });
  expect(await refused('PUT', `cpuprofiles/${profile.id}`, { cluster: { id: fixedIds.defaultCluster } })).toMatchObject({
    code: 'usage_profile_home_fixed',
  });
  expect((await manager.ask('PUT', `cpuprofiles/${profile.id}`, { description: 'half' })).body).toMatchObject({ qos: { id: qos.id } });
  const plan = await manager.ask('DELETE', `${home}/qoss/${qos.id}?dry_run=true`);
  expect(plan.body.effects.effect).toEqual(['CPU profile half goes on without limits']);
  await manager.ask('DELETE', `${home}/qoss/${qos.id}`);
  expect((await manager.ask('GET', `cpuprofiles/${profile.id}`)).body).not.toHaveProperty('qos');
  const vm = await added('vms', { name: fresh('vm'), cluster: { id: cluster.id }, template: { name: 'Blank' } });
  await manager.database.pool.query('update vms set cpu_profile_id = $1 where id = $2', [profile.id, vm.id]);
  expect(await refused('DELETE', `cpuprofiles/${profile.id}`)).toMatchObject({ status: 409, code: 'usage_profile_in_use' });
  await manager.database.pool.query('update vms set cpu_profile_id = null where id = $1', [vm.id]);
  expect((await manager.ask('DELETE', `clusters/${fixedIds.defaultCluster}/cpuprofiles/${profile.id}`)).status).toBe(404);
  expect((await manager.ask('DELETE', `clusters/${cluster.id}/cpuprofiles/${profile.id}`)).status).toBe(200);
  const [last] = (await manager.ask('GET', `clusters/${cluster.id}/cpuprofiles`)).body.cpu_profile;
  expect(await refused('DELETE', `cpuprofiles/${last.id}`)).toMatchObject({ status: 409, code: 'usage_profile_is_last' });
  expect((await manager.ask('GET', `clusters/${cluster.id}/cpuprofiles/${last.id}`)).status).toBe(200);
  proves(
    'cpu_profiles.add',
    'cpu_profiles.list',
    'cpu_profile.get',
    'cpu_profile.update',
    'cpu_profile.remove',
    'assigned_cpu_profiles.add',
    'assigned_cpu_profiles.list',
    'assigned_cpu_profile.get',
    'assigned_cpu_profile.remove',
  );
});

async function domain(kind: 'data' | 'iso'): Promise<string> {
  const id = randomUUID();
  const connection = randomUUID();
  const { pool } = manager.database;
  await pool.query(`insert into storage_connections (id, storage_type, path) values ($1, 'localfs', $2)`, [connection, `/${id}`]);
  await pool.query(
    `insert into storage_domains (id, name, kind, storage_type, connection_id, data_center_id) values ($1, $2, $3, 'localfs', $4, $5)`,
    [id, id.slice(0, 8), kind, connection, fixedIds.defaultDataCenter],
  );
  return id;
}

test('a disk profile belongs to a data domain and refers to a QoS for storage', async () => {
  const data = await domain('data');
  const qos = await added(`${home}/qoss`, { name: fresh('q'), type: 'storage', max_iops: 30 });
  const first = await added(`storagedomains/${data}/diskprofiles`, { name: 'slow', qos: { id: qos.id } });
  expect(first).toMatchObject({ storage_domain: { id: data }, qos: { id: qos.id } });
  expect(await refused('POST', 'diskprofiles', { name: 'slow', storage_domain: { id: data } })).toMatchObject({
    status: 409,
    field: 'disk_profile.name',
  });
  expect(await refused('POST', 'diskprofiles', { name: 'x', storage_domain: { id: await domain('iso') } })).toMatchObject({
    code: 'usage_profile_needs_data_domain',
  });
  const second = await added('diskprofiles', { name: 'fast', storage_domain: { id: data } });
  expect((await manager.ask('PUT', `diskprofiles/${second.id}`, { qos: { id: qos.id } })).body).toMatchObject({ qos: { id: qos.id } });
  expect((await manager.ask('PUT', `diskprofiles/${second.id}`, { qos: {} })).body).not.toHaveProperty('qos');
  const disk = randomUUID();
  await manager.database.pool.query('insert into disks (id, alias, provisioned_size, disk_profile_id) values ($1, $2, 1, $3)', [
    disk,
    'd',
    first.id,
  ]);
  expect(await refused('DELETE', `diskprofiles/${first.id}`)).toMatchObject({ code: 'usage_profile_in_use' });
  expect((await manager.ask('GET', `storagedomains/${data}/diskprofiles`)).body.disk_profile).toHaveLength(2);
  expect((await manager.ask('GET', `storagedomains/${data}/diskprofiles/${second.id}`)).body.name).toBe('fast');
  expect((await manager.ask('DELETE', `storagedomains/${data}/diskprofiles/${second.id}`)).status).toBe(200);
  await manager.database.pool.query('delete from disks where id = $1', [disk]);
  expect(await refused('DELETE', `diskprofiles/${first.id}`)).toMatchObject({ code: 'usage_profile_is_last' });
  proves(
    'disk_profiles.add',
    'disk_profiles.list',
    'disk_profile.get',
    'disk_profile.update',
    'disk_profile.remove',
    'assigned_disk_profiles.add',
    'assigned_disk_profiles.list',
    'assigned_disk_profile.get',
    'assigned_disk_profile.remove',
  );
});

// ---- networks and vNIC profiles ----------------------------------------------------------------------------------------

test('networks are listed, added, changed and removed under their data center', async () => {
  const dc = await added('datacenters', { name: fresh('dc'), version: { major: 4, minor: 4 } });
  const at = `datacenters/${dc.id}/networks`;
  const qos = await added(`datacenters/${dc.id}/qoss`, { name: 'share', type: 'hostnetwork', outbound_average_linkshare: 50 });
  const network = await added(at, {
    name: 'storage net',
    vlan: { id: 12 },
    usages: { usage: [] },
    qos: { id: qos.id },
    dns_resolver_configuration: { name_servers: { name_server: ['192.0.2.1', '2001:db8::1'] } },
  });
  expect(network).toMatchObject({ data_center: { id: dc.id }, qos: { id: qos.id } });
  expect(network.dns_resolver_configuration.name_servers.name_server).toEqual(['192.0.2.1', '2001:db8::1']);
  expect((await manager.ask('GET', at)).body.network).toHaveLength(1);
  expect((await manager.ask('GET', `${at}/${fixedIds.managementNetwork}`)).status).toBe(404);
  expect((await manager.ask('PUT', `${at}/${network.id}`, { mtu: 9000 })).body).toMatchObject({ mtu: '9000', vlan: { id: '12' } });
  expect(await refused('PUT', `${at}/${network.id}`, { port_isolation: true })).toMatchObject({ code: 'network_isolation_level' });
  expect(await refused('POST', at, { name: 'x', qos: { id: randomUUID() } })).toMatchObject({ status: 400, field: 'network.qos' });
  expect(await refused('POST', at, { name: 'x', dns_resolver_configuration: { name_servers: { name_server: ['here'] } } })).toMatchObject({
    code: 'network_name_server_unfit',
  });
  expect((await manager.ask('DELETE', `${at}/${network.id}`)).status).toBe(200);
  expect((await manager.ask('GET', at)).body.network).toEqual([]);
  proves(
    'data_center_networks.list',
    'data_center_networks.add',
    'data_center_network.get',
    'data_center_network.update',
    'data_center_network.remove',
  );
});

test('a network has one label', async () => {
  const network = await added('networks', { name: fresh('n'), data_center });
  const at = `networks/${network.id}/networklabels`;
  expect(await added(at, { id: 'lab_1' })).toMatchObject({ id: 'lab_1', network: { id: network.id } });
  expect((await manager.ask('GET', at)).body.network_label).toHaveLength(1);
  expect(await refused('POST', at, { id: 'other' })).toMatchObject({ status: 409, code: 'network_label_taken' });
  expect((await manager.ask('GET', 'networks?search=label%3Dlab_1')).body.network).toMatchObject([{ id: network.id }]);
  expect((await manager.ask('GET', `${at}/lab_1`)).status).toBe(200);
  expect((await manager.ask('DELETE', `${at}/other`)).status).toBe(404);
  expect((await manager.ask('DELETE', `${at}/lab_1`)).status).toBe(200);
  expect((await manager.ask('GET', at)).body.network_label).toEqual([]);
  expect(await refused('POST', at, { id: 'not a label' })).toMatchObject({ status: 400 });
  expect((await manager.ask('GET', 'networkfilters/clean-traffic')).body).toMatchObject({
    name: 'clean-traffic',
    version: { major: '3', minor: '6' },
  });
  expect((await manager.ask('GET', `clusters/${fixedIds.defaultCluster}/networkfilters`)).body.network_filter).toHaveLength(18);
  proves(
    'network_labels.add',
    'network_labels.list',
    'network_label.get',
    'network_label.remove',
    'network_filters.list',
    'network_filter.get',
  );
});

test('a vNIC profile passes devices through, mirrors or limits traffic, but not what excludes each other', async () => {
  const network = await added('networks', { name: fresh('n'), data_center, profile_required: false });
  const qos = await added(`${home}/qoss`, { name: fresh('q'), type: 'network', inbound_average: 10, inbound_peak: 20, inbound_burst: 30 });
  const at = `networks/${network.id}/vnicprofiles`;
  const limited = await added(at, { name: 'limited', qos: { id: qos.id }, port_mirroring: true });
  expect(limited).toMatchObject({ qos: { id: qos.id }, port_mirroring: 'true', network_filter: { name: 'vdsm-no-mac-spoofing' } });
  const sriov = { pass_through: { mode: 'enabled' } };
  const passing = await added('vnicprofiles', { name: 'passing', network: { id: network.id }, ...sriov, failover: { id: limited.id } });
  expect(passing).toMatchObject({ pass_through: { mode: 'enabled' }, failover: { id: limited.id }, migratable: 'true' });
  expect(passing).not.toHaveProperty('network_filter');
  const wrong = (body: object) => refused('POST', at, { name: fresh('p'), ...body });
  expect(await wrong({ ...sriov, port_mirroring: true })).toMatchObject({ status: 400, code: 'profile_pass_through_alone' });
  expect(await wrong({ ...sriov, qos: { id: qos.id } })).toMatchObject({ code: 'profile_pass_through_alone' });
  expect(await wrong({ migratable: false })).toMatchObject({ code: 'profile_must_migrate', field: 'vnic_profile.migratable' });
  expect(await wrong({ failover: { id: limited.id } })).toMatchObject({ code: 'profile_failover_unfit' });
  expect(await wrong({ ...sriov, migratable: false, failover: { id: limited.id } })).toMatchObject({ code: 'profile_failover_unfit' });
  expect(await wrong({ ...sriov, failover: { id: passing.id } })).toMatchObject({ code: 'profile_failover_passes' });
  expect(await wrong({ ...sriov, failover: { id: randomUUID() } })).toMatchObject({ code: 'profile_failover_unknown' });
  expect(await wrong({ qos: { id: randomUUID() } })).toMatchObject({ code: 'profile_qos_unknown', field: 'vnic_profile.qos' });
  const property = (name: string, value: string) => ({ custom_properties: { custom_property: [{ name, value }] } });
  expect(await wrong(property('Colour', 'red'))).toMatchObject({ code: 'profile_property_unknown' });
  expect(await wrong(property('SecurityGroups', 'red'))).toMatchObject({ code: 'profile_property_unfit' });
  await added(at, { name: 'grouped', ...property('SecurityGroups', `${randomUUID()}, ${randomUUID()}`) });
  expect(await refused('DELETE', `vnicprofiles/${limited.id}`)).toMatchObject({ status: 409, code: 'profile_is_failover' });
  expect(
    await refused('PUT', `vnicprofiles/${limited.id}`, { ...sriov, port_mirroring: false, qos: {}, network_filter: {} }),
  ).toMatchObject({
    code: 'profile_is_failover',
  });
  expect((await manager.ask('GET', `networks/${fixedIds.managementNetwork}/vnicprofiles/${passing.id}`)).status).toBe(404);
  expect((await manager.ask('DELETE', `${at}/${passing.id}`)).status).toBe(200);
  expect((await manager.ask('PUT', `vnicprofiles/${limited.id}`, { qos: {}, network_filter: {} })).body).not.toHaveProperty('qos');
  expect(
    (await manager.ask('GET', `vnicprofiles?search=${encodeURIComponent(`network=${network.name} and name=limited`)}`)).body.vnic_profile,
  ).toMatchObject([{ id: limited.id }]);
  proves(
    'vnic_profiles.add',
    'vnic_profiles.list',
    'vnic_profile.get',
    'vnic_profile.update',
    'vnic_profile.remove',
    'assigned_vnic_profiles.add',
    'assigned_vnic_profiles.list',
    'assigned_vnic_profile.get',
    'assigned_vnic_profile.remove',
  );
});

test('what a profile is for VMs does not change under them', async () => {
  const network = await added('networks', { name: fresh('n'), data_center });
  const [profile] = (await manager.ask('GET', `networks/${network.id}/vnicprofiles`)).body.vnic_profile;
  const vm = await added('vms', { name: fresh('vm'), cluster: { name: 'Default' }, template: { name: 'Blank' } });
  await added(`vms/${vm.id}/nics`, { name: 'nic1', vnic_profile: { id: profile.id } });
  const change = (body: object) => refused('PUT', `vnicprofiles/${profile.id}`, body);
  expect(await change({ pass_through: { mode: 'enabled' }, network_filter: {} })).toMatchObject({
    status: 409,
    code: 'profile_pass_through_fixed',
  });
  await manager.database.pool.query('update vms set run_id = gen_random_uuid() where id = $1', [vm.id]);
  expect(await change({ port_mirroring: true })).toMatchObject({ status: 409, code: 'profile_mirroring_fixed' });
  await manager.database.pool.query('update vms set run_id = null where id = $1', [vm.id]);
  expect((await manager.ask('PUT', `vnicprofiles/${profile.id}`, { port_mirroring: true })).body.port_mirroring).toBe('true');
});

test('an id that is taken already is refused, whosever it is', async () => {
  expect(await refused('POST', 'networks', { id: fixedIds.managementNetwork, name: fresh('n'), data_center })).toMatchObject({
    status: 409,
    code: 'id_taken',
  });
});
