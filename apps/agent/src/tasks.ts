import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallName, Input, Mandate } from '@ostler/agent-contract/calls';
import { describe } from '@ostler/agent-contract/dispatch';
import { AgentError } from '@ostler/agent-contract/errors';
import type { News } from '@ostler/agent-contract/event-ring';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { Task, TaskState } from '@ostler/agent-contract/values';
import type { AgentJournal, TaskNote } from './journal.ts';
import type { BeginTask, Work } from './storage/tasks-seam.ts';

/** Long work of this agent: it outlives the call that began it, and by its note in the journal also the agent. */
export interface Tasks {
  readonly calls: Pick<AgentImplementation, 'taskState' | 'cancelTask' | 'forgetTask'>;
  readonly begin: BeginTask;
  all(): Task[];
  /** Begins again what was under way when the last agent died: `again` makes the same call. */
  resume(again: (call: CallName, input: unknown, mandate: Mandate) => Promise<unknown>): void;
  /** Stops everything that runs without recording an end, so that the next agent begins it again. */
  stop(): Promise<void>;
}

export interface TasksOptions {
  readonly journal: Pick<AgentJournal, 'tasks' | 'noteTask' | 'forgetTask'>;
  readonly publish: (news: News) => void;
  readonly now: () => number;
  /** Milliseconds between two tries to begin a task again. */
  readonly retryEvery?: number;
}

interface Running {
  readonly abort: AbortController;
  cancelled: boolean;
  progress: { done?: number; total?: number };
  ended: Promise<void>;
}

const between = 1_000;
/** A domain is not yet active, its storage does not answer yet: what passes when the manager has found this agent again. */
const passing = new Set(['unknown_domain', 'storage_hangs', 'storage_failed', 'deadline', 'hypervisor_failed', 'hypervisor_unreachable']);
const patience = 15 * 60 * 1000;

export function agentTasks({ journal, publish, now, retryEvery = 2_000 }: TasksOptions): Tasks {
  const notes = new Map(journal.tasks().map((note) => [note.task, note]));
  const running = new Map<string, Running>();
  const stopping = new AbortController();

  const taskOf = (note: TaskNote): Task => ({
    task: note.task,
    call: note.call,
    startedAt: note.startedAt,
    state: stateOf(note, running.get(note.task)),
  });
  const tell = (note: TaskNote) => publish({ kind: 'task', task: taskOf(note) });

  async function begin<C extends CallName>(call: C, input: Input<C>, mandate: Mandate, work: (work: Work) => Promise<unknown>) {
    const task = taskIdOf(mandate.operation);
    const known = notes.get(task);
    if (known?.end || running.has(task)) return { task };
    const note: TaskNote = known ?? { task, operation: mandate.operation, call, startedAt: now(), epoch: mandate.epoch, input };
    notes.set(task, note);
    const mine: Running = { abort: new AbortController(), cancelled: false, progress: {}, ended: Promise.resolve() };
    running.set(task, mine);
    // Noted before it begins: what nobody remembers could not be ended either.
    if (!known) await remember(note);
    tell(note);
    mine.ended = carryOut(note, mine, work);
    return { task };
  }

  async function remember(note: TaskNote): Promise<void> {
    try {
      await journal.noteTask(note);
    } catch (error) {
      running.delete(note.task);
      notes.delete(note.task);
      throw error;
    }
  }

  async function carryOut(note: TaskNote, mine: Running, work: (work: Work) => Promise<unknown>): Promise<void> {
    let told = -Infinity;
    const progress = (done: number, total?: number) => {
      mine.progress = { done, ...(total === undefined ? {} : { total }) };
      if (now() - told < between) return;
      told = now();
      tell(note);
    };
    const signal = AbortSignal.any([mine.abort.signal, stopping.signal]);
    const end = await work({ signal, progress }).then(
      (result): TaskNote['end'] => (result === undefined ? {} : { result }),
      (thrown: unknown): TaskNote['end'] => (mine.cancelled ? { cancelled: true } : { error: describe(thrown) }),
    );
    if (stopping.signal.aborted && end && 'error' in end) return;
    await finish(note, end);
  }

  async function finish(note: TaskNote, end: TaskNote['end']): Promise<void> {
    const ended: TaskNote = { ...note, ...(end && { end }) };
    // A disk that is full does not keep an end from being told; the next agent would do the work again, which it may.
    await journal.noteTask(ended).catch(() => undefined);
    running.delete(note.task);
    notes.set(note.task, ended);
    tell(ended);
  }

  async function resumeOne(note: TaskNote, again: Parameters<Tasks['resume']>[0]): Promise<void> {
    const until = now() + patience;
    for (;;) {
      try {
        await again(note.call, note.input, { epoch: note.epoch, operation: note.operation });
        return;
      } catch (thrown) {
        const { code, message } = describe(thrown);
        if (stopping.signal.aborted || notes.get(note.task) !== note) return;
        if (!passing.has(code) || now() > until) return finish(note, { error: { code, message } });
      }
      await sleep(retryEvery, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const known = (task: string): TaskNote => {
    const note = notes.get(task);
    if (!note) throw new AgentError('unknown_task', `There is no task ${task}`);
    return note;
  };

  return {
    begin,
    all: () => [...notes.values()].map(taskOf),
    resume(again) {
      for (const note of notes.values()) if (!note.end) void resumeOne(note, again);
    },
    async stop() {
      stopping.abort(new Error('The agent is stopping'));
      await Promise.allSettled([...running.values()].map(({ ended }) => ended));
    },
    calls: {
      taskState: async ({ task }) => taskOf(known(task)),
      async cancelTask({ task }) {
        const note = known(task);
        const mine = running.get(task);
        if (mine) {
          mine.cancelled = true;
          mine.abort.abort(new Error('The task was cancelled'));
        } else if (!note.end) await finish(note, { cancelled: true });
        return {};
      },
      async forgetTask({ task }) {
        const note = notes.get(task);
        if (note && !note.end) throw new AgentError('wrong_state', `Task ${task} is still running: cancel it first`);
        notes.delete(task);
        await journal.forgetTask(task);
        return {};
      },
    },
  };
}

function stateOf({ end }: TaskNote, running: Running | undefined): TaskState {
  if (!end) return { kind: 'running', ...running?.progress };
  if ('error' in end) return { kind: 'failed', code: end.error.code, message: end.error.message };
  if ('cancelled' in end) return { kind: 'cancelled' };
  return { kind: 'done', ...('result' in end && { result: end.result }) };
}

/** A task is found again by the operation that began it, whatever was lost on the way. */
function taskIdOf(operation: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(operation)) return operation;
  const hex = createHash('sha256').update(operation).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
