import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { change, row, sql, type Queries } from './database.ts';

/** A reference to a secret: what documents, plans and rows hold in its stead. */
export type SecretReference = string;

export interface Secrets {
  put(db: Queries, secret: { kind: string; object?: string; value: string }): Promise<SecretReference>;
  /** Undefined when the secret has been removed. */
  get(db: Queries, reference: SecretReference): Promise<string | undefined>;
  remove(db: Queries, reference: SecretReference): Promise<void>;
  removeOf(db: Queries, object: string): Promise<void>;
}

/**
 * Secrets are sealed with AES-256-GCM under a key that lies outside the database; the reference is bound in as
 * additional data, so that a sealed value cannot be moved to another row.
 */
export function secretsUnder(key: Buffer): Secrets {
  if (key.length !== 32) throw new Error('The secrets key must be 32 bytes');
  return {
    async put(db, { kind, object, value }) {
      const reference = randomUUID();
      await change(
        db,
        sql`insert into secrets (id, kind, object_id, sealed) values (${reference}, ${kind}, ${object ?? null}, ${seal(key, reference, value)})`,
      );
      return reference;
    },
    async get(db, reference) {
      const found = await row<{ sealed: Buffer }>(db, sql`select sealed from secrets where id = ${reference}`);
      return found && open(key, reference, found.sealed);
    },
    async remove(db, reference) {
      await change(db, sql`delete from secrets where id = ${reference}`);
    },
    async removeOf(db, object) {
      await change(db, sql`delete from secrets where object_id = ${object}`);
    },
  };
}

function seal(key: Buffer, reference: string, value: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(reference));
  return Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, reference: string, sealed: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(Buffer.from(reference));
  decipher.setAuthTag(sealed.subarray(-16));
  return decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
}
