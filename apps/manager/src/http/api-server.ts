import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type pg from 'pg';
import type { Identity } from '@ostler/pki/authority';
import { events } from '@ostler/domain/events/catalogue';
import { logins } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import { changeFeed } from '../changes/feed.ts';
import { changesRoute } from '../changes/route.ts';
import type { Database } from '../db/database.ts';
import type { Secrets } from '../db/secrets.ts';
import { mountEnrollment } from '../host/service.ts';
import type { Agents } from '../monitoring/agents.ts';
import { allServices } from '../services.ts';
import { mountApi } from './mount.ts';
import { httpServer } from './server.ts';
import { mountPortalSession } from './portal-session.ts';
import { mountSso, type SsoAudit } from './sso.ts';
import type { TicketSigner } from './tickets.ts';

export interface ApiOptions {
  readonly db: Database;
  /** For the one connection on which changes are heard of. */
  readonly pool: pg.Pool;
  readonly secrets: Secrets;
  readonly tickets: TicketSigner;
  readonly agents: Agents;
  /** Signs the certificates of hosts that enroll. */
  readonly authority: Identity;
  readonly origin: string;
  readonly log: FastifyBaseLogger;
  readonly now: () => number;
}

/** The api process's server, not yet listening. */
export function apiServer({ db, pool, secrets, tickets, agents, origin, log, now, authority }: ApiOptions): FastifyInstance {
  const server = httpServer(log);
  const known = logins(db, now);
  const audit: SsoAudit = {
    loggedIn: async (user, name) => void (await emit(db, events.user_logged_in({ user: name }), { user })),
    failed: async (name) => void (await emit(db, events.user_login_failed({ user: name.slice(0, 255) }))),
  };
  mountSso(server, db, known, audit);
  mountPortalSession(server, db, known, audit);
  const closing = new AbortController();
  const feed = changeFeed(db, pool);
  server.addHook('preClose', async () => {
    closing.abort();
    feed.close();
  });
  const raw = new Map([['changes.get', changesRoute({ db, feed, now, closing: closing.signal, log })]]);
  mountApi(server, { db, logins: known, secrets, tickets, agents, origin, now, services: allServices, log, raw });
  mountEnrollment(server, db, authority, now);
  server.get('/ovirt-engine/services/health', async (_request, reply) => reply.type('text/plain').send('DB Up!Welcome to Health Status!'));
  return server;
}
