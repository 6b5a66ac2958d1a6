import { randomUUID } from 'node:crypto';
import { AgentError } from '@ostler/agent-contract/errors';
import type { News } from '@ostler/agent-contract/event-ring';
import { expect, test } from 'vitest';
import type { TaskNote } from './journal.ts';
import { agentTasks } from './tasks.ts';

const context = { signal: new AbortController().signal, mandate: { epoch: 1, operation: 'x' } };
const input = { domain: randomUUID(), image: randomUUID(), wipe: false };

/** What outlives an agent, and agents that live one after another on it. */
function host() {
  const notes = new Map<string, TaskNote>();
  const told: News[] = [];
  const journal = {
    tasks: () => [...notes.values()],
    noteTask: async (note: TaskNote) => void notes.set(note.task, note),
    forgetTask: async (task: string) => void notes.delete(task),
  };
  return { notes, told, agent: () => agentTasks({ journal, publish: (news) => told.push(news), now: () => 5, retryEvery: 1 }) };
}

test('a task runs, tells its progress, and ends with its result', async () => {
  const { agent, told } = host();
  const tasks = agent();
  const operation = randomUUID();
  const { task } = await tasks.begin('removeImage', input, { epoch: 1, operation }, async ({ progress }) => {
    progress(5, 10);
    return { removed: 2 };
  });
  expect(task).toBe(operation);
  await expect.poll(() => tasks.all()).toMatchObject([{ task, state: { kind: 'done', result: { removed: 2 } } }]);
  expect(told).toContainEqual(
    expect.objectContaining({ task: expect.objectContaining({ state: { kind: 'running', done: 5, total: 10 } }) }),
  );
});

test('the same operation is the same task, done once', async () => {
  const tasks = host().agent();
  let times = 0;
  const begin = () => tasks.begin('removeImage', input, { epoch: 1, operation: 'not a uuid' }, async () => void (times += 1));
  const [one, other] = await Promise.all([begin(), begin()]);
  expect(one).toEqual(other);
  await expect.poll(() => tasks.all()[0]?.state.kind).toBe('done');
  await begin();
  expect(times).toBe(1);
});

test('a cancelled task is asked to stop, and is cancelled when it has', async () => {
  const tasks = host().agent();
  const { task } = await tasks.begin('removeImage', input, { epoch: 1, operation: randomUUID() }, untilAborted);
  await expect(tasks.calls.forgetTask({ task }, context)).rejects.toMatchObject({ code: 'wrong_state' });
  await tasks.calls.cancelTask({ task }, context);
  await expect.poll(() => tasks.all()[0]?.state).toEqual({ kind: 'cancelled' });
  await tasks.calls.forgetTask({ task }, context);
  await expect(tasks.calls.taskState({ task }, context)).rejects.toMatchObject({ code: 'unknown_task' });
});

test('a failure is told with its code', async () => {
  const tasks = host().agent();
  await tasks.begin(
    'verifyVolume',
    { ...input, volume: randomUUID(), declared: { format: 'raw', capacity: 1 } },
    { epoch: 1, operation: 'a' },
    async () => {
      throw new AgentError('image_lies', 'It has a backing file');
    },
  );
  await expect.poll(() => tasks.all()[0]?.state).toEqual({ kind: 'failed', code: 'image_lies', message: 'It has a backing file' });
});

test('what ran when the agent died is called again with its input, as soon as its domain is there', async () => {
  const { agent, notes } = host();
  const dead = agent();
  const operation = randomUUID();
  await dead.begin('removeImage', input, { epoch: 4, operation }, () => new Promise(() => undefined));
  const next = agent();
  expect(next.all()).toMatchObject([{ task: operation, state: { kind: 'running' } }]);
  let tries = 0;
  next.resume(async (call, again, mandate) => {
    expect([call, again, mandate]).toEqual(['removeImage', input, { epoch: 4, operation }]);
    tries += 1;
    if (tries < 3) throw new AgentError('unknown_domain');
    await next.begin('removeImage', input, mandate, async () => undefined);
  });
  await expect.poll(() => next.all()[0]?.state.kind).toBe('done');
  expect(notes.get(operation)?.end).toEqual({});
});

test('what cannot be begun again has failed', async () => {
  const { agent } = host();
  await agent().begin('removeImage', input, { epoch: 4, operation: randomUUID() }, () => new Promise(() => undefined));
  const next = agent();
  next.resume(() => Promise.reject(new AgentError('volume_in_use', 'It is used')));
  await expect.poll(() => next.all()[0]?.state).toEqual({ kind: 'failed', code: 'volume_in_use', message: 'It is used' });
});

test('an agent that is stopped leaves its tasks to the next', async () => {
  const { agent, notes } = host();
  const tasks = agent();
  const { task } = await tasks.begin('removeImage', input, { epoch: 1, operation: randomUUID() }, untilAborted);
  await tasks.stop();
  expect(notes.get(task)?.end).toBeUndefined();
});

const untilAborted = ({ signal }: { signal: AbortSignal }) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
