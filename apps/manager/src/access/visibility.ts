import { fixedIds } from '@ostler/domain/fixed-ids';
import { sql, type Sql } from '../db/database.ts';
import type { Reader } from './login.ts';

export type VisibleNoun =
  | 'vm'
  | 'disk'
  | 'storage_domain'
  | 'data_center'
  | 'cluster'
  | 'host'
  | 'network'
  | 'vnic_profile'
  | 'template'
  | 'image_transfer'
  | 'job'
  | 'event'
  | 'user'
  | 'group'
  | 'mac_pool'
  | 'permission'
  | 'cpu_profile'
  | 'disk_profile'
  | 'snapshot'
  | 'qos'
  | 'quota'
  | 'tag'
  | 'bookmark'
  | 'affinity_group'
  | 'affinity_label';

/**
 * The condition under which a reader sees a row, for every list, search, `follow`, event, job and the change stream.
 * `id` is the SQL of the row's id, qualified by its table: it stands inside subqueries, whose tables go by names of
 * their own (`vm_c`, `event_e`), so that none of them can take its place. An unfiltered administrator sees everything, as in RHV; so does who holds an
 * inheriting role on the system. Otherwise an object is seen
 *   - by who holds any permission on it,
 *   - by who holds an inheriting role on what lies above it,
 *   - and, for what an object needs around it (its cluster, data center, template, domains, networks), by who holds
 *     something on an object below.
 */
export function visibleTo(reader: Reader, noun: VisibleNoun, id: Sql): Sql {
  if (!reader.filtered || below(reader).includes(fixedIds.system)) return sql`true`;
  return sql`(${conditions[noun](reader, id)})`;
}

/** Objects on which the reader holds anything at all. */
const held = (reader: Reader): string[] => reader.grants.map((grant) => grant.object);
/** Objects whose content the reader sees too. */
const below = (reader: Reader): string[] => reader.grants.filter((grant) => grant.inherits).map((grant) => grant.object);

const holds = (reader: Reader, id: Sql): Sql => sql`${id} = any(${held(reader)}::uuid[])`;
const inherits = (reader: Reader, id: Sql): Sql => sql`${id} = any(${below(reader)}::uuid[])`;

/** Objects whose permissions the reader may change; those of what lies below too, if the role is one that counts there. */
const managed = (reader: Reader, inheriting: boolean): string[] =>
  reader.grants
    .filter((grant) => grant.permits.includes('manipulate_permissions') && (grant.inherits || !inheriting))
    .map((grant) => grant.object);

const visibleVm = (reader: Reader, id: Sql): Sql => sql`${holds(reader, id)} or exists (
  select 1 from vms vm_v join clusters vm_c on vm_c.id = vm_v.cluster_id
  where vm_v.id = ${id} and (${inherits(reader, sql`vm_c.id`)} or ${inherits(reader, sql`vm_c.data_center_id`)}))`;

const visibleDisk = (reader: Reader, id: Sql): Sql => sql`${holds(reader, id)}
  or exists (select 1 from disk_attachments disk_a where disk_a.disk_id = ${id} and (${visibleVm(reader, sql`disk_a.vm_id`)}))
  or exists (select 1 from volumes disk_v join storage_domains disk_s on disk_s.id = disk_v.domain_id
    where disk_v.disk_id = ${id} and (${inherits(reader, sql`disk_s.id`)} or ${inherits(reader, sql`disk_s.data_center_id`)}))`;

const conditions: { readonly [N in VisibleNoun]: (reader: Reader, id: Sql) => Sql } = {
  vm: visibleVm,
  disk: visibleDisk,
  storage_domain: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from storage_domains storage_domain_s where storage_domain_s.id = ${id} and ${inherits(reader, sql`storage_domain_s.data_center_id`)})
    or exists (select 1 from volumes storage_domain_v where storage_domain_v.domain_id = ${id} and (${visibleDisk(reader, sql`storage_domain_v.disk_id`)}))`,
  data_center: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from clusters data_center_c where data_center_c.data_center_id = ${id} and ${holds(reader, sql`data_center_c.id`)})
    or exists (select 1 from clusters data_center_c join vms data_center_v on data_center_v.cluster_id = data_center_c.id where data_center_c.data_center_id = ${id} and ${holds(reader, sql`data_center_v.id`)})
    or exists (select 1 from storage_domains data_center_s where data_center_s.data_center_id = ${id} and ${holds(reader, sql`data_center_s.id`)})
    or exists (select 1 from networks data_center_n where data_center_n.data_center_id = ${id} and ${holds(reader, sql`data_center_n.id`)})`,
  cluster: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from clusters cluster_c where cluster_c.id = ${id} and ${inherits(reader, sql`cluster_c.data_center_id`)})
    or exists (select 1 from vms cluster_v where cluster_v.cluster_id = ${id} and ${holds(reader, sql`cluster_v.id`)})`,
  // A VM's user is not told on which machine it runs: hosts are seen from above only.
  host: (reader, id) => sql`${holds(reader, id)} or exists (
    select 1 from hosts host_h join clusters host_c on host_c.id = host_h.cluster_id
    where host_h.id = ${id} and (${inherits(reader, sql`host_c.id`)} or ${inherits(reader, sql`host_c.data_center_id`)}))`,
  network: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from networks network_n where network_n.id = ${id} and ${inherits(reader, sql`network_n.data_center_id`)})
    or exists (select 1 from vnic_profiles network_p where network_p.network_id = ${id} and ${holds(reader, sql`network_p.id`)})`,
  vnic_profile: (reader, id) => sql`${holds(reader, id)} or exists (
    select 1 from vnic_profiles vnic_profile_p join networks vnic_profile_n on vnic_profile_n.id = vnic_profile_p.network_id
    where vnic_profile_p.id = ${id} and (${inherits(reader, sql`vnic_profile_n.id`)} or ${inherits(reader, sql`vnic_profile_n.data_center_id`)}))`,
  template: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from templates template_t join clusters template_c on template_c.id = template_t.cluster_id where template_t.id = ${id} and (${inherits(reader, sql`template_c.id`)} or ${inherits(reader, sql`template_c.data_center_id`)}))
    or exists (select 1 from vms template_v where template_v.template_id = ${id} and ${holds(reader, sql`template_v.id`)})`,
  image_transfer: (reader, id) =>
    sql`exists (select 1 from image_transfers image_transfer_i where image_transfer_i.id = ${id} and (${visibleDisk(reader, sql`image_transfer_i.disk_id`)}))`,
  snapshot: (reader, id) =>
    sql`exists (select 1 from snapshots snapshot_s where snapshot_s.id = ${id} and (${visibleVm(reader, sql`snapshot_s.vm_id`)}))`,
  job: (reader, id) => sql`exists (select 1 from jobs job_j where job_j.id = ${id} and job_j.owner_id = ${reader.user.id}) or exists (
    select 1 from job_objects job_o where job_o.job_id = ${id} and (
      (job_o.kind = 'vm' and (${visibleVm(reader, sql`job_o.object_id`)})) or (job_o.kind = 'disk' and (${visibleDisk(reader, sql`job_o.object_id`)}))
      or (job_o.kind not in ('vm', 'disk') and ${holds(reader, sql`job_o.object_id`)})))`,
  // What an event tells of a VM, disk or template is for who sees that; of anything else, for who holds something on it.
  event: (reader, id) => sql`exists (select 1 from events event_e where event_e.id = ${id} and (
    event_e.user_id = ${reader.user.id}
    or (event_e.vm_id is not null and (${visibleVm(reader, sql`event_e.vm_id`)}))
    or (event_e.disk_id is not null and (${visibleDisk(reader, sql`event_e.disk_id`)}))
    or (event_e.vm_id is null and event_e.disk_id is null and (${holds(reader, sql`event_e.template_id`)} or ${holds(reader, sql`event_e.host_id`)} or ${holds(reader, sql`event_e.storage_domain_id`)}
      or ${inherits(reader, sql`event_e.cluster_id`)} or ${inherits(reader, sql`event_e.data_center_id`)}))))`,
  user: (reader, id) => sql`${id} = ${reader.user.id}`,
  group: (reader, id) =>
    sql`${id} = ${fixedIds.everyone} or exists (select 1 from group_members group_m where group_m.group_id = ${id} and group_m.user_id = ${reader.user.id})`,
  mac_pool: (reader, id) =>
    sql`${holds(reader, id)} or exists (select 1 from clusters mac_pool_c where mac_pool_c.mac_pool_id = ${id} and ${inherits(reader, sql`mac_pool_c.id`)})`,
  cpu_profile: (reader, id) =>
    sql`${holds(reader, id)} or exists (select 1 from cpu_profiles cpu_profile_p where cpu_profile_p.id = ${id} and ${inherits(reader, sql`cpu_profile_p.cluster_id`)})`,
  disk_profile: (reader, id) =>
    sql`${holds(reader, id)} or exists (select 1 from disk_profiles disk_profile_p where disk_profile_p.id = ${id} and ${inherits(reader, sql`disk_profile_p.storage_domain_id`)})`,
  qos: (reader, id) => sql`exists (select 1 from qoss qos_q where qos_q.id = ${id} and ${inherits(reader, sql`qos_q.data_center_id`)})`,
  quota: (reader, id) =>
    sql`${holds(reader, id)} or exists (select 1 from quotas quota_q where quota_q.id = ${id} and ${inherits(reader, sql`quota_q.data_center_id`)})`,
  // Tags are words that administrators share with everybody; which objects bear them is told with the object.
  tag: () => sql`true`,
  // A bookmark's search may name anything: it is for those who see everything. So are labels, which are of no cluster.
  bookmark: () => sql`false`,
  affinity_label: () => sql`false`,
  affinity_group: (reader, id) => sql`exists (
    select 1 from affinity_groups affinity_group_g join clusters affinity_group_c on affinity_group_c.id = affinity_group_g.cluster_id
    where affinity_group_g.id = ${id} and (${inherits(reader, sql`affinity_group_c.id`)} or ${inherits(reader, sql`affinity_group_c.data_center_id`)}))`,
  // One's own, and those on objects whose permissions one may change.
  permission: (
    reader,
    id,
  ) => sql`exists (select 1 from permissions permission_p where permission_p.id = ${id} and (permission_p.principal_id = ${reader.user.id}
    or permission_p.object_id = any(${managed(reader, false)}::uuid[])
    or exists (select 1 from vms permission_v join clusters permission_c on permission_c.id = permission_v.cluster_id
      where permission_v.id = permission_p.object_id and (permission_c.id = any(${managed(reader, true)}::uuid[]) or permission_c.data_center_id = any(${managed(reader, true)}::uuid[])))))`,
};
