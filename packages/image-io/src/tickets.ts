/**
 * Tickets: what may be done to which image, by whoever knows the ticket's id, and for how long. The host enforces
 * them on every operation; nothing else stands between a transfer URL and the disk.
 *
 * One book of tickets counts for all processes that serve a port (see image-server.ts), so everything that must be
 * exact is here and nowhere else: the limit of running operations, transferred bytes, expiry, revocation.
 * Field names and JSON shapes are those of ovirt-imageio's tickets, which the monitoring of transfers relies on.
 */
import { isDeepStrictEqual } from 'node:util';
import { ImageError } from './errors.ts';
import { addRange, type ByteRange, coveredBytes } from './ranges.ts';
import type { TicketSpec } from './ticket-spec.ts';

/** What an operation needs the ticket to allow. Who may write may read: an upload is verified by reading. */
export type Access = 'any' | 'read' | 'write';

/** What the data path needs to know of a ticket. */
export type TicketFacts = Pick<TicketSpec, 'uuid' | 'size' | 'ops' | 'source' | 'filename' | 'sparse' | 'dirty' | 'expect'>;

export type BeginRequest = {
  readonly ticket: string;
  /** Names the client's connection, unique among all processes. */
  readonly connection: string;
  readonly access: Access;
  /** Whether it counts against the limit of operations: all but the cheap question what the server can do. */
  readonly counted: boolean;
};

/** A running operation. `advance` as bytes are moved, `finish` exactly once; it also proves that the client is alive. */
export type Permit = {
  readonly ticket: TicketFacts;
  /** Aborted when the ticket is revoked: stop at the next block and finish. */
  readonly revoked: AbortSignal;
  advance(start: number, end: number): void;
  finish(): void;
};

/** Where the server asks: the book itself, or the process that holds it. Rejects with `forbidden`. */
export type TicketGate = {
  begin(request: BeginRequest): Promise<Permit>;
  transferred(ticket: string): Promise<readonly ByteRange[]>;
  disconnected(connection: string): void;
};

/** As JSON on the control socket. Times in seconds; `expires` counts on the process's own monotonic clock. */
export type TicketInfo = {
  uuid: string;
  active: boolean;
  canceled: boolean;
  connections: number;
  expires: number;
  idle_time: number;
  ops: readonly ('read' | 'write')[];
  size: number;
  sparse: boolean;
  dirty: boolean;
  timeout: number;
  url: string;
  transfer_id?: string;
  filename?: string;
  /** Bytes moved so far, each counted once. Only for tickets of one operation: else it has no meaning. */
  transferred?: number;
};

/** Operations of one ticket that run at once; what `max_readers` and `max_writers` announce. */
export const MAX_OPERATIONS = 8;

type Entry = {
  spec: TicketSpec;
  timeout: number;
  expires: number;
  lastAccess: number;
  canceled: boolean;
  readonly connections: Set<string>;
  readonly running: Set<AbortController>;
  counted: number;
  readonly ranges: ByteRange[];
  readonly whenDrained: (() => void)[];
};

export type TicketBook = ReturnType<typeof createTicketBook>;

/** `now` is a monotonic clock in milliseconds. */
export function createTicketBook(now: () => number) {
  const entries = new Map<string, Entry>();

  /** Adding a ticket again replaces nothing that runs: the same id must mean the same image. */
  function add(spec: TicketSpec): void {
    const present = entries.get(spec.uuid);
    if (present) {
      if (present.canceled) throw new ImageError('busy', `Ticket ${spec.uuid} is being removed`);
      if (!sameTicket(present.spec, spec)) throw new ImageError('bad_request', `Ticket ${spec.uuid} exists and is about something else`);
      return extend(spec.uuid, spec.timeout);
    }
    entries.set(spec.uuid, {
      spec,
      timeout: spec.timeout,
      expires: now() + spec.timeout * 1000,
      lastAccess: now(),
      canceled: false,
      connections: new Set(),
      running: new Set(),
      counted: 0,
      ranges: [],
      whenDrained: [],
    });
  }

  /** From now on, `timeout` seconds; also the new length of what each finished operation grants. */
  function extend(id: string, timeout: number): void {
    const entry = known(id);
    entry.timeout = timeout;
    entry.expires = now() + timeout * 1000;
  }

  function info(id: string): TicketInfo {
    const { spec, ...entry } = known(id);
    const active = entry.running.size > 0;
    return {
      uuid: spec.uuid,
      active,
      canceled: entry.canceled,
      connections: entry.connections.size,
      expires: Math.floor(entry.expires / 1000),
      idle_time: active ? 0 : Math.floor((now() - entry.lastAccess) / 1000),
      ops: spec.ops,
      size: spec.size,
      sparse: spec.sparse,
      dirty: spec.dirty,
      timeout: entry.timeout,
      url: spec.url,
      ...(spec.transfer_id === undefined ? {} : { transfer_id: spec.transfer_id }),
      ...(spec.filename === undefined ? {} : { filename: spec.filename }),
      ...(spec.ops.length === 1 ? { transferred: coveredBytes(entry.ranges) } : {}),
    };
  }

  /** The ranges behind `transferred`: what a resumed transfer can leave out. */
  function transferredRanges(id: string): readonly ByteRange[] {
    return known(id).ranges.map((range) => ({ ...range }));
  }

  function begin({ ticket: id, connection, access, counted }: BeginRequest): Permit {
    const entry = entries.get(id);
    // The id is the secret: it is not repeated in what the server answers.
    if (!entry) throw new ImageError('forbidden', 'No such ticket');
    if (entry.canceled) throw new ImageError('forbidden', 'The ticket was revoked');
    if (entry.expires <= now()) throw new ImageError('forbidden', 'The ticket expired');
    if (!allows(entry.spec, access)) throw new ImageError('forbidden', `The ticket does not allow to ${access}`);
    if (counted && entry.counted >= MAX_OPERATIONS) {
      throw new ImageError('forbidden', `${MAX_OPERATIONS} operations of this ticket are running; use at most that many connections`);
    }
    const controller = new AbortController();
    entry.connections.add(connection);
    entry.running.add(controller);
    if (counted) entry.counted += 1;
    return {
      ticket: entry.spec,
      revoked: controller.signal,
      advance: (start, end) => addRange(entry.ranges, start, end),
      finish() {
        if (!entry.running.delete(controller)) return;
        if (counted) entry.counted -= 1;
        entry.lastAccess = now();
        entry.expires = Math.max(entry.expires, now() + entry.timeout * 1000);
        if (entry.running.size === 0) for (const wake of entry.whenDrained.splice(0)) wake();
      },
    };
  }

  function disconnected(connection: string): void {
    for (const entry of entries.values()) entry.connections.delete(connection);
  }

  /**
   * Refuses new operations, ends those that run, and resolves when the last is over, so that the image is free.
   * Rejects with `busy` after `deadline` milliseconds; the ticket stays revoked and removing can be repeated.
   * `afterwards` closes what the ticket held, before the ticket is forgotten.
   */
  async function remove(id: string, deadline: number, afterwards: () => Promise<void> = async () => undefined): Promise<void> {
    const entry = entries.get(id);
    if (!entry) return;
    entry.canceled = true;
    for (const controller of entry.running) controller.abort();
    if (entry.running.size > 0 && !(await drained(entry, deadline))) {
      throw new ImageError('busy', `Ticket ${id} still has ${entry.running.size} operations running after ${deadline} ms`);
    }
    await afterwards();
    if (entries.get(id) === entry) entries.delete(id);
  }

  function known(id: string): Entry {
    const entry = entries.get(id);
    if (!entry) throw new ImageError('not_found', `No such ticket: ${id}`);
    return entry;
  }

  return {
    add,
    extend,
    info,
    transferredRanges,
    begin,
    disconnected,
    remove,
    ids: (): string[] => [...entries.keys()],
    has: (id: string): boolean => entries.has(id),
    /** The book as the server wants it, for one process that serves alone. */
    gate: (): TicketGate => ({
      begin: async (request) => begin(request),
      transferred: async (id) => transferredRanges(id),
      disconnected,
    }),
  };
}

function allows({ ops }: TicketSpec, access: Access): boolean {
  return access === 'any' || ops.includes('write') || ops.includes(access);
}

function sameTicket(a: TicketSpec, b: TicketSpec): boolean {
  // The url of an image is its qemu-nbd's socket, a new one each time.
  const sameImage = a.image ? isDeepStrictEqual(a.image, b.image) : a.url === b.url;
  return (
    sameImage &&
    isDeepStrictEqual(a.expect, b.expect) &&
    a.size === b.size &&
    a.ops.join() === b.ops.join() &&
    a.sparse === b.sparse &&
    a.dirty === b.dirty
  );
}

function drained(entry: Entry, deadline: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(entry.running.size === 0), deadline);
    entry.whenDrained.push(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
