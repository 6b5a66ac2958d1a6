/**
 * A connection to libvirt, as a client of its own RPC protocol:
 *
 *     const libvirt = await connect({ socketPath: '/run/libvirt/libvirt-sock' }, { uri: 'qemu:///system' });
 *     const dom = await libvirt.call('domainLookupByUUID', { uuid });
 *     const { state, reason } = domainState(await libvirt.call('domainGetState', { dom }));
 *     libvirt.onEvent((event) => { if (event.event === 'lifecycle') … });
 *     await libvirt.watch(['lifecycle', 'agentLifecycle']);
 *
 * A connection that has ended stays ended: `closed` says why, and whoever needs another one connects again and reads the state anew.
 */
import type { DomainEvent, DomainEventName } from './domain-events.ts';
import { domainEvents } from './domain-events.ts';
import { RpcError } from './errors.ts';
import { defaultKeepalive } from './keepalive.ts';
import type { KeepaliveOptions } from './keepalive.ts';
import type { Rpc } from './rpc.ts';
import { startRpc } from './rpc.ts';
import type { Address } from './transport.ts';
import { describeAddress, openTransport } from './transport.ts';

export type ConnectOptions = {
  /** The hypervisor behind libvirtd, such as `qemu:///system`. */
  uri: string;
  readOnly?: boolean;
  /** Milliseconds for a call without a deadline of its own. 30 s by default. */
  deadline?: number;
  /** Milliseconds until the connection must be ready to use. 10 s by default. */
  connectDeadline?: number;
  /** Every 5 s, five times, by default. `false` neither sends keepalives nor asks libvirtd for them. */
  keepalive?: KeepaliveOptions | false;
  /** See `RpcOptions`. 4 by default; one less than `max_client_requests` of libvirtd.conf is right. */
  window?: number;
  /** Ends the attempt to connect, with kind `aborted`. */
  signal?: AbortSignal;
};

export type Connection = Pick<Rpc, 'call' | 'openStream' | 'close' | 'closed'> & {
  /** Calls `listener` with every watched event from now on; what it returns ends that. A listener that throws is an uncaught exception, as in any emitter. */
  onEvent(listener: (event: DomainEvent) => void): () => void;
  /** Asks libvirt for these kinds of events, of all domains. What is watched already stays so. */
  watch(events: readonly DomainEventName[]): Promise<void>;
  unwatch(events: readonly DomainEventName[]): Promise<void>;
};

const readOnlyFlag = 1;
const keepaliveFeature = 10;

/** Rejects with `RpcError` (`unreachable`, `unauthenticated`, `deadline`, `aborted`, …), or with `LibvirtError` when libvirt does not open the URI. */
export async function connect(address: Address, options: ConnectOptions): Promise<Connection> {
  const { connectDeadline = 10_000 } = options;
  const late = new RpcError('deadline', `libvirt at ${describeAddress(address)} was not ready within ${connectDeadline} ms`);
  const attempt = new AbortController();
  const timer = setTimeout(() => attempt.abort(late), connectDeadline);
  const abort = () => attempt.abort(new RpcError('aborted', 'Connecting to libvirt was aborted', { cause: options.signal?.reason }));
  options.signal?.addEventListener('abort', abort, { once: true });
  if (options.signal?.aborted) abort();
  try {
    return await establish(address, options, attempt.signal);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

async function establish(address: Address, options: ConnectOptions, attempt: AbortSignal): Promise<Connection> {
  const { uri, deadline = 30_000, keepalive = defaultKeepalive, window = 4 } = options;
  const listeners = new Set<(event: DomainEvent) => void>();
  const socket = await openTransport(address, attempt);
  const rpc = startRpc(socket, {
    deadline,
    window,
    keepalive,
    onEvent(event) {
      for (const listener of listeners) deliver(listener, event);
    },
  });
  const stop = () => rpc.destroy(attempt.reason as RpcError);
  attempt.addEventListener('abort', stop, { once: true });
  try {
    await authenticate(rpc, address);
    if (keepalive !== false) await rpc.call('connectSupportsFeature', { feature: keepaliveFeature });
    await rpc.call('connectOpen', { name: uri, flags: options.readOnly === true ? readOnlyFlag : 0 });
  } catch (error) {
    rpc.destroy(new RpcError('closed', 'The connection to libvirt could not be opened', { cause: error }));
    throw attempt.aborted ? attempt.reason : error;
  } finally {
    attempt.removeEventListener('abort', stop);
  }
  return { call: rpc.call, openStream: rpc.openStream, close: rpc.close, closed: rpc.closed, ...watching(rpc, listeners) };
}

/** Polkit lets root pass without asking, so a manager of hosts needs no authentication beyond the socket's permissions or its certificate. */
async function authenticate(rpc: Rpc, address: Address): Promise<void> {
  const types = await rpc.call('authList');
  if (types.every((type) => type === 'none')) return;
  throw new RpcError(
    'unauthenticated',
    `libvirt at ${describeAddress(address)} asks for ${types.join(' or ')} authentication, which is not supported here. ` +
      'Connect as root, or set auth_unix_rw (auth_tls for TLS) to "none" in libvirtd.conf.',
  );
}

function watching(rpc: Rpc, listeners: Set<(event: DomainEvent) => void>): Pick<Connection, 'onEvent' | 'watch' | 'unwatch'> {
  /** Registrations by kind; a promise, so that two who watch the same kind at once share one. */
  const callbacks = new Map<DomainEventName, Promise<number>>();

  async function register(event: DomainEventName): Promise<void> {
    const callback = callbacks.get(event) ?? rpc.call('connectDomainEventCallbackRegisterAny', { eventID: domainEvents[event].id });
    callbacks.set(event, callback);
    await callback.catch((error: unknown) => {
      callbacks.delete(event);
      throw error;
    });
  }

  async function deregister(event: DomainEventName): Promise<void> {
    const callback = callbacks.get(event);
    if (callback === undefined) return;
    callbacks.delete(event);
    await rpc.call('connectDomainEventCallbackDeregisterAny', { callbackID: await callback });
  }

  return {
    onEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    watch: async (events) => void (await Promise.all(events.map(register))),
    unwatch: async (events) => void (await Promise.all(events.map(deregister))),
  };
}

/** A listener's mistake must surface, and must not be mistaken for the peer's: it is thrown outside of the reading of packets. */
function deliver(listener: (event: DomainEvent) => void, event: DomainEvent): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
