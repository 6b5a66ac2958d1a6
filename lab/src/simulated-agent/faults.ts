import type { CallName } from '@ostler/agent-contract/calls';
import type { Dispatch } from '@ostler/agent-contract/dispatch';
import { AgentError, type AgentErrorCode } from '@ostler/agent-contract/errors';
import type { Clock } from './clock.ts';

/** `request`: before it had any effect. `reply`: the effect is there, the answer is not. */
type Way = 'request' | 'reply';

/** What goes wrong with a call on its way. */
export type Fault =
  | { readonly kind: 'late'; readonly way: Way; readonly by: number }
  | { readonly kind: 'hung'; readonly way: Way }
  /** The caller sees its connection break. */
  | { readonly kind: 'lost'; readonly way: Way }
  /** The same call arrives once more, `by` milliseconds after its first answer. */
  | { readonly kind: 'duplicate'; readonly by: number }
  | { readonly kind: 'refused'; readonly code: AgentErrorCode; readonly message?: string };

export interface Faults {
  /** The next `times` calls of this name (`*`: of any) meet this fault; without `times`, all until it is taken back. */
  add(call: CallName | '*', fault: Fault, times?: number): () => void;
  clear(): void;
  /** Cuts the network between the manager and this host: calls and events break, new connections too. */
  disconnect(): void;
  reconnect(): void;
  readonly connected: boolean;
  /** Told when the network is cut, so that whoever carries the bytes breaks off. */
  onDisconnect(listener: () => void): () => void;
}

/** A list of faults, and the door's `dispatch` as it behaves under them. */
export function faultyDoor(dispatch: Dispatch, clock: Clock): { faults: Faults; dispatch: Dispatch } {
  const planned = new Set<{ call: CallName | '*'; fault: Fault; left: number }>();
  const listeners = new Set<() => void>();
  let connected = true;

  const faults: Faults = {
    add(call, fault, times = Infinity) {
      const entry = { call, fault, left: times };
      planned.add(entry);
      return () => void planned.delete(entry);
    },
    clear: () => planned.clear(),
    disconnect() {
      connected = false;
      for (const listener of listeners) listener();
    },
    reconnect() {
      connected = true;
    },
    get connected() {
      return connected;
    },
    onDisconnect(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };

  function faultOf(call: string): Fault | undefined {
    for (const entry of planned) {
      if (entry.call !== '*' && entry.call !== call) continue;
      entry.left -= 1;
      if (entry.left <= 0) planned.delete(entry);
      return entry.fault;
    }
    return undefined;
  }

  return {
    faults,
    async dispatch(call, input, mandate, signal) {
      if (!connected) throw broken();
      const arrive = () => dispatch(call, input, mandate, signal);
      const answer = await deliver(faultOf(call), arrive, clock);
      if (!connected) throw broken();
      return answer;
    },
  };
}

async function deliver(fault: Fault | undefined, arrive: () => Promise<unknown>, clock: Clock): Promise<unknown> {
  if (!fault) return arrive();
  switch (fault.kind) {
    case 'refused':
      throw new AgentError(fault.code, fault.message);
    case 'duplicate':
      return arrive().finally(() => clock.after(fault.by, () => void arrive().catch(() => undefined)));
  }
  // What happens on the way back happens to answers and refusals alike.
  const result = fault.way === 'reply' ? await Promise.allSettled([arrive()]) : undefined;
  switch (fault.kind) {
    case 'late':
      await new Promise<void>((resolve) => clock.after(fault.by, resolve));
      break;
    case 'hung':
      await new Promise<never>(() => undefined);
      break;
    case 'lost':
      throw broken();
  }
  const [settled] = result ?? [];
  if (!settled) return arrive();
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

const broken = () => new AgentError('unreachable', 'The connection to the host broke');
