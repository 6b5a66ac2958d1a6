import type { Database } from '../db/database.ts';
import type { RawCall } from '../http/mount.ts';
import type { ChangeFeed } from './feed.ts';
import { streamChanges } from './stream.ts';

/** More streams than people have windows; each costs a look at the log whenever something happens. */
const most = 2_000;

/** GET changes: kept open until the client goes, the login ends, or the server closes. */
export function changesRoute(options: {
  db: Database;
  feed: ChangeFeed;
  now: () => number;
  closing: AbortSignal;
  log: { warn(details: object, message: string): void };
}) {
  let open = 0;
  return async ({ request, reply, reader, renew, correlation }: RawCall): Promise<unknown> => {
    if (open >= most) return reply.code(503).header('retry-after', '30').send();
    const head = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // When the stream ends the connection does too: a server that closes waits for nobody's next request.
      connection: 'close',
      'x-accel-buffering': 'no',
      'correlation-id': correlation,
    };
    reply.hijack();
    const response = reply.raw;
    response.writeHead(200, head);
    if (request.method === 'HEAD') return void response.end();
    response.flushHeaders();
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const lastSeen = request.headers['last-event-id'];
    const signal = AbortSignal.any([gone.signal, options.closing]);
    const leave = options.feed.join();
    open++;
    try {
      await streamChanges({ ...options, reader, renew, signal, lastSeen: typeof lastSeen === 'string' ? lastSeen : undefined }, response);
    } catch (thrown) {
      options.log.warn({ correlation, problem: thrown instanceof Error ? thrown.message : String(thrown) }, 'a stream of changes broke');
    } finally {
      open--;
      leave();
      response.end();
    }
    return undefined;
  };
}
