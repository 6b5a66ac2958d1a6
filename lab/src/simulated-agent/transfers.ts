import { AgentError } from '@ostler/agent-contract/errors';
import type { News } from '@ostler/agent-contract/event-ring';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { TransferState } from '@ostler/agent-contract/values';
import type { Clock } from './clock.ts';
import type { HostStorage } from './storage.ts';

export interface Transfers {
  readonly calls: Pick<AgentImplementation, 'openTransfer' | 'extendTransfer' | 'closeTransfer' | 'transferState'>;
  all(): TransferState[];
  /** A client moves bytes. */
  move(transfer: string, bytes: number): void;
  /** What a client would have to show at the door of this transfer. */
  ticketOf(transfer: string): string | undefined;
  forgetAll(): void;
}

interface Transfer {
  readonly id: string;
  readonly ticket: string;
  transferred: number;
  lastByte: number;
  expires: number;
}

export function simulatedTransfers({
  clock,
  storage,
  publish,
}: {
  clock: Clock;
  storage: HostStorage;
  publish: (news: News) => void;
}): Transfers {
  const transfers = new Map<string, Transfer>();
  const stateOf = ({ id, transferred, lastByte, expires }: Transfer): TransferState => ({
    transfer: id,
    transferred,
    connections: 0,
    idle: clock.now() - lastByte,
    expiresIn: Math.max(0, expires - clock.now()),
    canceled: false,
  });
  const known = (id: string): Transfer => {
    const transfer = transfers.get(id);
    if (!transfer) throw new AgentError('unknown_transfer', `There is no transfer ${id}`);
    return transfer;
  };

  return {
    all: () => [...transfers.values()].map(stateOf),
    ticketOf: (id) => transfers.get(id)?.ticket,
    forgetAll: () => transfers.clear(),
    move(id, bytes) {
      const transfer = known(id);
      transfer.transferred += bytes;
      transfer.lastByte = clock.now();
      publish({ kind: 'transfer', transfer: stateOf(transfer) });
    },
    calls: {
      async openTransfer({ transfer: id, ticket, domain, image, volume, direction, validFor }) {
        const there = transfers.get(id);
        if (there) return stateOf(there);
        await storage.use({ domain, image, volume }, `transfer ${id}`, { write: direction === 'upload', shared: false });
        const transfer = { id, ticket, transferred: 0, lastByte: clock.now(), expires: clock.now() + validFor };
        transfers.set(id, transfer);
        publish({ kind: 'transfer', transfer: stateOf(transfer) });
        return stateOf(transfer);
      },
      async extendTransfer({ transfer, validFor }) {
        known(transfer).expires = clock.now() + validFor;
        return stateOf(known(transfer));
      },
      async closeTransfer({ transfer }) {
        storage.release(`transfer ${transfer}`);
        transfers.delete(transfer);
        return {};
      },
      transferState: async ({ transfer }) => stateOf(known(transfer)),
    },
  };
}
