import { isIPv6 } from 'node:net';
import { failedOnceMore, noFailures, waitOf, type Failures, type Throttle } from '@ostler/domain/access/throttle';

/**
 * Enrollment is open to everybody who reaches the manager. Tokens cannot be guessed; what is limited is the work that strangers
 * give us. So refusing costs nothing: it is kept in memory, each api process by itself, and no table grows.
 */
export interface EnrollmentThrottle {
  /** Seconds to wait, or 0 to go on. Who goes on has failed until `succeeded` says otherwise: a burst does not slip through. */
  admit(address: string): number;
  succeeded(address: string): void;
}

const minute = 60_000;
const each: Throttle = { free: 5, longest: 15 * minute, forgottenAfter: 60 * minute };
/** From everywhere together. Whoever has a good token comes through within seconds, also while somebody storms the door. */
const together: Throttle = { free: 100, longest: 10_000, forgottenAfter: minute };
/** Addresses that are remembered; beyond them, those that failed longest ago are forgotten. */
const most = 10_000;

export function enrollmentThrottle(now: () => number): EnrollmentThrottle {
  const failures = new Map<string, Failures>();
  let all = noFailures;

  return {
    admit(address) {
      const key = networkOf(address);
      const at = now();
      const known = failures.get(key) ?? noFailures;
      const wait = Math.max(waitOf(known, each, at), waitOf(all, together, at));
      if (wait > 0) return Math.ceil(wait / 1000);
      // Put behind those that failed before.
      failures.delete(key);
      failures.set(key, failedOnceMore(known, each, at));
      const [oldest] = failures.keys();
      if (failures.size > most && oldest !== undefined) failures.delete(oldest);
      all = failedOnceMore(all, together, at);
      return 0;
    },
    succeeded(address) {
      failures.delete(networkOf(address));
      all = { ...all, count: Math.max(0, all.count - 1) };
    },
  };
}

/** Whoever has one address of an IPv6 network has 2^64 of them. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [front = '', back] = address.split('::');
  const left = front === '' ? [] : front.split(':');
  const right = back === undefined || back === '' ? [] : back.split(':');
  const zeros = back === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
