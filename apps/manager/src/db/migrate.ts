import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';

const folder = join(import.meta.dirname, 'migrations');
// Any constant: two processes that start together migrate one after the other.
const migrationLock = 7_358_001;

export interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

export async function knownMigrations(directory = folder): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8');
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/**
 * Brings the database to this version: numbered plain SQL, each file in a transaction of its own, applied once.
 * A database of a newer Ostler, or one whose applied files differ from ours, is left alone with an error.
 */
export async function migrate(pool: pg.Pool, migrations?: readonly Migration[]): Promise<string[]> {
  const wanted = migrations ?? (await knownMigrations());
  const client = await pool.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await client.query(
      'create table if not exists schema_migrations (name text primary key, checksum text not null, applied_at timestamptz not null default now())',
    );
    const { rows: applied } = await client.query<{ name: string; checksum: string }>('select name, checksum from schema_migrations');
    refuseForeign(applied, wanted);
    const done = new Set(applied.map((migration) => migration.name));
    const fresh = wanted.filter((migration) => !done.has(migration.name));
    for (const migration of fresh) await apply(client, migration);
    return fresh.map((migration) => migration.name);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    client.release();
  }
}

function refuseForeign(applied: readonly { name: string; checksum: string }[], wanted: readonly Migration[]): void {
  const ours = new Map(wanted.map((migration) => [migration.name, migration.checksum]));
  for (const { name, checksum } of applied) {
    if (!ours.has(name))
      throw new Error(`The database has migration ${name}, which this version of Ostler does not know: a newer one has been here`);
    if (ours.get(name) !== checksum) throw new Error(`Migration ${name} was applied with another text than this version has`);
  }
}

async function apply(client: pg.PoolClient, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.text);
    await client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [migration.name, migration.checksum]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`Migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
