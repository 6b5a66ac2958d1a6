import type { AgentClient } from '@ostler/agent-contract/client';

/** The hosts' agents, by host id. Asking for a host that is not known is an `unreachable` error, not undefined. */
export interface Agents {
  of(host: string): Pick<AgentClient, 'call'>;
}
