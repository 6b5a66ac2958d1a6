import { expect, test } from 'vitest';
import { usbOf, videoOf } from './display.ts';
import { blankHardware, changed, type Hardware, type HardwareWish, type VmType } from './hardware.ts';
import { hardwareProblems } from './hardware-problems.ts';
import { presetFor, recommendationsFor, wishOver } from './presets.ts';

const made = (type: VmType, wish: HardwareWish = {}, hosts: string[] = []): Hardware =>
  changed(blankHardware, wishOver({ ...wish, type, placement: { hosts, ...wish.placement } }, presetFor(type, hosts).hardware));

test('Desktop: USB devices, the smart card, a thin image, stateless', () => {
  const desktop = made('desktop');
  expect(usbOf(desktop)).toBe('redirection');
  expect(desktop).toMatchObject({ display: { smartcard: true }, stateless: true });
  expect(presetFor('desktop', []).disks).toBe('thin');
});

test('Server: no sound, a cloned image, not stateless', () => {
  const desktop = made('desktop');
  const server = changed(desktop, wishOver({ type: 'server' }, presetFor('server', []).hardware));
  expect(server).toMatchObject({ soundcard: false, stateless: false });
  expect(presetFor('server', []).disks).toBe('clone');
});

test('High Performance: each line of the documentation', () => {
  const fast = made('high_performance');
  expect(videoOf(fast)).toBe('none');
  expect(usbOf(fast)).toBe('none');
  expect(fast).toMatchObject({
    display: { protocols: [], smartcard: false },
    serialConsole: true,
    soundcard: false,
    cpu: { mode: 'host_passthrough' },
    placement: { affinity: 'pinned' },
    ioThreads: 1,
    memory: { ballooning: false },
    watchdog: null,
    rng: { source: 'urandom' },
    multiQueues: true,
    highAvailability: { enabled: false },
  });
  expect(presetFor('high_performance', []).disks).toBe('clone');
});

test('a high performance VM is highly available where hosts are chosen', () => {
  expect(made('high_performance', {}, ['a']).highAvailability.enabled).toBe(true);
  expect(made('high_performance', { highAvailability: { enabled: false } }, ['a']).highAvailability.enabled).toBe(false);
});

test('what is said stands above the preset', () => {
  expect(made('desktop', { soundcard: false, display: { smartcard: false } })).toMatchObject({
    soundcard: false,
    display: { smartcard: false, protocols: ['spice', 'vnc'] },
  });
});

test('no preset makes a VM that is refused', () => {
  for (const type of ['desktop', 'server', 'high_performance'] as const) expect(hardwareProblems(made(type))).toBeUndefined();
});

const codes = (hardware: Hardware, ksm = false) =>
  recommendationsFor({ hardware, cluster: { name: 'Default', ksm } }).map(({ code }) => code);

test('a high performance VM is told what would make it faster, and whoever is not one is told nothing', () => {
  expect(codes(blankHardware, true)).toEqual([]);
  expect(codes(made('high_performance'), true)).toEqual(['recommend_hosts', 'recommend_numa', 'recommend_no_ksm', 'recommend_huge_pages']);
  const node = { id: 'x', index: 0, memory: 2 ** 28, vcpus: [0], mode: 'strict', hostNodes: [] } as const;
  const placed = made('high_performance', { numaNodes: [node], customProperties: { hugepages: '2048' } }, ['a']);
  expect(codes(placed)).toEqual(['recommend_cpu_pinning', 'recommend_numa_pinning']);
  expect(codes(changed(placed, { cpu: { autoPinning: true } }))).toEqual([]);
});
