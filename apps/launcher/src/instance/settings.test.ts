import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { defaultState, pathsIn } from './paths.ts';
import { changeWanted, demandFreePort, hostPortCandidates, nameOfHost, settle, type Settings } from './settings.ts';

const paths = pathsIn('/var/lib/example');
const own = () => Promise.resolve('own' as const);
const decided: Settings = {
  port: 9443,
  hostName: 'manager.example',
  hostPorts: { agent: 1, images: 2, consoles: 3 },
  network: { kind: 'nat', device: 'ostx' },
  libvirt: 'own',
  dataDomainMade: true,
};

test('what was decided holds until somebody wishes otherwise', async () => {
  expect(await settle(paths, {}, decided, own)).toEqual(decided);
  expect(await settle(paths, { port: 443, bridge: 'br0' }, decided, own)).toEqual({ ...decided, port: 443, network: { kind: 'bridge', device: 'br0' } });
});

test('a first start decides everything, and the libvirtd is chosen only then', async () => {
  const first = await settle(paths, {}, undefined, () => Promise.resolve('system'));
  expect(first).toMatchObject({ port: 8443, libvirt: 'system', dataDomainMade: false });
  expect(new Set(Object.values(first.hostPorts)).size).toBe(3);
  expect((await settle(paths, {}, first, own)).libvirt).toBe('system');
});

test('instances beside each other have bridges of their own, whose names the kernel takes', async () => {
  const devices = await Promise.all(['/var/lib/a', '/var/lib/b'].map(async (state) => (await settle(pathsIn(state), {}, undefined, own)).network.device));
  expect(new Set(devices).size).toBe(2);
  for (const device of devices) expect(device).toMatch(/^ost[0-9a-f]{8}$/);
});

test('instances that start at the same time choose ports of their own, where no outgoing connection takes them', async () => {
  const chosen = await Promise.all(['/var/lib/a', '/var/lib/b'].map(async (state) => (await settle(pathsIn(state), {}, undefined, own)).hostPorts));
  const ports = chosen.flatMap((one) => Object.values(one));
  expect(new Set(ports).size).toBe(6);
  for (const port of ports) expect(port).toBeLessThan(32_768);
  expect(hostPortCandidates(defaultState)[0]).toBe(54321);
});

test('a wish that a running instance does not fulfil is named; what it fulfils is no change', () => {
  expect(changeWanted({ port: 9443, hostName: 'manager.example' }, decided)).toBeUndefined();
  expect(changeWanted({ port: 1, databaseUrl: 'postgresql://secret@x/y' }, decided)).toBe('port 1 instead of 9443, another database');
});

test('a machine that is reached by its address is still a host with a name', () => {
  expect(nameOfHost(decided)).toBe('manager.example');
  expect(nameOfHost({ ...decided, hostName: '192.0.2.7' })).not.toBe('192.0.2.7');
});

test('a port that another program has is refused with what would help', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await expect(demandFreePort(port)).rejects.toThrow(/taken.*--port/);
  other.close();
});
