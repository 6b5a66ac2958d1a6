import type { Requirement } from '@ostler/contract/access';
import { isTypeName } from '@ostler/contract/fields';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { accessReasons } from '@ostler/domain/access/reasons';
import { refusalOf, refuse, type Refusal } from '@ostler/domain/reason';
import { row, sql, type Queries } from '../db/database.ts';
import type { Reader } from './login.ts';
import { visibleTo, type VisibleNoun } from './visibility.ts';

/** The tables in which a type's objects are found by id or by name, and what lies above an object of it. */
const nouns: Readonly<
  Record<string, { readonly table: string; readonly visible: VisibleNoun; readonly name: string; readonly above: string }>
> = {
  vm: {
    table: 'vms',
    visible: 'vm',
    name: 'name',
    above: `select unnest(array[c.id, c.data_center_id]) from vms o join clusters c on c.id = o.cluster_id where o.id = $`,
  },
  cluster: { table: 'clusters', visible: 'cluster', name: 'name', above: `select data_center_id from clusters where id = $` },
  data_center: { table: 'data_centers', visible: 'data_center', name: 'name', above: `select null::uuid` },
  host: {
    table: 'hosts',
    visible: 'host',
    name: 'name',
    above: `select unnest(array[c.id, c.data_center_id]) from hosts o join clusters c on c.id = o.cluster_id where o.id = $`,
  },
  storage_domain: {
    table: 'storage_domains',
    visible: 'storage_domain',
    name: 'name',
    above: `select data_center_id from storage_domains where id = $`,
  },
  network: { table: 'networks', visible: 'network', name: 'name', above: `select data_center_id from networks where id = $` },
  vnic_profile: {
    table: 'vnic_profiles',
    visible: 'vnic_profile',
    name: 'name',
    above: `select unnest(array[n.id, n.data_center_id]) from vnic_profiles o join networks n on n.id = o.network_id where o.id = $`,
  },
  template: {
    table: 'templates',
    visible: 'template',
    name: 'name',
    above: `select unnest(array[c.id, c.data_center_id]) from templates o join clusters c on c.id = o.cluster_id where o.id = $`,
  },
  disk: {
    table: 'disks',
    visible: 'disk',
    name: 'alias',
    above: `select unnest(array[s.id, s.data_center_id]) from volumes o join storage_domains s on s.id = o.domain_id where o.disk_id = $
            union select unnest(array[v.id, c.id, c.data_center_id]) from disk_attachments a join vms v on v.id = a.vm_id join clusters c on c.id = v.cluster_id where a.disk_id = $`,
  },
  image_transfer: {
    table: 'image_transfers',
    visible: 'image_transfer',
    name: 'id',
    above: `select disk_id from image_transfers where id = $ union select s.id from image_transfers i join volumes v on v.id = i.volume_id join storage_domains s on s.id = v.domain_id where i.id = $`,
  },
  mac_pool: { table: 'mac_pools', visible: 'mac_pool', name: 'name', above: `select null::uuid` },
  cpu_profile: { table: 'cpu_profiles', visible: 'cpu_profile', name: 'name', above: `select cluster_id from cpu_profiles where id = $` },
  disk_profile: {
    table: 'disk_profiles',
    visible: 'disk_profile',
    name: 'name',
    above: `select storage_domain_id from disk_profiles where id = $`,
  },
  permission: { table: 'permissions', visible: 'permission', name: 'id', above: `select object_id from permissions where id = $` },
  job: { table: 'jobs', visible: 'job', name: 'id', above: `select object_id from job_objects where job_id = $` },
  user: { table: 'users', visible: 'user', name: 'user_name', above: `select null::uuid` },
  group: { table: 'groups', visible: 'group', name: 'name', above: `select null::uuid` },
  event: { table: 'events', visible: 'event', name: 'id', above: `select null::uuid` },
  qos: { table: 'qoss', visible: 'qos', name: 'name', above: `select data_center_id from qoss where id = $` },
  quota: { table: 'quotas', visible: 'quota', name: 'name', above: `select data_center_id from quotas where id = $` },
  tag: { table: 'tags', visible: 'tag', name: 'name', above: `select null::uuid` },
  bookmark: { table: 'bookmarks', visible: 'bookmark', name: 'name', above: `select null::uuid` },
  affinity_group: {
    table: 'affinity_groups',
    visible: 'affinity_group',
    name: 'name',
    above: `select unnest(array[c.id, c.data_center_id]) from affinity_groups o join clusters c on c.id = o.cluster_id where o.id = $`,
  },
  affinity_label: { table: 'affinity_labels', visible: 'affinity_label', name: 'name', above: `select null::uuid` },
  snapshot: { table: 'snapshots', visible: 'snapshot', name: 'id', above: `select vm_id from snapshots where id = $` },
};

/** An attachment goes by its disk's id, and what may be done with the disk is asked of it. */
const nounOf = (type: string) => nouns[type === 'disk_attachment' ? 'disk' : type];

export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/**
 * Whether the reader holds each required permit, on the object itself or through an inheriting role on what lies above
 * it. What the reader may not even see is not found: a refusal would tell that it exists.
 */
export async function authorize(db: Queries, reader: Reader, requirements: readonly Requirement[]): Promise<Refusal | undefined> {
  for (const { permit, object: asked } of requirements) {
    const object = await objectOfPermission(db, reader, asked);
    if (!object) return refuse(accessReasons.object_not_found({ type: 'permission', name: 'id' in asked ? asked.id : '' }));
    if (object.type === 'system') {
      if (!reader.grants.some((grant) => grant.object === fixedIds.system && grant.permits.includes(permit)))
        return refuse(accessReasons.permit_missing({ permit, object: 'the system' }));
      continue;
    }
    const id = 'id' in object ? object.id : await idOf(db, reader, object.type, object.name);
    if (id === undefined || !(await isVisible(db, reader, object.type, id)))
      return refuse(
        accessReasons.object_not_found({ type: object.type.replaceAll('_', ' '), name: 'id' in object ? object.id : object.name }),
      );
    const above = await ancestors(db, object.type, id);
    const held = reader.grants.some(
      (grant) =>
        grant.permits.includes(permit) &&
        (grant.object === id || (grant.inherits && (grant.object === fixedIds.system || above.includes(grant.object)))),
    );
    if (!held)
      return refuse(
        accessReasons.permit_missing({ permit, object: `${object.type.replaceAll('_', ' ')} ${'id' in object ? id : object.name}` }),
      );
  }
  return refusalOf([]);
}

/** To take a permission away is to manage the permissions of what it is on. */
async function objectOfPermission(db: Queries, reader: Reader, asked: Requirement['object']): Promise<Requirement['object'] | undefined> {
  if (asked.type !== 'permission') return asked;
  if (!('id' in asked) || !(await isVisible(db, reader, 'permission', asked.id))) return undefined;
  const found = await row<{ type: string; id: string }>(
    db,
    sql`select object_type as type, object_id as id from permissions where id = ${asked.id}::uuid`,
  );
  if (!found) return undefined;
  return found.type === 'system' || !isTypeName(found.type) ? { type: 'system' } : { type: found.type, id: found.id };
}

/** What an object is called in sentences: `VM web`, `the system`. Undefined when it is not there. */
export async function nameOf(db: Queries, type: string, id: string): Promise<string | undefined> {
  if (type === 'system') return 'the system';
  const noun = nounOf(type);
  if (!noun || !isUuid(id)) return undefined;
  const found = await row<{ name: string }>(
    db,
    sql`select ${sql.ref(noun.name)}::text as name from ${sql.table(noun.table)} where id = ${id}::uuid`,
  );
  return found && `${type.replaceAll('_', ' ')} ${found.name}`;
}

/** The id of an object that the reader may see, by its name; undefined where there is none, or more than one. */
export async function idOf(db: Queries, reader: Reader, type: string, name: string): Promise<string | undefined> {
  const noun = nounOf(type);
  if (!noun) return undefined;
  const found = await sql<{
    id: string;
  }>`select id from ${sql.table(noun.table)} where lower(${sql.ref(noun.name)}::text) = lower(${name}) and ${visibleTo(reader, noun.visible, sql.ref(`${noun.table}.id`))} limit 2`.execute(
    db,
  );
  return found.rows.length === 1 ? found.rows[0]?.id : undefined;
}

// The ids are qualified: inside the conditions' own subqueries a bare `id` would be another table's.
export async function isVisible(db: Queries, reader: Reader, type: string, id: string): Promise<boolean> {
  const noun = nounOf(type);
  if (!noun || !isUuid(id)) return false;
  return (
    (await row(
      db,
      sql`select 1 from ${sql.table(noun.table)} where id = ${id}::uuid and ${visibleTo(reader, noun.visible, sql.ref(`${noun.table}.id`))}`,
    )) !== undefined
  );
}

async function ancestors(db: Queries, type: string, id: string): Promise<(string | null)[]> {
  const noun = nounOf(type);
  if (!noun) return [];
  const [first = '', ...others] = noun.above.split('$');
  const query = others.reduce((built, text) => sql`${built}${id}::uuid${sql.raw(text)}`, sql`${sql.raw(first)}`);
  const found = await sql<{ above: string | null }>`select * from (${query}) as t(above)`.execute(db);
  return found.rows.map((one) => one.above);
}
