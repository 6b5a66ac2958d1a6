import type { ExitReason, PauseReason, VmState } from '@ostler/agent-contract/values';
import type { DomainState } from '@ostler/libvirt/domain-state';

/** What the agent knows of a run beside libvirt's word on it. */
export interface About {
  /** QEMU of this run has been up; a domain without it was defined, and its start never finished. */
  readonly ran: boolean;
  /** Its start has not been answered yet. A QEMU that goes meanwhile, with libvirtd for instance, is a start that will be repeated, and no end. */
  readonly starting?: boolean;
  /** What somebody asked of the guest, and when. */
  readonly asked?: { readonly what: 'shutdown' | 'reboot'; readonly at: number };
  /** libvirt told that QEMU ended because the host told it to, not the guest. */
  readonly byHost?: boolean;
  /** Some disk of it met a full storage. */
  readonly noSpace?: boolean;
}

/** A guest that has not followed a request for this long does not, and is shown as what it is: running. */
const patience = 5 * 60 * 1000;

/** The state of a run, by libvirt's state of its domain. Pure: the whole of how ends are told apart is here. */
export function stateOf(domain: DomainState, about: About, now: number): VmState {
  switch (domain.state) {
    case 'running':
    case 'blocked':
    case 'nostate':
      return awake(about, now);
    case 'paused':
      return paused(domain.reason, about);
    case 'pmsuspended':
      return { kind: 'paused', reason: 'other' };
    case 'shutdown':
      return { kind: 'shutting_down' };
    case 'crashed':
      return about.starting ? { kind: 'starting' } : { kind: 'ended', exit: 'crashed' };
    case 'shutoff':
      if (about.starting) return { kind: 'starting' };
      return about.ran || domain.reason !== 'unknown' ? { kind: 'ended', exit: exitOf(domain.reason, about, now) } : { kind: 'starting' };
    case 'unknown':
      return awake(about, now);
  }
}

function awake({ asked }: About, now: number): VmState {
  if (!asked || now - asked.at > patience) return { kind: 'running' };
  return { kind: asked.what === 'shutdown' ? 'shutting_down' : 'rebooting' };
}

type Paused = Extract<DomainState, { state: 'paused' }>['reason'];

function paused(reason: Paused, { noSpace }: About): VmState {
  if (reason === 'starting_up') return { kind: 'starting' };
  if (reason === 'shutting_down') return { kind: 'shutting_down' };
  return { kind: 'paused', reason: reason === 'ioerror' && noSpace ? 'no_space' : pauseReasons[reason] };
}

const pauseReasons: Record<Exclude<Paused, 'starting_up' | 'shutting_down'>, PauseReason> = {
  unknown: 'other',
  user: 'user',
  migration: 'migrating',
  save: 'saving',
  dump: 'other',
  ioerror: 'io_error',
  watchdog: 'other',
  from_snapshot: 'snapshot',
  snapshot: 'snapshot',
  crashed: 'other',
  postcopy: 'migrating',
  postcopy_failed: 'migrating',
  api_error: 'other',
};

type Shutoff = Extract<DomainState, { state: 'shutoff' }>['reason'];

/**
 * `shutdown` is libvirt's word for every QEMU that ended in good order: because its guest wanted to, because somebody asked
 * the guest, or because the host did. `unknown` is what libvirt says when it was not there; `daemon`, when it found QEMU
 * gone on its own return. Nobody saw those ends.
 */
function exitOf(reason: Shutoff, { asked, byHost }: About, now: number): ExitReason {
  switch (reason) {
    case 'shutdown':
      if (asked?.what === 'shutdown' && now - asked.at <= patience) return 'admin_shutdown';
      return byHost ? 'host_shutdown' : 'guest_shutdown';
    case 'destroyed':
      return 'destroyed';
    case 'crashed':
      return 'crashed';
    case 'failed':
      return 'start_failed';
    case 'migrated':
      return 'migrated';
    case 'saved':
      return 'saved';
    case 'daemon':
    case 'from_snapshot':
    case 'unknown':
      return 'lost';
  }
}
