import { expect, test } from 'vitest';
import { exampleSpec } from './example.test-support.ts';
import type { DomainSpec } from './spec.ts';
import { domainXml } from './write.ts';

const xmlOf = (different: Partial<DomainSpec>) => domainXml({ ...exampleSpec, ...different });

test('SPICE carries USB devices and smart cards, each screen of QXL has memory of its own', () => {
  const screen = { ...exampleSpec.screen, video: 'qxl', monitors: 2, keyboard: 'de', copyPaste: false, fileTransfer: false } as const;
  const xml = xmlOf({ graphics: ['spice'], usb: 'redirection', smartcard: true, screen });
  expect(xml.match(/<redirdev bus='usb' type='spicevmc'\/>/g)).toHaveLength(4);
  expect(xml).toContain("<smartcard mode='passthrough' type='spicevmc'/>");
  expect(xml).toContain("<model type='qxl' ram='131072' vram='65536' vgamem='32768' heads='2' primary='yes'/>");
  expect(xml).toContain("<clipboard copypaste='no'/>");
  expect(xml).toContain("<filetransfer enable='no'/>");
  expect(xml).toContain("keymap='de'");
});

test('a VM without SPICE has neither, whatever it was promised', () => {
  const xml = xmlOf({ graphics: ['vnc'], usb: 'redirection', smartcard: true });
  expect(xml).not.toContain('spicevmc');
  expect(xml).toContain("<controller type='usb' index='0' model='qemu-xhci' ports='8'/>");
});

test('no USB is no controller at all', () => {
  expect(xmlOf({ usb: 'none' })).toContain("<controller type='usb' index='0' model='none'/>");
});

test('pins, shares, and the place of the threads of QEMU', () => {
  const xml = xmlOf({
    cpu: { ...exampleSpec.cpu, pins: [{ vcpu: 0, cpus: '0' }, { vcpu: 1, cpus: '1-3' }], shares: 512 }, // prettier-ignore
    threadPlace: '0-1',
    ioThreads: 2,
  });
  expect(xml).toContain('<shares>512</shares>');
  expect(xml).toContain("<vcpupin vcpu='1' cpuset='1-3'/>");
  expect(xml).toContain("<emulatorpin cpuset='0-1'/>");
  expect(xml.match(/<iothreadpin iothread='\d' cpuset='0-1'\/>/g)).toHaveLength(2);
});

test('NUMA nodes have all CPUs, those to be plugged in included, and all memory', () => {
  const mebibyte = 2 ** 20;
  const xml = xmlOf({
    accelerator: 'kvm',
    numa: [
      { cpus: '0', memory: 100 * mebibyte, mode: 'strict', hostNodes: '0' },
      { cpus: '1', memory: 100 * mebibyte, mode: 'preferred', hostNodes: null },
    ],
    hugePages: 2048,
  });
  expect(xml).toContain(`<cell id='0' cpus='0,2-15' memory='${100 * 1024}' unit='KiB'/>`);
  expect(xml).toContain(`<cell id='1' cpus='1' memory='${156 * 1024}' unit='KiB'/>`);
  expect(xml.match(/<memnode/g)).toHaveLength(1);
  expect(xml).toContain("<memnode cellid='0' mode='strict' nodeset='0'/>");
  expect(xml).toContain("<page size='2048' unit='KiB'/>");
});

test('what stands for the host CPU without KVM is all that QEMU has; flags are added and taken away', () => {
  const cpu = { ...exampleSpec.cpu, mode: 'host_passthrough', flags: [{ name: 'pcid', policy: 'disable' }] } as const;
  expect(xmlOf({ cpu })).toContain("<cpu mode='maximum'");
  expect(xmlOf({ cpu, accelerator: 'kvm' })).toContain("<cpu mode='host-passthrough'");
  expect(xmlOf({ cpu })).toContain("<feature policy='disable' name='pcid'/>");
});

test('several queues are served by the kernel with KVM, and by QEMU without', () => {
  expect(xmlOf({})).toContain("<driver name='qemu' queues='2'/>");
  expect(xmlOf({ accelerator: 'kvm' })).toContain("<driver name='vhost' queues='2'/>");
  expect(xmlOf({ multiQueues: false })).not.toContain('queues=');
  expect(xmlOf({ scsi: { queues: 3 } })).toContain("<driver queues='3' iothread='1'/>");
});

test('TPM, watchdog, random numbers by measure, the serial number, and the custom properties for those who look', () => {
  const xml = xmlOf({
    tpm: true,
    watchdog: { model: 'i6300esb', action: 'poweroff' },
    rng: { source: 'urandom', rate: { bytes: 1000, period: 2000 } },
    serialNumber: 'S-1',
    customProperties: { sap_agent: 'true' },
  });
  expect(xml).toContain("<backend type='emulator' version='2.0'/>");
  expect(xml).toContain("<watchdog model='i6300esb' action='poweroff'/>");
  expect(xml).toContain("<rate bytes='1000' period='2000'/>");
  expect(xml).toContain("<entry name='serial'>S-1</entry>");
  expect(xml).toContain("<ostler:custom name='sap_agent'>true</ostler:custom>");
  expect(xmlOf({ serialNumber: null })).not.toContain("name='serial'");
});

test('systems with old drivers get virtio devices that they know, on q35', () => {
  const xml = xmlOf({ legacyVirtio: true });
  expect(xml).toContain("<model type='virtio-transitional'/>");
  expect(xml.match(/model='virtio-transitional'/g)).toHaveLength(3);
  expect(xmlOf({ legacyVirtio: true, chipset: 'i440fx' })).not.toContain('transitional');
});

test('media have places beside the CD drive', () => {
  const xml = xmlOf({ media: [{ kind: 'cdrom', path: '/run/a.img' }, { kind: 'cdrom', path: '/run/b.img' }, { kind: 'floppy', path: '/run/c.img' }] }); // prettier-ignore
  expect([...xml.matchAll(/<target dev='(sdz\w|fda)'/g)].map(([, dev]) => dev)).toEqual(['sdzz', 'sdzy', 'sdzx', 'fda']);
});
