import { isDeepStrictEqual } from 'node:util';
import { array, assert, asyncProperty, integer } from 'fast-check';
import { expect, test } from 'vitest';
import { eventRing, type EventRing } from './event-ring.ts';
import type { AgentEvent } from './events.ts';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const ring = (options: { incarnation?: number; capacity?: number } = {}) =>
  eventRing({ bootId: id(1), incarnation: 3, now: () => 42, ...options });
const tell = (events: EventRing, task: number, done = 0) =>
  events.publish({ kind: 'task', task: { task: id(task), call: 'removeImage', startedAt: 1, state: { kind: 'running', done } } });

/** What a reader gets now, without waiting for more. */
async function drain(events: EventRing, after: number): Promise<AgentEvent[] | undefined> {
  const gone = new AbortController();
  const held = events.after(after, gone.signal);
  if (!held) return undefined;
  const got: AgentEvent[] = [];
  const reading = (async () => {
    for await (const event of held) {
      got.push(event);
      if (event.sequence === events.latest()) gone.abort();
    }
  })();
  if (events.latest() === after) gone.abort();
  await reading;
  return got;
}

test('sequences of a later incarnation are above all of an earlier one, and its readers must resync', async () => {
  const first = ring({ incarnation: 1 });
  for (let n = 0; n < 5; n += 1) tell(first, n);
  const second = ring({ incarnation: 2 });
  expect(second.latest()).toBeGreaterThan(first.latest());
  expect(second.after(first.latest(), AbortSignal.timeout(1000))).toBeUndefined();
});

test('a sequence from the future, or none at all, is answered with resync', () => {
  const events = ring();
  expect(events.after(events.latest() + 1, AbortSignal.timeout(1000))).toBeUndefined();
  expect(events.after(Number.NaN, AbortSignal.timeout(1000))).toBeUndefined();
});

test('a waiting reader is woken by what is published, and ended by its signal', async () => {
  const events = ring();
  const gone = new AbortController();
  const reader = events.after(events.latest(), gone.signal)?.[Symbol.asyncIterator]();
  const next = reader?.next();
  tell(events, 7);
  expect((await next)?.value).toMatchObject({ kind: 'task', task: { task: id(7) } });
  const last = reader?.next();
  gone.abort();
  expect(await last).toEqual({ done: true, value: undefined });
});

test('a reader that falls behind by more objects than are held is ended', async () => {
  const events = ring({ capacity: 3 });
  const held = events.after(events.latest(), new AbortController().signal);
  for (let n = 0; n < 5; n += 1) tell(events, n);
  const got: AgentEvent[] = [];
  for await (const event of held ?? []) got.push(event);
  expect(got.length).toBeLessThan(5);
});

test('whatever was published, a reader after any sequence gets in order the latest state of everything since, or must resync', async () => {
  await assert(
    asyncProperty(
      array(integer({ min: 0, max: 8 }), { maxLength: 40 }),
      integer({ min: 0, max: 40 }),
      integer({ min: 1, max: 10 }),
      async (objects, after, capacity) => {
        const events = ring({ capacity });
        const start = events.latest();
        objects.forEach((object, n) => tell(events, object, n));
        const got = await drain(events, start + after);
        const missed = objects.slice(after);
        // Nothing is told to a reader from the future, nor may be to one who missed more than is held.
        if (!got) return after > objects.length || new Set(objects).size > capacity;
        const states = got.map((event) => (event.kind === 'task' && event.task.state.kind === 'running' ? event.task.state.done : -1));
        const expected = [...new Set(missed)].map((object) => objects.lastIndexOf(object)).toSorted((a, b) => a - b);
        return after <= objects.length && isDeepStrictEqual(states, expected);
      },
    ),
  );
});
