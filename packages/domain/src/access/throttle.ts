/** How often somebody has failed, and when for the last time. */
export interface Failures {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly last: number;
}

/** After some failures that are free, each further one doubles the wait, up to the longest. All in milliseconds. */
export interface Throttle {
  readonly free: number;
  readonly longest: number;
  /** Silence for so long makes up for everything before. */
  readonly forgottenAfter: number;
}

export const noFailures: Failures = { count: 0, last: -Infinity };

export function failedOnceMore(before: Failures, { forgottenAfter }: Throttle, now: number): Failures {
  return { count: isForgotten(before, forgottenAfter, now) ? 1 : before.count + 1, last: now };
}

/** How long it is still refused unheard. */
export function waitOf(failures: Failures, { free, longest, forgottenAfter }: Throttle, now: number): number {
  if (failures.count < free || isForgotten(failures, forgottenAfter, now)) return 0;
  // 2 to the 30th seconds are longer than anybody waits.
  const wait = Math.min(longest, 1000 * 2 ** Math.min(30, failures.count - free));
  return Math.max(0, failures.last + wait - now);
}

const isForgotten = ({ last }: Failures, forgottenAfter: number, now: number) => now - last > forgottenAfter;
