/** Names for libvirt's numbers of domain states and their reasons (virDomainState and the reason lists beside it). */

/** The name at `index`, or `unknown` for a number that a newer libvirt has added. */
export function nameAt<const Names extends readonly string[]>(names: Names, index: number): Names[number] | 'unknown' {
  return names[index] ?? 'unknown';
}

/** In the order of libvirt's numbers: the position is the number. */
export const domainStateReasons = {
  nostate: ['unknown'],
  running: [
    'unknown',
    'booted',
    'migrated',
    'restored',
    'from_snapshot',
    'unpaused',
    'migration_canceled',
    'save_canceled',
    'wakeup',
    'crashed',
    'postcopy',
    'postcopy_failed',
  ],
  blocked: ['unknown'],
  paused: [
    'unknown',
    'user',
    'migration',
    'save',
    'dump',
    'ioerror',
    'watchdog',
    'from_snapshot',
    'shutting_down',
    'snapshot',
    'crashed',
    'starting_up',
    'postcopy',
    'postcopy_failed',
    'api_error',
  ],
  shutdown: ['unknown', 'user'],
  shutoff: ['unknown', 'shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from_snapshot', 'daemon'],
  crashed: ['unknown', 'panicked'],
  pmsuspended: ['unknown'],
} as const;

type Reasons = typeof domainStateReasons;
export type DomainStateName = keyof Reasons;
export type DomainState =
  | { [S in DomainStateName]: { state: S; reason: Reasons[S][number] | 'unknown' } }[DomainStateName]
  | { state: 'unknown'; reason: 'unknown' };

const stateNames = [
  'nostate',
  'running',
  'blocked',
  'paused',
  'shutdown',
  'shutoff',
  'crashed',
  'pmsuspended',
] as const satisfies readonly DomainStateName[];

/** What domainGetState answered, in words. */
export function domainState(numbers: { state: number; reason: number }): DomainState {
  const state = nameAt(stateNames, numbers.state);
  if (state === 'unknown') return { state, reason: 'unknown' };
  // The two tables are indexed by the same state, which the compiler cannot follow through a union.
  return { state, reason: nameAt(domainStateReasons[state], numbers.reason) } as DomainState;
}
