import { expect, test } from 'vitest';
import { exampleSpec } from './example.test-support.ts';
import {
  cdDevice,
  diskDevice,
  freeTarget,
  hasScsiController,
  metadataWith,
  metadataWithout,
  nicDevice,
  restoredXml,
  withConnection,
  withMedium,
} from './plug.ts';
import { readDomain } from './read.ts';
import { diskXml, domainXml } from './write.ts';

const [first] = exampleSpec.disks;
const [nic] = exampleSpec.nics;
if (!first || !nic) throw new Error('The example has a disk and a NIC');

test('a device is found by the id that it was plugged in with, whole', () => {
  const xml = domainXml(exampleSpec);
  expect(diskDevice(xml, first.disk)).toMatch(/^<disk [\s\S]*<serial>[\s\S]*<\/disk>$/);
  expect(nicDevice(xml, nic.nic)).toContain(nic.mac);
  expect(diskDevice(xml, 'nobody')).toBeUndefined();
});

test('a disk that is plugged in gets a name that none has', () => {
  expect(freeTarget({ interface: 'virtio' }, ['vda', 'vdc', 'sdb'])).toBe('vdb');
  expect(freeTarget({ interface: 'virtio_scsi' }, ['vda'])).toBe('sda');
  expect(diskXml({ ...first, target: 'vdz' }, exampleSpec)).toContain("dev='vdz'");
  expect(hasScsiController('<controller type="usb"/>')).toBe(false);
});

test('a medium comes into the drive and out of it, and nothing else of the drive changes', () => {
  const drive = cdDevice(domainXml({ ...exampleSpec, cd: {} })) ?? '';
  const full = withMedium(drive, '/data/it&1.iso');
  expect(full).toContain("<source file='/data/it&amp;1.iso' startupPolicy='optional'>");
  expect(withMedium(full, '/data/2.iso')).not.toContain('it&amp;1');
  expect(withMedium(full, undefined).replaceAll(/\s+/g, '')).toBe(drive.replaceAll(/\s+/g, ''));
});

test('a NIC moves to another network and loses its cable; the kind of its connection it keeps', () => {
  const device = nicDevice(domainXml(exampleSpec), nic.nic) ?? '';
  const moved = withConnection(device, { source: { kind: 'network', name: 'other' }, linked: false });
  expect(moved).toContain("<source network='other'/>");
  expect(moved).toContain("<link state='down'/>");
  expect(withConnection(device, { source: { kind: 'bridge', name: 'br0' }, linked: true })).toBeUndefined();
  expect(withConnection(device, { source: undefined, linked: true })).toBeUndefined();
});

test('the metadata name a volume once, and no longer than the run holds it', () => {
  const xml = domainXml(exampleSpec);
  const more = metadataWith(xml, { disk: 'aaaa', volume: { domain: 'd', image: 'i', volume: 'v' }, readOnly: true }) ?? '';
  expect(more).toContain("<disk id='aaaa' domain='d' image='i' volume='v' write='no'/>");
  expect(more).not.toContain('ostler:');
  expect(metadataWithout(xml, first.disk)).not.toContain(first.disk);
  expect(metadataWithout('<domain/>', first.disk)).toBeUndefined();
});

test('what is restored is in another run, with its volumes and its screen where this host has them', () => {
  const xml = restoredXml(domainXml(exampleSpec), {
    run: 'another-run',
    sources: new Map([[first.disk, { kind: 'file', path: "/mnt/it's here" }]]),
    vncSocket: '/run/elsewhere.sock',
    cd: undefined,
    media: [],
  });
  const facts = readDomain(xml);
  expect(facts.ours?.run).toBe('another-run');
  expect(facts.disks.find((disk) => disk.disk === first.disk)?.source).toBe("/mnt/it's here");
  expect(facts.graphics[0]?.socket).toBe('/run/elsewhere.sock');
  expect(facts.name).toBe(exampleSpec.name);
});
