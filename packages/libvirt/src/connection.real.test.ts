/** Against a real libvirtd: the test driver for what needs no hypervisor, QEMU without acceleration for the rest. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from './connection.ts';
import { connect } from './connection.ts';
import type { DomainEvent } from './domain-events.ts';
import { domainEvents } from './domain-events.ts';
import type { DomainEventName } from './domain-events.ts';
import { domainState } from './domain-state.ts';
import { isLibvirtError } from './errors.ts';
import { affect, agentTimeout, createDomain, domainXml, listDomains, metadataType, openConsole, statsTypes } from './flags.ts';
import { nodeCpuStats, nodeMemoryStats } from './node-stats.ts';
import type { PrivateLibvirtd } from './private-libvirtd.test-support.ts';
import { startPrivateLibvirtd } from './private-libvirtd.test-support.ts';
import { readAll } from './stream.ts';
import { bigintParam, numberParam, paramsByName, stringParam } from './typed-params.ts';

let libvirtd: PrivateLibvirtd;
let libvirt: Connection;

const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => new Error(`It did not reject but gave ${String(value)}`),
    (error: unknown) => error,
  );

const emulatorOf = async (name: string) => Number(await readFile(join(libvirtd.directory, 'run', 'qemu', `${name}.pid`), 'utf8'));

beforeAll(async () => {
  libvirtd = await startPrivateLibvirtd({ conf: 'keepalive_interval = 1\nkeepalive_count = 1' });
});
afterAll(() => libvirtd.stop());

describe('test:///default', () => {
  beforeAll(async () => {
    libvirt = await connect(libvirtd, { uri: 'test:///default' });
  });
  afterAll(() => libvirt.close());

  test('tells about itself', async () => {
    expect(await libvirt.call('connectGetType')).toBe('TEST');
    expect(await libvirt.call('connectGetURI')).toBe('test:///default');
    expect(await libvirt.call('connectGetLibVersion')).toBeGreaterThanOrEqual(9_000_000n);
    expect(await libvirt.call('connectIsSecure')).toBe(true);
    expect(await libvirt.call('nodeGetInfo')).toMatchObject({ model: 'i686', memory: 3_145_728n, cpus: 16, nodes: 2, threads: 2 });
    expect(await libvirt.call('connectGetCapabilities')).toContain('<capabilities>');
  });

  test('has one domain, found by any name', async () => {
    const { domains } = await libvirt.call('connectListAllDomains', {});
    expect(domains).toEqual([{ name: 'test', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 1 }]);
    const [dom] = domains;
    expect(await libvirt.call('domainLookupByUUID', { uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f' })).toEqual(dom);
    expect(await libvirt.call('domainLookupByName', { name: 'test' })).toEqual(dom);
    expect(await libvirt.call('domainLookupByID', { id: 1 })).toEqual(dom);
    expect(await libvirt.call('connectListAllDomains', { flags: listDomains.inactive })).toEqual({ domains: [], ret: 0 });
  });

  test('what does not exist is a refusal with a reason', async () => {
    expect(isLibvirtError(await rejection(libvirt.call('domainLookupByUUID', { uuid: randomUUID() })), 'noDomain')).toBe(true);
    expect(isLibvirtError(await rejection(libvirt.call('networkLookupByName', { name: 'nowhere' })), 'noNetwork')).toBe(true);
    expect(isLibvirtError(await rejection(libvirt.call('domainDefineXMLFlags', { xml: '<domain' })), 'xmlDetail', 'xmlError')).toBe(true);
  });

  test('a domain goes through its states, and refuses what its state forbids', async () => {
    const dom = await libvirt.call('domainLookupByName', { name: 'test' });
    await libvirt.call('domainSuspend', { dom });
    expect(domainState(await libvirt.call('domainGetState', { dom }))).toEqual({ state: 'paused', reason: 'user' });
    await libvirt.call('domainResume', { dom });
    expect(domainState(await libvirt.call('domainGetState', { dom }))).toEqual({ state: 'running', reason: 'unpaused' });
    expect(await rejection(libvirt.call('domainCreateWithFlags', { dom }))).toMatchObject({
      message: expect.stringContaining('already running'),
    });
    expect(await libvirt.call('domainGetInfo', { dom })).toMatchObject({ state: 1, maxMem: 8_388_608n, memory: 2_097_152n, nrVirtCpu: 2 });
    expect(await libvirt.call('domainGetHostname', { dom })).toBe('testhost');
    expect(await libvirt.call('domainGetVcpus', { dom, maxinfo: 2, maplen: 2 })).toMatchObject({ info: [{ number: 0 }, { number: 1 }] });
    expect((await libvirt.call('domainInterfaceAddresses', { dom, source: 0 }))[0]?.addrs[0]).toMatchObject({ type: 0, prefix: 24 });
    expect((await libvirt.call('domainGetFSInfo', { dom })).info.map(({ mountpoint }) => mountpoint)).toEqual(['/', '/boot']);
  });

  test('networks are defined, started, stopped and forgotten', async () => {
    const net = await libvirt.call('networkDefineXML', {
      xml: '<network><name>ostler</name><ip address="10.99.0.1" netmask="255.255.255.0"/></network>',
    });
    await libvirt.call('networkCreate', { net });
    await libvirt.call('networkSetAutostart', { net, autostart: true });
    expect(await libvirt.call('networkIsActive', { net })).toBe(true);
    expect((await libvirt.call('connectListAllNetworks', {})).nets.map(({ name }) => name).toSorted()).toEqual(['default', 'ostler']);
    expect(await libvirt.call('networkGetXMLDesc', { net })).toContain('10.99.0.1');
    expect(await libvirt.call('networkLookupByUUID', { uuid: net.uuid })).toEqual(net);
    await libvirt.call('networkDestroy', { net });
    await libvirt.call('networkUndefine', { net });
    expect(isLibvirtError(await rejection(libvirt.call('networkLookupByName', { name: 'ostler' })), 'noNetwork')).toBe(true);
  });

  test('a thousand calls share the connection', async () => {
    const dom = await libvirt.call('domainLookupByName', { name: 'test' });
    const states = await Promise.all(Array.from({ length: 1000 }, () => libvirt.call('domainGetState', { dom })));
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set([1]));
  });

  test('the screen’s picture comes as a stream', async () => {
    const dom = await libvirt.call('domainLookupByName', { name: 'test' });
    const { answer, stream } = await libvirt.openStream('domainScreenshot', { dom });
    expect(answer).toBe('image/png');
    const picture = await readAll(stream, 1_000_000);
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    expect(picture.includes('IEND')).toBe(true);
  });

  test('libvirtd answers our keepalives', async () => {
    const quiet = await connect(libvirtd, { uri: 'test:///default', keepalive: { interval: 30, count: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await quiet.call('connectGetType')).toBe('TEST');
    await quiet.close();
  });

  test('libvirtd, which drops a client that leaves its keepalives unanswered for two seconds, keeps us', async () => {
    const quiet = await connect(libvirtd, { uri: 'test:///default', keepalive: { interval: 60_000, count: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(await quiet.call('connectGetType')).toBe('TEST');
    await quiet.close();
  });
});

describe('qemu:///system', () => {
  const uuid = randomUUID();
  const xml = `
    <domain type='qemu'>
      <name>tiny</name><uuid>${uuid}</uuid>
      <memory unit='MiB'>32</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='pc'>hvm</type><bios useserial='yes'/></os>
      <features><acpi/></features>
      <on_poweroff>destroy</on_poweroff>
      <devices>
        <emulator>/usr/bin/qemu-system-x86_64</emulator>
        <serial type='pty'/><console type='pty'/>
        <graphics type='vnc' listen='127.0.0.1' autoport='yes'/><video><model type='vga'/></video>
        <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      </devices>
    </domain>`;
  const events: DomainEvent[] = [];
  const watched = Object.keys(domainEvents) as DomainEventName[];

  const lifecycle = () =>
    events.flatMap((event) => (event.event === 'lifecycle' && event.dom.uuid === uuid ? [`${event.type} ${event.detail}`] : []));

  async function untilSeen(what: string): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!lifecycle().includes(what)) {
      if (performance.now() > deadline) throw new Error(`No event "${what}", only ${JSON.stringify(lifecycle())}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  beforeAll(async () => {
    libvirt = await connect(libvirtd, { uri: 'qemu:///system' });
    libvirt.onEvent((event) => events.push(event));
    await libvirt.watch(watched);
  });
  afterAll(() => libvirt.close());

  test('the host is described', async () => {
    expect(await libvirt.call('connectGetVersion')).toBeGreaterThanOrEqual(7_000_000n);
    expect((await libvirt.call('connectGetHostname')).length).toBeGreaterThan(0);
    expect(await libvirt.call('connectGetDomainCapabilities', { arch: 'x86_64', machine: 'q35', virttype: 'qemu' })).toContain(
      '<domainCapabilities>',
    );
    const memory = await nodeMemoryStats(libvirt);
    expect(memory.get('total')).toBeGreaterThan(memory.get('free') ?? 0n);
    expect((await nodeCpuStats(libvirt)).get('idle')).toBeGreaterThan(0n);
  });

  test('a domain is defined, started, watched, changed, stopped and forgotten, and every step is told', async () => {
    const dom = await libvirt.call('domainDefineXMLFlags', { xml });
    expect(dom).toEqual({ name: 'tiny', uuid, id: -1 });
    expect(domainState(await libvirt.call('domainGetState', { dom }))).toEqual({ state: 'shutoff', reason: 'unknown' });
    expect(await libvirt.call('domainIsPersistent', { dom })).toBe(true);

    const running = await libvirt.call('domainCreateWithFlags', { dom, flags: createDomain.paused });
    expect(running.id).toBeGreaterThan(0);
    expect(domainState(await libvirt.call('domainGetState', { dom }))).toEqual({ state: 'paused', reason: 'user' });
    expect(await libvirt.call('domainIsActive', { dom })).toBe(true);

    const { stream } = await libvirt.openStream('domainOpenConsole', { dom, flags: openConsole.force });
    await libvirt.call('domainResume', { dom });
    let console = '';
    for await (const chunk of stream) {
      console += chunk.toString('latin1');
      if (console.includes('SeaBIOS')) break;
    }
    expect(console).toContain('SeaBIOS');

    const namespace = 'https://ostler.example/run';
    const element = { dom, type: metadataType.element, uri: namespace };
    expect(isLibvirtError(await rejection(libvirt.call('domainGetMetadata', element)), 'noDomainMetadata')).toBe(true);
    await libvirt.call('domainSetMetadata', {
      ...element,
      metadata: '<run id="4711"/>',
      key: 'ostler',
      flags: affect.live | affect.config,
    });
    expect(await libvirt.call('domainGetMetadata', element)).toContain('4711');

    const stats = await libvirt.call('connectGetAllDomainStats', {
      stats: statsTypes.state | statsTypes.cpuTotal | statsTypes.balloon | statsTypes.vcpu,
    });
    const params = paramsByName(stats.find((record) => record.dom.uuid === uuid)?.params ?? []);
    expect(numberParam(params, 'state.state')).toBe(1);
    expect(bigintParam(params, 'cpu.time')).toBeGreaterThan(0n);
    expect(numberParam(params, 'balloon.maximum')).toBe(32 * 1024);
    expect(stringParam(params, 'state.state')).toBeUndefined();

    expect(await libvirt.call('domainGetControlInfo', { dom })).toMatchObject({ state: 0 });
    expect(await libvirt.call('domainGetXMLDesc', { dom })).toContain("<bios useserial='yes'/>");
    expect(
      isLibvirtError(
        await rejection(libvirt.call('qemuDomainAgentCommand', { dom, cmd: '{"execute":"guest-ping"}', timeout: agentTimeout.default })),
      ),
    ).toBe(true);
    expect(isLibvirtError(await rejection(libvirt.call('domainGetGuestInfo', { dom })), 'agentUnresponsive')).toBe(true);
    expect(isLibvirtError(await rejection(libvirt.call('domainAbortJob', { dom })), 'operationInvalid')).toBe(true);

    const { answer, stream: picture } = await libvirt.openStream('domainScreenshot', { dom });
    expect(answer).toMatch(/^image\//);
    expect((await readAll(picture, 8_000_000)).length).toBeGreaterThan(1000);

    const controller = "<controller type='scsi' index='1' model='virtio-scsi'><alias name='ua-plug'/></controller>";
    await libvirt.call('domainAttachDeviceFlags', { dom, xml: controller, flags: affect.live | affect.config });
    expect(await libvirt.call('domainGetXMLDesc', { dom })).toContain('ua-plug');
    await libvirt.call('domainDetachDeviceFlags', { dom, xml: controller, flags: affect.config });
    expect(await libvirt.call('domainGetXMLDesc', { dom, flags: domainXml.inactive })).not.toContain('virtio-scsi');

    await libvirt.call('domainReset', { dom });
    await libvirt.call('domainSuspend', { dom });
    await libvirt.call('domainDestroyFlags', { dom });
    expect(domainState(await libvirt.call('domainGetState', { dom }))).toEqual({ state: 'shutoff', reason: 'destroyed' });
    await libvirt.call('domainUndefineFlags', { dom });
    await untilSeen('undefined removed');
    expect(lifecycle().filter((seen) => !seen.startsWith('shutdown'))).toEqual([
      'defined added',
      'started booted',
      'suspended paused',
      'resumed unpaused',
      'suspended paused',
      'stopped destroyed',
      'undefined removed',
    ]);
    expect(events.some((event) => event.event === 'reboot' && event.dom.uuid === uuid)).toBe(true);
  });

  test('a QEMU that is killed is a domain that failed, and its console ends', async () => {
    events.length = 0;
    const dom = await libvirt.call('domainCreateXML', { xml });
    const { stream } = await libvirt.openStream('domainOpenConsole', { dom });
    const reading = readAll(stream, 1_000_000).catch((error: unknown) => error);
    process.kill(await emulatorOf(dom.name), 'SIGKILL');
    await untilSeen('stopped failed');
    expect(await reading).toBeDefined();
    expect(isLibvirtError(await rejection(libvirt.call('domainGetState', { dom })), 'noDomain')).toBe(true);
  });

  test('a libvirtd that dies is noticed at once', async () => {
    const own = await startPrivateLibvirtd();
    const doomed = await connect(own, { uri: 'test:///default' });
    process.kill(own.pid, 'SIGKILL');
    expect(await doomed.closed).toMatchObject({ kind: 'lost' });
    await own.stop();
  });
});
