import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logins, LoginResult } from '../access/login.ts';
import { findUser, grantsOf, removeSession } from '../access/store.ts';
import type { Database } from '../db/database.ts';
import { basicCredentials } from './credentials.ts';

/** RHV says of internal users' tokens that they never expire, as the largest 64-bit number (infra.md 8.6). */
const never = '9223372036854775807';

type Parameters = Readonly<Record<string, string | undefined>>;

/** The OAuth endpoints as RHV's SDKs use them (wire.md 1). Parameters come as a form or in the query. */
export function mountSso(server: FastifyInstance, db: Database, logins: Logins, audit: SsoAudit): void {
  const issueToken = async (request: FastifyRequest, reply: FastifyReply) => {
    const asked = parametersOf(request);
    const scope = asked['scope'] ?? '';
    const given = credentialsFor(asked, request.headers.authorization);
    if (given === undefined)
      return refuse(
        reply,
        scope,
        'unsupported_grant_type',
        'This grant type is not supported: use password, or the HTTP grant with Basic.',
      );
    const { username, password } = given;
    if (!username || !password) return refuse(reply, scope, 'invalid_request', `The request lacks ${username ? 'password' : 'username'}.`);
    const login = await logins.check(username, password, request.ip);
    if ('refused' in login) {
      // What was typed as a name may be a password: it is kept only if there is such a user.
      await audit.failed(login.known ? username : 'somebody unknown');
      return refuse(reply, scope, 'access_denied', sentenceFor(username, login));
    }
    const token = await logins.open(login.user.id, scope || 'ovirt-app-api');
    await audit.loggedIn(login.user.id, username);
    return reply
      .header('cache-control', 'no-store')
      .send({ access_token: token, scope: scope || 'ovirt-app-api', exp: never, token_type: 'bearer' });
  };
  server.all('/ovirt-engine/sso/oauth/token', issueToken);
  server.all('/ovirt-engine/sso/oauth/token-http-auth', issueToken);

  const endSession = async (request: FastifyRequest, reply: FastifyReply) => {
    const { token } = parametersOf(request);
    if (token) await removeSession(db, token);
    return reply.send({});
  };
  server.all('/ovirt-engine/sso/oauth/revoke', endSession);
  server.all('/ovirt-engine/services/sso-logout', endSession);

  server.all('/ovirt-engine/sso/oauth/token-info', async (request, reply) => {
    const { token = '', scope = '' } = parametersOf(request);
    const session = await logins.ofToken(token);
    const user = session && (await findUser(db, session.user));
    if (!session || !user) return refuse(reply, scope, 'invalid_grant', 'The token is unknown or has expired.');
    const grants = await grantsOf(db, user.id);
    return reply.send({
      active: true,
      token_type: 'bearer',
      client_id: 'ovirt-engine-core',
      user_id: `${user.userName}@${user.domain.replace(/-authz$/, '')}`,
      user_authz: user.domain,
      scope: session.scope,
      exp: never,
      ovirt: {
        version: '0',
        principal_id: user.id,
        email: user.email,
        namespace: user.namespace,
        first_name: user.name,
        last_name: user.lastName,
        group_ids: [],
        groups: [],
        capability_credentials_change: grants.length > 0,
      },
    });
  });
}

export interface SsoAudit {
  loggedIn(user: string, name: string): Promise<void>;
  failed(name: string): Promise<void>;
}

const httpGrant = 'urn:ovirt:params:oauth:grant-type:http';

/** The name and the password: in the form, or in the header for the grant that takes HTTP's own authentication. */
function credentialsFor(
  asked: Parameters,
  authorization: string | undefined,
): { username?: string | undefined; password?: string | undefined } | undefined {
  if (asked['grant_type'] === 'password') return { username: asked['username'], password: asked['password'] };
  if (asked['grant_type'] !== httpGrant) return undefined;
  const basic = basicCredentials(authorization);
  return basic ? { username: basic[0], password: basic[1] } : {};
}

/** API clients read `error` and `error_code`; everything else OAuth's own pair. The SDK takes both. */
function refuse(reply: FastifyReply, scope: string, code: string, sentence: string) {
  const body = scope === 'ovirt-app-api' ? { error_code: code, error: sentence } : { error: code, error_description: sentence };
  return reply.code(400).header('cache-control', 'no-store').send(body);
}

/** Why a login is refused, as the one who tries may know it. */
export function sentenceFor(name: string, login: Exclude<LoginResult, { user: unknown }>): string {
  switch (login.refused) {
    case 'throttled':
      return `Cannot authenticate user '${name}': too many failures. Try again in ${login.seconds} seconds.`;
    case 'not_permitted':
      return `User '${name}' is not authorized to log in: no role that they hold has the permit to. Ask an administrator for one, such as UserRole on a VM.`;
    case 'disabled':
    case 'wrong':
      return `Cannot authenticate user '${name}': the user name or the password is wrong.`;
  }
}

const parametersOf = (request: FastifyRequest): Parameters => ({ ...textsIn(request.query), ...formOf(request) });

/** The fields of a form that are texts. A body of another kind has none. */
export const formOf = (request: FastifyRequest): Parameters => textsIn(request.body);

const textsIn = (fields: unknown): Parameters =>
  typeof fields !== 'object' || fields === null
    ? {}
    : Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
