/**
 * The domain events that can be watched: a row each with libvirt's event id, the number of the packet that brings it, and how it reads in our words.
 * A new one is a row here and nothing else. Names and numbers are libvirt's (virDomainEventID and the lists beside it).
 */
import { nameAt } from './domain-state.ts';
import { domainRef, optionalText, text } from './wire-types.ts';
import type { AnyCodec, Codec, Decoded } from './xdr.ts';
import { array, struct } from './xdr.ts';
import { int, uhyper } from './xdr-scalars.ts';

/** Details of lifecycle events, in the order of libvirt's numbers. */
export const lifecycleDetails = {
  defined: ['added', 'updated', 'renamed', 'from_snapshot'],
  undefined: ['removed', 'renamed'],
  started: ['booted', 'migrated', 'restored', 'from_snapshot', 'wakeup'],
  suspended: ['paused', 'migrated', 'ioerror', 'watchdog', 'restored', 'from_snapshot', 'api_error', 'postcopy', 'postcopy_failed'],
  resumed: ['unpaused', 'migrated', 'from_snapshot', 'postcopy', 'postcopy_failed'],
  stopped: ['shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from_snapshot'],
  shutdown: ['finished', 'guest', 'host'],
  pmsuspended: ['memory', 'disk'],
  crashed: ['panicked', 'crashloaded'],
} as const;

type Details = typeof lifecycleDetails;
export type LifecycleType = keyof Details;
export type Lifecycle =
  { [T in LifecycleType]: { type: T; detail: Details[T][number] | 'unknown' } }[LifecycleType] | { type: 'unknown'; detail: 'unknown' };

const lifecycleTypes = [
  'defined',
  'undefined',
  'started',
  'suspended',
  'resumed',
  'stopped',
  'shutdown',
  'pmsuspended',
  'crashed',
] as const satisfies readonly LifecycleType[];

function readLifecycle(kind: number, detail: number): Lifecycle {
  const type = nameAt(lifecycleTypes, kind);
  if (type === 'unknown') return { type, detail: 'unknown' };
  // The two tables are indexed by the same type, which the compiler cannot follow through a union.
  return { type, detail: nameAt(lifecycleDetails[type], detail) } as Lifecycle;
}

const watchdogActions = ['none', 'pause', 'reset', 'poweroff', 'shutdown', 'debug', 'injectnmi'] as const;
const ioErrorActions = ['none', 'pause', 'report'] as const;
const graphicsPhases = ['connect', 'initialize', 'disconnect'] as const;
const addressFamilies = ['ipv4', 'ipv6', 'unix'] as const;
const agentStates = ['unknown', 'connected', 'disconnected'] as const;
const agentReasons = ['unknown', 'domain_started', 'channel'] as const;
const blockJobTypes = ['unknown', 'pull', 'copy', 'commit', 'active_commit', 'backup'] as const;
const blockJobStatuses = ['completed', 'failed', 'canceled', 'ready'] as const;

const graphicsAddress = struct({ family: int, node: text, service: text });
const readAddress = (address: Decoded<typeof graphicsAddress>) => ({ ...address, family: nameAt(addressFamilies, address.family) });

type EventRow<Message, Body> = {
  readonly id: number;
  readonly procedure: number;
  readonly message: Codec<Message, never>;
  read(message: Message): Body;
};

function event<F extends Record<string, AnyCodec>, Body>(
  id: number,
  procedure: number,
  fields: F,
  read: (message: { callbackID: number; dom: Decoded<typeof domainRef> } & { [K in keyof F]: Decoded<F[K]> }) => Body,
) {
  const message = struct({ callbackID: int, dom: domainRef, ...fields });
  // A struct of spread fields has the members of both parts.
  return { id, procedure, message, read } as unknown as EventRow<Parameters<typeof read>[0], Body>;
}

export const domainEvents = {
  lifecycle: event(0, 318, { event: int, detail: int }, (m) => ({ ...readLifecycle(m.event, m.detail), dom: m.dom })),
  reboot: event(1, 319, {}, ({ dom }) => ({ dom })),
  watchdog: event(3, 321, { action: int }, ({ dom, action }) => ({ dom, action: nameAt(watchdogActions, action) })),
  graphics: event(
    5,
    323,
    {
      phase: int,
      local: graphicsAddress,
      remote: graphicsAddress,
      authScheme: text,
      subject: array(struct({ type: text, name: text }), 20),
    },
    (m) => ({
      dom: m.dom,
      phase: nameAt(graphicsPhases, m.phase),
      local: readAddress(m.local),
      remote: readAddress(m.remote),
      authScheme: m.authScheme,
      subject: m.subject,
    }),
  ),
  /** `reason` is QEMU's word: `enospc` or empty. */
  ioErrorReason: event(
    6,
    324,
    { srcPath: text, devAlias: text, action: int, reason: text },
    ({ dom, srcPath, devAlias, action, reason }) => ({
      dom,
      srcPath,
      devAlias,
      action: nameAt(ioErrorActions, action),
      reason,
    }),
  ),
  controlError: event(7, 325, {}, ({ dom }) => ({ dom })),
  deviceRemoved: event(15, 333, { devAlias: text }, ({ dom, devAlias }) => ({ dom, devAlias })),
  /** `disk` is the target's name, such as `vda`. */
  blockJob2: event(16, 339, { disk: text, type: int, status: int }, ({ dom, disk, type, status }) => ({
    dom,
    disk,
    type: nameAt(blockJobTypes, type),
    status: nameAt(blockJobStatuses, status),
  })),
  agentLifecycle: event(18, 348, { state: int, reason: int }, ({ dom, state, reason }) => ({
    dom,
    state: nameAt(agentStates, state),
    reason: nameAt(agentReasons, reason),
  })),
  deviceRemovalFailed: event(22, 367, { devAlias: text }, ({ dom, devAlias }) => ({ dom, devAlias })),
  /** Bytes. Sent once per threshold that was set: it must be set again to be told again. */
  blockThreshold: event(
    24,
    385,
    { dev: text, path: optionalText, threshold: uhyper, excess: uhyper },
    ({ dom, dev, path, threshold, excess }) => ({
      dom,
      dev,
      path,
      threshold,
      excess,
    }),
  ),
};

type Events = typeof domainEvents;
export type DomainEventName = keyof Events;
export type DomainEvent = { [N in DomainEventName]: { event: N } & ReturnType<Events[N]['read']> }[DomainEventName];

const namesByProcedure = new Map(Object.entries(domainEvents).map(([name, row]) => [row.procedure, name as DomainEventName]));

/** The event in a packet; undefined for a kind that is not in the table. Throws `XdrError` when it does not fit its declaration. */
export function readDomainEvent(procedure: number, decodeAs: <T>(codec: Codec<T, never>) => T): DomainEvent | undefined {
  const name = namesByProcedure.get(procedure);
  if (name === undefined) return undefined;
  const row: EventRow<unknown, unknown> = domainEvents[name] as EventRow<unknown, unknown>;
  return { event: name, ...(row.read(decodeAs(row.message)) as object) } as DomainEvent;
}
