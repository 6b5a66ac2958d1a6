import { randomUUID } from 'node:crypto';
import { everyonesRoles, fixedIds } from '@ostler/domain/fixed-ids';
import { defaultNetworkFilter, type ProfileInUse, type VnicProfileSettings } from '@ostler/domain/network/profile-rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, json, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import { noSearch, type SearchResult } from '../search/sql.ts';

export interface VnicProfileRow extends VnicProfileSettings {
  readonly id: string;
  readonly network: string;
  readonly dataCenter: string;
}

/** What a profile is that nobody has said anything about. */
export const blankProfile: VnicProfileSettings = {
  name: '',
  description: '',
  comment: '',
  passThrough: false,
  migratable: true,
  portMirroring: false,
  filter: defaultNetworkFilter,
  qos: null,
  failover: null,
  customProperties: {},
};

const select = sql`select p.id, p.name, p.description, p.comment, p.migratable, p.network_filter as filter, p.network_id as network, n.data_center_id as "dataCenter",
    p.pass_through as "passThrough", p.port_mirroring as "portMirroring", p.qos_id as qos, p.failover_id as failover, p.custom_properties as "customProperties"
  from vnic_profiles p join networks n on n.id = p.network_id join data_centers d on d.id = n.data_center_id`;

/** What the search language's fields of a vNIC profile are in SQL. */
export const profileSearchColumns: Readonly<Record<string, Sql>> = {
  name: sql`p.name`,
  description: sql`p.description`,
  comment: sql`p.comment`,
  id: sql`p.id`,
  network: sql`n.name`,
  datacenter: sql`d.name`,
};

export const listVnicProfiles = (db: Queries, reader: Reader, search: SearchResult = noSearch, within: Sql = sql`true`) =>
  rows<VnicProfileRow>(
    db,
    sql`${select} where ${visibleTo(reader, 'vnic_profile', sql`p.id`)} and ${within} and ${search.condition} order by ${search.order(sql`p.name, p.id`)} ${search.page}`,
  );

export const findVnicProfile = (db: Queries, reader: Reader, id: string) =>
  row<VnicProfileRow>(db, sql`${select} where p.id = ${id} and ${visibleTo(reader, 'vnic_profile', sql`p.id`)}`);

/** What a profile of a network is measured by. */
export const profileSurroundings = (db: Queries, network: string, id: string, { qos, failover }: VnicProfileSettings) =>
  row<{
    network: { name: string; vmNetwork: boolean; portIsolation: boolean };
    dataCenter: string;
    otherNames: string[];
    qosFound: boolean;
    failover: { id: string; name: string; passThrough: boolean } | null;
  }>(
    db,
    sql`select jsonb_build_object('name', n.name, 'vmNetwork', n.vm_network, 'portIsolation', n.port_isolation) as network, n.data_center_id as "dataCenter",
          coalesce((select array_agg(o.name) from vnic_profiles o where o.network_id = n.id and o.id <> ${id}), '{}') as "otherNames",
          exists (select 1 from qoss q where q.id::text = ${qos} and q.data_center_id = n.data_center_id and q.kind = 'network') as "qosFound",
          (select jsonb_build_object('id', o.id, 'name', o.name, 'passThrough', o.pass_through) from vnic_profiles o join networks m on m.id = o.network_id
            where o.id::text = ${failover} and m.data_center_id = n.data_center_id) as failover
        from networks n where n.id = ${network}`,
  );

export const profileInUse = async (db: Queries, id: string): Promise<ProfileInUse> =>
  (await row<ProfileInUse>(
    db,
    sql`select (select count(*) from nics where vnic_profile_id = ${id})::int as nics,
          (select count(*) from nics i join vms m on m.id = i.vm_id where i.vnic_profile_id = ${id} and m.run_id is not null)::int as running,
          coalesce((select array_agg(name order by name) from vnic_profiles where failover_id = ${id}), '{}') as "failoverOf"`,
  )) ?? { nics: 0, running: 0, failoverOf: [] };

export const insertVnicProfile = (tx: Transaction, id: string, network: string, profile: VnicProfileSettings) =>
  change(
    tx,
    sql`insert into vnic_profiles (id, name, description, comment, network_id, migratable, network_filter, pass_through, port_mirroring, qos_id, failover_id, custom_properties)
        values (${id}, ${profile.name}, ${profile.description}, ${profile.comment}, ${network}, ${profile.migratable}, ${profile.filter}, ${profile.passThrough}, ${profile.portMirroring},
          ${profile.qos}, ${profile.failover}, ${json(profile.customProperties)})`,
  );

/** The profile that comes with a VM network, which everybody may use, as in RHV. */
export async function insertFirstProfile(tx: Transaction, network: { readonly id: string; readonly name: string }): Promise<void> {
  const id = randomUUID();
  await insertVnicProfile(tx, id, network.id, { ...blankProfile, name: network.name.slice(0, 50).trim() });
  await change(
    tx,
    sql`insert into permissions (id, role_id, principal_id, object_id, object_type) values (${randomUUID()}, ${everyonesRoles.vnicProfile}, ${fixedIds.everyone}, ${id}, 'vnic_profile')`,
  );
}

export const updateVnicProfile = (tx: Transaction, id: string, profile: VnicProfileSettings) =>
  change(
    tx,
    sql`update vnic_profiles set name = ${profile.name}, description = ${profile.description}, comment = ${profile.comment}, migratable = ${profile.migratable},
          network_filter = ${profile.filter}, pass_through = ${profile.passThrough}, port_mirroring = ${profile.portMirroring}, qos_id = ${profile.qos},
          failover_id = ${profile.failover}, custom_properties = ${json(profile.customProperties)} where id = ${id}`,
  );

export async function removeVnicProfile(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`delete from permissions where object_id = ${id}`);
  await change(tx, sql`delete from vnic_profiles where id = ${id}`);
}
