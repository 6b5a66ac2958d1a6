import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logins } from '../access/login.ts';
import { findUser, removeSession } from '../access/store.ts';
import type { Database } from '../db/database.ts';
import { formOf, sentenceFor, type SsoAudit } from './sso.ts';

const path = '/ovirt-engine/sso/portal';
const cookieName = 'OSTLER_PORTAL';
const attributes = `Path=${path}; Secure; HttpOnly; SameSite=Strict`;

/**
 * The portal's login. Its token lives in the page's memory only; what survives a reload is a cookie that no script can read and
 * that is sent to these three addresses alone. The header keeps other sites of the same domain from sending people's
 * browsers here: only a page of this origin can set one.
 */
export function mountPortalSession(server: FastifyInstance, db: Database, logins: Logins, audit: SsoAudit): void {
  const guarded = (answer: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) => {
    return async (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('cache-control', 'no-store');
      if (request.headers['ostler-portal'] === undefined)
        return reply.code(403).send({ error: 'forbidden', error_description: 'This address is for the portal.' });
      return answer(request, reply);
    };
  };

  server.post(
    `${path}/login`,
    guarded(async (request, reply) => {
      const { username = '', password = '' } = formOf(request);
      const login = await logins.check(username, password, request.ip);
      if ('refused' in login) {
        await audit.failed(login.known ? username : 'somebody unknown');
        return reply.code(401).send({ error: 'access_denied', error_description: sentenceFor(username, login) });
      }
      const token = await logins.open(login.user.id, 'ovirt-app-admin');
      await audit.loggedIn(login.user.id, username);
      reply.header('set-cookie', `${cookieName}=${token}; ${attributes}`);
      return reply.send({ access_token: token, user_id: login.user.id, user_name: login.user.userName });
    }),
  );

  server.post(
    `${path}/token`,
    guarded(async (request, reply) => {
      const token = tokenIn(request.headers.cookie);
      const session = token === undefined ? undefined : await logins.ofToken(token);
      const user = session && (await findUser(db, session.user));
      if (!user || user.disabled) return reply.code(401).send({ error: 'access_denied', error_description: 'Log in first.' });
      return reply.send({ access_token: token, user_id: user.id, user_name: user.userName });
    }),
  );

  server.post(
    `${path}/logout`,
    guarded(async (request, reply) => {
      const token = tokenIn(request.headers.cookie);
      if (token !== undefined) await removeSession(db, token);
      return reply.header('set-cookie', `${cookieName}=; Max-Age=0; ${attributes}`).send({});
    }),
  );
}

const tokenIn = (header: string | undefined): string | undefined =>
  new RegExp(`(?:^|;\\s*)${cookieName}=([A-Za-z0-9_-]+)`).exec(header ?? '')?.[1];
