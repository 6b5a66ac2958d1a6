import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changesAfter, newestPosition } from './change-log.ts';
import { change, row, sql } from './database.ts';
import { takeLead } from './leadership.ts';
import { migrate } from './migrate.ts';
import { secretsUnder } from './secrets.ts';
import { testDatabase, type TestDatabase } from './test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.stop());

test('migrations apply once, and a database of a newer version is left alone', async () => {
  expect(await migrate(database.pool)).toEqual([]);
  await expect(migrate(database.pool, [])).rejects.toThrow('a newer one has been here');
});

test('an applied migration whose text has changed is refused', async () => {
  const { knownMigrations } = await import('./migrate.ts');
  const [first, ...others] = await knownMigrations();
  if (!first) throw new Error('no migrations');
  await expect(migrate(database.pool, [{ ...first, checksum: 'other' }, ...others])).rejects.toThrow('another text');
});

test('a change is read only when every older transaction has settled', async () => {
  const start = await newestPosition(database.db);
  const slow = await database.pool.connect();
  await slow.query('begin');
  await slow.query(`insert into groups (id, name) values ('${randomUUID()}', 'slow')`);
  const fastId = randomUUID();
  await change(database.db, sql`insert into groups (id, name) values (${fastId}, 'fast')`);
  expect(await changesAfter(database.db, start)).toEqual([]);
  await slow.query('commit');
  slow.release();
  const seen = await changesAfter(database.db, start);
  expect(seen.map((one) => [one.noun, one.operation])).toEqual([
    ['group', 'created'],
    ['group', 'created'],
  ]);
  expect(seen[1]?.object).toBe(fastId);
  const last = seen.at(-1);
  expect(last && (await changesAfter(database.db, last.position))).toEqual([]);
});

test('every change of an entity bumps its generation, and writing the same again does not', async () => {
  const id = randomUUID();
  await change(database.db, sql`insert into groups (id, name) values (${id}, 'a')`);
  await change(database.db, sql`update groups set name = 'b' where id = ${id}`);
  await change(database.db, sql`update groups set name = 'b' where id = ${id}`);
  expect(await row(database.db, sql`select generation from groups where id = ${id}`)).toEqual({ generation: 2 });
});

test('one controller leads; when it goes the next one takes over with a higher epoch', async () => {
  const first = await takeLead(database.url, new AbortController().signal);
  const stop = new AbortController();
  const waiting = takeLead(database.url, stop.signal);
  const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(() => resolve('waits'), 300))]);
  expect(early).toBe('waits');
  await first?.release();
  const second = await waiting;
  expect(second?.epoch).toBe((first?.epoch ?? 0) + 1);
  await second?.release();
});

test('a secret is sealed in the database and bound to its row', async () => {
  const secrets = secretsUnder(randomBytes(32));
  const reference = await secrets.put(database.db, { kind: 'test', value: 'canary-7f3' });
  const stored = await row<{ sealed: Buffer }>(database.db, sql`select sealed from secrets where id = ${reference}`);
  expect(stored?.sealed.toString('latin1')).not.toContain('canary-7f3');
  expect(await secrets.get(database.db, reference)).toBe('canary-7f3');
  const other = randomUUID();
  await change(database.db, sql`update secrets set id = ${other} where id = ${reference}`);
  await expect(secrets.get(database.db, other)).rejects.toThrow();
});
