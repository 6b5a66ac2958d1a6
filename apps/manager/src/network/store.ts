import type { NetworkInUse, NetworkSettings } from '@ostler/domain/network/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface NetworkRow extends NetworkSettings {
  readonly id: string;
  readonly dataCenter: string;
  readonly label: string | null;
}

const settings = sql`n.name, n.description, n.comment, n.vlan, n.mtu, n.stp, n.vm_network as "vmNetwork", n.port_isolation as "portIsolation", n.qos_id as qos, n.name_servers as "nameServers"`;
const select = sql`select n.id, n.data_center_id as "dataCenter", n.label, ${settings} from networks n join data_centers d on d.id = n.data_center_id`;

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
  label: sql`n.label`,
  qos_name: sql`(select name from qoss where id = n.qos_id)`,
  cluster: sql`(select string_agg(c.name, ' ') from cluster_networks k join clusters c on c.id = k.cluster_id where k.network_id = n.id)`,
};

export const listNetworks = (db: Queries, reader: Reader, search: SearchResult, within: Sql = sql`true`) =>
  rows<NetworkRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'network', sql`n.id`)} and ${within} and ${search.condition} order by ${search.order(sql`n.name`)} ${search.page}`,
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
    sql`insert into networks (id, name, description, comment, data_center_id, vlan, mtu, stp, vm_network, port_isolation, qos_id, name_servers)
        values (${network.id}, ${network.name}, ${network.description}, ${network.comment}, ${network.dataCenter}, ${network.vlan}, ${network.mtu}, ${network.stp}, ${network.vmNetwork}, ${network.portIsolation},
          ${network.qos}, ${[...network.nameServers]}::text[])`,
  );

export const updateNetwork = (tx: Transaction, id: string, network: NetworkSettings) =>
  change(
    tx,
    sql`update networks set name = ${network.name}, description = ${network.description}, comment = ${network.comment}, vlan = ${network.vlan}, mtu = ${network.mtu},
          stp = ${network.stp}, vm_network = ${network.vmNetwork}, port_isolation = ${network.portIsolation}, qos_id = ${network.qos}, name_servers = ${[...network.nameServers]}::text[] where id = ${id}`,
  );

export async function removeNetwork(tx: Transaction, id: string): Promise<void> {
  await change(
    tx,
    sql`delete from permissions where object_id = ${id} or object_id in (select p.id from vnic_profiles p where p.network_id = ${id})`,
  );
  await change(tx, sql`delete from networks where id = ${id}`);
}

export const homeVersion = async (db: Queries, dataCenter: string): Promise<string> =>
  (await row<{ version: string }>(db, sql`select version from data_centers where id = ${dataCenter}`))?.version ?? '';

/** Answers the data center that the network is in. */
export const setLabel = async (tx: Transaction, id: string, label: string | null): Promise<string | undefined> =>
  (
    await row<{ dataCenter: string }>(
      tx,
      sql`update networks set label = ${label} where id = ${id} returning data_center_id as "dataCenter"`,
    )
  )?.dataCenter;
