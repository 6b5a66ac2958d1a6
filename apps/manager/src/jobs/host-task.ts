import type { AgentClient } from '@ostler/agent-contract/client';
import { AgentError, isAgentErrorCode } from '@ostler/agent-contract/errors';
import { NotYet, StepFailed, type StepContext } from './definition.ts';

/**
 * Begins long work on a host and waits for its end, over any number of attempts: the task has the step's operation id,
 * so beginning it again finds it. Its progress becomes the step's. A cancelled job cancels it.
 */
export async function finishTask(
  context: StepContext,
  agent: Pick<AgentClient, 'call'>,
  begin: () => Promise<{ task: string }>,
): Promise<unknown> {
  const { task } = await begin();
  for (let look = 0; ; look++) {
    const { state } = await agent.call('taskState', { task });
    switch (state.kind) {
      case 'done':
        // It is not forgotten here: a repetition of this step must still find it. The host prunes old tasks itself.
        return state.result;
      case 'failed':
        throw isAgentErrorCode(state.code)
          ? new AgentError(state.code, state.message)
          : new StepFailed({ code: state.code, message: state.message });
      case 'cancelled':
        throw new StepFailed({ code: 'cancelled', message: 'Cancelled on request' });
      case 'running':
        if (state.total !== undefined && state.done !== undefined && state.total > 0)
          await context.progress((100 * state.done) / state.total);
        if (look > 4 && !context.failure && (await context.cancelled()))
          await agent.call('cancelTask', { task }, { mandate: context.mandateFor('cancel') });
    }
    // Short tasks end within this visit; long ones give the runner free and are looked at again.
    if (look > 20) throw new NotYet(1_000);
    await new Promise((resolve) => setTimeout(resolve, Math.min(20 * 1.5 ** look, 500)));
  }
}
