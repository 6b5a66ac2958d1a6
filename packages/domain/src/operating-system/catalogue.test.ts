import { expect, test } from 'vitest';
import { operatingSystem, operatingSystemExists, operatingSystems } from './catalogue.ts';

test('every system that the documentation names can be selected', () => {
  const keys = operatingSystems.map((system) => system.name).join('\n');
  for (const version of [3, 4, 5, 6, 7, 8]) expect(keys).toContain(`Red Hat Enterprise Linux ${version}`);
  for (const version of ['2008', '2008 R2', '2012', '2012R2', '2016', '2019', '7', '8', '8.1', '10'])
    expect(keys).toContain(`Windows ${version}`);
  for (const version of [10, 11, 12, 15]) expect(keys).toContain(`SUSE Linux Enterprise Server ${version}`);
});

test('keys and numbers are each given once', () => {
  expect(new Set(operatingSystems.map((system) => system.number)).size).toBe(operatingSystems.length);
  expect(operatingSystemExists('rhel_8x64')).toBe(true);
  expect(operatingSystemExists('constructor')).toBe(false);
});

test('what is ours is marked, and does not take a number of RHV', () => {
  for (const system of operatingSystems) expect(system.ours).toBe(system.number >= 5000);
});

test('Windows gets sysprep, CoreOS ignition, the rest cloud-init', () => {
  expect(operatingSystem('windows_2019x64')?.initialization).toBe('sysprep');
  expect(operatingSystem('rhcos_x64')?.initialization).toBe('ignition');
  expect(operatingSystem('debian_9')?.initialization).toBe('cloud_init');
});

test('Windows 11 needs a TPM and two CPUs, and old systems hang on what they have drivers for', () => {
  expect(operatingSystem('windows_11')).toMatchObject({ tpm: 'required', minimumVcpus: 2, answerFile: 'Unattend.xml' });
  expect(operatingSystem('windows_xp')).toMatchObject({ q35: 'no', answerFile: 'sysprep.inf', defaults: { disk: 'ide', nic: 'rtl8139' } });
  expect(operatingSystem('rhel_4x64')?.defaults.disk).toBe('ide');
  for (const { disks, defaults, q35 } of operatingSystems) {
    if (disks === 'without_scsi') expect(defaults.disk).not.toBe('virtio_scsi');
    if (defaults.disk === 'ide') expect(q35).toBe('no');
  }
});

test('the table of RHV 4.4, by some of its rows', () => {
  expect(operatingSystem('rhel_5')).toMatchObject({
    number: 7,
    bits: 32,
    memory: { minimum: 512, maximum: 16_384 },
    q35: 'no',
    legacyVirtio: true,
  });
  expect(operatingSystem('rhel_8x64')).toMatchObject({ number: 30, tpm: 'supported', sound: { q35: 'ich6' }, legacyVirtio: false });
  expect(operatingSystem('windows_7x64')).toMatchObject({ number: 12, q35: 'without_secure_boot', memory: { maximum: 196_608 } });
  expect(operatingSystem('windows_10x64')?.cpusRefused).toEqual(['conroe', 'penryn', 'nehalem', 'opteron_g1']);
  expect(operatingSystem('sles_11')).toMatchObject({ number: 1193, sound: { i440fx: 'ich6', q35: 'ich9' } });
});
