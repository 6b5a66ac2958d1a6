import type { Registered } from '@ostler/domain/host/enrollment';
import { enrollmentTokenHash } from '@ostler/pki/enrollment';
import { change, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';

/** An hour is time enough to walk to the machine, and short enough that a forgotten note is worth nothing. */
export const tokenLife = 3_600_000;

export async function insertToken(
  db: Queries,
  { token, cluster, hostName }: { token: string; cluster: string; hostName?: string | undefined },
): Promise<void> {
  await change(db, sql`delete from enrollment_tokens where expires_at < now() - interval '1 day'`);
  await change(
    db,
    sql`insert into enrollment_tokens (token_hash, cluster_id, host_name, expires_at)
        values (${enrollmentTokenHash(token)}, ${cluster}, ${hostName ?? null}, now() + ${`${tokenLife / 1000} seconds`}::interval)`,
  );
}

export interface TokenRow {
  readonly cluster: string;
  readonly dataCenter: string | null;
  readonly hostName: string | null;
}

const goodToken = (token: string) => sql`t.token_hash = ${enrollmentTokenHash(token)} and t.used_by is null and t.expires_at > now()`;

export const isGoodToken = async (db: Queries, token: string): Promise<boolean> =>
  (await row(db, sql`select 1 from enrollment_tokens t where ${goodToken(token)}`)) !== undefined;

/** The token, held until the transaction ends: of two machines with the same one, the second finds it used. */
export const tokenForUse = (tx: Transaction, token: string) =>
  row<TokenRow>(
    tx,
    sql`select t.cluster_id as cluster, c.data_center_id as "dataCenter", t.host_name as "hostName"
        from enrollment_tokens t join clusters c on c.id = t.cluster_id where ${goodToken(token)} for update of t`,
  );

export const spendToken = (tx: Transaction, token: string, host: string) =>
  change(tx, sql`update enrollment_tokens set used_by = ${host} where token_hash = ${enrollmentTokenHash(token)}`);

export const registeredHosts = (db: Queries) =>
  rows<Registered>(db, sql`select id, name, cluster_id as cluster, hardware_uuid as "hardwareUuid" from hosts`);

/** Hosts of a cluster without a data center count among themselves. */
export const spmIdsIn = async (db: Queries, cluster: string, dataCenter: string | null): Promise<number[]> =>
  (
    await rows<{ id: number }>(
      db,
      sql`select h.spm_id as id from hosts h join clusters c on c.id = h.cluster_id where c.data_center_id = ${dataCenter} or c.id = ${cluster}`,
    )
  ).map((one) => one.id);

export interface EnrolledHost {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly fingerprint: string;
  readonly renewAt: Date;
}

export const insertHost = (
  tx: Transaction,
  host: EnrolledHost & { readonly name: string; readonly cluster: string; readonly spmId: number; readonly hardwareUuid: string },
) =>
  change(
    tx,
    sql`insert into hosts (id, name, cluster_id, address, port, spm_id, wanted, status, hardware_uuid, certificate_fingerprint, certificate_renew_at)
        values (${host.id}, ${host.name}, ${host.cluster}, ${host.address}, ${host.port}, ${host.spmId}, 'up', 'unassigned', ${host.hardwareUuid}, ${host.fingerprint}, ${host.renewAt})`,
  );

/** The same machine again: its name and what it was asked for stay as they are. */
export const renewHost = (tx: Transaction, host: EnrolledHost) =>
  change(
    tx,
    sql`update hosts set address = ${host.address}, port = ${host.port}, certificate_fingerprint = ${host.fingerprint}, certificate_renew_at = ${host.renewAt} where id = ${host.id}`,
  );
