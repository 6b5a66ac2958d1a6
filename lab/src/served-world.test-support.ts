import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newGateway } from '@ostler/gateway/gateway';
import { newMetrics } from '@ostler/gateway/metrics';
import { adminLogin } from '@ostler/manager/testing/manager';
import { hostsUp, simulatedWorld, type World } from '@ostler/manager/testing/world.test-support';
import { issue } from '@ostler/pki/authority';

/** A manager with simulated hosts behind a real gateway: what programs see that know nothing but an address. */
export interface ServedWorld {
  readonly world: World;
  /** `https://127.0.0.1:PORT` */
  readonly address: string;
  readonly port: number;
  /** A directory of the test, with `ca.pem` and `password` in it; it goes with the world. */
  readonly directory: string;
  file(name: string): string;
  stop(): Promise<void>;
}

export async function servedWorld(): Promise<ServedWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'ostler-served-'));
  const file = (name: string) => join(directory, name);
  const world = await simulatedWorld();
  world.control();
  await hostsUp(world);
  await world.addDomain('data');
  const apiSocket = file('api.sock');
  await world.server.listen({ path: apiSocket });
  const own = await issue(world.authority, { commonName: 'gateway', role: 'gateway', names: ['127.0.0.1', 'localhost'] }, new Date());
  const gateway = newGateway({
    tls: own,
    caCertificate: world.authority.cert,
    hostTls: { ca: world.authority.cert, ...own },
    apiSocket,
    ticketCheck: async () => undefined,
    metrics: newMetrics(),
    warn: () => undefined,
  });
  gateway.server.listen(0, '127.0.0.1');
  await once(gateway.server, 'listening');
  const bound = gateway.server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  await Promise.all([writeFile(file('ca.pem'), world.authority.cert), writeFile(file('password'), `${adminLogin.password}\n`)]);
  return {
    world,
    address: `https://127.0.0.1:${port}`,
    port,
    directory,
    file,
    async stop() {
      await gateway.close(0);
      await world.stop();
      await rm(directory, { recursive: true });
    },
  };
}
