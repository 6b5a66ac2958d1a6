import type { AgentEvent } from './events.ts';
import type { EventSource } from './implementation.ts';

type Told = Extract<AgentEvent, { kind: 'vm' | 'domain' | 'task' | 'transfer' }>;
type Untold<E> = E extends Told ? Omit<E, 'sequence' | 'at'> : never;
/** What an agent has to tell: an event that has no number yet. */
export type News = Untold<Told>;

export interface EventRing extends EventSource {
  publish(news: News): void;
}

export interface EventRingOptions {
  readonly bootId: string;
  /** Rises with every start of the agent, and never falls: the upper part of every sequence. Below 2^21. */
  readonly incarnation: number;
  readonly now: () => number;
  /** How many objects' latest events are held. Who missed more must resync. */
  readonly capacity?: number;
}

/** Sequences of one start of an agent; the next start's are all above them. */
const perIncarnation = 2 ** 32;

/**
 * The latest event of each object, in the order in which they came. An older event about the same object is forgotten
 * when a newer one comes, so that a reader who was away learns how things are and not how they came about; a run of a
 * VM is an object of its own, so no run's end is hidden by the next run's start.
 */
export function eventRing({ bootId, incarnation, now, capacity = 8192 }: EventRingOptions): EventRing {
  const held = new Map<string, Told>();
  const readers = new Set<Reader>();
  /** Everything after this is held, or was overtaken by something that is. */
  let lostUpTo = incarnation * perIncarnation;
  let latest = lostUpTo;

  return {
    bootId,
    latest: () => latest,
    publish(news) {
      latest += 1;
      const event: Told = { ...news, sequence: latest, at: now() };
      put(held, event);
      const [oldest] = held;
      if (held.size > capacity && oldest) {
        held.delete(oldest[0]);
        lostUpTo = oldest[1].sequence;
      }
      for (const reader of readers) reader.offer(event);
    },
    after(sequence, signal) {
      if (!(sequence >= lostUpTo && sequence <= latest)) return undefined;
      const reader = readerOf(
        [...held.values()].filter((event) => event.sequence > sequence),
        capacity,
        signal,
        () => readers.delete(reader),
      );
      readers.add(reader);
      return reader.events;
    },
  };
}

interface Reader {
  offer(event: Told): void;
  readonly events: AsyncIterable<AgentEvent>;
}

/** One reader's own backlog. One that is too far behind is ended: it comes back and resyncs. */
function readerOf(first: readonly Told[], capacity: number, signal: AbortSignal, leave: () => void): Reader {
  const backlog = new Map<string, Told>();
  for (const event of first) put(backlog, event);
  let ended = signal.aborted;
  let wake: (() => void) | undefined;
  const end = () => {
    ended = true;
    leave();
    wake?.();
  };
  signal.addEventListener('abort', end, { once: true });

  async function* read(): AsyncGenerator<AgentEvent> {
    try {
      // oxlint-disable-next-line no-unmodified-loop-condition -- `end` modifies it.
      while (!ended) {
        const [next] = backlog;
        if (next) {
          backlog.delete(next[0]);
          yield next[1];
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', end);
      leave();
    }
  }
  return {
    events: read(),
    offer(event) {
      put(backlog, event);
      if (backlog.size > capacity) end();
      wake?.();
    },
  };
}

/** Puts an event at the end, in place of the one before about the same object. */
function put(events: Map<string, Told>, event: Told): void {
  const key = keyOf(event);
  events.delete(key);
  events.set(key, event);
}

function keyOf(event: Told): string {
  switch (event.kind) {
    case 'vm':
      return `vm ${event.vm.run}`;
    case 'domain':
      return `domain ${event.domain.domain}`;
    case 'task':
      return `task ${event.task.task}`;
    case 'transfer':
      return `transfer ${event.transfer.transfer}`;
  }
}
