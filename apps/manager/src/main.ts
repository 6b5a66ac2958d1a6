import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import pino from 'pino';
import type { ClientTls } from '@ostler/agent-contract/client';
import type { Identity } from '@ostler/pki/authority';
import { bootstrap } from './bootstrap.ts';
import { readConfig, type ManagerConfig } from './config.ts';
import { controller } from './controller.ts';
import { openDatabase, openPool } from './db/database.ts';
import { migrate } from './db/migrate.ts';
import { secretsUnder } from './db/secrets.ts';
import { createEnrollmentToken } from './host/service.ts';
import { apiServer } from './http/api-server.ts';
import { ticketSigner } from './http/tickets.ts';
import { agentBook } from './monitoring/agents.ts';
import { watchedHosts } from './monitoring/store.ts';

/** The manager's doors: `bootstrap`, `api`, `controller`, `enrollment-token`, each with `--config FILE`. */

const [command = '', ...rest] = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = rest.indexOf(`--${name}`);
  return at < 0 ? undefined : rest[at + 1];
};
const configFile = option('config');
if (configFile === undefined) {
  process.stderr.write('usage: manager bootstrap|api|controller|enrollment-token --config FILE\n');
  process.exit(2);
}

const config = await readConfig(configFile);
const log = pino({ base: { process: command }, timestamp: pino.stdTimeFunctions.isoTime });
const now = () => Date.now();
const pool = openPool(config.databaseUrl);
const db = openDatabase(pool);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
const ready = (facts: object = {}) => process.stdout.write(`${JSON.stringify({ ready: true, ...facts })}\n`);

switch (command) {
  case 'bootstrap': {
    const applied = await migrate(pool);
    await bootstrap(db, { password: (await readFile(config.adminPasswordFile, 'utf8')).trim() });
    process.stdout.write(`${JSON.stringify({ ready: true, migrations: applied })}\n`);
    break;
  }
  case 'enrollment-token':
    process.stdout.write(`${JSON.stringify({ token: await createEnrollmentToken(db, { hostName: option('host-name'), cluster: option('cluster') ?? 'Default' }) })}\n`);
    break;
  case 'api':
    await serveApi(config);
    break;
  case 'controller': {
    const agents = agentBook(await clientTls(config));
    const authority = await authorityOf(config);
    const acting = controller({ databaseUrl: config.databaseUrl, pool, db, secrets: await secrets(config), agents, authority, now, log, onLead: (epoch) => ready({ epoch }) }, stop.signal);
    ready({ standby: true });
    await acting;
    agents.close();
    break;
  }
  default:
    process.stderr.write(`There is no ${command}\n`);
    process.exitCode = 2;
}
await pool.end();

async function serveApi(settings: ManagerConfig): Promise<void> {
  const tls = await clientTls(settings);
  const agents = agentBook(tls);
  // Consoles' tickets are the api's only calls to hosts: it looks which hosts there are now and then.
  const refresh = async () => agents.set(await watchedHosts(db));
  await refresh();
  const looking = setInterval(() => void refresh().catch(() => undefined), 2_000);
  const server = apiServer({
    db,
    pool,
    secrets: await secrets(settings),
    tickets: ticketSigner(await readFile(settings.pki.ticketKey, 'utf8')),
    agents,
    origin: settings.origin,
    log,
    now,
    authority: await authorityOf(settings),
  });
  await mkdir(dirname(settings.api.socket), { recursive: true });
  await rm(settings.api.socket, { force: true });
  await server.listen({ path: settings.api.socket });
  await chmod(settings.api.socket, 0o660);
  ready();
  await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(looking);
  await server.close();
  agents.close();
}

/** What we show hosts. SIGHUP says that there is another certificate: connections that are opened from then on show that. */
async function clientTls({ pki }: ManagerConfig): Promise<ClientTls> {
  const read = async () => ({ ca: await readFile(pki.caCert, 'utf8'), cert: await readFile(pki.managerCert, 'utf8'), key: await readFile(pki.managerKey, 'utf8') });
  const shown = await read();
  process.on('SIGHUP', () => void read().then((next) => Object.assign(shown, next)).catch((thrown: unknown) => log.error({ problem: String(thrown) }, 'the certificate could not be read again')));
  return shown;
}

async function authorityOf({ pki }: ManagerConfig): Promise<Identity> {
  return { cert: await readFile(pki.caCert, 'utf8'), key: await readFile(pki.caKey, 'utf8') };
}

async function secrets({ secretsKeyFile }: ManagerConfig) {
  return secretsUnder(await readFile(secretsKeyFile));
}
