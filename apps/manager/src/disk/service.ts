import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import type { Reader } from '../access/login.ts';
import { sql, type Queries } from '../db/database.ts';
import { noSearch } from '../search/sql.ts';
import { listDiskRows, type DiskRow } from './store.ts';

/** The disks that lie on a domain. */
export const listDisks = async (db: Queries, reader: Reader, domain: string) =>
  (await listDiskRows(db, reader, noSearch, sql`v.domain_id = ${domain}`)).map(diskDocument);

export function diskDocument(row: DiskRow): Api['disk'] {
  return linked(
    {
      id: row.id,
      name: row.alias,
      alias: row.alias,
      description: row.description,
      status: row.status as NonNullable<Api['disk']['status']>,
      image_id: row.volume,
      provisioned_size: row.provisionedSize,
      actual_size: row.actualSize,
      total_size: row.totalSize,
      format: row.format,
      ...(row.format === 'cow' && { qcow_version: row.qcowCompat === '0.10' ? ('qcow2_v2' as const) : ('qcow2_v3' as const) }),
      sparse: row.sparse,
      shareable: row.shareable,
      wipe_after_delete: row.wipeAfterDelete,
      propagate_errors: row.propagateErrors,
      backup: row.backup as NonNullable<Api['disk']['backup']>,
      storage_type: 'image' as const,
      content_type: row.contentType as NonNullable<Api['disk']['content_type']>,
      storage_domains: [{ id: row.domain, href: href('storage_domain', { storage_domain: row.domain }) }],
      ...(row.diskProfile !== null && {
        disk_profile: { id: row.diskProfile, href: href('disk_profile', { disk_profile: row.diskProfile }) },
      }),
    },
    'disks/{disk}',
    { disk: row.id },
  );
}

export { addDisk, removeDisk } from './jobs.ts';
export { newDisk } from './create.ts';
export { diskById, domainForDisk, forgetDisk, insertDisk, recordVolume, setLegal, usersOfDisk, type DiskRow } from './store.ts';
