import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskOn, expectError, quietRun } from '@ostler/agent-contract/conformance';
import type { VmObservation, VmRun } from '@ostler/agent-contract/values';
import { heartbeatsIn, type Heartbeat } from '@ostler/lab/guest';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { enterConsole, type ConsoleClient } from './testing/console.test-support.ts';
import { testHost, type TestHost } from './testing/host.test-support.ts';
import { processOfVm } from './testing/qemu-process.test-support.ts';

/** What real guests do, and what becomes of them when the agent or libvirtd dies: beyond what every agent must do. */

let host: TestHost;
beforeAll(async () => {
  host = await testHost();
  await host.startAgent();
  await host.useStorage();
});
afterAll(() => host?.stop());

const started: VmRun[] = [];
beforeEach(async () => {
  for (const run of started.splice(0)) await end(run);
});

type Which = Pick<VmRun, 'vm' | 'run'>;
const which = ({ vm, run }: Which): Which => ({ vm, run });
const is = (kind: VmObservation['state']['kind']) => (observation: VmObservation) => observation.state.kind === kind;

async function end(run: Which): Promise<void> {
  await host.change('destroyVm', which(run));
  await host.change('acknowledgeEnd', which(run));
}

async function runningGuest(): Promise<VmRun & { disk: { domain: string; image: string; volume: string } }> {
  const { disk, ...run } = await host.guestRun();
  started.push(run);
  await host.change('startVm', run);
  return { ...run, disk };
}

async function ticketFor(run: Which, console: 'serial' | 'vnc'): Promise<string> {
  const ticket = randomUUID();
  await host.change('openConsole', { ...which(run), ticket, console, validFor: 60_000 });
  return ticket;
}

const serialOf = async (run: Which): Promise<ConsoleClient> => enterConsole(host.consoles, await ticketFor(run, 'serial'));
const heartbeatOn = (console: ConsoleClient, wanted: (heartbeat: Heartbeat) => boolean = () => true): Promise<Heartbeat> =>
  console.hears('a heartbeat', (heard) => heartbeatsIn(heard).find(wanted));

test('the guest is heard and spoken to through the console relay, by whoever has a ticket, once', async () => {
  const run = await runningGuest();
  const ticket = await ticketFor(run, 'serial');
  const console = await enterConsole(host.consoles, ticket);
  expect(await heartbeatOn(console)).toMatchObject({ hostname: 'labguest', device: 'vda1' });
  console.says('echo six times seven is $((6*7))\n');
  await console.hears('an answer', (heard) => /six times seven is 42/.exec(heard) ?? undefined);
  await expect(enterConsole(host.consoles, ticket)).rejects.toThrow('403');
  await expect(enterConsole(host.consoles, randomUUID())).rejects.toThrow('403');
  await console.leave();

  const screen = await enterConsole(host.consoles, await ticketFor(run, 'vnc'));
  await screen.hears('the greeting of VNC', (heard) => heard.startsWith('RFB 003.') || undefined);
  await screen.leave();
});

test('a guest that is asked to shut down, and does, was shut down by the administrator; its agent has told who it is', async () => {
  const run = await runningGuest();
  const { guest } = await host.reaches(run.vm, 'the guest agent', ({ guest: { agent, hostName } }) => agent === 'connected' && !!hostName);
  expect(guest).toMatchObject({ hostName: 'labguest', operatingSystem: { id: 'labguest' } });
  await host.change('shutdownVm', { ...which(run), reason: 'maintenance' });
  const { state } = await host.reaches(run.vm, 'the end', is('ended'));
  expect(state).toEqual({ kind: 'ended', exit: 'admin_shutdown' });
});

test('a guest that powers itself off was shut down by nobody but itself, and its console ends with it', async () => {
  const run = await runningGuest();
  const console = await serialOf(run);
  await heartbeatOn(console);
  console.says('poweroff -f\n');
  const { state } = await host.reaches(run.vm, 'the end', is('ended'));
  expect(state).toEqual({ kind: 'ended', exit: 'guest_shutdown' });
  await console.ended;
});

test('a guest does not notice that libvirtd dies; its host knows the same run again when libvirtd is back', async () => {
  const run = await runningGuest();
  const before = await heartbeatOn(await serialOf(run));
  await host.libvirtd.crash();
  await expectError(host.change('pauseVm', which(run)), 'hypervisor_unreachable');
  await host.libvirtd.restart();
  expect(await host.reaches(run.vm, 'the run', is('running'))).toMatchObject({ run: run.run });
  const console = await serialOf(run);
  const after = await heartbeatOn(console, ({ count }) => count > before.count);
  expect(after.boot).toBe(before.boot);
  await console.leave();
});

test('a QEMU that died while libvirtd was not there has crashed, as libvirt finds on its return', async () => {
  const run = quietRun();
  started.push(run);
  await host.change('startVm', run);
  await host.libvirtd.crash();
  process.kill(await processOfVm(run.vm), 'SIGKILL');
  await host.libvirtd.restart();
  const { state } = await host.reaches(run.vm, 'the end', is('ended'));
  expect(state).toMatchObject({ kind: 'ended', exit: 'crashed' });
});

test('after a host lost its power, a run of which libvirt remembers nothing but the definition is lost', async () => {
  const run = quietRun();
  started.push(run);
  await host.change('startVm', run);
  await host.killAgent();
  await host.libvirtd.crash();
  process.kill(await processOfVm(run.vm), 'SIGKILL');
  // A reboot empties /run.
  await rm(join(host.libvirtd.state, 'run/qemu'), { recursive: true });
  await host.libvirtd.restart();
  await host.startAgent();
  const { state } = await host.reaches(run.vm, 'the end', is('ended'));
  expect(state).toMatchObject({ kind: 'ended', exit: 'lost' });
});

test.each(['before:startVm', 'after:startVm'])(
  'an agent that is killed %s has started the run once when it is asked again',
  async (point) => {
    const { disk, ...run } = await host.guestRun();
    const operation = randomUUID();
    await host.killAgent();
    await host.startAgent(point);
    await host.useStorage();
    await expectError(host.change('startVm', run, operation), 'unreachable');
    await host.agentEnded();
    const up = await processOfVm(run.vm).catch(() => undefined);
    expect(up !== undefined).toBe(point.startsWith('after'));

    await host.startAgent();
    await host.useStorage();
    expect(await host.change('startVm', run, operation)).toMatchObject({ run: run.run, state: { kind: 'running' } });
    if (up !== undefined) expect(await processOfVm(run.vm)).toBe(up);
    await expectError(host.change('extendVolume', { ...disk, capacity: 2 ** 27 }), 'volume_in_use');
    await end(run);
    expect(await host.change('extendVolume', { ...disk, capacity: 2 ** 27 })).toMatchObject({ capacity: 2 ** 27 });
  },
);

test('a guest that was saved goes on where it stood, with what was plugged in; a restarted agent gives back what it holds', async () => {
  const run = await runningGuest();
  const plugged = await host.newVolume();
  await host.reaches(run.vm, 'the guest agent', ({ guest }) => guest.agent === 'connected');
  await host.change('plugDisk', { ...which(run), disk: diskOn(plugged) });
  const before = await heartbeatOn(await serialOf(run));
  const { guest } = await host.reaches(run.vm, 'what its agent knows', ({ guest: { fileSystems } }) => fileSystems !== undefined);
  expect(guest.agentVersion).toMatch(/^\d/);
  expect(guest.users).toEqual([]);
  expect(guest.fileSystems).toMatchObject([{ mountPoint: '/mnt', type: 'ext4' }]);

  const memory = await host.newVolume({ format: 'raw', content: 'memory_dump' });
  const { task } = await host.change('saveVm', { ...which(run), memory });
  await host.reaches(run.vm, 'the end', is('ended'));
  await expect.poll(async () => (await host.client().call('taskState', { task })).state.kind, { timeout: 30_000 }).toBe('done');
  await host.change('acknowledgeEnd', which(run));

  const { disk: _boot, ...spec } = run;
  const again = { ...spec, run: randomUUID(), disks: [...run.disks, diskOn(plugged)] };
  started.push(again);
  expect(await host.change('restoreVm', { ...again, saved: memory })).toMatchObject({ run: again.run, state: { kind: 'paused' } });
  await host.killAgent();
  await host.startAgent();
  await host.useStorage();
  await host.reaches(run.vm, 'the run', is('paused'));
  await host.change('resumeVm', which(again));
  const after = await heartbeatOn(await serialOf(again), ({ count }) => count > before.count);
  expect(after.boot).toBe(before.boot);
  await expect
    .poll(() => host.change('extendVolume', { ...plugged, capacity: 2 ** 27 }).catch((error: { code: string }) => error.code), { timeout: 10_000 })
    .toBe('volume_in_use');
  await end(again);
  await host.change('extendVolume', { ...plugged, capacity: 2 ** 27 });
}, 150_000);

test('what is over leaves neither domain nor firmware variables, and nobody holds its volumes', async () => {
  const { disk, ...run } = await host.guestRun();
  const uefi = { ...run, firmware: 'q35_ovmf' } as const;
  await host.change('startVm', uefi);
  expect(await host.libvirtd.virsh(['list', '--all', '--uuid'])).toContain(run.vm);
  await end(run);
  expect(await host.libvirtd.virsh(['list', '--all', '--uuid'])).not.toContain(run.vm);
  const { task } = await host.change('removeImage', { domain: disk.domain, image: disk.image, wipe: false });
  await expect.poll(async () => (await host.client().call('taskState', { task })).state.kind, { timeout: 30_000 }).toBe('done');
});
