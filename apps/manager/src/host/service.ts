import { enrollmentReasons } from '@ostler/domain/host/enrollment';
import { sentence } from '@ostler/domain/reason';
import { newEnrollmentToken } from '@ostler/pki/enrollment';
import { row, sql, type Queries } from '../db/database.ts';
import { insertToken } from './enrollment-store.ts';

export { mountEnrollment } from './enrollment.ts';
export { renewCertificates } from './renewal.ts';
export { insertToken, tokenLife } from './enrollment-store.ts';

/** A token by which one machine enrolls itself into a cluster, which is given by id or name. It is shown this once. */
export async function createEnrollmentToken(
  db: Queries,
  wish: { readonly hostName?: string | undefined; readonly cluster: string },
): Promise<string> {
  const cluster = await row<{ id: string }>(
    db,
    sql`select id from clusters where id::text = ${wish.cluster} or lower(name) = lower(${wish.cluster})`,
  );
  if (!cluster) throw new Error(sentence(enrollmentReasons.enrollment_cluster_unknown({ cluster: wish.cluster })));
  const token = newEnrollmentToken();
  await insertToken(db, { token, cluster: cluster.id, hostName: wish.hostName });
  return token;
}
