import { match } from '@ostler/contract/tree';
import { readFollow, type Follow } from '@ostler/contract/follow';
import type { TypeName } from '@ostler/contract/names';
import { isRefusal, type Refusal } from '@ostler/domain/reason';
import type { Context } from './context.ts';
import { isVisible } from '../access/authorize.ts';

type Handler = (call: object) => unknown;
export interface FollowContext {
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly context: Context;
}

/**
 * Brings in what `follow` names, by asking the very handlers that answer the links' paths, as the same reader: what
 * the reader could not GET is not brought in either. Links are asked for in small groups, not one after the other.
 */
export async function followLinks(
  type: TypeName,
  text: string,
  objects: readonly object[],
  following: FollowContext,
): Promise<{ objects: object[] } | Refusal> {
  const follow = readFollow(type, text);
  if (isRefusal(follow)) return follow;
  return { objects: await inGroups(objects, (one) => withFollowed(one, follow, following)) };
}

const groupSize = 16;

async function inGroups<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let at = 0; at < items.length; at += groupSize) done.push(...(await Promise.all(items.slice(at, at + groupSize).map(work))));
  return done;
}

async function withFollowed(object: object, follow: Follow, following: FollowContext): Promise<object> {
  const result: Record<string, unknown> = { ...object };
  for (const [name, followed] of follow) {
    const held = result[name];
    const rel = name.replaceAll('_', '');
    if (Array.isArray(held)) result[name] = await inGroups(held, (one) => resolved(Object(one), followed.follow, following));
    else if (typeof held === 'object' && held !== null) result[name] = await resolved(held, followed.follow, following);
    else {
      const href = linkNamed(result['link'], rel);
      const found = href === undefined ? undefined : await ask(href, following);
      if (found === undefined) continue;
      const rows: object[] = [];
      if (isRows(found)) for await (const one of found) rows.push(one);
      result[name] = await inGroups(rows, (one) => withFollowed(one, followed.follow, following));
    }
  }
  return result;
}

/** A reference (`{ id, href }`) becomes the object itself, if the reader may see it. */
async function resolved(reference: object, follow: Follow, following: FollowContext): Promise<object> {
  const href = 'href' in reference && typeof reference.href === 'string' ? reference.href : undefined;
  const found = href === undefined ? undefined : await ask(href, following);
  const object = typeof found === 'object' && found !== null && !isRows(found) ? { ...reference, ...found } : reference;
  return withFollowed(object, follow, following);
}

async function ask(href: string, { handlers, context }: FollowContext): Promise<unknown> {
  const found = match('GET', href);
  if ('miss' in found || !found.access) return undefined;
  const handler = handlers.get(`${found.service}.${found.method}`);
  if (!handler || 'needs' in found.access) return undefined;
  for (const [type, id] of Object.entries(found.ids))
    if (
      ['vm', 'disk', 'storage_domain', 'host', 'template', 'cluster', 'data_center', 'network'].includes(type) &&
      !(await isVisible(context.db, context.reader, type, id))
    )
      return undefined;
  const outcome = await handler({
    service: found.service,
    method: found.method,
    template: found.template,
    ids: found.ids,
    input: undefined,
    parameters: found.parameters,
    ...context,
  });
  return isRefusal(outcome) ? undefined : outcome;
}

function linkNamed(links: unknown, rel: string): string | undefined {
  if (!Array.isArray(links)) return undefined;
  for (const link of links) {
    const { rel: name, href } = Object(link) as { rel?: unknown; href?: unknown };
    if (name === rel && typeof href === 'string') return href;
  }
  return undefined;
}

const isRows = (found: unknown): found is Iterable<object> | AsyncIterable<object> =>
  typeof found === 'object' && found !== null && (Symbol.iterator in found || Symbol.asyncIterator in found);
