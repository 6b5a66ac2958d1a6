import { setTimeout as sleep } from 'node:timers/promises';

/** What was waited for did not happen in time. */
export class DeadlinePassed extends Error {
  readonly code = 'deadline_passed';
}

/** Asks again and again until there is an answer, and says at the deadline what was being waited for. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  { deadlineMs = 30_000, everyMs = 50 }: { deadlineMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= end) throw new DeadlinePassed(`${what} did not happen within ${deadlineMs} ms`);
    await sleep(everyMs);
  }
}
