import { randomInt, randomUUID } from 'node:crypto';
import { predefinedRoles } from '@ostler/domain/access/roles';
import { defaultPolicy } from '@ostler/domain/cluster/policy';
import { newestLevel } from '@ostler/domain/datacenter/rules';
import { everyonesPermissions, fixedIds, instanceTypes } from '@ostler/domain/fixed-ids';
import { blankHardware, changed, mebibyte } from '@ostler/domain/vm/hardware';
import { hashPassword } from './access/passwords.ts';
import { insertUser } from './access/store.ts';
import { change, json, row, sql, type Database, type Transaction } from './db/database.ts';
import { insertDefaultQuota } from './quota/service.ts';

/**
 * What every installation begins with, under RHV's fixed ids. It may be run again at every start: what is there stays
 * as it is, roles that this version knows better are brought up to date.
 */
export async function bootstrap(db: Database, admin: { password: string }): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(7358003)`.execute(tx);
    await seedRoles(tx);
    if (await row(tx, sql`select 1 from data_centers`)) return;
    await seedInventory(tx);
    await seedPeople(tx, admin.password);
  });
}

async function seedRoles(tx: Transaction): Promise<void> {
  for (const role of predefinedRoles)
    await change(
      tx,
      sql`insert into roles (id, name, description, administrative, mutable, inherits, permits)
          values (${role.id}, ${role.name}, ${role.description}, ${role.administrative}, false, ${role.inherits}, ${[...role.permits]})
          on conflict (id) do update set description = excluded.description, permits = excluded.permits, inherits = excluded.inherits, administrative = excluded.administrative`,
    );
}

async function seedInventory(tx: Transaction): Promise<void> {
  const ids = fixedIds;
  const octet = () => randomInt(255).toString(16).padStart(2, '0');
  const prefix = `56:6f:${octet()}:${octet()}`;
  await change(
    tx,
    sql`insert into mac_pools (id, name, description, ranges, default_pool) values (${ids.defaultMacPool}, 'Default', 'Default MAC pool', ${json([{ from: `${prefix}:00:00`, to: `${prefix}:ff:ff` }])}, true)`,
  );
  await change(
    tx,
    sql`insert into data_centers (id, name, description, version, mac_pool_id) values (${ids.defaultDataCenter}, 'Default', 'The default data center', ${newestLevel}, ${ids.defaultMacPool})`,
  );
  await insertDefaultQuota(tx, ids.defaultDataCenter);
  await change(
    tx,
    sql`insert into clusters (id, name, description, data_center_id, version, settings, mac_pool_id)
        values (${ids.defaultCluster}, 'Default', 'The default cluster', ${ids.defaultDataCenter}, ${newestLevel}, ${json(defaultPolicy)}, ${ids.defaultMacPool})`,
  );
  await change(
    tx,
    sql`insert into networks (id, name, description, data_center_id) values (${ids.managementNetwork}, 'ovirtmgmt', 'Management network', ${ids.defaultDataCenter})`,
  );
  await change(
    tx,
    sql`insert into cluster_networks (cluster_id, network_id, required, usages) values (${ids.defaultCluster}, ${ids.managementNetwork}, true, '{vm,management,display,migration,default_route}')`,
  );
  await change(
    tx,
    sql`insert into vnic_profiles (id, name, network_id, network_filter) values (${ids.managementProfile}, 'ovirtmgmt', ${ids.managementNetwork}, 'vdsm-no-mac-spoofing')`,
  );
  await change(
    tx,
    sql`insert into cpu_profiles (id, name, cluster_id) values (${ids.defaultCpuProfile}, 'Default', ${ids.defaultCluster})`,
  );
  await change(
    tx,
    sql`insert into templates (id, name, description, hardware) values (${ids.blankTemplate}, 'Blank', 'Blank template', ${json(blankHardware)})`,
  );
  for (const type of instanceTypes) {
    const hardware = changed(blankHardware, { memory: { size: type.memory * mebibyte }, cpu: { sockets: type.sockets } });
    await change(
      tx,
      sql`insert into templates (id, name, kind, hardware) values (${type.id}, ${type.name}, 'instance_type', ${json(hardware)})`,
    );
  }
}

async function seedPeople(tx: Transaction, password: string): Promise<void> {
  const admin = randomUUID();
  await insertUser(tx, { id: admin, name: 'admin', userName: 'admin', passwordHash: await hashPassword(password) });
  await change(tx, sql`insert into groups (id, name) values (${fixedIds.everyone}, 'Everyone')`);
  const superUser = predefinedRoles.find((role) => role.name === 'SuperUser')?.id;
  await change(
    tx,
    sql`insert into permissions (id, role_id, principal_id, object_id, object_type) values (${randomUUID()}, ${superUser}, ${admin}, ${fixedIds.system}, 'system')`,
  );
  for (const { role, object, type } of everyonesPermissions)
    await change(
      tx,
      sql`insert into permissions (id, role_id, principal_id, object_id, object_type) values (${randomUUID()}, ${role}, ${fixedIds.everyone}, ${object}, ${type})`,
    );
}
