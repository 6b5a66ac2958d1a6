import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exampleSpec } from './example.test-support.ts';
import { readDomain } from './read.ts';
import type { DiskSpec, DomainSpec } from './spec.ts';
import { diskXml, domainXml } from './write.ts';

test('what is written is read back: identity, run, volumes and devices', () => {
  const facts = readDomain(domainXml(exampleSpec));
  expect(facts).toMatchObject({
    id: exampleSpec.id,
    name: 'web & <co>',
    vcpus: 2,
    maximumVcpus: 4,
    memory: 256 * 1024 ** 2,
    ours: { instance: 'test', vm: exampleSpec.id, run: exampleSpec.run },
  });
  expect(facts.ours?.volumes).toEqual(exampleSpec.disks.map((disk) => ({ disk: disk.disk, ...disk.volume, write: !disk.readOnly })));
  expect(facts.disks.map((disk) => [disk.disk, disk.target])).toEqual([
    ['cd', 'sdzz'],
    [exampleSpec.disks[0]?.disk, 'vda'],
    [exampleSpec.disks[1]?.disk, 'sda'],
  ]);
  expect(facts.nics).toMatchObject([{ nic: exampleSpec.nics[0]?.nic, mac: '56:6f:00:00:00:01' }]);
});

test('no volume is ever relabelled, and QEMU runs as the owner of the volumes', () => {
  const xml = domainXml(exampleSpec);
  expect(xml.match(/<seclabel model='dac' relabel='no'\/>/g)).toHaveLength(2);
  expect(xml).toContain('<label>+36:+36</label>');
});

test('no graphics means none at all', () => {
  const xml = domainXml({ ...exampleSpec, graphics: [] });
  expect(xml).not.toContain('<graphics');
  expect(xml).toContain("<model type='none'/>");
});

test('software emulation gets few CPU places more than it uses', () => {
  expect(domainXml(exampleSpec)).toContain("<vcpu current='2'>4</vcpu>");
  expect(domainXml({ ...exampleSpec, cpu: { ...exampleSpec.cpu, maximum: 2 } })).toContain("<vcpu current='2'>2</vcpu>");
  expect(domainXml({ ...exampleSpec, accelerator: 'kvm' })).toContain("<vcpu current='2'>16</vcpu>");
});

test('the bootable disk boots before other disks, and kinds boot in the order that is asked for', () => {
  const order = (spec: DomainSpec) => [...domainXml(spec).matchAll(/<boot order='(\d+)'/g)].map((found) => Number(found[1]));
  const [cd, first, second, nic] = order({ ...exampleSpec, disks: exampleSpec.disks.toReversed() });
  expect(new Set([cd, first, second, nic]).size).toBe(4);
  expect(Math.max(first ?? 0, second ?? 0)).toBeLessThan(cd ?? 0);
  expect(cd).toBeLessThan(nic ?? 0);
  expect(second).toBe(1);
  expect(order({ ...exampleSpec, boot: ['network'] })).toEqual([1]);
});

test('every name that a person can give survives the XML', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => /^[^\p{C}\s]+$/u.test(name)),
      (name) => {
        expect(readDomain(domainXml({ ...exampleSpec, name })).name).toBe(name);
      },
    ),
  );
});

test('disks of one bus get different names, however many there are', () => {
  const [template] = exampleSpec.disks;
  if (!template) throw new Error('no disk');
  const many = (count: number, interfaceName: DiskSpec['interface']) =>
    Array.from({ length: count }, (_one, index): DiskSpec => ({
      ...template,
      disk: `${String(index).padStart(8, '0')}-1111-4222-8333-944455566677`,
      interface: interfaceName,
      bootable: index === 0,
    }));
  for (const [count, bus] of [
    [40, 'virtio'],
    [3, 'ide'],
    [30, 'virtio_scsi'],
  ] as const) {
    const names = readDomain(domainXml({ ...exampleSpec, chipset: bus === 'ide' ? 'i440fx' : 'q35', disks: many(count, bus) })).disks.map(
      (disk) => disk.target,
    );
    expect(new Set(names).size).toBe(count + 1);
  }
  expect(diskXml(template, exampleSpec)).toContain("<target dev='vda' bus='virtio'/>");
});
