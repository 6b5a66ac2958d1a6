/** Time as a simulated host sees it. `after` answers how to call it off. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  after(milliseconds: number, what: () => void): () => void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, what) {
    const timer = setTimeout(what, milliseconds);
    // A simulated boot keeps no test process alive.
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface VirtualClock extends Clock {
  /** Lets time pass: what falls due happens in order, and all that follows from it before the next. */
  advance(milliseconds: number): Promise<void>;
}

export function virtualClock(start = 1_000_000_000_000): VirtualClock {
  let now = start;
  const due = new Set<{ at: number; what: () => void }>();
  return {
    now: () => now,
    after(milliseconds, what) {
      const entry = { at: now + Math.max(0, milliseconds), what };
      due.add(entry);
      return () => void due.delete(entry);
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        await settled();
        const next = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (!next) break;
        due.delete(next);
        now = Math.max(now, next.at);
        next.what();
      }
      now = end;
    },
  };
}

/** Everything that promises have still to do has been done when the event loop comes round. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
