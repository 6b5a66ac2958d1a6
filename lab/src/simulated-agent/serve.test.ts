import { randomUUID } from 'node:crypto';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { agentClient, type AgentClient } from '@ostler/agent-contract/client';
import { conformance, quietRun } from '@ostler/agent-contract/conformance';
import { createAuthority, issue, issueForRequest, type Identity } from '@ostler/pki/authority';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { simulatedHost, type SimulatedHost } from './host.ts';
import { serveSimulated, type ServedHosts } from './serve.ts';

let authority: Identity;
let manager: Identity;
let stranger: Identity;
const hosts: SimulatedHost[] = [simulatedHost({ hostId: randomUUID(), name: 'one' }), simulatedHost({ hostId: randomUUID(), name: 'two' })];
const clients: AgentClient[] = [];
let served: ServedHosts;

async function serve(served: readonly SimulatedHost[]): Promise<ServedHosts> {
  const certified = served.map(async (host) => {
    const subject = { commonName: host.hostId, role: 'host', names: [host.hostId] } as const;
    return { host, ...(await issue(authority, subject, new Date())) };
  });
  return serveSimulated(await Promise.all(certified), { ca: authority.cert, allow: (name) => name === 'manager' });
}

function clientOf(hostId: string, { as = manager, port = served.port }: { as?: Identity; port?: number } = {}): AgentClient {
  const client = agentClient({ url: `https://127.0.0.1:${port}`, tls: { ca: authority.cert, ...as }, serverName: hostId });
  clients.push(client);
  return client;
}

beforeAll(async () => {
  const now = new Date();
  authority = await createAuthority('Test authority', now);
  manager = await issue(authority, { commonName: 'manager', role: 'manager' }, now);
  stranger = await issue(authority, { commonName: randomUUID(), role: 'host' }, now);
  served = await serve(hosts);
});
afterEach(() => clients.splice(0).forEach((client) => client.close()));
afterAll(() => served.close());

const [one, two] = hosts as [SimulatedHost, SimulatedHost];
const mandate = () => ({ mandate: { epoch: 1, operation: randomUUID() } });

test('hosts that share a port are told apart by their names', async () => {
  expect(await clientOf(one.hostId).call('hostFacts', {})).toMatchObject({ hostName: 'one' });
  expect(await clientOf(two.hostId).call('hostFacts', {})).toMatchObject({ hostName: 'two' });
});

test('a host that is not there, and one that shows another’s certificate, cannot be reached', async () => {
  await expect(clientOf(randomUUID()).call('hostFacts', {})).rejects.toMatchObject({ code: 'unreachable' });
  const alone = await serve([one]);
  await expect(clientOf(two.hostId, { port: alone.port }).call('hostFacts', {})).rejects.toMatchObject({ code: 'unreachable' });
  await alone.close();
});

test('another host’s certificate may neither call nor listen', async () => {
  const intruder = clientOf(one.hostId, { as: stranger });
  await expect(intruder.call('hostFacts', {})).rejects.toMatchObject({ code: 'bad_request' });
  const listening = intruder.events(-1, new AbortController().signal)[Symbol.asyncIterator]();
  await expect(listening.next()).rejects.toMatchObject({ code: 'unreachable' });
});

test('many calls at once share one connection and leave nothing behind on it', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  const client = clientOf(one.hostId);
  await Promise.all(Array.from({ length: 200 }, () => client.call('hostStatistics', {})));
  process.off('warning', warned);
  expect(warnings).toEqual([]);
});

test('a cut network ends calls and streams at once, and the next call after it finds the host again', async () => {
  const client = clientOf(one.hostId);
  const stream = client.events(-1, new AbortController().signal)[Symbol.asyncIterator]();
  await stream.next();
  await stream.next();
  const ended = Promise.allSettled([stream.next()]);
  one.faults.disconnect();
  expect((await ended)[0]).toMatchObject({ status: 'rejected', reason: { code: 'unreachable' } });
  await expect(client.call('observe', {})).rejects.toMatchObject({ code: 'unreachable' });
  one.faults.reconnect();
  await expect.poll(() => client.call('observe', {}).catch(() => undefined)).toMatchObject({ vms: [] });
});

test('a call larger than a megabyte is refused', async () => {
  const spec = quietRun({ name: 'x'.repeat(2 * 1024 * 1024) });
  await expect(clientOf(one.hostId).call('startVm', spec, mandate())).rejects.toMatchObject({
    code: expect.stringMatching(/bad_request|unreachable/),
  });
});

describe('through a network that swallows everything', () => {
  let relay: Server;
  let swallowing = false;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    relay = createServer((near) => {
      const far = connect(served.port, '127.0.0.1');
      for (const socket of [near, far]) {
        sockets.push(socket);
        socket.on('error', () => socket.destroy());
      }
      near.on('data', (bytes) => swallowing || far.write(bytes));
      far.on('data', (bytes) => swallowing || near.write(bytes));
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    sockets.forEach((socket) => socket.destroy());
    relay.close();
  });

  test('a connection that gives no sign of life is given up, and the next one works', async () => {
    const address = relay.address();
    const client = clientOf(one.hostId, { port: address !== null && typeof address === 'object' ? address.port : 0 });
    await client.call('observe', {});
    swallowing = true;
    await expect(client.call('observe', {}, { deadline: 100 })).rejects.toMatchObject({ code: 'deadline' });
    const onTheSameConnection = client.call('observe', {}, { deadline: 60_000 });
    await expect(onTheSameConnection).rejects.toMatchObject({ code: 'unreachable' });
    swallowing = false;
    expect(await client.call('observe', {})).toMatchObject({ vms: [] });
  });
});

conformance('the simulated agent over the wire', async () => {
  const host = simulatedHost({ hostId: randomUUID() });
  const alone = await serve([host]);
  return {
    client: () => clientOf(host.hostId, { port: alone.port }),
    connection: { type: 'posixfs', path: '/data', vfsType: 'none', mountOptions: 'bind' },
    network: 'ovirtmgmt',
    restart: async () => host.world.restartAgent(),
    issue: (request) => issueForRequest(authority, request, { commonName: host.hostId, role: 'host', names: [host.hostId] }, new Date()),
    shown: async () => [host.world.certificate()],
    installGuest: async () => undefined,
    crash: async (vm) => host.world.crash(vm),
    stop: () => alone.close(),
  };
});
