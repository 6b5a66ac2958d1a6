import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@ostler/libvirt/daemon/command';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleSpec } from './example.test-support.ts';
import type { DomainSpec } from './spec.ts';
import { domainXml } from './write.ts';

/** libvirt's own schema of a domain is the judge. */

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-xml-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const uefi = { code: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd', nvram: '/var/nvram/a.fd' };
const i440fx = { chipset: 'i440fx', machine: 'pc-i440fx-7.2', disks: [] } as const;
const node = { mode: 'strict', hostNodes: '0' } as const;

const variants: Readonly<Record<string, Partial<DomainSpec>>> = {
  'the example': {},
  'the example with KVM': { accelerator: 'kvm' },
  'i440fx with a floppy': { ...i440fx, media: [{ kind: 'floppy', path: '/run/a.img' }, { kind: 'cdrom', path: '/run/b.img' }] }, // prettier-ignore
  'Secure Boot with a TPM': { uefi: { ...uefi, secureBoot: true }, tpm: true, screen: { ...exampleSpec.screen, video: 'bochs' } },
  'Windows on KVM': { accelerator: 'kvm', hyperv: true, clockOffset: -18_000, sound: 'ich6' },
  'a desktop with SPICE': {
    graphics: ['spice', 'vnc'],
    usb: 'redirection',
    smartcard: true,
    sound: 'ac97',
    screen: { video: 'qxl', monitors: 4, keyboard: 'fr-ch', copyPaste: false, fileTransfer: false },
  },
  'a headless one, pinned': {
    accelerator: 'kvm',
    graphics: [],
    usb: 'none',
    sound: null,
    cpu: {
      ...exampleSpec.cpu,
      mode: 'host_passthrough',
      pins: [{ vcpu: 0, cpus: '0' }],
      shares: 100,
      flags: [{ name: 'x2apic', policy: 'require' }],
    },
    numa: [
      { ...node, cpus: '0', memory: 2 ** 27 },
      { ...node, cpus: '1', memory: 2 ** 27 },
    ],
    threadPlace: '0-1',
    hugePages: 1_048_576,
    ioThreads: 2,
  },
  'all the small devices': {
    media: [{ kind: 'cdrom', path: '/run/a.img' }],
    watchdog: { model: 'i6300esb', action: 'dump' },
    rng: { source: 'hwrng', rate: { bytes: 1024, period: 1000 } },
    scsi: { queues: 4 },
    legacyVirtio: true,
    kernel: { path: '/boot/vmlinuz', initrd: '/boot/initrd.img', commandLine: 'quiet <&>' },
    serialNumber: null,
    customProperties: { sap_agent: 'true', 'a&b': '<c>' },
    bootMenu: true,
  },
};

test.each(Object.entries(variants))('%s is valid', async (name, different) => {
  const file = join(directory, `${name.replaceAll(' ', '-')}.xml`);
  await writeFile(file, domainXml({ ...exampleSpec, ...different }));
  await expect(run('virt-xml-validate', [file, 'domain'])).resolves.toBeDefined();
});
