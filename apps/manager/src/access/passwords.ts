import { createHmac, randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

/** OWASP's floor for argon2id (the library's algorithm 2): 19 MiB, two passes. */
const cost = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export const hashPassword = (password: string): Promise<string> => hash(password, cost);

/** A user without a hash takes as long to refuse as one with a wrong password: names cannot be probed by the clock. */
export async function passwordMatches(stored: string | undefined, password: string): Promise<boolean> {
  const matches = await verify(stored ?? (await decoy), password);
  return stored !== undefined && matches;
}
const decoy = hashPassword(randomBytes(16).toString('hex'));

/**
 * Clients that send Basic with every request would pay argon2 each time. What was verified is remembered for a minute,
 * as an HMAC under a key of this process, so that no password is kept.
 */
export function recentlyVerified(now: () => number, lifetime = 60_000) {
  const key = randomBytes(32);
  const known = new Map<string, { until: number; user: string; stored: string }>();
  const fingerprint = (name: string, password: string) => createHmac('sha256', key).update(`${name}\0${password}`).digest('base64');
  return {
    find(name: string, password: string): { user: string; stored: string } | undefined {
      const found = known.get(fingerprint(name, password));
      return found && found.until > now() ? found : undefined;
    },
    remember(name: string, password: string, user: string, stored: string): void {
      if (known.size > 10_000) known.clear();
      known.set(fingerprint(name, password), { until: now() + lifetime, user, stored });
    },
  };
}
