import type { Reader } from '../access/login.ts';
import { visibleTo, type VisibleNoun } from '../access/visibility.ts';
import type { Change } from '../db/change-log.ts';
import { rows, sql, type Database } from '../db/database.ts';

/** Where the objects of each noun of the change log are. Roles are everybody's to read. */
const tables: Readonly<Record<string, { readonly table: string; readonly noun: VisibleNoun } | 'everybody'>> = {
  data_center: { table: 'data_centers', noun: 'data_center' },
  mac_pool: { table: 'mac_pools', noun: 'mac_pool' },
  cluster: { table: 'clusters', noun: 'cluster' },
  network: { table: 'networks', noun: 'network' },
  vnic_profile: { table: 'vnic_profiles', noun: 'vnic_profile' },
  host: { table: 'hosts', noun: 'host' },
  storage_domain: { table: 'storage_domains', noun: 'storage_domain' },
  template: { table: 'templates', noun: 'template' },
  vm: { table: 'vms', noun: 'vm' },
  snapshot: { table: 'snapshots', noun: 'snapshot' },
  disk: { table: 'disks', noun: 'disk' },
  image_transfer: { table: 'image_transfers', noun: 'image_transfer' },
  job: { table: 'jobs', noun: 'job' },
  event: { table: 'events', noun: 'event' },
  permission: { table: 'permissions', noun: 'permission' },
  user: { table: 'users', noun: 'user' },
  group: { table: 'groups', noun: 'group' },
  qos: { table: 'qoss', noun: 'qos' },
  quota: { table: 'quotas', noun: 'quota' },
  cpu_profile: { table: 'cpu_profiles', noun: 'cpu_profile' },
  disk_profile: { table: 'disk_profiles', noun: 'disk_profile' },
  affinity_group: { table: 'affinity_groups', noun: 'affinity_group' },
  affinity_label: { table: 'affinity_labels', noun: 'affinity_label' },
  bookmark: { table: 'bookmarks', noun: 'bookmark' },
  tag: 'everybody',
  role: 'everybody',
};

/** Only the last change of an object matters, in its place; one that was just created stays so. */
export function coalesced(changes: readonly Change[]): Change[] {
  const last = new Map<string, Change>();
  for (const change of changes) {
    const key = `${change.noun} ${change.object}`;
    const before = last.get(key);
    last.delete(key);
    last.set(key, change.operation === 'changed' && before?.operation === 'created' ? { ...change, operation: 'created' } : change);
  }
  return [...last.values()];
}

/** Of these changes' objects, the ids of those that a reader sees now. */
export async function visibleObjects(db: Database, reader: Reader, changes: readonly Change[]): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const byNoun = Map.groupBy(changes, ({ noun }) => noun);
  for (const [noun, ofNoun] of byNoun) {
    const place = tables[noun];
    const ids = [...new Set(ofNoun.map(({ object }) => object))];
    if (place === undefined) continue;
    if (place === 'everybody') {
      for (const id of ids) seen.add(id);
      continue;
    }
    const { table, noun: visible } = place;
    const found = await rows<{ id: string }>(
      db,
      sql`select id from ${sql.table(table)} where id = any(${ids}::uuid[]) and ${visibleTo(reader, visible, sql.ref(`${table}.id`))}`,
    );
    for (const { id } of found) seen.add(id);
  }
  return seen;
}

/** Whether a reader sees everything, so that nothing has to be looked up. */
export const seesAll = (reader: Reader): boolean => !reader.filtered;
