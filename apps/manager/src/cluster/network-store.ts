import { soleRoles, type Assignment, type NetworkSettings } from '@ostler/domain/network/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';

/** A network as a cluster has it. */
export interface ClusterNetworkRow extends NetworkSettings, Assignment {
  readonly id: string;
  readonly cluster: string;
  readonly dataCenter: string;
  /** Whether every host of the cluster that is up has it. */
  readonly operational: boolean;
}

const select = sql`select n.id, k.cluster_id as cluster, n.data_center_id as "dataCenter", n.name, n.description, n.comment, n.vlan, n.mtu, n.stp, n.vm_network as "vmNetwork",
    n.port_isolation as "portIsolation", n.qos_id as qos, n.name_servers as "nameServers", k.required, k.usages,
    not exists (select 1 from hosts h where h.cluster_id = k.cluster_id and h.status = 'up'
      and not coalesce(h.facts -> 'networks' @> jsonb_build_array(jsonb_build_object('name', n.name)), false)) as operational
  from cluster_networks k join networks n on n.id = k.network_id`;

export const networksOfCluster = (db: Queries, reader: Reader, cluster: string, max: number | undefined) =>
  rows<ClusterNetworkRow>(
    db,
    sql`${select} where k.cluster_id = ${cluster} and ${visibleTo(reader, 'network', sql`n.id`)} order by n.name ${max === undefined || max < 0 ? sql`` : sql`limit ${max}`}`,
  );

export const networkOfCluster = (db: Queries, reader: Reader, cluster: string, network: string) =>
  row<ClusterNetworkRow>(
    db,
    sql`${select} where k.cluster_id = ${cluster} and k.network_id = ${network} and ${visibleTo(reader, 'network', sql`n.id`)}`,
  );

/** What assigning a network to a cluster depends on. */
export const assignmentFacts = (db: Queries, cluster: string, network: string) =>
  row<{ cluster: string; network: string; vmNetwork: boolean; together: boolean; assigned: boolean; nics: number }>(
    db,
    sql`select c.name as cluster, n.name as network, n.vm_network as "vmNetwork", c.data_center_id is not distinct from n.data_center_id as together,
          exists (select 1 from cluster_networks k where k.cluster_id = c.id and k.network_id = n.id) as assigned,
          (select count(*) from nics i join vnic_profiles p on p.id = i.vnic_profile_id join vms m on m.id = i.vm_id
            where p.network_id = n.id and m.cluster_id = c.id)::int as nics
        from clusters c, networks n where c.id = ${cluster} and n.id = ${network}`,
  );

/** Gives a network its place in a cluster. Of the roles that one network has, whoever had them loses them. */
export async function assignNetwork(tx: Transaction, cluster: string, network: string, { required, usages }: Assignment): Promise<void> {
  const taken: Sql = sql`${soleRoles.filter((role) => usages.includes(role))}::text[]`;
  await change(
    tx,
    sql`update cluster_networks set usages = (select coalesce(array_agg(u), '{}') from unnest(usages) u where u <> all(${taken}))
        where cluster_id = ${cluster} and network_id <> ${network} and usages && ${taken}`,
  );
  await change(
    tx,
    sql`insert into cluster_networks (cluster_id, network_id, required, usages) values (${cluster}, ${network}, ${required}, ${[...usages]}::text[])
        on conflict (cluster_id, network_id) do update set required = excluded.required, usages = excluded.usages`,
  );
}

export const withdrawNetwork = (tx: Transaction, cluster: string, network: string) =>
  change(tx, sql`delete from cluster_networks where cluster_id = ${cluster} and network_id = ${network}`);
