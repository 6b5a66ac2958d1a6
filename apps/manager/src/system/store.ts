import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { row, sql, type Queries } from '../db/database.ts';

export interface Summary {
  readonly vms: { readonly total: number; readonly active: number };
  readonly hosts: { readonly total: number; readonly active: number };
  readonly users: { readonly total: number; readonly active: number };
  readonly storageDomains: { readonly total: number; readonly active: number };
}

/** How many there are of what, and how many of these are at work; a user is who has logged in lately. */
export async function summary(db: Queries, reader: Reader): Promise<Summary> {
  const found = await row<Summary>(
    db,
    sql`select
      (select jsonb_build_object('total', count(*), 'active', count(*) filter (where s.status not in ('down', 'suspended'))) from vms v join vm_statuses s on s.id = v.id where ${visibleTo(reader, 'vm', sql`v.id`)}) as vms,
      (select jsonb_build_object('total', count(*), 'active', count(*) filter (where h.status = 'up')) from hosts h where ${visibleTo(reader, 'host', sql`h.id`)}) as hosts,
      (select jsonb_build_object('total', count(*), 'active', count(*) filter (where exists (select 1 from sessions where user_id = u.id and expires_at > now() and last_used + idle_timeout > now())))
        from users u where ${visibleTo(reader, 'user', sql`u.id`)}) as users,
      (select jsonb_build_object('total', count(*), 'active', count(*) filter (where s.status = 'active')) from storage_domains d join storage_domain_statuses s on s.id = d.id where ${visibleTo(reader, 'storage_domain', sql`d.id`)}) as "storageDomains"`,
  );
  if (!found) throw new Error('A query without rows');
  return found;
}
