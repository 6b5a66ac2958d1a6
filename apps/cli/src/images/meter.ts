import { humanDuration, humanSize } from '../sizes.ts';

/** How fast bytes move, and how long it will go on: over the last seconds, for a rate since the beginning tells of the past. */
export interface Meter {
  /** `done` of `total` at a time in milliseconds; a sentence for people. */
  read(done: number, total: number, now: number): string;
}

const window = 8_000;
/** Holes are done as soon as they are named. What that makes of the rate means nothing before a moment has passed. */
const settling = 500;

export function newMeter(): Meter {
  const samples: { at: number; done: number }[] = [];
  return {
    read(done, total, now) {
      samples.push({ at: now, done });
      while (samples.length > 2 && (samples[0]?.at ?? now) < now - window) samples.shift();
      const [first = { at: now, done }] = samples;
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
      const figures = `${humanSize(done)} of ${humanSize(total)} (${percent} %)`;
      const elapsed = now - first.at;
      if (elapsed < settling || done <= first.done) return figures;
      const rate = (1000 * (done - first.done)) / elapsed;
      const left = done < total ? `, ${humanDuration((total - done) / rate)} left` : '';
      return `${figures}, ${humanSize(rate)}/s${left}`;
    },
  };
}
