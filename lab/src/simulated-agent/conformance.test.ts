import { randomUUID } from 'node:crypto';
import { conformance } from '@ostler/agent-contract/conformance';
import { createAuthority, issueForRequest } from '@ostler/pki/authority';
import { inProcessClient } from './client.ts';
import { simulatedHost } from './host.ts';

conformance('the simulated agent', async () => {
  const hostId = randomUUID();
  const host = simulatedHost({ hostId });
  const authority = await createAuthority('Test', new Date());
  return {
    client: () => inProcessClient(host),
    connection: { type: 'localfs', path: '/data' },
    network: 'ovirtmgmt',
    installGuest: async () => undefined,
    restart: async () => host.world.restartAgent(),
    issue: (request) => issueForRequest(authority, request, { commonName: hostId, role: 'host', names: [hostId] }, new Date()),
    shown: async () => [host.world.certificate()],
    crash: async (vm) => host.world.crash(vm),
    stop: async () => undefined,
  };
});
