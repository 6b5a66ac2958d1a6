import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Reason, type Refusal } from '../reason.ts';

/** MAC addresses and pools (infra.md 9): a NIC gets the lowest free address of its pool unless it brings its own. */

export const macReasons = reasons({
  mac_malformed: { class: 'bad_input', text: '{mac} is no MAC address. Write six pairs of hexadecimal digits with colons between.' },
  mac_multicast: { class: 'bad_input', text: '{mac} is a multicast address; a NIC needs a unicast one.' },
  mac_taken: { class: 'conflict', text: 'The MAC address {mac} is in use already.' },
  mac_range_backwards: { class: 'bad_input', text: 'The range from {from} to {to} ends before it begins.' },
  mac_range_multicast: { class: 'bad_input', text: 'The range from {from} to {to} has multicast addresses; NICs need unicast ones.' },
  mac_ranges_overlap: { class: 'bad_input', text: 'The ranges {one} and {other} overlap.' },
  mac_pool_needs_range: { class: 'bad_input', text: 'A MAC pool needs at least one range.' },
  mac_pool_name_taken: { class: 'conflict', text: 'There is a MAC pool named {name} already.' },
  mac_pool_default_fixed: { class: 'conflict', text: 'Which MAC pool is the default one was decided at the installation.' },
  mac_pool_is_default: { class: 'conflict', text: 'MAC pool {name} is the default one, and stays.' },
  mac_pool_in_use: { class: 'conflict', text: 'MAC pool {name} is used by {users}. Give them another pool first.' },
  mac_pool_overlaps: {
    class: 'conflict',
    text: 'The range {range} has addresses of the MAC pool {pool}. Two pools must not give out the same.',
  },
  mac_pool_has_duplicates: {
    class: 'conflict',
    text: 'NICs of MAC pool {name} share addresses, such as {mac}: it must allow duplicates as long as they do.',
  },
  mac_pool_empty: { class: 'conflict', text: 'The MAC pool has no free address left. Add a range to it, or name an address.' },
});

export interface MacRange {
  readonly from: string;
  readonly to: string;
}

const wellFormed = (mac: string): boolean => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac);
const toNumber = (mac: string): number => Number.parseInt(mac.replaceAll(':', ''), 16);
const toText = (number: number): string => (number.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');

export function nextFreeMac(ranges: readonly MacRange[], taken: ReadonlySet<string>): string | undefined {
  for (const range of ranges)
    for (let at = toNumber(range.from); at <= toNumber(range.to); at++) {
      const mac = toText(at);
      if (!taken.has(mac)) return mac;
    }
  return undefined;
}

export function macProblem(mac: string, taken: ReadonlySet<string>, allowDuplicates: boolean, field: string): Reason | undefined {
  if (!wellFormed(mac)) return macReasons.mac_malformed({ mac }, field);
  if ((toNumber(mac.slice(0, 2)) & 1) === 1) return macReasons.mac_multicast({ mac }, field);
  return taken.has(mac) && !allowDuplicates ? macReasons.mac_taken({ mac }, field) : undefined;
}

// ---- pools ---------------------------------------------------------------------------------------------------------

export interface MacPoolSettings {
  readonly name: string;
  readonly description: string;
  readonly ranges: readonly MacRange[];
  readonly allowDuplicates: boolean;
}

/** What a pool is measured by. */
export interface MacPoolSurroundings {
  readonly others: readonly { readonly name: string; readonly ranges: readonly MacRange[] }[];
  /** An address that several NICs of this pool's clusters have. */
  readonly duplicate: string | null;
}

const written = ({ from, to }: MacRange): string => `${from}-${to}`;
const overlap = (a: MacRange, b: MacRange): boolean => toNumber(a.from) <= toNumber(b.to) && toNumber(b.from) <= toNumber(a.to);

/** Addresses as they are kept: in lower case. */
export const normalRange = ({ from, to }: MacRange): MacRange => ({ from: from.toLowerCase(), to: to.toLowerCase() });

export function macPoolProblems(pool: MacPoolSettings, { others, duplicate }: MacPoolSurroundings): Refusal | undefined {
  const { name, ranges } = pool;
  const malformed = ranges.flatMap((range) => rangeProblems(range));
  if (malformed.length > 0) return refusalOf(malformed);
  const twins = ranges.flatMap((one, at) =>
    ranges
      .slice(at + 1)
      .filter((other) => overlap(one, other))
      .map((other) => [one, other] as const),
  );
  return refusalOf([
    nameProblem('MAC pool', name, 'mac_pool.name'),
    others.some((other) => other.name.toLowerCase() === name.toLowerCase()) && macReasons.mac_pool_name_taken({ name }, 'mac_pool.name'),
    ranges.length === 0 && macReasons.mac_pool_needs_range('mac_pool.ranges'),
    ...twins.map(([one, other]) => macReasons.mac_ranges_overlap({ one: written(one), other: written(other) }, 'mac_pool.ranges')),
    ...ranges.flatMap((range) =>
      others
        .filter((other) => other.ranges.some((theirs) => overlap(range, theirs)))
        .map((other) => macReasons.mac_pool_overlaps({ range: written(range), pool: other.name }, 'mac_pool.ranges')),
    ),
    !pool.allowDuplicates &&
      duplicate !== null &&
      macReasons.mac_pool_has_duplicates({ name, mac: duplicate }, 'mac_pool.allow_duplicates'),
  ]);
}

function rangeProblems(range: MacRange): Reason[] {
  const field = 'mac_pool.ranges';
  const malformed = [range.from, range.to]
    .filter((mac) => !wellFormed(mac))
    .map((mac) => macReasons.mac_malformed({ mac: mac.slice(0, 60) }, field));
  if (malformed.length > 0) return malformed;
  if (toNumber(range.from) > toNumber(range.to)) return [macReasons.mac_range_backwards({ ...range }, field)];
  // From one unicast address to the next there are multicast ones as soon as the first octet changes.
  const [first, last] = [range.from, range.to].map((mac) => toNumber(mac.slice(0, 2)));
  return first !== last || ((first ?? 0) & 1) === 1 ? [macReasons.mac_range_multicast({ ...range }, field)] : [];
}

export const macPoolRemovalProblems = (
  { name, defaultPool }: { readonly name: string; readonly defaultPool: boolean },
  users: readonly string[],
): Refusal | undefined =>
  refusalOf([
    defaultPool && macReasons.mac_pool_is_default({ name }),
    users.length > 0 && macReasons.mac_pool_in_use({ name, users: users.join(', ') }),
  ]);
