import type { AgentEvent } from './events.ts';
import type { CallName, Input, Mandate, Output, calls } from './calls.ts';

/**
 * An agent as the contract sees it: one function per call. The real agent and the simulated one are both of this
 * shape, behind the same server, and pass the same conformance suite.
 */
export type AgentImplementation = {
  readonly [C in CallName]: (input: Input<C>, context: CallContext<C>) => Promise<Output<C>>;
};

/** A look has no mandate; a change and a task do. `signal` fires when the caller is gone or the deadline is over. */
export type CallContext<C extends CallName> = (typeof calls)[C]['kind'] extends 'look'
  ? { readonly signal: AbortSignal }
  : { readonly signal: AbortSignal; readonly mandate: Mandate };

/** Results by operation id, kept over restarts, and the highest epoch seen. */
export interface OperationJournal {
  highestEpoch(): number;
  /**
   * Returns when this epoch, or a higher one, is durable: a manager that has been refused once is refused for ever.
   * `highestEpoch` tells of it from the moment of the call. A lower epoch changes nothing.
   */
  raiseEpoch(epoch: number): Promise<void>;
  /** The outcome of a finished operation, or undefined. `fingerprint` tells whether it was the same call. */
  outcomeOf(operation: string): { readonly fingerprint: string; readonly outcome: Outcome } | undefined;
  record(operation: string, fingerprint: string, outcome: Outcome): Promise<void>;
}

/** Only what is final is recorded: a deadline or a hanging storage may be tried again under the same id. */
export type Outcome =
  | { readonly result: unknown }
  | { readonly error: { readonly code: string; readonly message: string; readonly facts: Readonly<Record<string, string | number>> } };

/** The agent's side of the event stream. */
export interface EventSource {
  readonly bootId: string;
  latest(): number;
  /** Events after a sequence, then new ones as they come, until the signal. Undefined when they are no longer held. */
  after(sequence: number, signal: AbortSignal): AsyncIterable<AgentEvent> | undefined;
}
