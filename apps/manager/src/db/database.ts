import { Kysely, PostgresDialect, sql, type RawBuilder, type Transaction as KyselyTransaction } from 'kysely';
import pg from 'pg';

/**
 * The tables are not described to Kysely: each noun's store writes plain SQL with the `sql` tag and says the shape of
 * its rows. What Kysely gives is safe composition of fragments, and transactions.
 */
// oxlint-disable-next-line typescript/no-empty-object-type
type NoTables = {};
export type Database = Kysely<NoTables>;
export type Transaction = KyselyTransaction<NoTables>;
/** What a store needs: the pool for a look, a transaction for a change. */
export type Queries = Database | Transaction;

export { sql };
export type Sql = RawBuilder<unknown>;

// bigint columns hold bytes, sequences and counters, all below 2^53: numbers everywhere.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`A bigint beyond 2^53 came from the database: ${text}`);
  return value;
});

export function openPool(url: string, maximum = 20): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: maximum,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
    application_name: 'ostler',
    // Compiling a statement takes PostgreSQL longer than running any of ours.
    options: '-c jit=off',
  });
  // An idle connection that breaks (PostgreSQL restarted) is replaced at the next use; unheard, it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

export function openDatabase(pool: pg.Pool): Database {
  return new Kysely<NoTables>({ dialect: new PostgresDialect({ pool }) });
}

/** All rows of a query. */
export async function rows<Row>(db: Queries, query: RawBuilder<Row>): Promise<Row[]> {
  return (await query.execute(db)).rows;
}

/** The first row, if there is one. */
export async function row<Row>(db: Queries, query: RawBuilder<Row>): Promise<Row | undefined> {
  return (await query.execute(db)).rows[0];
}

/** Runs a change and says how many rows it touched. */
export async function change(db: Queries, query: RawBuilder<unknown>): Promise<number> {
  return Number((await query.execute(db)).numAffectedRows ?? 0);
}

/** A value for a jsonb column: pg would otherwise send arrays as PostgreSQL arrays. */
export const json = (value: unknown): RawBuilder<unknown> => sql`${JSON.stringify(value)}::jsonb`;

/** Whether a statement failed because there is a row of this id already. */
export const isTakenId = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === '23505' && error.constraint?.endsWith('_pkey') === true;

/** The row that a statement just before has found or written. */
export function there<Row>(found: Row | undefined): Row {
  if (found === undefined) throw new Error('What was there a moment ago, or was just written, cannot be read');
  return found;
}
