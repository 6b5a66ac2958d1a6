import type { Event } from '@ostler/domain/events/event';
import { change, json, sql, type Queries } from '../db/database.ts';

/** The objects that an event is about; each becomes a link, and lets those read it who may see one of them. */
export interface EventObjects {
  readonly user?: string | undefined;
  readonly vm?: string | undefined;
  readonly host?: string | undefined;
  readonly template?: string | undefined;
  readonly storageDomain?: string | undefined;
  readonly cluster?: string | undefined;
  readonly dataCenter?: string | undefined;
  readonly disk?: string | undefined;
  readonly job?: string | undefined;
}

/** Writes an event in the transaction of what it tells of: neither is ever there without the other. */
export const emit = (db: Queries, event: Event, about: EventObjects = {}, correlation?: string) =>
  change(
    db,
    sql`insert into events (code, severity, parameters, correlation_id, user_id, vm_id, host_id, template_id, storage_domain_id, cluster_id, data_center_id, disk_id, job_id)
        values (${event.code}, ${event.severity}, ${json(event.parameters)}, ${correlation ?? null}, ${about.user ?? null}, ${about.vm ?? null}, ${about.host ?? null},
          ${about.template ?? null}, ${about.storageDomain ?? null}, ${about.cluster ?? null}, ${about.dataCenter ?? null}, ${about.disk ?? null}, ${about.job ?? null})`,
  );
