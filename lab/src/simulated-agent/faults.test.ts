import { randomUUID } from 'node:crypto';
import { quietRun } from '@ostler/agent-contract/conformance';
import { AgentError } from '@ostler/agent-contract/errors';
import { expect, test } from 'vitest';
import { inProcessClient } from './client.ts';
import { virtualClock } from './clock.ts';
import { simulatedHost } from './host.ts';
import { sharedStorage } from './shared-storage.ts';

const mandate = (operation: string = randomUUID()) => ({ mandate: { epoch: 1, operation } });
/** The code with which a call ends, for calls that are still under way. */
const refusalOf = (call: Promise<unknown>) =>
  call.then(
    () => 'success',
    (error: unknown) => (error instanceof AgentError ? error.code : String(error)),
  );
const setUp = () => {
  const clock = virtualClock();
  const host = simulatedHost({ hostId: randomUUID(), clock, pace: { boot: 5_000, shutdown: 2_000, storagePatience: 10_000 } });
  return { clock, host, client: inProcessClient(host) };
};

test('a lost reply leaves its effect; the same operation then answers it', async () => {
  const { host, client } = setUp();
  const spec = quietRun();
  const again = mandate();
  host.faults.add('startVm', { kind: 'lost', way: 'reply' }, 1);
  await expect(client.call('startVm', spec, again)).rejects.toMatchObject({ code: 'unreachable' });
  expect(host.world.vms()).toHaveLength(1);
  expect(await client.call('startVm', spec, again)).toMatchObject({ run: spec.run });
});

test('a lost request has no effect', async () => {
  const { host, client } = setUp();
  host.faults.add('*', { kind: 'lost', way: 'request' }, 1);
  await expect(client.call('startVm', quietRun(), mandate())).rejects.toMatchObject({ code: 'unreachable' });
  expect(host.world.vms()).toEqual([]);
});

test('a hung reply ends at the caller’s deadline', async () => {
  const { clock, host, client } = setUp();
  host.faults.add('startVm', { kind: 'hung', way: 'reply' });
  const call = refusalOf(client.call('startVm', quietRun(), { ...mandate(), deadline: 1_000 }));
  await clock.advance(1_000);
  expect(await call).toBe('deadline');
  expect(host.world.vms()).toHaveLength(1);
});

test('a late start that arrives after its run was ended starts nothing', async () => {
  const { clock, host, client } = setUp();
  const spec = quietRun();
  host.faults.add('startVm', { kind: 'late', way: 'request', by: 5_000 }, 1);
  const start = refusalOf(client.call('startVm', spec, mandate()));
  await client.call('destroyVm', { vm: spec.vm, run: spec.run }, mandate());
  await clock.advance(5_000);
  expect(await start).toBe('wrong_state');
  expect(host.world.vms()).toEqual([]);
});

test('a call that arrives twice is done once', async () => {
  const { clock, host, client } = setUp();
  const spec = quietRun();
  host.faults.add('startVm', { kind: 'duplicate', by: 100 });
  await client.call('startVm', spec, mandate());
  await client.call('destroyVm', { vm: spec.vm, run: spec.run }, mandate());
  await client.call('acknowledgeEnd', { vm: spec.vm, run: spec.run }, mandate());
  await clock.advance(1_000);
  expect(host.world.vms()).toEqual([]);
});

test('a cut network breaks calls under way and the event stream; what happens meanwhile is told afterwards', async () => {
  const { clock, host, client } = setUp();
  const spec = quietRun();
  await client.call('startVm', spec, mandate());
  const { sequence } = await client.call('observe', {});
  const stream = client.events(sequence, new AbortController().signal)[Symbol.asyncIterator]();
  await stream.next();
  const waiting = refusalOf(stream.next());
  host.faults.disconnect();
  expect(await waiting).toBe('unreachable');
  await expect(client.call('observe', {})).rejects.toMatchObject({ code: 'unreachable' });
  host.world.crash(spec.vm);
  host.faults.reconnect();
  const resumed = client.events(sequence, new AbortController().signal)[Symbol.asyncIterator]();
  await resumed.next();
  expect((await resumed.next()).value).toMatchObject({ kind: 'vm', vm: { state: { kind: 'ended', exit: 'crashed' } } });
  await clock.advance(0);
});

test('guests take their time: the agent is heard after the boot, the end comes after the shutdown', async () => {
  const { clock, host, client } = setUp();
  const spec = quietRun();
  const which = { vm: spec.vm, run: spec.run };
  await client.call('startVm', spec, mandate());
  await clock.advance(4_999);
  expect(host.world.vms()[0]?.guest.agent).toBe('unknown');
  await clock.advance(1);
  expect(host.world.vms()[0]?.guest).toMatchObject({ agent: 'connected', hostName: spec.name });
  await client.call('shutdownVm', which, mandate());
  expect(host.world.vms()[0]?.state).toEqual({ kind: 'shutting_down' });
  await clock.advance(2_000);
  expect(host.world.vms()[0]?.state).toEqual({ kind: 'ended', exit: 'admin_shutdown' });
});

test('a power cut leaves no VM, no event stream and another boot id', async () => {
  const { host, client } = setUp();
  await client.call('startVm', quietRun(), mandate());
  const before = await client.call('observe', {});
  host.world.powerOff();
  await expect(client.call('observe', {})).rejects.toMatchObject({ code: 'unreachable' });
  host.world.powerOn();
  const after = await client.call('observe', {});
  expect(after.vms).toEqual([]);
  expect(after.bootId).not.toBe(before.bootId);
  expect(after.sequence).toBeGreaterThan(before.sequence);
});

test('hanging storage is told in time and noticed by its health', async () => {
  const { clock, host, client } = setUp();
  const connection = { type: 'nfs', address: 'nas', path: '/data' } as const;
  const domain = randomUUID();
  await client.call('connectStorage', { connection }, mandate());
  await client.call('createDomain', { domain, connection, name: 'data', kind: 'data' }, mandate());
  await client.call('activateDomain', { domain, connection }, mandate());
  host.world.setStorage(domain, 'hanging');
  const call = refusalOf(client.call('listImages', { domain }));
  await clock.advance(10_000);
  expect(await call).toBe('storage_hangs');
  expect((await client.call('observe', {})).domains).toMatchObject([{ domain, state: 'hanging' }]);
});

test('two hosts that write one volume are a violation that the storage remembers', async () => {
  const storage = sharedStorage();
  const connection = { type: 'nfs', address: 'nas', path: '/data' } as const;
  const domain = randomUUID();
  const volume = { domain, image: randomUUID(), volume: randomUUID() };
  const hosts = [1, 2].map(() => simulatedHost({ hostId: randomUUID(), storage }));
  for (const host of hosts) {
    const client = inProcessClient(host);
    await client.call('connectStorage', { connection }, mandate());
    await client.call('createDomain', { domain, connection, name: 'data', kind: 'data' }, mandate());
    await client.call('activateDomain', { domain, connection }, mandate());
  }
  const disk = { disk: volume.image, source: volume, format: 'cow', interface: 'virtio', bootable: true } as const;
  const settings = { readOnly: false, shareable: false, passDiscard: false, propagateErrors: false };
  const [first, second] = hosts.map(inProcessClient);
  const wish = { format: 'cow', sparse: true, capacity: 1, content: 'data', description: '', legal: true } as const;
  await first?.call('createVolume', { ...volume, ...wish }, mandate());
  await first?.call('startVm', quietRun({ disks: [{ ...disk, ...settings }] }), mandate());
  expect(storage.violations).toEqual([]);
  await second?.call('startVm', quietRun({ disks: [{ ...disk, ...settings }] }), mandate());
  expect(storage.violations).toHaveLength(1);
});
