import { randomUUID } from 'node:crypto';
import { everyonesRoles, fixedIds } from '@ostler/domain/fixed-ids';
import type { NetworkInUse, NetworkSettings, VnicProfileSettings } from '@ostler/domain/network/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface NetworkRow extends NetworkSettings {
  readonly id: string;
  readonly dataCenter: string;
}

const settings = sql`n.name, n.description, n.comment, n.vlan, n.mtu, n.stp, n.vm_network as "vmNetwork", n.port_isolation as "portIsolation"`;
const select = sql`select n.id, n.data_center_id as "dataCenter", ${settings} from networks n join data_centers d on d.id = n.data_center_id`;

/** What the search language's fields of a network are in SQL. */
export const searchColumns: Readonly<Record<string, Sql>> = {
  name: sql`n.name`,
  description: sql`n.description`,
  comment: sql`n.comment`,
  id: sql`n.id`,
  vlanid: sql`n.vlan`,
  stp: sql`n.stp`,
  mtu: sql`n.mtu`,
  vmnetwork: sql`n.vm_network`,
  datacenter: sql`d.name`,
};

export const listNetworks = (db: Queries, reader: Reader, search: SearchResult) =>
  rows<NetworkRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'network', sql`n.id`)} and ${search.condition} order by ${search.order(sql`n.name`)} ${search.page}`,
  );

export const findNetwork = (db: Queries, reader: Reader, id: string) =>
  row<NetworkRow>(db, sql`${select} where n.id = ${id} and ${visibleTo(reader, 'network', sql`n.id`)}`);

export const networkNamesIn = async (db: Queries, dataCenter: string, except: string): Promise<string[]> =>
  (await rows<{ name: string }>(db, sql`select name from networks where data_center_id = ${dataCenter} and id <> ${except}`)).map(
    (one) => one.name,
  );

/** What uses a network, in the whole data center. */
export const networkInUse = async (db: Queries, id: string): Promise<NetworkInUse> =>
  (await row<NetworkInUse>(
    db,
    sql`select (select count(*) from nics i join vnic_profiles p on p.id = i.vnic_profile_id where p.network_id = n.id)::int as nics,
          coalesce((select array_agg(h.name order by h.name) from hosts h join clusters c on c.id = h.cluster_id
            where c.data_center_id = n.data_center_id and h.facts -> 'networks' @> jsonb_build_array(jsonb_build_object('name', n.name))), '{}') as hosts,
          (select c.name from cluster_networks k join clusters c on c.id = k.cluster_id where k.network_id = n.id and 'management' = any(k.usages) order by c.name limit 1) as manages
        from networks n where n.id = ${id}`,
  )) ?? { nics: 0, hosts: [], manages: null };

export const insertNetwork = (tx: Transaction, network: NetworkSettings & { readonly id: string; readonly dataCenter: string }) =>
  change(
    tx,
    sql`insert into networks (id, name, description, comment, data_center_id, vlan, mtu, stp, vm_network, port_isolation)
        values (${network.id}, ${network.name}, ${network.description}, ${network.comment}, ${network.dataCenter}, ${network.vlan}, ${network.mtu}, ${network.stp}, ${network.vmNetwork}, ${network.portIsolation})`,
  );

export const updateNetwork = (tx: Transaction, id: string, network: NetworkSettings) =>
  change(
    tx,
    sql`update networks set name = ${network.name}, description = ${network.description}, comment = ${network.comment}, vlan = ${network.vlan}, mtu = ${network.mtu},
          stp = ${network.stp}, vm_network = ${network.vmNetwork}, port_isolation = ${network.portIsolation} where id = ${id}`,
  );

export async function removeNetwork(tx: Transaction, id: string): Promise<void> {
  await change(
    tx,
    sql`delete from permissions where object_id = ${id} or object_id in (select p.id from vnic_profiles p where p.network_id = ${id})`,
  );
  await change(tx, sql`delete from networks where id = ${id}`);
}

// ---- vNIC profiles -------------------------------------------------------------------------------------------------

export interface VnicProfileRow extends VnicProfileSettings {
  readonly id: string;
  readonly network: string;
}

const selectProfile = sql`select p.id, p.name, p.description, p.comment, p.migratable, p.network_filter as filter, p.network_id as network from vnic_profiles p`;

export const listVnicProfiles = (db: Queries, reader: Reader, max: number | undefined, within: Sql = sql`true`) =>
  rows<VnicProfileRow>(
    db,
    sql`${selectProfile} where ${visibleTo(reader, 'vnic_profile', sql`p.id`)} and ${within} order by p.name, p.id ${limit(max)}`,
  );

export const findVnicProfile = (db: Queries, reader: Reader, id: string) =>
  row<VnicProfileRow>(db, sql`${selectProfile} where p.id = ${id} and ${visibleTo(reader, 'vnic_profile', sql`p.id`)}`);

export const profileNamesOf = async (db: Queries, network: string, except: string): Promise<string[]> =>
  (await rows<{ name: string }>(db, sql`select name from vnic_profiles where network_id = ${network} and id <> ${except}`)).map(
    (one) => one.name,
  );

export const nicsOfProfile = async (db: Queries, id: string): Promise<number> =>
  (await row<{ count: number }>(db, sql`select count(*)::int as count from nics where vnic_profile_id = ${id}`))?.count ?? 0;

export const insertVnicProfile = (tx: Transaction, profile: VnicProfileRow) =>
  change(
    tx,
    sql`insert into vnic_profiles (id, name, description, comment, network_id, migratable, network_filter)
        values (${profile.id}, ${profile.name}, ${profile.description}, ${profile.comment}, ${profile.network}, ${profile.migratable}, ${profile.filter})`,
  );

/** The profile that comes with a VM network, which everybody may use, as in RHV. */
export async function insertFirstProfile(tx: Transaction, network: { readonly id: string; readonly name: string }): Promise<void> {
  const id = randomUUID();
  const base = { description: '', comment: '', migratable: true, filter: 'vdsm-no-mac-spoofing' };
  await insertVnicProfile(tx, { ...base, id, name: network.name.slice(0, 50).trim(), network: network.id });
  await change(
    tx,
    sql`insert into permissions (id, role_id, principal_id, object_id, object_type) values (${randomUUID()}, ${everyonesRoles.vnicProfile}, ${fixedIds.everyone}, ${id}, 'vnic_profile')`,
  );
}

export const updateVnicProfile = (tx: Transaction, id: string, profile: VnicProfileSettings) =>
  change(
    tx,
    sql`update vnic_profiles set name = ${profile.name}, description = ${profile.description}, comment = ${profile.comment}, migratable = ${profile.migratable},
          network_filter = ${profile.filter} where id = ${id}`,
  );

export async function removeVnicProfile(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`delete from permissions where object_id = ${id}`);
  await change(tx, sql`delete from vnic_profiles where id = ${id}`);
}

const limit = (max: number | undefined): Sql => (max === undefined || max < 0 ? sql`` : sql`limit ${max}`);
