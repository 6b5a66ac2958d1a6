import type { DiskDomain } from '@ostler/domain/disk/plan';
import type { SavedMemory } from '@ostler/domain/vm/suspend';
import { change, row, rows, sql, type Queries } from '../db/database.ts';

/** Where the memory of a VM could be kept: the data domains of its data center, those of its own disks first. */
export async function domainsForMemory(db: Queries, vm: string): Promise<DiskDomain[]> {
  const found = await rows<Omit<DiskDomain, 'available'> & { available: number | null }>(
    db,
    sql`select s.id, s.name, s.kind, st.status, s.available, s.critical_space_action_blocker as "criticalSpaceActionBlocker", '{}'::uuid[] as hosts
        from vms m join clusters c on c.id = m.cluster_id join storage_domains s on s.data_center_id = c.data_center_id and s.kind = 'data'
          join storage_domain_statuses st on st.id = s.id
        where m.id = ${vm}
        order by exists (select 1 from disk_attachments a join volumes v on v.disk_id = a.disk_id and v.active where a.vm_id = m.id and v.domain_id = s.id) desc, s.available desc nulls last`,
  );
  return found.map(({ available, ...domain }) => ({ ...domain, available: available ?? undefined }));
}

export const savedMemoryOf = (db: Queries, vm: string) =>
  row<SavedMemory>(
    db,
    sql`select k.id as disk, v.id as volume, ks.status, jsonb_build_object('id', s.id, 'name', s.name, 'status', ss.status) as domain,
          coalesce((select array_agg(h.id order by h.id) from hosts h join clusters c on c.id = h.cluster_id where c.data_center_id = s.data_center_id and h.status = 'up'), '{}') as hosts
        from vms m join disks k on k.id = m.saved_memory join disk_statuses ks on ks.id = k.id join volumes v on v.disk_id = k.id and v.active
          join storage_domains s on s.id = v.domain_id join storage_domain_statuses ss on ss.id = s.id where m.id = ${vm}`,
  );

/** How far the end of a run has been observed: it is over when the VM has no run, or another one. */
export const endOf = (db: Queries, vm: string) =>
  row<{ run: string | null; exit: string | null; savedMemory: string | null }>(
    db,
    sql`select run_id as run, exit_reason as exit, saved_memory as "savedMemory" from vms where id = ${vm}`,
  );

/** Its guest stands still on this disk. The end of its run may have been observed by now, or not yet. */
export const keepMemory = (db: Queries, vm: string, run: string, disk: string) =>
  change(
    db,
    sql`update vms set saved_memory = ${disk}, run_status = case when run_id is null then 'suspended' else run_status end
        where id = ${vm} and (run_id = ${run} or run_id is null and exit_reason = 'saved')`,
  );

/** From here on the guest runs, and what was kept of it is not its memory any more. */
export const spendMemory = (db: Queries, vm: string, run: string) =>
  change(db, sql`update vms set saved_memory = null where id = ${vm} and run_id = ${run}`);

export const dropMemory = (db: Queries, vm: string) =>
  change(db, sql`update vms set saved_memory = null, run_status = 'down' where id = ${vm} and run_id is null`);
