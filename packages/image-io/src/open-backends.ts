/** The backends that a process holds open: one per ticket, shared by all connections, opened anew when broken. */
import type { Backend } from './backend.ts';
import { checkedBackend } from './checked-backend.ts';
import { openFileBackend } from './file-backend.ts';
import { openNbdBackend } from './nbd-backend.ts';
import type { TicketFacts } from './tickets.ts';

export type OpenBackends = ReturnType<typeof createOpenBackends>;

export function createOpenBackends(open: (ticket: TicketFacts) => Promise<Backend>) {
  const backends = new Map<string, Promise<Backend>>();

  async function of(ticket: TicketFacts): Promise<Backend> {
    const known = backends.get(ticket.uuid);
    if (known) {
      const backend = await known.catch(() => undefined);
      if (backend && !backend.broken) return backend;
      if (backends.get(ticket.uuid) === known) backends.delete(ticket.uuid);
      return of(ticket);
    }
    const opening = open(ticket);
    backends.set(ticket.uuid, opening);
    return opening;
  }

  /** Called when the ticket is gone and its operations are over. */
  async function close(ticketId: string): Promise<void> {
    const known = backends.get(ticketId);
    backends.delete(ticketId);
    const backend = await known?.catch(() => undefined);
    await backend?.close().catch(() => undefined);
  }

  return { of, close, closeAll: async () => void (await Promise.all([...backends.keys()].map(close))) };
}

export async function openBackend(ticket: TicketFacts): Promise<Backend> {
  const { source, size, sparse, dirty, ops, expect } = ticket;
  switch (source.type) {
    case 'nbd':
      return openNbdBackend({ socket: source.socket, exportName: source.exportName, size, sparse, dirty });
    case 'file': {
      const file = await openFileBackend({ path: source.path, size, sparse, writable: ops.includes('write') });
      return expect ? checkedBackend(file, expect) : file;
    }
  }
}
