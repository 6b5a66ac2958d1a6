import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { createAuthority, type Identity } from '@ostler/pki/authority';
import { bootstrap } from '../bootstrap.ts';
import type { Database } from '../db/database.ts';
import { secretsUnder, type Secrets } from '../db/secrets.ts';
import { testDatabase, type TestDatabase } from '../db/test-database.ts';
import { apiServer } from '../http/api-server.ts';
import { agentBook, type Agents } from '../monitoring/agents.ts';
import { ticketSigner } from '../http/tickets.ts';

export interface TestManager {
  readonly database: TestDatabase;
  readonly db: Database;
  readonly server: FastifyInstance;
  readonly secrets: Secrets;
  readonly authority: Identity;
  /** A JSON request as the administrator; the parsed answer with its status. */
  ask(method: string, path: string, body?: object, as?: Login): Promise<Answer>;
  xml(method: string, path: string, body?: string, as?: Login): Promise<{ status: number; text: string; headers: Record<string, unknown> }>;
  stop(): Promise<void>;
}
export interface Login {
  readonly name: string;
  readonly password: string;
}
export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into documents of every shape
  readonly body: any;
  readonly headers: Record<string, unknown>;
}

export const adminLogin: Login = { name: 'admin@internal', password: 'test-admin-password' };
const base = '/ovirt-engine/api';

/** A manager's api on a real database, asked without a network in between. */
export async function testManager(options: { agents?: Agents; log?: pino.Logger; now?: () => number } = {}): Promise<TestManager> {
  const database = await testDatabase();
  await bootstrap(database.db, { password: adminLogin.password });
  const secrets = secretsUnder(randomBytes(32));
  const { privateKey } = generateKeyPairSync('ed25519');
  const tickets = ticketSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const authority = await createAuthority('Test authority', new Date());
  const server = apiServer({
    db: database.db,
    pool: database.pool,
    secrets,
    tickets,
    agents: options.agents ?? agentBook({ ca: '', cert: '', key: '' }),
    origin: 'https://manager.test:8443',
    log: options.log ?? pino({ level: 'silent' }),
    now: options.now ?? Date.now,
    authority,
  });
  await server.ready();
  const inject = (method: string, path: string, headers: Record<string, string>, payload: string | undefined, as: Login) =>
    server.inject({
      method: method as 'GET',
      url: path.startsWith('/ovirt-engine') ? path : `${base}/${path}`,
      headers: { authorization: `Basic ${Buffer.from(`${as.name}:${as.password}`).toString('base64')}`, ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
  return {
    database,
    db: database.db,
    server,
    secrets,
    authority,
    async ask(method, path, body, as = adminLogin) {
      const reply = await inject(
        method,
        path,
        { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
        body && JSON.stringify(body),
        as,
      );
      return { status: reply.statusCode, body: reply.body === '' ? undefined : JSON.parse(reply.body), headers: reply.headers };
    },
    async xml(method, path, body, as = adminLogin) {
      const reply = await inject(
        method,
        path,
        { accept: 'application/xml', ...(body !== undefined && { 'content-type': 'application/xml' }) },
        body,
        as,
      );
      return { status: reply.statusCode, text: reply.body, headers: reply.headers };
    },
    async stop() {
      await server.close();
      await database.stop();
    },
  };
}
