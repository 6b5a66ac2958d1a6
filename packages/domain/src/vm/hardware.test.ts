import { expect, test } from 'vitest';
import { operatingSystems } from '../operating-system/catalogue.ts';
import { isRefusal } from '../reason.ts';
import { blankHardware, changed, fittingFirmware, gibibyte, mebibyte, type Hardware, type HardwareWish } from './hardware.ts';
import { hardwareProblems, type HardwareSurroundings } from './hardware-problems.ts';
import { currentHardware } from './hardware-versions.ts';

const told = (wish: HardwareWish, surroundings: HardwareSurroundings = {}): [code: string, field: string | undefined][] => {
  const refusal = hardwareProblems(changed(blankHardware, wish), surroundings);
  return refusal ? refusal.refused.map(({ code, field }) => [code, field]) : [];
};

test('Blank has nothing wrong with it', () => {
  expect(told({})).toEqual([]);
});

test('memory drags along what nobody named', () => {
  expect(changed(blankHardware, { memory: { size: 2 * gibibyte } }).memory).toMatchObject({
    size: 2 * gibibyte,
    maximum: 8 * gibibyte,
    guaranteed: 2 * gibibyte,
  });
  expect(changed(blankHardware, { memory: { size: 512 * mebibyte + 77, guaranteed: gibibyte } }).memory.size).toBe(512 * mebibyte);
});

test('null takes away what may be absent, and is a value where it stands for none', () => {
  const rich = changed(blankHardware, { machine: 'pc-q35-7.2', cpu: { model: 'Skylake-Server' }, timeZone: 'Europe/Berlin' });
  const poor = changed(rich, { machine: null, cpu: { model: null }, timeZone: null, rng: null, serialNumber: null });
  expect(poor).not.toHaveProperty('machine');
  expect(poor.cpu).not.toHaveProperty('model');
  expect(poor.rng).toBeNull();
  expect(poor).toEqual({ ...blankHardware, rng: null });
});

test('a VM that becomes high performance, or loses every console, loses its USB unless it is asked for', () => {
  expect(changed(blankHardware, { type: 'high_performance' }).usb).toBe(false);
  expect(changed(blankHardware, { type: 'high_performance', usb: true }).usb).toBe(true);
  expect(changed(blankHardware, { display: { protocols: [] } }).usb).toBe(true);
  expect(changed(blankHardware, { display: { protocols: [] }, serialConsole: false }).usb).toBe(false);
});

test('a highly available VM with a lease is killed by storage errors', () => {
  const leased = { highAvailability: { enabled: true }, lease: '1b1c2d3e-1111-4222-8333-944455566677' };
  expect(changed(blankHardware, leased).storageErrors).toBe('kill');
  expect(changed(blankHardware, { ...leased, storageErrors: 'auto_resume' }).storageErrors).toBe('kill');
});

test('a system that needs a TPM gets one, and the firmware that can carry it', () => {
  const firmware = fittingFirmware('q35_sea_bios', 'windows_11');
  const windows = changed({ ...blankHardware, firmware }, { operatingSystem: 'windows_11', cpu: { sockets: 2 } });
  expect(windows.tpm).toBe(true);
  expect(hardwareProblems(windows)).toBeUndefined();
});

test('every operating system has a firmware of its own accord on which it is a VM without fault', () => {
  for (const { key, minimumVcpus } of operatingSystems)
    for (const cluster of ['i440fx_sea_bios', 'q35_sea_bios', 'q35_ovmf', 'q35_secure_boot'] as const) {
      const base = { ...blankHardware, firmware: fittingFirmware(cluster, key) };
      const refusal = hardwareProblems(changed(base, { operatingSystem: key, cpu: { sockets: minimumVcpus } }));
      expect(refusal && [key, cluster, refusal.refused]).toBeUndefined();
    }
});

const pins = (...cpus: string[]) => cpus.map((one, vcpu) => ({ vcpu, cpus: one }));
const node = (index: number, vcpus: number[], memory = 256 * mebibyte) =>
  ({ id: `${index}`, index, vcpus, memory, mode: 'strict', hostNodes: [] }) as const;
const file = (content: string, name = 'a') => ({ name, content });

test.each<[code: string, field: string, wish: HardwareWish]>([
  ['memory_too_small', 'vm.memory', { memory: { size: 1000 } }],
  ['memory_above_maximum', 'vm.memory_policy.max', { memory: { size: gibibyte, maximum: gibibyte - mebibyte } }],
  ['guaranteed_above_memory', 'vm.memory_policy.guaranteed', { memory: { guaranteed: 2 * gibibyte } }],
  ['memory_beyond_32_bits', 'vm.memory', { operatingSystem: 'rhel_6', memory: { size: 21 * gibibyte } }],
  ['cpu_count', 'vm.cpu.topology.sockets', { cpu: { sockets: 17 } }],
  ['cpu_count', 'vm.cpu.topology.threads', { cpu: { threads: 0 } }],
  ['cpu_total', 'vm.cpu.topology', { cpu: { sockets: 16, cores: 50 } }],
  ['cpu_apic_ids', 'vm.cpu.topology', { firmware: 'i440fx_sea_bios', cpu: { cores: 130, threads: 1.5 } }],
  ['cpu_model_text', 'vm.custom_cpu_model', { cpu: { model: 'so what?' } }],
  ['cpu_model_refused', 'vm.custom_cpu_model', { operatingSystem: 'windows_10x64', cpu: { model: 'Nehalem' } }],
  ['cpu_shares', 'vm.cpu_shares', { cpu: { shares: 262_145 } }],
  ['pin_unknown_vcpu', 'vm.cpu.cpu_tune.vcpu_pins', { cpu: { pins: pins('0', '1') } }],
  ['pin_cpu_set', 'vm.cpu.cpu_tune.vcpu_pins', { cpu: { pins: pins('3-1') } }],
  ['pin_twice', 'vm.cpu.cpu_tune.vcpu_pins', { cpu: { pins: [...pins('0'), ...pins('1')] } }],
  ['numa_too_many', 'vm_numa_node', { numaNodes: [node(0, [0]), node(1, [])] }],
  ['numa_index', 'vm_numa_node.index', { numaNodes: [node(1, [0])] }],
  ['numa_cpu_twice', 'vm_numa_node.cpu.cores', { cpu: { sockets: 2 }, numaNodes: [node(0, [0]), node(1, [0])] }],
  ['numa_cpu_unknown', 'vm_numa_node.cpu.cores', { numaNodes: [node(0, [5])] }],
  ['numa_memory', 'vm_numa_node.memory', { numaNodes: [node(0, [0], 2 * gibibyte)] }],
  ['machine_text', 'vm.custom_emulated_machine', { machine: 'x'.repeat(31) }],
  ['q35_unsupported', 'vm.bios.type', { operatingSystem: 'rhel_5x64' }],
  ['secure_boot_unsupported', 'vm.bios.type', { operatingSystem: 'windows_7x64', firmware: 'q35_secure_boot' }],
  ['tpm_unsupported', 'vm.tpm_enabled', { operatingSystem: 'rhel_6x64', firmware: 'q35_ovmf', tpm: true }],
  ['tpm_needs_uefi', 'vm.tpm_enabled', { operatingSystem: 'rhel_8x64', tpm: true }],
  ['tpm_required', 'vm.tpm_enabled', { operatingSystem: 'windows_11', firmware: 'q35_ovmf', tpm: false }],
  ['cpu_too_few', 'vm.cpu.topology', { operatingSystem: 'windows_11', firmware: 'q35_ovmf' }],
  ['monitors', 'vm.display.monitors', { display: { protocols: ['spice'], monitors: 3 } }],
  ['monitors_need_spice', 'vm.display.monitors', { display: { monitors: 2 } }],
  ['video_needs_uefi', 'vm.display.video_type', { display: { video: 'bochs' } }],
  ['video_unfit', 'vm.display.video_type', { display: { video: 'vga', protocols: ['spice'] } }],
  ['keyboard_unknown', 'vm.display.keyboard_layout', { display: { keyboard: 'dvorak' } }],
  ['smartcard_needs_spice', 'vm.display.smartcard_enabled', { display: { smartcard: true } }],
  ['smartcard_needs_usb', 'vm.display.smartcard_enabled', { type: 'high_performance', display: { smartcard: true, protocols: ['spice'] } }],
  ['watchdog_architecture', 'watchdog.model', { watchdog: { model: 'diag288', action: 'reset' } }],
  ['rng_rate', 'vm.rng_device.rate', { rng: { source: 'urandom', rate: { bytes: 0 } } }],
  ['io_threads', 'vm.io.threads', { ioThreads: 128 }],
  ['scsi_queues', 'vm.virtio_scsi_multi_queues', { virtioScsiQueues: 300 }],
  ['boot_devices', 'vm.os.boot.devices', { boot: ['hd', 'hd'] }],
  ['kernel_text', 'vm.os', { kernel: { path: ' /boot/vmlinuz' } }],
  ['kernel_missing', 'vm.os.kernel', { kernel: { commandLine: 'quiet' } }],
  ['priority', 'vm.high_availability.priority', { highAvailability: { priority: 101 } }],
  ['lease_needs_ha', 'vm.lease', { lease: 'x' }],
  ['serial_number_value', 'vm.serial_number.value', { serialNumber: { policy: 'custom' } }],
  ['time_zone_unfit', 'vm.time_zone.name', { timeZone: 'GMT Standard Time' }],
  ['time_zone_unfit', 'vm.time_zone.name', { operatingSystem: 'windows_2019x64', timeZone: 'Europe/Berlin' }],
  ['downtime', 'vm.migration_downtime', { migration: { downtime: -2 } }],
  ['compatibility_unknown', 'vm.custom_compatibility_version', { compatibilityVersion: '3.6' }],
  ['payload_too_large', 'vm.payloads', { payloads: [{ type: 'cdrom', files: [file('x'.repeat(8193))] }] }],
  ['payload_name', 'vm.payloads', { payloads: [{ type: 'cdrom', files: [file('x', '../x')] }] }],
  [
    'payload_twice',
    'vm.payloads',
    {
      payloads: [
        { type: 'cdrom', files: [] },
        { type: 'cdrom', files: [] },
      ],
    },
  ],
  ['payload_floppy_chipset', 'vm.payloads', { payloads: [{ type: 'floppy', files: [] }] }],
  ['custom_property_unknown', 'vm.custom_properties', { customProperties: { nonsense: '1' } }],
  ['custom_property_value', 'vm.custom_properties', { customProperties: { viodiskcache: 'always' } }],
  ['operating_system_unknown', 'vm.os.type', { operatingSystem: 'beos' }],
])('%s is told at %s', (code, field, wish) => {
  expect(told(wish)).toContainEqual([code, field]);
});

test('an administrator defines custom properties, and the cluster says where random numbers come from', () => {
  expect(told({ customProperties: { rack: 'a7' } }, { properties: { rack: '^[a-z][0-9]$' } })).toEqual([]);
  expect(told({ customProperties: { rack: '77' } }, { properties: { rack: '^[a-z][0-9]$' } })).toHaveLength(1);
  const hardware = { rng: { source: 'hwrng' } } as const;
  expect(told(hardware, { rngSources: ['urandom', 'random'] })).toEqual([['rng_source_unsupported', 'vm.rng_device.source']]);
  expect(told(hardware, { rngSources: ['urandom', 'hwrng'] })).toEqual([]);
});

test('a document of the first version is read as what it meant', () => {
  const { size, maximum, guaranteed, ballooning } = blankHardware.memory;
  const first = {
    schema: 1,
    type: 'desktop',
    operatingSystem: 'rhel_8x64',
    memory: { size, maximum, guaranteed, ballooning },
    cpu: { sockets: 2, cores: 1, threads: 1, mode: 'custom' },
    firmware: 'q35_ovmf',
    boot: ['cdrom', 'hd'],
    bootMenu: true,
    display: { type: 'spice', monitors: 2 },
    serialConsole: false,
    soundcard: true,
    usb: true,
    rng: null,
    ioThreads: 0,
    multiQueues: false,
    virtioScsi: true,
    highAvailability: { enabled: true, priority: 50 },
    stateless: false,
    startPaused: false,
    customProperties: {},
  } as const;
  const now: Hardware = currentHardware(first);
  expect(now).toMatchObject({ schema: 2, cpu: { sockets: 2, pins: [], shares: 0 }, display: { protocols: ['spice'], monitors: 2 } });
  expect(isRefusal(hardwareProblems(now))).toBe(false);
  expect(currentHardware({ ...first, display: { type: 'none', monitors: 1 } }).display.protocols).toEqual([]);
  expect(currentHardware(now)).toBe(now);
});
