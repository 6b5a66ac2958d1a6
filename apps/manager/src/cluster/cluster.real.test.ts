import { randomUUID } from 'node:crypto';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '@ostler/contract/coverage';
import { testManager, type TestManager } from '../testing/manager.ts';

/** What a cluster says of its hosts and VMs. */

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
});
afterAll(() => manager?.stop());

const fresh = () => `c-${randomUUID().slice(0, 8)}`;
const data_center = { id: fixedIds.defaultDataCenter };
const added = async (body: object) => {
  const answer = await manager.ask('POST', 'clusters', { name: fresh(), data_center, ...body });
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
  return answer.body;
};
const refused = async (body: object, id?: string) => {
  const method = id === undefined ? 'POST' : 'PUT';
  const { status, body: told } = await manager.ask(
    method,
    `clusters${id === undefined ? '' : `/${id}`}`,
    id === undefined ? { name: fresh(), data_center, ...body } : body,
  );
  return { status, code: told.code, field: told.field };
};

test('a cluster that says nothing has RHV’s defaults, one of an older Ostler too', async () => {
  const defaults = {
    scheduling_policy: { id: 'b4ed2332-a7ac-4d5f-9596-99a439cb2812' },
    migration: {
      auto_converge: 'inherit',
      bandwidth: { assignment_method: 'auto' },
      policy: { id: '80554327-0569-496b-bdeb-fcbbf52b827b' },
    },
    fencing_policy: { enabled: 'true', skip_if_connectivity_broken: { enabled: 'false', threshold: '50' } },
    switch_type: 'legacy',
    required_rng_sources: { required_rng_source: ['urandom'] },
    log_max_memory_used_threshold: '95',
    ksm: { enabled: 'true', merge_across_nodes: 'true' },
  };
  expect(await added({})).toMatchObject(defaults);
  await manager.database.pool.query(
    `update clusters set settings = settings - 'fencing' - 'migration' - 'schedulingPolicy' where id = $1`,
    [fixedIds.defaultCluster],
  );
  expect((await manager.ask('GET', `clusters/${fixedIds.defaultCluster}`)).body).toMatchObject(defaults);
});

test('everything that a cluster can say is kept, and stays when something else changes', async () => {
  const said = {
    cpu: { type: 'Secure Intel Cascadelake Server Family' },
    bios_type: 'q35_ovmf',
    memory_policy: { over_commit: { percent: 200 }, transparent_hugepages: { enabled: false } },
    ballooning_enabled: false,
    ksm: { enabled: false, merge_across_nodes: false },
    error_handling: { on_error: 'do_not_migrate' },
    threads_as_cores: true,
    ha_reservation: true,
    tunnel_migration: true,
    firewall_type: 'iptables',
    required_rng_sources: { required_rng_source: ['hwrng'] },
    serial_number: { policy: 'custom', value: 'abc' },
    display: { proxy: 'http://proxy.example:3128' },
    migration: {
      auto_converge: 'true',
      compressed: 'false',
      policy: { id: 'a7aeedb2-8d66-4e51-bb22-32595027ce71' },
      bandwidth: { assignment_method: 'custom', custom_value: 500 },
    },
    fencing_policy: { enabled: false, skip_if_sd_active: { enabled: true }, skip_if_connectivity_broken: { enabled: true, threshold: 75 } },
    scheduling_policy: { name: 'evenly_distributed' },
    custom_scheduling_policy_properties: { property: [{ name: 'HighUtilization', value: '70' }] },
    log_max_memory_used_threshold: 2048,
    log_max_memory_used_threshold_type: 'absolute_value_in_mb',
  };
  const cluster = await added(said);
  const changed = (await manager.ask('PUT', `clusters/${cluster.id}`, { description: 'changed' })).body;
  for (const body of [cluster, changed])
    expect(body).toMatchObject({
      cpu: { type: said.cpu.type, architecture: 'x86_64' },
      bios_type: 'q35_ovmf',
      memory_policy: { over_commit: { percent: '200' }, transparent_hugepages: { enabled: 'false' } },
      ballooning_enabled: 'false',
      ksm: { enabled: 'false', merge_across_nodes: 'false' },
      error_handling: { on_error: 'do_not_migrate' },
      threads_as_cores: 'true',
      ha_reservation: 'true',
      tunnel_migration: 'true',
      firewall_type: 'iptables',
      required_rng_sources: { required_rng_source: ['urandom', 'hwrng'] },
      serial_number: said.serial_number,
      display: said.display,
      migration: {
        auto_converge: 'true',
        compressed: 'false',
        encrypted: 'inherit',
        policy: said.migration.policy,
        bandwidth: { custom_value: '500' },
      },
      fencing_policy: { enabled: 'false', skip_if_sd_active: { enabled: 'true' }, skip_if_connectivity_broken: { threshold: '75' } },
      scheduling_policy: { id: '20d25257-b4bd-4589-92a6-c4c5c5d3fd1a' },
      custom_scheduling_policy_properties: {
        property: expect.arrayContaining([
          { name: 'HighUtilization', value: '70' },
          { name: 'HeSparesCount', value: '0' },
        ]),
      },
      log_max_memory_used_threshold: '2048',
      log_max_memory_used_threshold_type: 'absolute_value_in_mb',
    });
  // With another policy the properties begin anew.
  const other = await manager.ask('PUT', `clusters/${cluster.id}`, { scheduling_policy: { name: 'power_saving' } });
  expect(other.body.custom_scheduling_policy_properties.property).toContainEqual({ name: 'HighUtilization', value: '80' });
  proves('clusters.add', 'cluster.update', 'cluster.get');
});

test('what no cluster can be is refused by its field', async () => {
  const cases = [
    [400, 'cluster_cpu_type_unknown', 'cluster.cpu.type', { cpu: { type: 'Abacus' } }],
    [400, 'cluster_architecture_unknown', 'cluster.cpu.architecture', { cpu: { architecture: 'ppc64' } }],
    [400, 'cluster_serial_number_unfit', 'cluster.serial_number', { serial_number: { policy: 'custom' } }],
    [400, 'cluster_migration_policy_unknown', 'cluster.migration.policy', { migration: { policy: { id: randomUUID() } } }],
    [
      400,
      'cluster_migration_policy_level',
      'cluster.migration.policy',
      { migration: { policy: { id: '00000000-0000-0000-0000-000000000000' } } },
    ],
    [
      400,
      'cluster_migration_bandwidth_unfit',
      'cluster.migration.bandwidth.custom_value',
      { migration: { bandwidth: { assignment_method: 'custom' } } },
    ],
    [
      400,
      'cluster_fencing_threshold_unfit',
      'cluster.fencing_policy.skip_if_connectivity_broken.threshold',
      { fencing_policy: { skip_if_connectivity_broken: { threshold: 101 } } },
    ],
    [400, 'cluster_scheduling_policy_unknown', 'cluster.scheduling_policy', { scheduling_policy: { name: 'by_dice' } }],
    [
      400,
      'cluster_scheduling_property_unknown',
      'cluster.custom_scheduling_policy_properties',
      { custom_scheduling_policy_properties: { property: [{ name: 'Luck', value: '1' }] } },
    ],
    [
      400,
      'cluster_scheduling_property_unfit',
      'cluster.custom_scheduling_policy_properties',
      { custom_scheduling_policy_properties: { property: [{ name: 'HighUtilization', value: '20' }] } },
    ],
    [400, 'cluster_memory_warning_unfit', 'cluster.log_max_memory_used_threshold', { log_max_memory_used_threshold: 101 }],
    [400, 'cluster_bios_type_unfit', 'cluster.bios_type', { bios_type: 'cluster_default' }],
    [501, 'cluster_needs_virt_service', 'cluster.virt_service', { gluster_service: true }],
    [501, 'cluster_trusted_service_not_built', 'cluster.trusted_service', { trusted_service: true }],
    [501, 'cluster_switch_not_built', 'cluster.switch_type', { switch_type: 'ovs' }],
    [501, 'cluster_vnc_encryption_not_built', 'cluster.vnc_encryption', { vnc_encryption: true }],
    [501, 'cluster_fips_not_built', 'cluster.fips_mode', { fips_mode: 'enabled' }],
  ] as const;
  for (const [status, code, field, body] of cases) {
    expect(await refused(body)).toEqual({ status, code, field });
    expect(await refused(body, fixedIds.defaultCluster)).toEqual({ status, code, field });
  }
});

test('a level has its own CPU types and machines, and keeps the legacy migration policy only at 4.2', async () => {
  const old = await manager.ask('POST', 'datacenters', { name: fresh(), version: { major: 4, minor: 2 } });
  const home = { id: old.body.id };
  const version = { major: 4, minor: 2 };
  const cluster = await added({
    data_center: home,
    version,
    cpu: { type: 'Intel Conroe Family' },
    migration: { policy: { id: '00000000-0000-0000-0000-000000000000' } },
  });
  expect(cluster).toMatchObject({ bios_type: 'i440fx_sea_bios', cpu: { type: 'Intel Conroe Family' } });
  expect(await refused({ data_center: home, version, bios_type: 'q35_ovmf' })).toMatchObject({ code: 'cluster_bios_type_level' });
  const raised = await refused({ version: { major: 4, minor: 7 } }, cluster.id);
  expect(raised).toMatchObject({ status: 400, code: 'cluster_cpu_type_unknown' });
  const { body } = await manager.ask('GET', 'clusterlevels/4.2');
  expect(body.cpu_types.cpu_type).toContainEqual({ name: 'Intel Conroe Family', level: '3', architecture: 'x86_64' });
  const newest = (await manager.ask('GET', 'clusterlevels/4.7')).body.cpu_types.cpu_type.map((one: { name: string }) => one.name);
  expect(newest).toContain('Secure Intel Icelake Server Family');
  expect(newest).not.toContain('Intel Conroe Family');
});

test('the CPU type is not lowered under running VMs, nor changed under suspended ones', async () => {
  const cluster = await added({ cpu: { type: 'Intel Haswell Family' } });
  const vm = await manager.ask('POST', 'vms', { name: fresh(), cluster: { id: cluster.id }, template: { name: 'Blank' } });
  const set = (columns: string) => manager.database.pool.query(`update vms set ${columns} where id = $1`, [vm.body.id]);
  await set(`run_id = gen_random_uuid(), run_status = 'up'`);
  const lower = { cpu: { type: 'Intel Nehalem Family' } };
  const higher = { cpu: { type: 'Secure Intel Haswell Family' } };
  expect(await refused(lower, cluster.id)).toMatchObject({ status: 409, code: 'cluster_cpu_lowered', field: 'cluster.cpu.type' });
  expect(await refused({ cpu: { type: 'AMD EPYC' } }, cluster.id)).toMatchObject({ code: 'cluster_cpu_lowered' });
  expect((await manager.ask('PUT', `clusters/${cluster.id}`, higher)).status).toBe(200);
  await set(`run_id = null, run_status = 'suspended'`);
  expect(await refused({ cpu: { type: 'Intel Skylake Server Family' } }, cluster.id)).toMatchObject({ code: 'cluster_cpu_suspended' });
  await set(`run_status = 'down'`);
  expect((await manager.ask('PUT', `clusters/${cluster.id}`, lower)).body.cpu.type).toBe('Intel Nehalem Family');
});
