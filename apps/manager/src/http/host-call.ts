import { randomUUID } from 'node:crypto';
import type { CallName, Input, Output } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import { reasons, refuse, type Refusal } from '@ostler/domain/reason';
import { row, sql, type Database } from '../db/database.ts';
import type { Agents } from '../monitoring/agents.ts';

export const hostCallReasons = reasons({
  host_did_not_answer: { class: 'unavailable', text: 'The host did not answer in time. Try again.' },
  host_refused: { class: 'conflict', text: 'The host refused: {problem}' },
});

/** Runs one short call on a host while a client waits: a console's ticket or password. Everything longer is a job. */
export async function callHost<C extends CallName>(
  context: { db: Database; agents: Agents; correlation: string },
  host: string,
  name: C,
  input: Input<C>,
): Promise<{ output: Output<C> } | Refusal> {
  const epoch = (await row<{ epoch: number }>(context.db, sql`select epoch from manager_epoch`))?.epoch ?? 0;
  try {
    return {
      output: await context.agents
        .of(host)
        .call(name, input, { mandate: { epoch, operation: randomUUID(), correlation: context.correlation }, deadline: 10_000 } as never),
    };
  } catch (thrown) {
    if (!(thrown instanceof AgentError)) throw thrown;
    const silent = ['unreachable', 'deadline', 'stale_epoch'].includes(thrown.code);
    return refuse(silent ? hostCallReasons.host_did_not_answer() : hostCallReasons.host_refused({ problem: thrown.message }));
  }
}
