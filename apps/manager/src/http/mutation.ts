import { randomUUID } from 'node:crypto';
import { planWithout, refusalWithout } from '@ostler/domain/conceal';
import { jobReasons } from '@ostler/domain/job/reasons';
import { nameReasons } from '@ostler/domain/names';
import { say } from '@ostler/domain/phrases';
import type { Plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse, type Refusal } from '@ostler/domain/reason';
import { planDocument } from '@ostler/contract/faults';
import type { DryRun, Started } from '@ostler/contract/handlers';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { isTakenId, rows, sql, type Database, type Transaction } from '../db/database.ts';
import type { JobType, Step, Tools } from '../jobs/definition.ts';
import { holdersOf, takeTurn } from '../jobs/locks.ts';
import { insertJob } from '../jobs/store.ts';

/** A change that somebody asks for: from what it touches to what is answered. */
export interface Mutation<Data, Output> {
  /** What the plan depends on: rivals for the same objects are planned one after the other. */
  readonly objects: readonly string[];
  /** Reads the facts and makes the plan, in the transaction that commits it. */
  readonly plan: (tx: Transaction) => Promise<Plan<Data> | Refusal>;
  /** The rows that the plan creates or changes, in the same transaction. */
  readonly apply?: (tx: Transaction, data: Data, job: string | undefined) => Promise<void>;
  /** What goes on after the commit. */
  readonly job?: JobType<Data>;
  /** Whether anything is left to go on; without it, always. */
  readonly jobWhen?: (data: Data) => boolean;
  /** Read after the commit. */
  readonly answer: (data: Data) => Promise<Output>;
}

export interface MutationContext {
  readonly db: Database;
  readonly correlation: string;
  readonly dryRun: boolean;
  readonly reader: Reader;
}

/** Carries the outcome of a dry run or a refusal out of the transaction that it rolls back. It is told without names that its reader may not know. */
class RolledBack extends Error {
  readonly outcome: (hidden: readonly string[]) => DryRun | Refusal;
  constructor(outcome: (hidden: readonly string[]) => DryRun | Refusal) {
    super('rolled back');
    this.outcome = outcome;
  }
}

/**
 * Plan, then do. Facts, plan, locks, rows and the job are of one transaction: what was planned is what is committed,
 * whoever else was at it. A dry run goes the same way up to the rows, and rolls back.
 */
export async function mutate<Data, Output>(
  context: MutationContext,
  mutation: Mutation<Data, Output>,
): Promise<Output | Started<Output> | DryRun | Refusal> {
  let job: string | undefined;
  try {
    const data = await context.db.transaction().execute(async (tx) => {
      await takeTurn(tx, mutation.objects);
      const planned = await mutation.plan(tx);
      const refusal = isRefusal(planned) ? planned : await lockedOut(tx, planned);
      if (refusal)
        throw new RolledBack((hidden) => {
          const told = refusalWithout(refusal, hidden);
          return context.dryRun ? { plan: planDocument(told) } : told;
        });
      if (isRefusal(planned)) throw new Error('A refusal that refuses nothing');
      const type = mutation.jobWhen?.(planned.data) === false ? undefined : mutation.job;
      job = type && randomUUID();
      const steps = type?.steps(planned as Plan<never>, toolsOutOfReach) ?? [];
      if (context.dryRun) throw new RolledBack((hidden) => ({ plan: planDocument(planWithout(planned, hidden), steps.map(stepDocument)) }));
      await mutation.apply?.(tx, planned.data, job);
      if (job !== undefined && type)
        await insertJob(tx, {
          id: job,
          type: type.type,
          version: type.version,
          plan: planned,
          steps,
          owner: context.reader.user.id,
          correlation: context.correlation,
        });
      return planned.data;
    });
    const output = await mutation.answer(data);
    return job === undefined ? output : { started: output, job };
  } catch (thrown) {
    if (thrown instanceof RolledBack) return thrown.outcome(await hiddenHosts(context.db, context.reader));
    // Clients may choose the id of what they add. One that is taken belongs to an object that they perhaps cannot see.
    if (isTakenId(thrown)) return refuse(nameReasons.id_taken());
    throw thrown;
  }
}

/** Who uses a VM is not told on which machine it would run, nor which machines could not take it. */
async function hiddenHosts(db: Database, reader: Reader): Promise<string[]> {
  if (!reader.filtered) return [];
  const hosts = await rows<{ id: string; name: string }>(
    db,
    sql`select id, name from hosts where not (${visibleTo(reader, 'host', sql`hosts.id`)})`,
  );
  return hosts.flatMap(({ id, name }) => [id, name]);
}

/** A mutation that holds nothing still waits for whoever holds what it touches. */
async function lockedOut(tx: Transaction, planned: Plan<unknown>): Promise<Refusal | undefined> {
  const holders = await holdersOf(tx, planned.locks);
  return refusalOf(
    holders.map((holder) =>
      jobReasons.related_operation_in_progress({
        job: say(holder.title),
        object: planned.locks.find((lock) => lock.object === holder.object)?.kind ?? 'the object',
      }),
    ),
  );
}

const stepDocument = ({ name }: Step) => ({ name, title: say({ code: `step.${name}`, parameters: {} }) });

/** Steps are named without being run: a job type that acted while it only lists its steps would be told here. */
const toolsOutOfReach = new Proxy({} as Tools, {
  get(_target, name) {
    return new Proxy(() => undefined, {
      get: () => () => {
        throw new Error(`A step reached for ${String(name)} while only being named`);
      },
    });
  },
});
