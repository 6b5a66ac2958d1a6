import type { CallName, Input, Mandate } from '@ostler/agent-contract/calls';

/** What long work on the host is given. */
export interface Work {
  /** Fires when somebody cancels the task: the work then stops soon, leaves nothing half-done, and may throw whatever it likes. */
  readonly signal: AbortSignal;
  /** Bytes. As often as it likes: what is told is thinned out. */
  progress(done: number, total?: number): void;
}

/**
 * Begins a task for a call and answers its id, which follows from the operation: the same operation is the same task. When
 * the agent dies under it, the next one makes the same call again with the same input and mandate; so the call's handler
 * must be repeatable: it looks first at what is there. What `work` returns is the task's result; what it throws, its failure.
 * `work` is called before this answers, or not at all: the task was known already.
 */
export type BeginTask = <C extends CallName>(
  call: C,
  input: Input<C>,
  mandate: Mandate,
  work: (work: Work) => Promise<unknown>,
) => Promise<{ task: string }>;
