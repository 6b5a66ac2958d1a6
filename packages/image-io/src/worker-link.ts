/**
 * How the processes of an image server talk: workers ask for permits and report what they moved, the primary grants,
 * refuses and revokes. Messages of one worker arrive in order, so that a report is never behind its operation's end.
 */
import type { ImageServerConfig, TlsFiles } from './image-server-config.ts';
import { ImageError, type ImageErrorCode } from './errors.ts';
import type { ByteRange } from './ranges.ts';
import type { BeginRequest, Permit, TicketBook, TicketFacts, TicketGate } from './tickets.ts';

const CLOSE_DEADLINE = 30_000;
/** Milliseconds between two reports of a running operation: each costs both processes a wake-up. */
const REPORT_INTERVAL = 200;

export type ToPrimary =
  | { readonly type: 'begin'; readonly call: number; readonly request: BeginRequest }
  | { readonly type: 'transferred'; readonly call: number; readonly ticket: string }
  | { readonly type: 'advance'; readonly permit: number; readonly start: number; readonly end: number }
  | { readonly type: 'finish'; readonly permit: number }
  | { readonly type: 'disconnected'; readonly connection: string }
  | { readonly type: 'closed'; readonly call: number }
  | { readonly type: 'serving'; readonly port: number | undefined };

export type ToWorker =
  | { readonly type: 'serve'; readonly config: ImageServerConfig }
  | { readonly type: 'tls'; readonly tls: TlsFiles }
  | { readonly type: 'granted'; readonly call: number; readonly permit: number; readonly ticket: TicketFacts }
  | { readonly type: 'refused'; readonly call: number; readonly code: ImageErrorCode; readonly message: string }
  | { readonly type: 'ranges'; readonly call: number; readonly ranges: readonly ByteRange[] }
  | { readonly type: 'revoked'; readonly permit: number }
  | { readonly type: 'close'; readonly call: number; readonly ticket: string };

/** The worker's side: a gate whose book is in the primary. Feed it what the primary sends. */
export function createRemoteGate(send: (message: ToPrimary) => void) {
  const waiting = new Map<number, (message: ToWorker) => void>();
  const revocable = new Map<number, AbortController>();
  let calls = 0;

  function call(make: (call: number) => ToPrimary): Promise<ToWorker> {
    calls += 1;
    const id = calls;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      send(make(id));
    });
  }

  const gate: TicketGate = {
    async begin(request) {
      const answer = await call((id) => ({ type: 'begin', call: id, request }));
      if (answer.type !== 'granted') throw refusal(answer);
      const { permit, ticket } = answer;
      const controller = new AbortController();
      revocable.set(permit, controller);
      let moved: ByteRange | undefined;
      let lastReport = performance.now();
      const report = () => {
        if (moved) send({ type: 'advance', permit, ...moved });
        moved = undefined;
        lastReport = performance.now();
      };
      return {
        ticket,
        revoked: controller.signal,
        advance(start, end) {
          if (moved && moved.end !== start) report();
          moved = { start: moved?.start ?? start, end };
          if (performance.now() - lastReport > REPORT_INTERVAL) report();
        },
        finish() {
          if (!revocable.delete(permit)) return;
          report();
          send({ type: 'finish', permit });
        },
      };
    },
    async transferred(ticket) {
      const answer = await call((id) => ({ type: 'transferred', call: id, ticket }));
      if (answer.type !== 'ranges') throw refusal(answer);
      return answer.ranges;
    },
    disconnected: (connection) => send({ type: 'disconnected', connection }),
  };

  function received(message: ToWorker): void {
    if (message.type === 'revoked') return revocable.get(message.permit)?.abort();
    if (!('call' in message) || message.type === 'close') return;
    waiting.get(message.call)?.(message);
    waiting.delete(message.call);
  }

  return { gate, received };
}

function refusal(answer: ToWorker): ImageError {
  return answer.type === 'refused'
    ? new ImageError(answer.code, answer.message)
    : new ImageError('backend', 'The image server is confused');
}

/** The primary's side for one worker. `gone` gives back what a dead worker held. */
export function answerWorker(book: TicketBook, send: (message: ToWorker) => void) {
  const permits = new Map<number, Permit>();
  const connections = new Set<string>();
  const closing = new Map<number, () => void>();
  let lastPermit = 0;
  let lastClose = 0;

  function received(message: ToPrimary): void {
    switch (message.type) {
      case 'begin':
        return answering(message.call, () => begin(message.call, message.request));
      case 'transferred':
        return answering(message.call, () => send({ type: 'ranges', call: message.call, ranges: book.transferredRanges(message.ticket) }));
      case 'advance':
        return permits.get(message.permit)?.advance(message.start, message.end);
      case 'finish':
        permits.get(message.permit)?.finish();
        permits.delete(message.permit);
        return;
      case 'disconnected':
        connections.delete(message.connection);
        return book.disconnected(message.connection);
      case 'closed':
        closing.get(message.call)?.();
        closing.delete(message.call);
        return;
      case 'serving':
        return;
    }
  }

  function begin(call: number, request: BeginRequest): void {
    const permit = book.begin(request);
    lastPermit += 1;
    const id = lastPermit;
    permits.set(id, permit);
    connections.add(request.connection);
    permit.revoked.addEventListener('abort', () => send({ type: 'revoked', permit: id }), { once: true });
    const { uuid, size, ops, source, sparse, dirty, filename, expect } = permit.ticket;
    const optional = { ...(filename === undefined ? {} : { filename }), ...(expect === undefined ? {} : { expect }) };
    send({ type: 'granted', call, permit: id, ticket: { uuid, size, ops, source, sparse, dirty, ...optional } });
  }

  function answering(call: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      const known = error instanceof ImageError ? error : new ImageError('backend', 'The image server failed');
      send({ type: 'refused', call, code: known.code, message: known.message });
    }
  }

  /** Has the worker close what it holds open for a ticket. Rejects with `busy` when the storage does not let go of it. */
  function close(ticket: string): Promise<void> {
    lastClose += 1;
    const call = lastClose;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new ImageError('busy', `The image of ticket ${ticket} cannot be closed`)), CLOSE_DEADLINE);
      closing.set(call, () => {
        clearTimeout(timer);
        resolve();
      });
      send({ type: 'close', call, ticket });
    });
  }

  function gone(): void {
    for (const permit of permits.values()) permit.finish();
    permits.clear();
    for (const connection of connections) book.disconnected(connection);
    for (const done of closing.values()) done();
    closing.clear();
  }

  return { received, close, gone };
}
