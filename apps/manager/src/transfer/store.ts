import type { TransferState } from '@ostler/agent-contract/values';
import type { TransferFacts } from '@ostler/domain/transfer/plan';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';

export interface TransferRow {
  readonly id: string;
  readonly disk: string;
  readonly volume: string;
  readonly direction: 'upload' | 'download';
  readonly format: 'raw' | 'cow';
  readonly host: string | null;
  readonly hostAddress: string | null;
  readonly hostPort: number | null;
  readonly phase: string;
  readonly timeoutPolicy: 'legacy' | 'pause' | 'cancel';
  readonly inactivityTimeout: number;
  readonly shallow: boolean;
  readonly transferred: number;
  readonly active: boolean;
  readonly ticket: string | null;
  readonly job: string | null;
}

const select = sql`select t.id, t.disk_id as disk, t.volume_id as volume, t.direction, t.format, t.host_id as host, h.address as "hostAddress", h.images_port as "hostPort", t.phase,
    t.timeout_policy as "timeoutPolicy", t.inactivity_timeout as "inactivityTimeout", t.shallow, t.transferred, t.active, t.ticket_secret as ticket, t.job_id as job
  from image_transfers t left join hosts h on h.id = t.host_id`;

export const listTransfers = (db: Queries, reader: Reader) =>
  rows<TransferRow>(db, sql`${select} where ${visibleTo(reader, 'image_transfer', sql`t.id`)} order by t.id`);
export const findTransfer = (db: Queries, reader: Reader, id: string) =>
  row<TransferRow>(db, sql`${select} where t.id = ${id} and ${visibleTo(reader, 'image_transfer', sql`t.id`)}`);
export const transferById = (db: Queries, id: string) => row<TransferRow>(db, sql`${select} where t.id = ${id}`);

export interface NewTransfer {
  readonly id: string;
  readonly disk: string;
  readonly volume: string;
  readonly direction: 'upload' | 'download';
  readonly format: 'raw' | 'cow';
  readonly view: 'raw' | 'file';
  readonly size: number;
  readonly host: string;
  readonly timeoutPolicy: string;
  readonly inactivityTimeout: number;
  readonly shallow: boolean;
  readonly job: string | undefined;
  readonly ticket: string;
}

export const insertTransfer = (tx: Transaction, t: NewTransfer) =>
  change(
    tx,
    sql`insert into image_transfers (id, disk_id, volume_id, direction, format, view, size, host_id, phase, timeout_policy, inactivity_timeout, shallow, job_id, ticket_secret)
        values (${t.id}, ${t.disk}, ${t.volume}, ${t.direction}, ${t.format}, ${t.view}, ${t.size}, ${t.host}, 'initializing', ${t.timeoutPolicy}, ${t.inactivityTimeout}, ${t.shallow}, ${t.job ?? null}, ${t.ticket})`,
  );

/** Milliseconds since the epoch, as PostgreSQL has moments. Silence is measured by whoever acts on it, so every moment is of that clock. */
const moment = (now: number) => sql`to_timestamp(${now} / 1000.0)`;

export const setPhase = (db: Queries, now: number, id: string, phase: string, from?: readonly string[]) =>
  change(
    db,
    sql`update image_transfers set phase = ${phase}, last_activity = ${moment(now)} where id = ${id} and phase <> ${phase} and ${from ? sql`phase = any(${[...from]})` : sql`true`}`,
  );

/** The row is kept to be read; its ticket opens nothing any more and goes. */
export async function endTransfer(tx: Transaction, id: string, phase: 'finished_success' | 'finished_failure'): Promise<void> {
  await change(tx, sql`delete from secrets where object_id = ${id}`);
  await change(
    tx,
    sql`update image_transfers set phase = ${phase}, active = false, ended_at = now(), ticket_secret = null where id = ${id}`,
  );
}

/** The host's figures; the last activity moves with them. */
export const recordState = (db: Queries, now: number, id: string, state: TransferState) =>
  change(
    db,
    sql`update image_transfers set transferred = ${state.transferred}, active = ${state.connections > 0},
          last_activity = case when transferred <> ${state.transferred} or ${state.connections > 0} then ${moment(now)} else last_activity end
        where id = ${id} and (transferred <> ${state.transferred} or active <> ${state.connections > 0})`,
  );

export const touch = (db: Queries, now: number, id: string) =>
  change(db, sql`update image_transfers set last_activity = ${moment(now)} where id = ${id}`);

export const idleSeconds = async (db: Queries, now: number, id: string) =>
  Number(
    (await row<{ idle: number }>(db, sql`select extract(epoch from ${moment(now)} - last_activity) as idle from image_transfers where id = ${id}`))
      ?.idle ?? 0,
  );

/** Succeeded transfers are kept for 15 minutes, others for 30 (infra.md 1.6). */
export const pruneTransfers = (db: Queries) =>
  change(
    db,
    sql`delete from image_transfers where ended_at is not null and ended_at < now() - case phase when 'finished_success' then interval '15 minutes' else interval '30 minutes' end`,
  );

export async function transferFacts(db: Queries, disk: string): Promise<TransferFacts | undefined> {
  const found = await row<{ disk: TransferFacts['disk']; domain: TransferFacts['domain']; hosts: TransferFacts['hosts']; users: string[] }>(
    db,
    sql`select jsonb_build_object('id', k.id, 'alias', k.alias, 'status', ks.status, 'volume', v.id, 'format', v.format, 'capacity', k.provisioned_size, 'actualSize', v.actual_size) as disk,
          jsonb_build_object('id', s.id, 'name', s.name, 'status', ss.status) as domain,
          coalesce((select jsonb_agg(jsonb_build_object('id', h.id, 'name', h.name) order by h.name) from hosts h join clusters c on c.id = h.cluster_id
            where c.data_center_id = s.data_center_id and h.status = 'up'), '[]') as hosts,
          coalesce((select array_agg('VM ' || m.name || ' runs with it') from disk_attachments a join vms m on m.id = a.vm_id where a.disk_id = k.id and a.active and m.run_id is not null), '{}') as users
        from disks k join disk_statuses ks on ks.id = k.id join volumes v on v.disk_id = k.id and v.active join storage_domains s on s.id = v.domain_id join storage_domain_statuses ss on ss.id = s.id
        where k.id = ${disk}`,
  );
  return found;
}
