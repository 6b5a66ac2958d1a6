import type { ServerResponse } from 'node:http';
import type { Reader } from '../access/login.ts';
import { changesAfter, newestPosition, parsePosition, positionText, stillHeld, type Change, type Position } from '../db/change-log.ts';
import type { Database } from '../db/database.ts';
import type { ChangeFeed } from './feed.ts';
import { coalesced, seesAll, visibleObjects } from './visible.ts';

export interface StreamOptions {
  readonly db: Database;
  readonly feed: ChangeFeed;
  readonly reader: Reader;
  /** The `Last-Event-ID` of a client that comes back. */
  readonly lastSeen: string | undefined;
  /** Who the reader is by now; undefined once the login is over. */
  readonly renew: () => Promise<Reader | undefined>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const aliveEvery = 15_000;
const renewEvery = 30_000;
/** A client that reads nothing for so long is given up; it resumes where it was. */
const drainWithin = 30_000;

/**
 * The changes that a reader may see, as server-sent events, until the client or the login is gone.
 * - `hello`: from here on changes are told; whoever reads the present after it misses nothing.
 * - `change`: `{ noun, id, operation }`. The object itself is read through the API.
 * - `resync`: what came before can no longer be told one by one; everything is to be read anew.
 */
export async function streamChanges(options: StreamOptions, response: ServerResponse): Promise<void> {
  const { db, feed, now, signal } = options;
  let { reader } = options;
  let told = new Set<string>();
  const send = (text: string) => written(response, text, signal);
  const begun = await beginning(db, reader, options.lastSeen);
  let { position } = begun;
  await send(event(begun.kind, position, {}));
  let alive = now();
  let renewed = now();

  while (!signal.aborted) {
    const version = feed.version();
    const batch = await changesAfter(db, position);
    if (now() - renewed >= renewEvery || batch.some(concernsGrants)) {
      renewed = now();
      const again = await options.renew();
      if (!again) return;
      const sameSight = sightOf(again) === sightOf(reader);
      reader = again;
      if (!sameSight) {
        // What is seen is different now, in ways that no list of changes tells.
        position = await newestPosition(db);
        told = new Set();
        await send(event('resync', position, {}));
        continue;
      }
    }
    const last = batch.at(-1);
    if (last) {
      const seen = await tellable(db, reader, coalesced(batch), told);
      if (seen === 'resync') await send(event('resync', last.position, {}));
      else
        await send(seen.map((one) => event('change', one.position, { noun: one.noun, id: one.object, operation: one.operation })).join(''));
      position = last.position;
      if (seen.length > 0) alive = now();
      continue;
    }
    if (now() - alive >= aliveEvery) {
      // An event without data moves only the id from which the client resumes.
      await send(`: alive\nid: ${positionText(position)}\n\n`);
      alive = now();
    }
    await feed.after(version, Math.max(1, aliveEvery - (now() - alive)), signal);
  }
}

async function beginning(
  db: Database,
  reader: Reader,
  lastSeen: string | undefined,
): Promise<{ kind: 'hello' | 'resync'; position: Position }> {
  const newest = await newestPosition(db);
  if (lastSeen === undefined) return { kind: 'hello', position: newest };
  const position = parsePosition(lastSeen);
  // A position that is not there yet is another database's: a backup was restored.
  const known = position !== undefined && BigInt(position.xid) <= BigInt(newest.xid) && (await stillHeld(db, position));
  if (!known) return { kind: 'resync', position: newest };
  if (!seesAll(reader) && (await removedSince(db, position))) return { kind: 'resync', position: newest };
  return { kind: 'hello', position };
}

/** Of what is gone nobody can say whether the reader saw it: who comes back to that reads everything anew. */
async function removedSince(db: Database, position: Position): Promise<boolean> {
  const missed = await changesAfter(db, position);
  return missed.length >= 1000 || missed.some((one) => one.operation === 'removed' || concernsGrants(one));
}

/**
 * What of a batch the reader is told. An object that was told of, or is seen no more, is told as removed; one that is gone
 * before this stream ever named it may have been anybody's.
 */
async function tellable(db: Database, reader: Reader, batch: readonly Change[], told: Set<string>): Promise<Change[] | 'resync'> {
  if (seesAll(reader)) return [...batch];
  const seen = await visibleObjects(db, reader, batch);
  const tell: Change[] = [];
  for (const change of batch) {
    const { object } = change;
    if (seen.has(object)) {
      told.add(object);
      tell.push(change);
    } else if (told.delete(object)) tell.push({ ...change, operation: 'removed' });
    else if (change.operation === 'removed') return 'resync';
  }
  return tell;
}

const concernsGrants = ({ noun }: Change): boolean => ['permission', 'role', 'group', 'user'].includes(noun);

const sightOf = ({ filtered, grants }: Reader): string =>
  JSON.stringify([filtered, grants.map(({ object, inherits, permits }) => [object, inherits, ...permits].join(' ')).toSorted()]);

const event = (kind: string, position: Position, data: object): string =>
  `id: ${positionText(position)}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;

async function written(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (text === '' || signal.aborted || response.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(() => {
      response.destroy();
      done();
    }, drainWithin);
    response.on('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
