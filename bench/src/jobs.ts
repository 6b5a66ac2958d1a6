/**
 * What a step of a job costs when it does nothing: writing down before its effect that it begins, and that the one before it is done, on a
 * PostgreSQL with fsync. The floor is one committed update of a row on the same server, of which each step needs one to survive a crash.
 *
 *   node bench/src/jobs.ts [rounds]
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { AgentError } from '@ostler/agent-contract/errors';
import { type Plan, phrase, plan } from '@ostler/domain/plan';
import { bootstrap } from '@ostler/manager/bootstrap';
import { change, sql } from '@ostler/manager/db/database';
import { secretsUnder } from '@ostler/manager/db/secrets';
import { testDatabase } from '@ostler/manager/db/test-database';
import { job, type JobType, step } from '@ostler/manager/jobs/definition';
import { runEngine } from '@ostler/manager/jobs/engine';
import { findJob, insertJob } from '@ostler/manager/jobs/store';
import { until } from '@ostler/libvirt/daemon/poll';
import { median, quantile, table, timed } from './samples.ts';

const [rounds = 60] = process.argv.slice(2).map(Number);
const few = 1;
const many = 21;
const together = 200;

const ended = new Map<string, () => void>();
const begun = new Map<string, number>();
const nothing: JobType<{ steps: number }> = job(
  'bench-nothing',
  { version: 1, ended: async (_plan, { job: id }) => ended.get(id)?.() },
  ({ data }) =>
    Array.from({ length: data.steps }, (_, index) =>
      step(`step-${index}`, {
        do: async ({ job: id }) => {
          if (index === 0) begun.set(id, performance.now());
        },
        undo: async () => undefined,
      }),
    ),
);

const database = await testDatabase({ durable: true });
const stop = new AbortController();
try {
  const { db, pool } = database;
  await bootstrap(db, { password: randomUUID() });
  await sql`create table bench_floor (id int primary key, value int not null)`.execute(db);
  await sql`insert into bench_floor values (1, 0)`.execute(db);
  const engine = runEngine({
    db,
    pool,
    epoch: 0,
    signal: stop.signal,
    tools: {
      agents: { of: () => ({ call: () => Promise.reject(new AgentError('unreachable')) }) },
      secrets: secretsUnder(randomBytes(32)),
      now: Date.now,
    },
    types: [nothing as unknown as JobType],
    deposed: () => stop.abort(),
    log: { warn: (details, message) => console.error(message, details) },
  });

  const commit = async (steps: number): Promise<{ id: string; end: Promise<void> }> => {
    const id = randomUUID();
    const wished: Plan<{ steps: number }> = plan({
      title: phrase('bench'),
      data: { steps },
      locks: [{ object: randomUUID(), kind: 'vm', mode: 'exclusive' }],
    });
    const end = new Promise<void>((resolve) => void ended.set(id, resolve));
    const names = Array.from({ length: steps }, (_, index) => ({ name: `step-${index}` }));
    await db
      .transaction()
      .execute((tx) =>
        insertJob(tx, { id, type: nothing.type, version: 1, plan: wished, steps: names, owner: undefined, correlation: id }),
      );
    return { id, end };
  };
  const whole = async (steps: number): Promise<void> => {
    const { id, end } = await commit(steps);
    await end;
    // What ends a job runs inside the transaction that ends it.
    await until('the end of a job that does nothing', async () => ((await findJob(db, id))?.state === 'finished' ? true : undefined), {
      everyMs: 0,
    });
  };
  const starts: number[] = [];
  const start = async (): Promise<void> => {
    const { id, end } = await commit(few);
    const committed = performance.now();
    await end;
    starts.push((begun.get(id) ?? Number.NaN) - committed);
  };

  await timed(10, () => whole(many));
  const [floor, short, long] = [new Array<number>(), new Array<number>(), new Array<number>()];
  // Interleaved, so that a disk that becomes slower does so for all.
  for (let round = 0; round < rounds; round += 1) {
    floor.push(...(await timed(4, () => change(db, sql`update bench_floor set value = value + 1`))));
    short.push(...(await timed(1, () => whole(few))));
    long.push(...(await timed(1, () => whole(many))));
    await start();
  }
  const began = performance.now();
  const jobs = await Promise.all(Array.from({ length: together }, () => commit(5)));
  await Promise.all(jobs.map(({ end }) => end));
  const perSecond = (together * 1000) / (performance.now() - began);

  const update = median(floor);
  const row = (what: string, samples: readonly number[]) => ({
    what,
    'p50 ms': median(samples),
    'p99 ms': quantile(samples, 0.99),
    'p50 / floor': median(samples) / update,
  });
  const perStep = (median(long) - median(short)) / (many - few);
  console.log(
    table([
      row('one committed update (floor)', floor),
      row(`a job of ${few} step, from its wish to its end`, short),
      row(`a job of ${many} steps`, long),
      row('from the commit to the first effect', starts),
      {
        what: 'each further step',
        'p50 ms': perStep,
        'p99 ms': (quantile(long, 0.99) - median(short)) / (many - few),
        'p50 / floor': perStep / update,
      },
    ]),
  );
  console.log(
    `${together} jobs of 5 steps at once: ${perSecond.toFixed(0)} jobs/s, ${(1000 / perSecond / 5 / update).toFixed(2)} × floor for a step`,
  );
  stop.abort();
  await engine;
} finally {
  stop.abort();
  await database.stop();
}
