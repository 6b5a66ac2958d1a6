import { randomUUID } from 'node:crypto';
import { events } from '@ostler/domain/events/catalogue';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { phrase, plan } from '@ostler/domain/plan';
import { defaultSchedulingPolicy } from '@ostler/domain/scheduling/policies';
import { blankHardware } from '@ostler/domain/vm/hardware';
import { domainId, internalDomain } from '../access/domains.ts';
import { emit } from '../audit/store.ts';
import { change, json, sql, type Database } from '../db/database.ts';
import { insertJob, needAttention } from '../jobs/store.ts';

/** One object of every kind, all of which belong to somebody else, by the contract's names of their types. */
export interface ForeignWorld {
  readonly ids: Readonly<Record<string, string>>;
  /** Ids and names that nobody may be told who does not see these objects. */
  readonly secrets: readonly string[];
}

/** Fills every table, in a data center of its own, and with a VM and a host that share the Default cluster with everybody. */
export async function foreignWorld(db: Database): Promise<ForeignWorld> {
  const made: Record<string, string> = {};
  const names: string[] = [];
  const id = (type: string) => (made[type] ??= randomUUID());
  const name = (type: string): string => {
    const one = `foreign-${type.replaceAll('_', '-')}-${id(type).slice(0, 8)}`;
    names.push(one);
    return one;
  };
  await db.transaction().execute(async (tx) => {
    const run = (query: Parameters<typeof change>[1]) => change(tx, query);
    await run(sql`insert into mac_pools (id, name, ranges) values (${id('mac_pool')}, ${name('mac_pool')}, '[]')`);
    await run(
      sql`insert into data_centers (id, name, mac_pool_id) values (${id('data_center')}, ${name('data_center')}, ${id('mac_pool')})`,
    );
    await run(
      sql`insert into clusters (id, name, data_center_id, settings, mac_pool_id) select ${id('cluster')}, ${name('cluster')}, ${id('data_center')}, settings, ${id('mac_pool')} from clusters where id = ${fixedIds.defaultCluster}`,
    );
    await run(sql`insert into cpu_profiles (id, name, cluster_id) values (${id('cpu_profile')}, ${name('cpu_profile')}, ${id('cluster')})`);
    await run(
      sql`insert into qoss (id, name, data_center_id, kind, limits) values (${id('qos')}, ${name('qos')}, ${id('data_center')}, 'network', '{}')`,
    );
    await run(sql`insert into quotas (id, name, data_center_id) values (${id('quota')}, ${name('quota')}, ${id('data_center')})`);
    await run(
      sql`insert into quota_cluster_limits (id, quota_id, cluster_id) values (${id('quota_cluster_limit')}, ${id('quota')}, ${id('cluster')})`,
    );
    await run(sql`insert into quota_storage_limits (id, quota_id) values (${id('quota_storage_limit')}, ${id('quota')})`);
    await run(sql`insert into bookmarks (id, name, value) values (${id('bookmark')}, ${name('bookmark')}, ${name('search')})`);
    await run(sql`insert into affinity_labels (id, name) values (${id('affinity_label')}, ${name('affinity_label')})`);
    await run(
      sql`insert into affinity_groups (id, name, cluster_id, vms_rule, hosts_rule) values (${id('affinity_group')}, ${name('affinity_group')}, ${id('cluster')}, '{}', '{}')`,
    );
    await run(sql`insert into networks (id, name, data_center_id) values (${id('network')}, ${name('network')}, ${id('data_center')})`);
    await run(sql`insert into cluster_networks (cluster_id, network_id) values (${id('cluster')}, ${id('network')})`);
    await run(
      sql`insert into vnic_profiles (id, name, network_id) values (${id('vnic_profile')}, ${name('vnic_profile')}, ${id('network')})`,
    );
    await run(
      sql`insert into hosts (id, name, cluster_id, address, spm_id, status, facts) values (${id('host')}, ${name('host')}, ${fixedIds.defaultCluster}, ${name('host_address')}, 1, 'up', ${json({ memory: 2 ** 36, cpu: { sockets: 1, cores: 8, threads: 1 }, networks: [{ name: 'ovirtmgmt' }] })})`,
    );
    await run(
      sql`insert into storage_connections (id, storage_type, path) values (${id('storage_connection')}, 'localfs', ${name('path')})`,
    );
    await run(
      sql`insert into storage_domains (id, name, kind, storage_type, connection_id, data_center_id, wanted, health) values (${id('storage_domain')}, ${name('storage_domain')}, 'data', 'localfs', ${id('storage_connection')}, ${id('data_center')}, 'active', 'ok')`,
    );
    await run(
      sql`insert into disk_profiles (id, name, storage_domain_id) values (${id('disk_profile')}, ${name('disk_profile')}, ${id('storage_domain')})`,
    );
    await run(
      sql`insert into templates (id, name, cluster_id, hardware) values (${id('template')}, ${name('template')}, ${id('cluster')}, ${json(blankHardware)})`,
    );
    for (const [vm, cluster] of [
      ['vm', fixedIds.defaultCluster],
      ['other_vm', id('cluster')],
    ] as const) {
      await run(
        sql`insert into vms (id, name, cluster_id, template_id, original_template_id, hardware, created_by)
            values (${id(vm)}, ${name(vm)}, ${cluster}, ${fixedIds.blankTemplate}, ${fixedIds.blankTemplate}, ${json(blankHardware)}, ${id('user')})`,
      );
      await run(
        sql`insert into snapshots (id, vm_id, kind, description) values (${id(`${vm}_snapshot`)}, ${id(vm)}, 'active', 'Active VM')`,
      );
    }
    made['snapshot'] = id('vm_snapshot');
    await run(
      sql`insert into disks (id, alias, provisioned_size, disk_profile_id) values (${id('disk')}, ${name('disk')}, 1048576, ${id('disk_profile')})`,
    );
    await run(
      sql`insert into volumes (id, disk_id, domain_id, format, sparse, capacity) values (${id('volume')}, ${id('disk')}, ${id('storage_domain')}, 'raw', true, 1048576)`,
    );
    await run(sql`insert into disk_attachments (vm_id, disk_id, interface) values (${id('vm')}, ${id('disk')}, 'virtio')`);
    made['disk_attachment'] = id('disk');
    await run(
      sql`insert into nics (id, vm_id, name, mac, interface, vnic_profile_id) values (${id('nic')}, ${id('vm')}, ${name('nic')}, '56:6f:00:00:00:01', 'virtio', ${id('vnic_profile')})`,
    );
    await run(
      sql`insert into image_transfers (id, disk_id, volume_id, direction, format, view, size, host_id, phase) values (${id('image_transfer')}, ${id('disk')}, ${id('volume')}, 'upload', 'raw', 'raw', 1048576, ${id('host')}, 'transferring')`,
    );
    await run(sql`insert into users (id, name, user_name) values (${id('user')}, ${name('user')}, ${name('user')})`);
    await run(
      sql`insert into ssh_public_keys (id, user_id, content) values (${id('ssh_public_key')}, ${id('user')}, ${`ssh-ed25519 ${name('key')}`})`,
    );
    await run(
      sql`insert into user_options (id, user_id, name, content) values (${id('user_option')}, ${id('user')}, ${name('option')}, '{}')`,
    );
    await run(sql`insert into groups (id, name) values (${id('group')}, ${name('group')})`);
    await run(
      sql`insert into affinity_label_members (label_id, kind, object_id) values (${id('affinity_label')}, 'vm', ${id('vm')}), (${id('affinity_label')}, 'host', ${id('host')})`,
    );
    await run(
      sql`insert into permissions (id, role_id, principal_id, object_id, object_type) values (${id('permission')}, '00000000-0000-0000-0001-000000000001', ${id('user')}, ${id('vm')}, 'vm')`,
    );
    await insertJob(tx, {
      id: id('job'),
      type: 'start-vm',
      version: 1,
      plan: plan({
        title: phrase('vm.start', { vm: names.find((one) => one.startsWith('foreign-vm-')) ?? '' }),
        data: {},
        locks: [{ object: id('vm'), kind: 'vm', mode: 'exclusive' }],
      }),
      steps: [{ name: 'begin' }],
      owner: id('user'),
      correlation: id('correlation'),
    });
    await needAttention(tx, id('job'), {
      code: 'unreachable',
      message: `Host ${names.find((one) => one.startsWith('foreign-host-')) ?? ''} does not answer`,
    });
    const step = await sql<{ id: string }>`select id from job_steps where job_id = ${id('job')}`.execute(tx);
    made['step'] = step.rows[0]?.id ?? '';
    const called = (type: string) => names.find((one) => one.startsWith(`foreign-${type}-`)) ?? '';
    await emit(
      tx,
      events.vm_run_requested({ vm: called('vm'), user: called('user'), host: called('host') }),
      { vm: id('vm'), host: id('host'), user: id('user') },
      id('correlation'),
    );
    await emit(tx, events.disk_added({ disk: called('disk') }), { disk: id('disk'), storageDomain: id('storage-domain') });
    await emit(tx, events.data_center_updated({ name: called('data-center') }), { dataCenter: id('data_center'), user: id('user') });
  });
  const event = await sql<{ index: number }>`select min(index) as index from events where vm_id = ${id('vm')}`.execute(db);
  const secrets = [...Object.values(made), ...names];
  // Tags are words for everybody: who hangs one on a foreign object is told of by its own test.
  const tag = randomUUID();
  await change(db, sql`insert into tags (id, name, parent_id) values (${tag}, 'shared-tag', ${fixedIds.rootTag})`);
  return {
    ids: {
      ...made,
      tag,
      scheduling_policy: defaultSchedulingPolicy,
      domain: domainId(internalDomain),
      event: String(event.rows[0]?.index ?? ''),
    },
    secrets,
  };
}

/** What of the foreign world touches the reader's own VM: it runs on the foreign host, and somebody else has started it. */
export async function runOnForeignHost(db: Database, vm: string, world: ForeignWorld): Promise<void> {
  const secretNamed = (type: string) => world.secrets.find((one) => one.startsWith(`foreign-${type}-`)) ?? '';
  await change(
    db,
    sql`update vms set run_id = ${randomUUID()}, run_host_id = ${world.ids['host']}, run_status = 'up', run_started = now() where id = ${vm}`,
  );
  await emit(db, events.vm_run_requested({ vm: 'own-vm', user: secretNamed('user'), host: secretNamed('host') }), {
    vm,
    host: world.ids['host'],
    user: world.ids['user'],
  });
  await emit(db, events.vm_down_error({ vm: 'own-vm', reason: `${secretNamed('host')} lost power` }), { vm, host: world.ids['host'] });
}
