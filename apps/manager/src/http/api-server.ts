import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { events } from '@ostler/domain/events/catalogue';
import type { Identity } from '@ostler/pki/authority';
import { logins } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import type { Database } from '../db/database.ts';
import type { Secrets } from '../db/secrets.ts';
import { mountEnrollment } from '../host/enrollment.ts';
import type { Agents } from '../monitoring/agents.ts';
import { allServices } from '../services.ts';
import { mountApi } from './mount.ts';
import { httpServer } from './server.ts';
import { mountSso } from './sso.ts';
import type { TicketSigner } from './tickets.ts';

export interface ApiOptions {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly tickets: TicketSigner;
  readonly agents: Agents;
  readonly origin: string;
  readonly log: FastifyBaseLogger;
  readonly now: () => number;
  /** Signs the certificates of hosts that enroll. */
  readonly authority: Identity;
}

/** The api process's server, not yet listening. */
export function apiServer({ db, secrets, tickets, agents, origin, log, now, authority }: ApiOptions): FastifyInstance {
  const server = httpServer(log);
  const known = logins(db, now);
  mountSso(server, db, known, {
    loggedIn: async (user, name) => void (await emit(db, events.user_logged_in({ user: name }), { user })),
    failed: async (name) => void (await emit(db, events.user_login_failed({ user: name.slice(0, 255) }))),
  });
  mountApi(server, { db, logins: known, secrets, tickets, agents, origin, now, services: allServices, log });
  mountEnrollment(server, db, authority, now);
  server.get('/ovirt-engine/services/health', async (_request, reply) => reply.type('text/plain').send('DB Up!Welcome to Health Status!'));
  return server;
}
