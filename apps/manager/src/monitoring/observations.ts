import type { VmObservation } from '@ostler/agent-contract/values';
import { events } from '@ostler/domain/events/catalogue';
import { describeExit, exitIsError, statusOf } from '@ostler/domain/vm/state';
import { emit } from '../audit/store.ts';
import type { Database } from '../db/database.ts';
import { runForUpdate, writeEnd, writeRun, writeRunPosition, type RunRow } from './store.ts';

/** Where an observation stands in the life of a host's agent: within one boot id, later ones have higher sequences. */
export interface Position {
  readonly bootId: string;
  readonly sequence: number;
}

/**
 * What an observation did: `applied`, `nothing new`, `stale` (it is about another run than the manager's, or older than
 * what is known), or `ended`: this run's end is recorded, and the host may forget it.
 */
export type Applied = 'applied' | 'unchanged' | 'stale' | 'ended' | 'over';

/**
 * Writes what a host saw of a run. A late or duplicate report about an earlier run changes nothing; `over` says that the
 * reported run has ended and is not the manager's, so that the host may forget it too.
 */
export async function applyObservation(db: Database, host: string, position: Position, observation: VmObservation): Promise<Applied> {
  return db.transaction().execute(async (tx): Promise<Applied> => {
    const known = await runForUpdate(tx, observation.vm);
    const ended = observation.state.kind === 'ended';
    if (!known || known.run !== observation.run || known.host !== host) return ended ? 'over' : 'stale';
    if (isOld(known, position)) return 'stale';
    const about = { vm: known.vm, host };
    if (observation.state.kind === 'ended') {
      const { exit, message } = observation.state;
      await writeEnd(tx, known.vm, { reason: exit, message });
      const reason = describeExit(exit, message);
      await emit(
        tx,
        exitIsError(exit) ? events.vm_down_error({ vm: known.name, reason }) : events.vm_down({ vm: known.name, reason }),
        about,
      );
      return 'ended';
    }
    const age = observation.startedAt === undefined ? 0 : Math.max(0, observation.at - observation.startedAt);
    const status = statusOf({ state: observation.state, guestAgent: observation.guest.agent, age }, known.status);
    const same = known.status === status && known.guestAgent === observation.guest.agent && known.startedAt !== null;
    await (same && observation.guest.nics === undefined
      ? writeRunPosition(tx, known.vm, position.bootId, position.sequence)
      : writeRun(tx, observation, { status, ...position }));
    await tellOf(tx, known, status, observation, about);
    return same ? 'unchanged' : 'applied';
  });
}

/** What was seen already, once more, is told again after a silence in which nobody knew what the run does. */
function isOld(known: RunRow, { bootId, sequence }: Position): boolean {
  if (known.bootId !== bootId || known.sequence === null || sequence > known.sequence) return false;
  return sequence < known.sequence || known.status !== 'unknown';
}

async function tellOf(
  tx: Parameters<typeof emit>[0],
  known: RunRow,
  status: string,
  { state }: VmObservation,
  about: { vm: string; host: string },
): Promise<void> {
  if (known.status === status) return;
  if (known.status === 'unknown') await emit(tx, events.vm_status_restored({ vm: known.name, status }), about);
  if (known.status === 'paused' && status === 'up') await emit(tx, events.vm_recovered({ vm: known.name }), about);
  if (state.kind !== 'paused') return;
  if (state.reason === 'io_error') await emit(tx, events.vm_paused_io_error({ vm: known.name }), about);
  else if (state.reason === 'no_space') await emit(tx, events.vm_paused_no_space({ vm: known.name }), about);
  else if (state.reason === 'user') await emit(tx, events.vm_paused({ vm: known.name }), about);
}
