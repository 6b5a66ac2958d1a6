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
  | 'snapshot';

/**
 * The condition under which a reader sees a row, for every list, search, `follow`, event, job and the change stream.
 * `id` is the SQL of the row's id. An unfiltered administrator sees everything, as in RHV; so does who holds an
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

const visibleVm = (reader: Reader, id: Sql): Sql => sql`${holds(reader, id)} or exists (
  select 1 from vms v join clusters c on c.id = v.cluster_id
  where v.id = ${id} and (${inherits(reader, sql`c.id`)} or ${inherits(reader, sql`c.data_center_id`)}))`;

const visibleDisk = (reader: Reader, id: Sql): Sql => sql`${holds(reader, id)}
  or exists (select 1 from disk_attachments a where a.disk_id = ${id} and (${visibleVm(reader, sql`a.vm_id`)}))
  or exists (select 1 from volumes v join storage_domains s on s.id = v.domain_id
    where v.disk_id = ${id} and (${inherits(reader, sql`s.id`)} or ${inherits(reader, sql`s.data_center_id`)}))`;

const conditions: { readonly [N in VisibleNoun]: (reader: Reader, id: Sql) => Sql } = {
  vm: visibleVm,
  disk: visibleDisk,
  storage_domain: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from storage_domains s where s.id = ${id} and ${inherits(reader, sql`s.data_center_id`)})
    or exists (select 1 from volumes v where v.domain_id = ${id} and (${visibleDisk(reader, sql`v.disk_id`)}))`,
  data_center: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from clusters c where c.data_center_id = ${id} and ${holds(reader, sql`c.id`)})
    or exists (select 1 from clusters c join vms v on v.cluster_id = c.id where c.data_center_id = ${id} and ${holds(reader, sql`v.id`)})
    or exists (select 1 from storage_domains s where s.data_center_id = ${id} and ${holds(reader, sql`s.id`)})
    or exists (select 1 from networks n where n.data_center_id = ${id} and ${holds(reader, sql`n.id`)})`,
  cluster: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from clusters c where c.id = ${id} and ${inherits(reader, sql`c.data_center_id`)})
    or exists (select 1 from vms v where v.cluster_id = ${id} and ${holds(reader, sql`v.id`)})`,
  // A VM's user is not told on which machine it runs: hosts are seen from above only.
  host: (reader, id) => sql`${holds(reader, id)} or exists (
    select 1 from hosts h join clusters c on c.id = h.cluster_id
    where h.id = ${id} and (${inherits(reader, sql`c.id`)} or ${inherits(reader, sql`c.data_center_id`)}))`,
  network: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from networks n where n.id = ${id} and ${inherits(reader, sql`n.data_center_id`)})
    or exists (select 1 from vnic_profiles p where p.network_id = ${id} and ${holds(reader, sql`p.id`)})`,
  vnic_profile: (reader, id) => sql`${holds(reader, id)} or exists (
    select 1 from vnic_profiles p join networks n on n.id = p.network_id
    where p.id = ${id} and (${inherits(reader, sql`n.id`)} or ${inherits(reader, sql`n.data_center_id`)}))`,
  template: (reader, id) => sql`${holds(reader, id)}
    or exists (select 1 from templates t join clusters c on c.id = t.cluster_id where t.id = ${id} and (${inherits(reader, sql`c.id`)} or ${inherits(reader, sql`c.data_center_id`)}))
    or exists (select 1 from vms v where v.template_id = ${id} and ${holds(reader, sql`v.id`)})`,
  image_transfer: (reader, id) =>
    sql`exists (select 1 from image_transfers i where i.id = ${id} and (${visibleDisk(reader, sql`i.disk_id`)}))`,
  snapshot: (reader, id) => sql`exists (select 1 from snapshots s where s.id = ${id} and (${visibleVm(reader, sql`s.vm_id`)}))`,
  job: (reader, id) => sql`exists (select 1 from jobs j where j.id = ${id} and j.owner_id = ${reader.user.id}) or exists (
    select 1 from job_objects o where o.job_id = ${id} and (
      (o.kind = 'vm' and (${visibleVm(reader, sql`o.object_id`)})) or (o.kind = 'disk' and (${visibleDisk(reader, sql`o.object_id`)}))
      or (o.kind not in ('vm', 'disk') and ${holds(reader, sql`o.object_id`)})))`,
  // What an event tells of a VM, disk or template is for who sees that; of anything else, for who holds something on it.
  event: (reader, id) => sql`exists (select 1 from events e where e.id = ${id} and (
    e.user_id = ${reader.user.id}
    or (e.vm_id is not null and (${visibleVm(reader, sql`e.vm_id`)}))
    or (e.disk_id is not null and (${visibleDisk(reader, sql`e.disk_id`)}))
    or (e.vm_id is null and e.disk_id is null and (${holds(reader, sql`e.template_id`)} or ${holds(reader, sql`e.host_id`)} or ${holds(reader, sql`e.storage_domain_id`)}
      or ${inherits(reader, sql`e.cluster_id`)} or ${inherits(reader, sql`e.data_center_id`)}))))`,
  user: (reader, id) => sql`${id} = ${reader.user.id}`,
  group: (reader, id) =>
    sql`${id} = ${fixedIds.everyone} or exists (select 1 from group_members m where m.group_id = ${id} and m.user_id = ${reader.user.id})`,
  mac_pool: (reader, id) =>
    sql`${holds(reader, id)} or exists (select 1 from clusters c where c.mac_pool_id = ${id} and ${inherits(reader, sql`c.id`)})`,
  cpu_profile: (reader, id) =>
    sql`${holds(reader, id)} or exists (select 1 from cpu_profiles p where p.id = ${id} and ${inherits(reader, sql`p.cluster_id`)})`,
  disk_profile: (reader, id) =>
    sql`${holds(reader, id)} or exists (select 1 from disk_profiles p where p.id = ${id} and ${inherits(reader, sql`p.storage_domain_id`)})`,
  // One's own, and those on objects whose permissions one may change.
  permission: (reader, id) => sql`exists (select 1 from permissions p where p.id = ${id} and (p.principal_id = ${reader.user.id}
    or p.object_id = any(${reader.grants.filter((grant) => grant.permits.includes('manipulate_permissions')).map((grant) => grant.object)}::uuid[])))`,
};
