import type { IncomingHttpHeaders } from 'node:http';
import type { Logins, Reader } from '../access/login.ts';
import { sessionLives } from '../access/store.ts';
import type { Queries } from '../db/database.ts';

/** What a request showed, and what its answer must carry. */
export type Authentication =
  | { readonly reader: Reader; readonly cookie?: string; readonly endSession?: string }
  | { readonly refused: 'none' | 'wrong' | 'expired' | 'not_permitted' | 'filter_required'; readonly seconds?: number };

/**
 * Bearer tokens, Basic, and RHV's persistent sessions: with `Prefer: persistent-auth` a Basic login leaves a
 * JSESSIONID cookie; the first request that shows the cookie without that header ends the session (infra.md 8.3).
 */
export async function authenticate(
  logins: Logins,
  headers: IncomingHttpHeaders,
  source: string,
  filter: boolean | undefined,
): Promise<Authentication> {
  const prefer = String(headers['prefer'] ?? '').toLowerCase();
  const persistent = prefer.includes('persistent-auth');
  const cookie = prefer.includes('new-auth') ? undefined : sessionCookie(headers.cookie);
  const authorization = headers.authorization ?? '';

  const bearer = /^bearer\s+(\S+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return withReader(logins, (await logins.ofToken(bearer))?.user, filter, 'expired', {});

  if (cookie !== undefined) {
    const session = await logins.ofToken(cookie);
    if (session) return withReader(logins, session.user, filter, 'expired', persistent ? {} : { endSession: cookie });
  }

  const basic = basicCredentials(authorization);
  if (basic === undefined) return { refused: cookie === undefined ? 'none' : 'expired' };
  const [name, password] = basic;
  const login = await logins.check(name, password, source);
  if ('refused' in login)
    return login.refused === 'throttled'
      ? { refused: 'wrong', seconds: login.seconds }
      : { refused: login.refused === 'not_permitted' ? 'not_permitted' : 'wrong' };
  if (!persistent) return withReader(logins, login.user.id, filter, 'wrong', {});
  const minutes = Number(headers['session-ttl']);
  const token = await logins.open(
    login.user.id,
    'ovirt-app-api',
    Number.isInteger(minutes) && minutes >= 1 && minutes <= 100 * 60 ? minutes : undefined,
  );
  return withReader(logins, login.user.id, filter, 'wrong', { cookie: token });
}

/** Whether what a request showed is still good. A session is looked at without being kept alive by it. */
export async function stillValid(
  db: Queries,
  logins: Logins,
  { headers, ip }: { headers: IncomingHttpHeaders; ip: string },
): Promise<boolean> {
  const bearer = /^bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return sessionLives(db, bearer);
  const basic = basicCredentials(headers.authorization);
  if (basic) return 'user' in (await logins.check(basic[0], basic[1], ip));
  const cookie = sessionCookie(headers.cookie);
  return cookie !== undefined && sessionLives(db, cookie);
}

async function withReader(
  logins: Logins,
  user: string | undefined,
  filter: boolean | undefined,
  otherwise: 'expired' | 'wrong',
  session: { cookie?: string; endSession?: string },
): Promise<Authentication> {
  const reader = user === undefined ? undefined : await logins.reader(user, filter);
  if (!reader) return { refused: otherwise };
  if (filter === false && !reader.administrator) return { refused: 'filter_required' };
  return { reader, ...session };
}

/** Name and password of `Authorization: Basic`. */
export function basicCredentials(authorization: string | undefined): [string, string] | undefined {
  const basic = /^basic\s+([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  return basic === undefined ? undefined : splitAtColon(Buffer.from(basic, 'base64').toString('utf8'));
}

function splitAtColon(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

function sessionCookie(header: string | undefined): string | undefined {
  return /(?:^|;\s*)JSESSIONID=([A-Za-z0-9_-]+)/.exec(header ?? '')?.[1];
}
