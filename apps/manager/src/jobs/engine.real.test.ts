import { randomBytes, randomUUID } from 'node:crypto';
import { AgentError } from '@ostler/agent-contract/errors';
import { phrase, plan, type Plan } from '@ostler/domain/plan';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { change, sql, type Database } from '../db/database.ts';
import { secretsUnder } from '../db/secrets.ts';
import { testDatabase, type TestDatabase } from '../db/test-database.ts';
import { advance, Deposed, type AdvanceContext } from './advance.ts';
import { job, NotYet, step, StepFailed, type JobType, type Step } from './definition.ts';
import { runEngine } from './engine.ts';
import { holdersOf, takeTurn } from './locks.ts';
import { findJob, insertJob, isCancelRequested, requestCancel, resumeJob, stepsOf } from './store.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});
afterAll(() => database?.stop());

/** What the steps of the tests do: put a mark into the world, look first, take it back. */
const world = new Set<string>();
const log: string[] = [];
beforeEach(() => {
  world.clear();
  log.length = 0;
});

interface Wish {
  readonly object: string;
  readonly steps: readonly string[];
}
type Trouble = (name: string, direction: 'do' | 'undo', when: 'before' | 'after') => void;

const marks = (trouble: Trouble = () => undefined, shape: (name: string) => Partial<Step> = () => ({})): JobType<Wish> =>
  job('marks', { version: 1 }, ({ data }) =>
    data.steps.map((name) =>
      step(name, {
        do: async () => {
          trouble(name, 'do', 'before');
          if (!world.has(name)) log.push(`do ${name}`);
          world.add(name);
          trouble(name, 'do', 'after');
          return { made: name };
        },
        undo: async () => {
          trouble(name, 'undo', 'before');
          if (world.delete(name)) log.push(`undo ${name}`);
          trouble(name, 'undo', 'after');
        },
        ...shape(name),
      }),
    ),
  );

const wish = (steps = ['one', 'two', 'three']): Plan<Wish> => {
  const object = randomUUID();
  return plan({
    title: phrase('test'),
    data: { object, steps },
    locks: [{ object, kind: 'vm', mode: 'exclusive', showsAs: 'image_locked' }],
  });
};

async function commit(type: JobType<Wish>, wished: Plan<Wish>): Promise<string> {
  const id = randomUUID();
  await db.transaction().execute((tx) =>
    insertJob(tx, {
      id,
      type: type.type,
      version: type.version,
      plan: wished,
      steps: type.steps(wished as never, {} as never),
      owner: undefined,
      correlation: 'test',
    }),
  );
  return id;
}

const context = (type: JobType<Wish>, more: Partial<AdvanceContext> = {}): AdvanceContext => ({
  db,
  epoch: 0,
  signal: new AbortController().signal,
  tools: {
    agents: { of: () => ({ call: () => Promise.reject(new AgentError('unreachable')) }) },
    secrets: secretsUnder(randomBytes(32)),
    now: Date.now,
  },
  typeOf: () => type as unknown as JobType,
  ...more,
});

/** Advances as the engine would, without its clock: waits are skipped. */
async function drive(id: string, advancing: AdvanceContext): Promise<string | undefined> {
  for (let round = 0; round < 60; round++) {
    await advance(advancing, id);
    const state = (await findJob(db, id))?.state;
    if (state !== 'running' && state !== 'unwinding') return state;
  }
  throw new Error('the job never came to an end');
}

const locksLeft = async (wished: Plan<Wish>) => (await holdersOf(db, wished.locks)).length;

test('a job runs its steps in order, keeps their results, and its locks go with it', async () => {
  const wished = wish();
  const type = marks();
  const id = await commit(type, wished);
  expect(await holdersOf(db, wished.locks)).toMatchObject([{ object: wished.data.object, showsAs: 'image_locked' }]);
  expect(await drive(id, context(type))).toBe('finished');
  expect(log).toEqual(['do one', 'do two', 'do three']);
  expect((await stepsOf(db, id)).map((one) => [one.state, one.result])).toEqual([
    ['done', { made: 'one' }],
    ['done', { made: 'two' }],
    ['done', { made: 'three' }],
  ]);
  expect(await locksLeft(wished)).toBe(0);
});

for (const failing of ['one', 'two', 'three'])
  for (const when of ['before', 'after'] as const)
    test(`a refusal ${when} the effect of step ${failing} unwinds to a clean slate`, async () => {
      const wished = wish();
      const type = marks((name, direction, at) => {
        if (direction === 'do' && name === failing && at === when) throw new StepFailed({ code: 'sample', message: 'no' });
      });
      const id = await commit(type, wished);
      expect(await drive(id, context(type))).toBe('failed');
      expect([...world]).toEqual([]);
      expect(await locksLeft(wished)).toBe(0);
      expect((await findJob(db, id))?.error).toMatchObject({ code: 'sample' });
    });

for (const killed of ['one', 'two', 'three'])
  for (const when of ['before', 'after'] as const)
    test(`a controller killed ${when} the effect of step ${killed} loses nothing: the next one goes on`, async () => {
      const wished = wish();
      const type = marks();
      const id = await commit(type, wished);
      const killing = context(type, {
        hook: async (point) => {
          if (point.step === killed && point.when === when) throw new Deposed();
        },
      });
      await expect(advance(killing, id)).rejects.toThrow(Deposed);
      expect(await locksLeft(wished)).toBe(1);
      expect(await drive(id, context(type))).toBe('finished');
      expect(log).toEqual(['do one', 'do two', 'do three']);
    });

for (const killed of ['one', 'two'])
  for (const when of ['before', 'after'] as const)
    test(`a controller killed ${when} the undo of step ${killed} is followed by one that unwinds the rest, once`, async () => {
      const wished = wish();
      const type = marks((name, direction) => {
        if (direction === 'do' && name === 'three') throw new StepFailed({ code: 'sample', message: 'no' });
      });
      const id = await commit(type, wished);
      const killing = context(type, {
        hook: async (point) => {
          if (point.direction === 'undo' && point.step === killed && point.when === when) throw new Deposed();
        },
      });
      await expect(advance(killing, id)).rejects.toThrow(Deposed);
      expect(await drive(id, context(type))).toBe('failed');
      expect([...world]).toEqual([]);
      expect(log.filter((line) => line.startsWith('undo'))).toEqual(['undo two', 'undo one']);
    });

test('what passes is tried again and succeeds; what stays is unwound', async () => {
  let broken = 3;
  const passing = marks((name, direction, when) => {
    if (direction === 'do' && name === 'two' && when === 'after' && broken-- > 0) throw new AgentError('unreachable');
  });
  expect(await drive(await commit(passing, wish()), context(passing))).toBe('finished');
  const staying = marks((name, direction) => {
    if (direction === 'do' && name === 'two') throw new AgentError('unreachable');
  });
  world.clear();
  expect(await drive(await commit(staying, wish()), context(staying))).toBe('failed');
  expect([...world]).toEqual([]);
});

test('past the point of no return a job only goes forward: it asks for a person, keeps its locks, and can be resumed', async () => {
  let refusing = true;
  const type = marks(
    (name, direction) => {
      if (direction === 'do' && name === 'three' && refusing) throw new StepFailed({ code: 'stuck', message: 'cannot' });
    },
    (name) => (name === 'two' ? { pointOfNoReturn: true } : {}),
  );
  const wished = wish();
  const id = await commit(type, wished);
  expect(await drive(id, context(type))).toBe('needs_attention');
  expect([...world]).toEqual(['one', 'two']);
  expect(await locksLeft(wished)).toBe(1);
  refusing = false;
  expect(await resumeJob(db, id)).toBe(true);
  expect(await drive(id, context(type))).toBe('finished');
});

test('a job that cannot unwind asks for a person, and says at which step', async () => {
  const type = marks((name, direction) => {
    if (direction === 'do' && name === 'two') throw new StepFailed({ code: 'sample', message: 'no' });
    if (direction === 'undo' && name === 'one') throw new StepFailed({ code: 'cannot', message: 'held' });
  });
  const id = await commit(type, wish());
  expect(await drive(id, context(type))).toBe('needs_attention');
  expect((await findJob(db, id))?.error?.message).toContain('Unwinding stopped at one');
});

test('a cancelled job unwinds between steps and ends as aborted', async () => {
  const wished = wish();
  const type = marks((name, direction, when) => {
    if (direction === 'do' && name === 'two' && when === 'before') throw new NotYet(0);
  });
  const id = await commit(type, wished);
  await advance(context(type), id);
  expect(await requestCancel(db, id)).toBe(true);
  expect(await isCancelRequested(db, id)).toBe(true);
  expect(await drive(id, context(type))).toBe('aborted');
  expect([...world]).toEqual([]);
});

test('a step that must wait costs no attempt and is asked again', async () => {
  let looks = 0;
  const type = marks((name, direction, when) => {
    if (name === 'one' && direction === 'do' && when === 'before' && ++looks < 30) throw new NotYet(0);
  });
  expect(await drive(await commit(type, wish()), context(type))).toBe('finished');
  expect(looks).toBe(30);
});

test('a deposed controller writes nothing more', async () => {
  const type = marks();
  const id = await commit(type, wish());
  await change(db, sql`update manager_epoch set epoch = 5`);
  await expect(advance(context(type, { epoch: 4 }), id)).rejects.toThrow(Deposed);
  expect((await stepsOf(db, id)).map((one) => one.state)).toEqual(['pending', 'pending', 'pending']);
  await change(db, sql`update manager_epoch set epoch = 0`);
});

test('a job of a newer version waits for a person instead of being guessed at', async () => {
  const id = await commit({ ...marks(), version: 9 }, wish());
  expect(await drive(id, context(marks()))).toBe('needs_attention');
  expect((await findJob(db, id))?.error?.code).toBe('job_type_unknown');
});

test('of rivals for one object, exactly one gets its lock', async () => {
  const wished = wish();
  const type = marks();
  const rival = () =>
    db.transaction().execute(async (tx) => {
      await takeTurn(tx, [wished.data.object]);
      if ((await holdersOf(tx, wished.locks)).length > 0) return 'refused';
      await insertJob(tx, {
        id: randomUUID(),
        type: type.type,
        version: 1,
        plan: wished,
        steps: [{ name: 'one' }],
        owner: undefined,
        correlation: 'test',
      });
      return 'won';
    });
  const outcomes = await Promise.all(Array.from({ length: 8 }, rival));
  expect(outcomes.filter((outcome) => outcome === 'won')).toHaveLength(1);
  await change(db, sql`delete from jobs`);
});

test('the engine starts a committed job at once and ends a hundred of them', async () => {
  const type = marks();
  const stop = new AbortController();
  const engine = runEngine({
    ...context(type),
    pool: database.pool,
    types: [type as unknown as JobType],
    signal: stop.signal,
    deposed: () => stop.abort(),
    log: { warn: () => undefined },
  });
  const ids = await Promise.all(Array.from({ length: 100 }, () => commit(type, wish())));
  await expect
    .poll(async () => (await Promise.all(ids.map((id) => findJob(db, id)))).filter((one) => one?.state === 'finished').length, {
      timeout: 10_000,
    })
    .toBe(100);
  stop.abort();
  await engine;
});
