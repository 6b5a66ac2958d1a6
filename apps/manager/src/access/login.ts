import { randomBytes } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { passwordMatches, recentlyVerified } from './passwords.ts';
import {
  findLogin,
  findUser,
  forgetFailures,
  grantsOf,
  insertSession,
  noteFailure,
  secondsToWait,
  tokenHash,
  touchSession,
  type Grant,
  type UserRow,
} from './store.ts';

/** Who asks, and what they hold. `filtered`: sees only what they hold something on; otherwise everything, as RHV's administrators do. */
export interface Reader {
  readonly user: UserRow;
  readonly grants: readonly Grant[];
  readonly administrator: boolean;
  readonly filtered: boolean;
}

/** `known`: there is a user of that name. For the log, never for the one who tries. */
export type LoginResult =
  | { readonly user: UserRow }
  | { readonly refused: 'wrong' | 'disabled' | 'not_permitted'; readonly known: boolean }
  | { readonly refused: 'throttled'; readonly seconds: number; readonly known: boolean };

/** Longer ones are refused unread: hashing a megabyte at every try would be a way to keep the manager busy. */
const longest = 1024;
const unreadable = (text: string): boolean => text.length > longest || text.includes('\0');

export interface Logins {
  /** Checks a name and a password. `source` is the client's address: failures count for both. */
  check(login: string, password: string, source: string): Promise<LoginResult>;
  open(user: string, scope: string, idleMinutes?: number): Promise<string>;
  reader(user: string, filter: boolean | undefined): Promise<Reader | undefined>;
  ofToken(token: string): Promise<{ user: string; scope: string } | undefined>;
}

export function logins(db: Database, now: () => number): Logins {
  const verified = recentlyVerified(now);
  return {
    async check(login, password, source) {
      if (unreadable(login) || unreadable(password)) return { refused: 'wrong', known: false };
      const found = await findLogin(db, login);
      const known = found !== undefined;
      const remembered = verified.find(login, password);
      // A changed password, or a user that was disabled meanwhile, ends what is remembered.
      if (found && remembered?.stored === found.passwordHash && !found.disabled) return { user: found };
      // Hashed: people type passwords where names belong.
      const keys = [`user:${tokenHash(login.toLowerCase()).toString('base64')}`, `address:${source}`];
      const seconds = await secondsToWait(db, keys);
      if (seconds > 0) return { refused: 'throttled', seconds, known };
      if (!(await passwordMatches(found?.passwordHash ?? undefined, password)) || !found?.passwordHash) {
        await noteFailure(db, keys);
        return { refused: 'wrong', known };
      }
      if (found.disabled) return { refused: 'disabled', known };
      const grants = await grantsOf(db, found.id);
      if (!grants.some((grant) => grant.permits.includes('login'))) return { refused: 'not_permitted', known };
      await forgetFailures(db, keys);
      verified.remember(login, password, found.id, found.passwordHash);
      return { user: found };
    },

    async open(user, scope, idleMinutes) {
      const token = randomBytes(48).toString('base64url');
      await insertSession(db, { token, user, scope, idleMinutes });
      return token;
    },

    async reader(id, filter) {
      const user = await findUser(db, id);
      if (!user || user.disabled) return undefined;
      const grants = await grantsOf(db, id);
      const administrator = grants.some((grant) => grant.administrative);
      // Filtering is the rule for everyone but administrators, who may ask for it (infra.md 8.3).
      return { user, grants, administrator, filtered: administrator ? filter === true : true };
    },

    ofToken: (token) => touchSession(db, token),
  };
}
