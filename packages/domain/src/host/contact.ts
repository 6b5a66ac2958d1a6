/**
 * What the manager concludes about a host from whether it answers (infra.md 2.2, 2.4; chapter "Highly Available VMs").
 * Contact lost: connecting. Still lost after the grace: non-responsive, and its VMs are unknown until something is
 * proven about them.
 */

export type ContactStatus = 'up' | 'connecting' | 'non_responsive' | 'preparing_for_maintenance' | 'maintenance';

export interface HostContact {
  readonly status: string;
  readonly wanted: 'up' | 'maintenance';
  /** Milliseconds since the epoch; undefined before the first contact. */
  readonly lastContact: number | undefined;
  /** When this controller began to watch: silence counts only while somebody was listening. */
  readonly watchingSince: number;
  readonly runningVms: number;
}

/** Thirty seconds, and half a second more for each VM: a busy host is not given up sooner than an idle one. */
export const graceOf = (host: Pick<HostContact, 'runningVms'>): number => 30_000 + 500 * host.runningVms;

export function afterContact(host: HostContact): ContactStatus {
  if (host.wanted === 'up') return 'up';
  return host.runningVms > 0 ? 'preparing_for_maintenance' : 'maintenance';
}

export function afterSilence(host: HostContact, now: number): ContactStatus {
  // A host in maintenance is nobody's to miss.
  if (host.wanted === 'maintenance' && host.runningVms === 0) return 'maintenance';
  if (host.status === 'non_responsive') return 'non_responsive';
  const silentSince = Math.max(host.lastContact ?? host.watchingSince, host.watchingSince);
  if (now - silentSince >= graceOf(host)) return 'non_responsive';
  // Preparing for maintenance stays what it is until the grace is over (infra.md 2.4).
  return host.status === 'preparing_for_maintenance' ? 'preparing_for_maintenance' : 'connecting';
}
