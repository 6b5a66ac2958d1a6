import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openJournal, type AgentJournal } from './journal.ts';

let directory: string;
let files = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agent-journal-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));
const newPath = () => join(directory, `journal-${(files += 1)}`);
const day = 24 * 60 * 60 * 1000;

async function within<T>(path: string, use: (journal: AgentJournal) => Promise<T> | T, now = 1000): Promise<T> {
  const journal = await openJournal(path, () => now);
  try {
    return await use(journal);
  } finally {
    await journal.close();
  }
}

test('a new journal knows nothing, and each start has a higher number than all before', async () => {
  const path = newPath();
  expect(await within(path, (journal) => [journal.highestEpoch(), journal.incarnation, journal.tasks()])).toEqual([0, 1, []]);
  expect(await within(path, (journal) => journal.incarnation)).toBe(2);
  expect(await within(path, (journal) => journal.incarnation)).toBe(3);
});

test('epochs, outcomes, notes and tasks are remembered over restarts', async () => {
  const path = newPath();
  const task = { task: 't1', operation: 'o1', call: 'removeImage', startedAt: 1000, epoch: 7, input: { wipe: true } } as const;
  await within(path, async (journal) => {
    await journal.raiseEpoch(7);
    await journal.raiseEpoch(3);
    await journal.record('op1', 'print', { result: { a: 1 } });
    await journal.record('op2', 'print', { error: { code: 'wrong_state', message: 'no', facts: {} } });
    await journal.noteRun('run1', { asked: { what: 'shutdown', at: 5 } });
    await journal.noteRun('run1', { over: true });
    await journal.noteTask(task);
    await journal.noteTask({ ...task, task: 't2' });
    await journal.forgetTask('t2');
  });
  await within(path, (journal) => {
    expect(journal.highestEpoch()).toBe(7);
    expect(journal.outcomeOf('op1')).toMatchObject({ fingerprint: 'print', outcome: { result: { a: 1 } } });
    expect(journal.outcomeOf('op2')).toMatchObject({ outcome: { error: { code: 'wrong_state' } } });
    expect(journal.run('run1')).toEqual({ asked: { what: 'shutdown', at: 5 }, over: true, at: 1000 });
    expect(journal.tasks()).toEqual([task]);
  });
});

test('a journal that is cut at any byte holds everything that had been answered, and opens', async () => {
  const path = newPath();
  /** After how many bytes each operation was on the disk. */
  const durable: { operation: string; at: number }[] = [];
  const journal = await openJournal(path, () => 1000);
  const started = (await readFile(path)).length;
  for (let n = 1; n <= 6; n += 1) {
    await Promise.all([journal.raiseEpoch(n), journal.record(`op${n}`, 'f', { result: 'ö'.repeat(n) })]);
    durable.push({ operation: `op${n}`, at: (await readFile(path)).length });
  }
  await journal.close();
  const whole = await readFile(path);
  const cut = newPath();
  for (let length = started; length <= whole.length; length += 1) {
    await writeFile(cut, whole.subarray(0, length));
    const known = await within(cut, (reopened) => ({
      operations: durable.map(({ operation }) => reopened.outcomeOf(operation) !== undefined),
      epoch: reopened.highestEpoch(),
      incarnation: reopened.incarnation,
    }));
    const answered = durable.filter(({ at }) => at <= length).length;
    expect(known.operations.slice(0, answered).every(Boolean)).toBe(true);
    expect(known.epoch).toBeGreaterThanOrEqual(answered);
    expect(known.incarnation).toBe(2);
  }
});

test('a hole that a crash left in the last line is dropped; damage before it is refused', async () => {
  const path = newPath();
  await within(path, (journal) => journal.raiseEpoch(5));
  const good = await readFile(path, 'utf8');
  await writeFile(path, `${good}\0\0\0\0\n`);
  expect(await within(path, (journal) => journal.highestEpoch())).toBe(5);
  await writeFile(path, `${good}\0\0\0\0\n[{"epoch":6}]\n`);
  await expect(openJournal(path, () => 0)).rejects.toThrow('Line 3');
});

test('what comes together is written together, and all of it is answered', async () => {
  const path = newPath();
  await within(path, (journal) => Promise.all(Array.from({ length: 500 }, (_, n) => journal.record(`op${n}`, 'f', { result: n }))));
  const lines = (await readFile(path, 'utf8')).split('\n').length;
  expect(lines).toBeLessThan(20);
  await within(path, (journal) => expect(journal.outcomeOf('op499')).toMatchObject({ outcome: { result: 499 } }));
});

test('operations and runs that are over are forgotten after a day; epochs, other runs and running tasks never', async () => {
  const path = newPath();
  const task = { task: 't1', operation: 'o1', call: 'removeImage', startedAt: 0, epoch: 1, input: {} } as const;
  await within(
    path,
    async (journal) => {
      await journal.raiseEpoch(9);
      await journal.record('old', 'f', { result: 1 });
      await journal.noteRun('run', { over: true });
      await journal.noteRun('running', { ran: 0 });
      await journal.noteTask(task);
      await journal.noteTask({ ...task, task: 't2', end: { cancelled: true } });
    },
    0,
  );
  await within(path, (journal) => journal.record('new', 'f', { result: 2 }), day);
  await within(
    path,
    (journal) => {
      expect(journal.outcomeOf('old')).toBeUndefined();
      expect(journal.outcomeOf('new')).toBeDefined();
      expect(journal.run('run')).toBeUndefined();
      expect(journal.run('running')).toMatchObject({ ran: 0 });
      expect(journal.tasks()).toEqual([task]);
      expect(journal.highestEpoch()).toBe(9);
    },
    day + 1000,
  );
});

test('a journal that has grown is rewritten while it is in use, and loses nothing that is still kept', async () => {
  const path = newPath();
  const filler = 'x'.repeat(10_000);
  await within(path, async (journal) => {
    for (let n = 0; n < 150; n += 1) await journal.record('same', 'f', { result: `${n}${filler}` });
    await journal.record('last', 'f', { result: 1 });
  });
  expect((await readFile(path)).length).toBeLessThan(1_200_000);
  await within(path, (journal) => {
    expect(journal.outcomeOf('same')).toMatchObject({ outcome: { result: `149${filler}` } });
    expect(journal.outcomeOf('last')).toBeDefined();
  });
});
