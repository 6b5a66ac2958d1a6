import { Type, type Static } from 'typebox';
import { DomainHealth, Id, Milliseconds, Task, TransferState, VmObservation, object } from './values.ts';

/**
 * The long-lived stream from agent to manager. `sequence` rises over the agent's whole life, restarts included; with
 * the host's boot id it orders observations. A reader resumes after the last sequence that it has applied; when the
 * agent no longer holds what came after it, it says `resync`, and the reader calls `observe`.
 */
export const AgentEvent = Type.Union([
  object({ kind: Type.Literal('hello'), bootId: Id, sequence: Type.Integer(), at: Milliseconds }),
  /** Sent every few seconds of silence, so that a dead connection is told from a quiet host. */
  object({ kind: Type.Literal('alive'), sequence: Type.Integer(), at: Milliseconds }),
  object({ kind: Type.Literal('resync'), sequence: Type.Integer(), at: Milliseconds }),
  object({ kind: Type.Literal('vm'), sequence: Type.Integer(), at: Milliseconds, vm: VmObservation }),
  object({ kind: Type.Literal('domain'), sequence: Type.Integer(), at: Milliseconds, domain: DomainHealth }),
  object({ kind: Type.Literal('task'), sequence: Type.Integer(), at: Milliseconds, task: Task }),
  object({ kind: Type.Literal('transfer'), sequence: Type.Integer(), at: Milliseconds, transfer: TransferState }),
]);
export type AgentEvent = Static<typeof AgentEvent>;

/** Milliseconds between two `alive` lines. */
export const aliveEvery = 5_000;
