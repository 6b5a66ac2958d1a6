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
