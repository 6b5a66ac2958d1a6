import { agentClient, type AgentClient, type ClientTls } from '@ostler/agent-contract/client';
import { AgentError } from '@ostler/agent-contract/errors';

/** The hosts' agents, by host id. A host that is not known answers every call with `unreachable`. */
export interface Agents {
  of(host: string): Pick<AgentClient, 'call'>;
}

export interface AgentBook extends Agents {
  of(host: string): AgentClient;
  /** Keeps the book in step with the hosts that there are; a changed address closes the old connection. */
  set(hosts: readonly { readonly id: string; readonly address: string; readonly port: number }[]): void;
  close(): void;
}

/** One client per host, connected when first used. The host's certificate must bear its id. */
export function agentBook(tls: ClientTls): AgentBook {
  const known = new Map<string, { url: string; client: AgentClient }>();
  return {
    of: (host) => known.get(host)?.client ?? nobody(host),
    set(hosts) {
      const ids = new Set(hosts.map((host) => host.id));
      for (const [id, { client }] of known)
        if (!ids.has(id)) {
          client.close();
          known.delete(id);
        }
      for (const { id, address, port } of hosts) {
        const url = `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
        if (known.get(id)?.url === url) continue;
        known.get(id)?.client.close();
        known.set(id, { url, client: agentClient({ url, tls, serverName: id }) });
      }
    },
    close: () => known.forEach(({ client }) => client.close()),
  };
}

function nobody(host: string): AgentClient {
  const refuse = (): never => {
    throw new AgentError('unreachable', `Host ${host} is not known to this manager`);
  };
  return {
    call: async () => refuse(),
    // oxlint-disable-next-line require-yield
    async *events() {
      refuse();
    },
    close: () => undefined,
  };
}
