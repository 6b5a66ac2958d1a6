import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '@ostler/agent-contract/errors';
import { connect, type Connection } from '@ostler/libvirt/connection';
import type { DomainEvent, DomainEventName } from '@ostler/libvirt/domain-events';
import { isLibvirtError, isRpcError, type LibvirtErrorReason } from '@ostler/libvirt/errors';

/** The way to this host's libvirtd. It is opened again whenever it has broken: VMs go on without libvirtd, and so does the agent. */
export interface Link {
  /** The open connection. Waits a moment for one that is being opened again, then fails with `hypervisor_unreachable`. */
  open(): Promise<Connection>;
  readonly call: Connection['call'];
  stop(): Promise<void>;
}

export interface LinkOptions {
  readonly socketPath: string;
  readonly uri?: string;
  readonly watch: readonly DomainEventName[];
  readonly onEvent: (event: DomainEvent) => void;
  /** Called with every new connection before anybody else may use it: everything known must be read again. */
  readonly onOpen: (connection: Connection) => Promise<void>;
  readonly onLost: (why: Error) => void;
  /** Milliseconds that a call waits for a connection. */
  readonly patience?: number;
}

const retryEvery = 250;

export function openLink(options: LinkOptions): Link {
  const { socketPath, uri = 'qemu:///system', patience = 8_000 } = options;
  const stopped = new AbortController();
  let opening = Promise.withResolvers<Connection>();
  let why: Error = new Error('libvirt has not been reached yet');
  opening.promise.catch(() => undefined);

  async function keepOpen(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        const connection = await connect({ socketPath }, { uri, signal: stopped.signal, deadline: 30_000 });
        await serve(connection);
      } catch (error) {
        why = error instanceof Error ? error : new Error(String(error));
      }
      if (!stopped.signal.aborted) await sleep(retryEvery, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  async function serve(connection: Connection): Promise<void> {
    try {
      connection.onEvent(options.onEvent);
      await connection.watch(options.watch);
      await options.onOpen(connection);
    } catch (error) {
      await connection.close();
      throw error;
    }
    opening.resolve(connection);
    why = await connection.closed;
    opening = Promise.withResolvers();
    opening.promise.catch(() => undefined);
    if (!stopped.signal.aborted) options.onLost(why);
  }

  const running = keepOpen();

  async function open(): Promise<Connection> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new AgentError('hypervisor_unreachable', `libvirt cannot be reached: ${why.message}`)), patience);
    });
    return Promise.race([opening.promise, late]).finally(() => clearTimeout(timer));
  }

  return {
    open,
    call: async (...request) => (await open()).call(...request),
    async stop() {
      stopped.abort(new Error('The agent is stopping'));
      const connection = await Promise.race([opening.promise, Promise.resolve(undefined)]);
      await connection?.close();
      await running;
    },
  };
}

/**
 * Libvirt's refusals as the contract has them. `as` gives the code for a refusal with a meaning of its own; what libvirt did
 * not answer is `hypervisor_unreachable`: the same call is tried again. What else it refused is `hypervisor_failed`.
 */
export function agentErrorOf(error: unknown, as: Partial<Record<LibvirtErrorReason, AgentError>> = {}): AgentError {
  if (error instanceof AgentError) return error;
  if (isLibvirtError(error)) return as[error.reason] ?? new AgentError('hypervisor_failed', error.message, { libvirt: error.code });
  if (isRpcError(error)) return new AgentError('hypervisor_unreachable', error.message, { rpc: error.kind });
  return new AgentError('internal', error instanceof Error ? error.message : String(error));
}

/** Whether libvirt may have done what it was asked, although it did not say so. */
export const isUnanswered = (error: unknown): boolean => isRpcError(error) && error.sent;
