import { randomUUID } from 'node:crypto';
import { conformance } from '@ostler/agent-contract/conformance';
import { inProcessClient } from './client.ts';
import { simulatedHost } from './host.ts';

conformance('the simulated agent', async () => {
  const host = simulatedHost({ hostId: randomUUID() });
  return {
    client: () => inProcessClient(host),
    connection: { type: 'localfs', path: '/data' },
    network: 'ovirtmgmt',
    restart: async () => host.world.restartAgent(),
    crash: async (vm) => host.world.crash(vm),
    stop: async () => undefined,
  };
});
