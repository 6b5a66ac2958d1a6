import { createHash } from 'node:crypto';
import type { CallName } from '@ostler/agent-contract/calls';
import { describe } from '@ostler/agent-contract/dispatch';
import { AgentError } from '@ostler/agent-contract/errors';
import type { News } from '@ostler/agent-contract/event-ring';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { Task, TaskState } from '@ostler/agent-contract/values';
import type { Clock } from './clock.ts';

export interface Tasks {
  readonly calls: Pick<AgentImplementation, 'taskState' | 'cancelTask' | 'forgetTask'>;
  /** Begins work that takes as long as this host's tasks take. The same operation is the same task. */
  begin(call: CallName, operation: string, work: () => Promise<unknown>): { task: string };
  all(): Task[];
  running(): number;
}

export function simulatedTasks({
  clock,
  publish,
  duration,
}: {
  clock: Clock;
  publish: (news: News) => void;
  duration: () => number;
}): Tasks {
  const tasks = new Map<string, Task>();
  const known = (id: string): Task => {
    const task = tasks.get(id);
    if (!task) throw new AgentError('unknown_task', `There is no task ${id}`);
    return task;
  };
  const set = (task: Task, state: TaskState) => {
    // What was cancelled meanwhile stays cancelled.
    if (tasks.get(task.task)?.state.kind !== 'running') return;
    const changed = { ...task, state };
    tasks.set(task.task, changed);
    publish({ kind: 'task', task: changed });
  };

  return {
    begin(call, operation, work) {
      const id = taskIdOf(operation);
      if (tasks.has(id)) return { task: id };
      const task: Task = { task: id, call, startedAt: clock.now(), state: { kind: 'running' } };
      tasks.set(id, task);
      publish({ kind: 'task', task });
      clock.after(duration(), () => {
        if (tasks.get(id)?.state.kind !== 'running') return;
        work().then(
          (result) => set(task, { kind: 'done', ...(result === undefined ? {} : { result }) }),
          (thrown: unknown) => set(task, { kind: 'failed', code: describe(thrown).code, message: describe(thrown).message }),
        );
      });
      return { task: id };
    },
    all: () => [...tasks.values()],
    running: () => [...tasks.values()].filter(({ state }) => state.kind === 'running').length,
    calls: {
      taskState: async ({ task }) => known(task),
      async cancelTask({ task }) {
        set(known(task), { kind: 'cancelled' });
        return {};
      },
      async forgetTask({ task }) {
        if (tasks.get(task)?.state.kind === 'running') throw new AgentError('wrong_state', `Task ${task} is still running`);
        tasks.delete(task);
        return {};
      },
    },
  };
}

/** A task is found again by the operation that began it, whatever was lost on the way. */
function taskIdOf(operation: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(operation)) return operation;
  const hex = createHash('sha256').update(operation).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
