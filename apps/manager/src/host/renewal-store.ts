import { change, rows, sql, type Queries } from '../db/database.ts';

export interface DueHost {
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

/** Hosts that answer, and whose certificate is two thirds through its life, or of unknown age. */
export const dueHosts = (db: Queries, now: number) =>
  rows<DueHost>(
    db,
    sql`select id, name, address from hosts
        where certificate_fingerprint is not null and status in ('up', 'maintenance', 'preparing_for_maintenance', 'non_operational')
          and (certificate_renew_at is null or certificate_renew_at <= to_timestamp(${now}::double precision / 1000))
        order by certificate_renew_at nulls first`,
  );

export const noteCertificate = (db: Queries, host: string, { fingerprint, renewAt }: { fingerprint: string; renewAt: Date }) =>
  change(db, sql`update hosts set certificate_fingerprint = ${fingerprint}, certificate_renew_at = ${renewAt} where id = ${host}`);
