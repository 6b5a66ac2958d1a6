import { randomUUID } from 'node:crypto';
import type { Api } from '@ostler/contract/schema';
import { planAddDisk, type AddDisk } from '@ostler/domain/disk/plan';
import { diskProblems, diskReasons, type DiskShape } from '@ostler/domain/disk/rules';
import type { Plan } from '@ostler/domain/plan';
import { refuse, type Refusal } from '@ostler/domain/reason';
import { idOf, isUuid, isVisible } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import type { Database, Transaction } from '../db/database.ts';
import { diskExists, domainForDisk, insertDisk } from './store.ts';

export interface NewDiskRequest {
  readonly id: string;
  readonly volume: string;
  readonly domain: string;
  readonly shape: DiskShape;
  plan(tx: Transaction, vm?: { id: string }): Promise<Plan<AddDisk> | Refusal>;
  insert(tx: Transaction, plan: AddDisk, snapshot?: string): Promise<void>;
}

/** From what a client sends to a new disk's plan and rows: floating, or to be attached to a VM. */
export async function newDisk(db: Database, reader: Reader, input: Api['disk'], alias: string): Promise<NewDiskRequest | Refusal> {
  const other = input.lun_storage
    ? 'direct LUN'
    : input.storage_type !== undefined && input.storage_type !== 'image'
      ? input.storage_type
      : undefined;
  if (other !== undefined) return refuse(diskReasons.disk_kind_not_built({ kind: other }, 'disk.storage_type'));
  const domain = await wantedDomain(db, reader, input);
  if (typeof domain !== 'string') return domain;
  const format = input.format ?? 'raw';
  const shape: DiskShape = {
    alias: input.alias ?? input.name ?? alias,
    format,
    // Thin unless said otherwise: raw files have holes, QCOW2 grows.
    sparse: input.sparse ?? true,
    size: input.provisioned_size ?? 0,
    shareable: input.shareable ?? false,
    backup: input.backup === 'incremental' ? 'incremental' : 'none',
    contentType: input.content_type ?? 'data',
  };
  const problems = diskProblems(shape);
  if (problems) return problems;
  const id = input.id !== undefined && isUuid(input.id) ? input.id.toLowerCase() : randomUUID();
  const volume = input.image_id !== undefined && isUuid(input.image_id) ? input.image_id.toLowerCase() : randomUUID();
  return {
    id,
    volume,
    domain,
    shape,
    async plan(tx, vm) {
      const facts = await domainForDisk(tx, domain);
      if (!facts) return refuse(diskReasons.disk_domain_unknown({ name: domain }, 'disk.storage_domains'));
      return planAddDisk(
        { taken: await diskExists(tx, id), domain: facts, vm },
        {
          id,
          volume,
          alias: shape.alias,
          format,
          sparse: shape.sparse,
          capacity: shape.size,
          contentType: shape.contentType === 'iso' ? 'iso' : 'data',
          description: input.description ?? '',
        },
      );
    },
    insert: (tx, plan, snapshot) =>
      insertDisk(tx, {
        plan,
        shareable: shape.shareable,
        wipeAfterDelete: input.wipe_after_delete ?? false,
        propagateErrors: input.propagate_errors ?? false,
        backup: shape.backup,
        createdBy: reader.user.id,
        snapshot,
      }),
  };
}

async function wantedDomain(db: Database, reader: Reader, input: Api['disk']): Promise<string | Refusal> {
  const wanted = input.storage_domains?.[0] ?? input.storage_domain;
  if (wanted?.id === undefined && wanted?.name === undefined) return refuse(diskReasons.disk_domain_missing('disk.storage_domains'));
  const id = wanted.id ?? (await idOf(db, reader, 'storage_domain', wanted.name ?? ''));
  if (id === undefined || !(await isVisible(db, reader, 'storage_domain', id)))
    return refuse(diskReasons.disk_domain_unknown({ name: wanted.name ?? wanted.id ?? '' }, 'disk.storage_domains'));
  return id;
}
