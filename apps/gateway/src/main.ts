import { readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { readConfig } from './config.ts';
import { newGateway } from './gateway.ts';
import { newMetrics } from './metrics.ts';
import { readPortal } from './portal.ts';
import { ticketCheck } from './tickets.ts';

/** `main.ts --config gateway.json` serves until SIGTERM. One line of JSON on standard output says when it does. */
const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (values.config === undefined) throw new Error('Use: main.ts --config gateway.json');

const log = pino({ name: 'gateway' });
const config = await readConfig(values.config);
const pem = (path: string) => readFile(path, 'utf8');

const metrics = newMetrics();
const shown = async () => ({ cert: await pem(config.tls.cert), key: await pem(config.tls.key) });
const shownToHosts = async () => ({ ca: await pem(config.hostTls.ca), cert: await pem(config.hostTls.cert), key: await pem(config.hostTls.key) });
const gateway = newGateway({
  tls: await shown(),
  caCertificate: await pem(config.tls.ca),
  hostTls: await shownToHosts(),
  apiSocket: config.apiSocket,
  ticketCheck: await ticketCheck(await pem(config.ticketPublicKey), Date.now),
  metrics,
  ...(config.portal !== undefined && { portal: await readPortal(config.portal) }),
  warn: (details, message) => log.warn(details, message),
});

if (config.metricsSocket !== undefined) {
  await rm(config.metricsSocket, { force: true });
  metrics.server.listen(config.metricsSocket);
}
gateway.server.listen(config.listen.port, config.listen.address);
await once(gateway.server, 'listening');
const address = gateway.server.address();
const port = typeof address === 'object' && address ? address.port : config.listen.port;
process.stdout.write(`${JSON.stringify({ ready: true, address: config.listen.address, port })}\n`);

/** SIGHUP says that there are other certificates. With what cannot be read, or does not fit together, nothing changes. */
process.on('SIGHUP', () => {
  Promise.all([shown(), shownToHosts()])
    .then(([tls, hostTls]) => gateway.renew(tls, hostTls))
    .catch((error: unknown) => log.error({ problem: String(error) }, 'the certificates could not be renewed'));
});

/** Transfers may take an hour, an end may not: clients resume. */
const lastBytes = 3_000;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    metrics.server.close();
    void gateway.close(lastBytes).then(() => process.exit(0));
  });
