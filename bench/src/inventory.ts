/** A large data center, written in bulk: hosts that nobody asks, and VMs of which every second one runs. */
import type { Database } from '@ostler/manager/db/database';
import { json, sql } from '@ostler/manager/db/database';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { blankHardware } from '@ostler/domain/vm/hardware';

const domains = 20;

/** Names are `vm-00001`, …; each VM has a disk, a NIC and its active snapshot; running ones have a guest that tells of itself. */
export async function fillInventory(db: Database, { vms, hosts }: { vms: number; hosts: number }): Promise<void> {
  const facts = json({ memory: 2 ** 38, cpu: { sockets: 2, cores: 16, threads: 2 }, networks: [{ name: 'ovirtmgmt' }] });
  await db.transaction().execute(async (tx) => {
    const run = (query: ReturnType<typeof sql>) => query.execute(tx);
    await run(sql`set local statement_timeout = '10min'`);
    await run(sql`insert into hosts (id, name, cluster_id, address, port, spm_id, status, last_contact, facts)
      select gen_random_uuid(), 'host-' || lpad(n::text, 4, '0'), ${fixedIds.defaultCluster}, '127.0.0.1', 1, 1 + n % 250, 'up', now(), ${facts}
      from generate_series(1, ${hosts}) n`);
    await run(sql`insert into storage_connections (id, storage_type, path)
      select gen_random_uuid(), 'localfs', '/srv/' || n from generate_series(1, ${domains}) n`);
    await run(sql`insert into storage_domains (id, name, kind, storage_type, connection_id, data_center_id, wanted, health)
      select gen_random_uuid(), 'data-' || substr(path, 6), 'data', 'localfs', id, ${fixedIds.defaultDataCenter}, 'active', 'ok' from storage_connections`);
    await run(sql`insert into vms (id, name, description, cluster_id, template_id, original_template_id, cpu_profile_id, hardware)
      select gen_random_uuid(), 'vm-' || lpad(n::text, 5, '0'), 'One of many', ${fixedIds.defaultCluster}, ${fixedIds.blankTemplate}, ${fixedIds.blankTemplate},
        ${fixedIds.defaultCpuProfile}, jsonb_set(${json(blankHardware)}, '{memory,size}', to_jsonb((1 + n % 8) * 1073741824::bigint))
      from generate_series(1, ${vms}) n`);
    await run(sql`with numbered as (select id, row_number() over (order by name) as n from hosts),
        running as (select id, row_number() over (order by name) as n from vms where substr(name, 4)::int % 2 = 0)
      update vms set run_id = gen_random_uuid(), run_status = 'up', run_started = now(), run_state = '{"kind":"running"}', run_host_id = numbered.id,
        run_guest = jsonb_build_object('agent', 'connected', 'hostName', vms.name || '.example.com',
          'operatingSystem', '{"id":"rhel","name":"Red Hat Enterprise Linux","version":"8.6","kernel":"4.18.0","architecture":"x86_64"}'::jsonb,
          'nics', jsonb_build_array(jsonb_build_object('name', 'eth0', 'addresses', jsonb_build_array(
            jsonb_build_object('family', 'v4', 'address', '10.' || running.n / 65536 || '.' || running.n / 256 % 256 || '.' || running.n % 256)))))
      from running join numbered on numbered.n = 1 + running.n % ${hosts} where vms.id = running.id`);
    await run(sql`insert into snapshots (id, vm_id, kind, description) select gen_random_uuid(), id, 'active', 'Active VM' from vms`);
    await run(sql`insert into vm_statistics (vm_id, run_id, at, raw, cpu_usage, memory_usage, network_usage)
      select id, run_id, now(), '{}', random() * 100, random() * 100, random() * 100 from vms where run_id is not null`);
    await run(sql`insert into disks (id, alias, provisioned_size) select id, name || '_disk1', 10737418240 from vms`);
    await run(sql`with numbered as (select id, row_number() over (order by name) as n from storage_domains)
      insert into volumes (id, disk_id, domain_id, format, sparse, capacity)
      select gen_random_uuid(), d.id, numbered.id, 'cow', true, d.provisioned_size
      from (select *, row_number() over (order by alias) as n from disks) d join numbered on numbered.n = 1 + d.n % ${domains}`);
    await run(sql`insert into disk_attachments (vm_id, disk_id, interface, bootable) select id, id, 'virtio_scsi', true from disks`);
    await run(sql`insert into nics (id, vm_id, name, mac, interface, vnic_profile_id)
      select gen_random_uuid(), id, 'nic1', '56:6f:00:' || substr(md5(name), 1, 2) || ':' || substr(md5(name), 3, 2) || ':' || substr(md5(name), 5, 2), 'virtio', ${fixedIds.managementProfile} from vms`);
    // An inventory of this size came over months, not in this transaction: its changes have long been read and forgotten.
    await run(sql`delete from change_log`);
  });
  await sql`vacuum analyze`.execute(db);
}
