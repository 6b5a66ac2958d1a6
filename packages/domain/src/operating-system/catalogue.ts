/**
 * The operating systems that a VM can be said to run, with what that means for its devices (vms.md 1). Ids and numbers
 * are RHV's; entries that RHV does not have are marked `ours`, with numbers of their own from 5000 on.
 */

export interface OperatingSystem {
  /** RHV's key, as `vm.os.type` carries it. */
  readonly key: string;
  readonly number: number;
  readonly name: string;
  readonly bits: 32 | 64;
  /** MiB. */
  readonly memory: { readonly minimum: number; readonly maximum: number };
  readonly disks: 'standard' | 'without_scsi';
  readonly sound: { readonly i440fx: string; readonly q35: string };
  readonly q35: 'yes' | 'no' | 'without_secure_boot';
  readonly tpm: 'unsupported' | 'supported' | 'required';
  readonly cpuUnplug: boolean;
  readonly initialization: 'cloud_init' | 'sysprep' | 'ignition';
  /** The name of Windows' answer file. */
  readonly answerFile?: 'sysprep.inf' | 'Unattend.xml';
  readonly windows: boolean;
  /** Graphics adapters; which of them goes with SPICE and which with VNC is `vm/display.ts`'s. */
  readonly video: readonly ('qxl' | 'vga' | 'bochs' | 'cirrus')[];
  readonly nics: readonly NicModel[];
  /** What a disk or a NIC hangs on when nobody says; an old system has no drivers for better. */
  readonly defaults: { readonly disk: 'virtio_scsi' | 'virtio' | 'ide'; readonly nic: NicModel };
  /** CPU models that the system does not run on, by the beginning of their names in lower case. */
  readonly cpusRefused: readonly string[];
  readonly minimumVcpus: number;
  /** Its virtio drivers know the devices of the time before virtio 1.0 alone. */
  readonly legacyVirtio: boolean;
  readonly ours: boolean;
}

export type NicModel = 'virtio' | 'e1000' | 'e1000e' | 'rtl8139' | 'rtl8139_virtio';

type Row = Partial<Omit<OperatingSystem, 'key' | 'number' | 'name' | 'memory'>> & { readonly memory?: readonly [number, number] };

const ich = (i440fx: string, q35: string) => ({ i440fx, q35 });
const ac97 = { sound: ich('ac97', 'ac97') };
const ich6 = { sound: ich('ich6', 'ich6') };

const base = {
  bits: 64,
  memory: [256, 65_536],
  disks: 'standard',
  sound: ich('ich6', 'ich9'),
  q35: 'yes',
  tpm: 'unsupported',
  cpuUnplug: true,
  initialization: 'cloud_init',
  windows: false,
  video: ['qxl', 'vga', 'bochs'],
  nics: ['rtl8139', 'e1000', 'e1000e', 'virtio'],
  defaults: { disk: 'virtio_scsi', nic: 'virtio' },
  cpusRefused: [],
  minimumVcpus: 1,
  legacyVirtio: false,
  ours: false,
} as const satisfies Row;
const legacyRhel: Row = { ...ac97, disks: 'without_scsi', q35: 'no', legacyVirtio: true, defaults: { disk: 'virtio', nic: 'virtio' } };
/** Of the time before virtio came into Linux. */
const oldestRhel: Row = { ...legacyRhel, defaults: { disk: 'ide', nic: 'e1000' } };
const modern: Row = { ...ich6, memory: [1024, 4_194_304], tpm: 'supported' };
const windows: Row = {
  ...ich6,
  windows: true,
  cpuUnplug: false,
  initialization: 'sysprep',
  answerFile: 'Unattend.xml',
  nics: ['rtl8139', 'e1000', 'e1000e', 'virtio', 'rtl8139_virtio'],
};
const windows2003: Row = { ...windows, ...ac97, q35: 'no', answerFile: 'sysprep.inf', defaults: { disk: 'ide', nic: 'rtl8139' } };
const windows8: Row = { ...windows, tpm: 'supported', cpusRefused: ['conroe', 'opteron_g1'] };
const windows10: Row = { ...windows8, cpusRefused: ['conroe', 'penryn', 'nehalem', 'opteron_g1'] };
const debian: Row = { memory: [64, 65_536] };
const newer: Row = { ...modern, ours: true };

const table: Readonly<Record<string, readonly [number: number, name: string, row?: Row]>> = {
  other: [0, 'Other OS', { cpuUnplug: false }],
  other_linux: [5, 'Linux'],
  other_linux_kernel_4: [33, 'Other Linux (kernel 4.x)', modern],
  rhel_3: [9, 'Red Hat Enterprise Linux 3.x', { ...oldestRhel, bits: 32 }],
  rhel_3x64: [15, 'Red Hat Enterprise Linux 3.x x64', { ...oldestRhel, memory: [256, 131_072] }],
  rhel_4: [8, 'Red Hat Enterprise Linux 4.x', { ...oldestRhel, bits: 32 }],
  rhel_4x64: [14, 'Red Hat Enterprise Linux 4.x x64', { ...oldestRhel, memory: [256, 262_144] }],
  rhel_5: [7, 'Red Hat Enterprise Linux 5.x', { ...legacyRhel, bits: 32, memory: [512, 16_384] }],
  rhel_5x64: [13, 'Red Hat Enterprise Linux 5.x x64', { ...legacyRhel, memory: [512, 1_048_576] }],
  rhel_6: [18, 'Red Hat Enterprise Linux 6.x', { ...ich6, bits: 32, memory: [512, 16_384], legacyVirtio: true }],
  rhel_6x64: [19, 'Red Hat Enterprise Linux 6.x x64', { ...ich6, memory: [1024, 4_194_304], legacyVirtio: true }],
  rhel_7x64: [24, 'Red Hat Enterprise Linux 7.x x64', modern],
  rhel_atomic7x64: [28, 'Red Hat Atomic 7.x x64', modern],
  rhel_8x64: [30, 'Red Hat Enterprise Linux 8.x x64', modern],
  rhel_9x64: [34, 'Red Hat Enterprise Linux 9.x x64', modern],
  rhel_10x64: [39, 'Red Hat Enterprise Linux 10.x x64', modern],
  rhcos_x64: [35, 'Red Hat Enterprise Linux CoreOS', { ...modern, initialization: 'ignition' }],
  sles_10: [5010, 'SUSE Linux Enterprise Server 10', { ours: true }],
  sles_11: [1193, 'SUSE Linux Enterprise Server 11+'],
  sles_12: [5012, 'SUSE Linux Enterprise Server 12', newer],
  sles_15: [5015, 'SUSE Linux Enterprise Server 15', newer],
  ubuntu_12_04: [1252, 'Ubuntu Precise Pangolin LTS', debian],
  ubuntu_12_10: [1253, 'Ubuntu Quantal Quetzal', debian],
  ubuntu_13_04: [1254, 'Ubuntu Raring Ringtails', debian],
  ubuntu_13_10: [1255, 'Ubuntu Saucy Salamander', debian],
  ubuntu_14_04: [1256, 'Ubuntu Trusty Tahr LTS+', debian],
  ubuntu_18_04: [1257, 'Ubuntu Bionic Beaver LTS+', debian],
  ubuntu_20_04: [5020, 'Ubuntu Focal Fossa LTS', newer],
  ubuntu_22_04: [5022, 'Ubuntu Jammy Jellyfish LTS', newer],
  ubuntu_24_04: [5024, 'Ubuntu Noble Numbat LTS', newer],
  debian_7: [1300, 'Debian 7+', debian],
  debian_9: [1301, 'Debian 9+', debian],
  debian_11: [5111, 'Debian 11', newer],
  debian_12: [5112, 'Debian 12', newer],
  debian_13: [5113, 'Debian 13', newer],
  freebsd: [1500, 'FreeBSD 9.2', { bits: 32, cpuUnplug: false }],
  freebsdx64: [1501, 'FreeBSD 9.2 x64', { cpuUnplug: false }],
  freebsd_14x64: [5314, 'FreeBSD 14 x64', { memory: [256, 4_194_304], cpuUnplug: false, ours: true }],
  fedora_x64: [5200, 'Fedora x64', newer],
  windows_xp: [1, 'Windows XP', { ...windows2003, bits: 32, disks: 'without_scsi' }],
  windows_2003: [3, 'Windows 2003', { ...windows2003, bits: 32 }],
  windows_2003x64: [10, 'Windows 2003 x64', { ...windows2003, memory: [1024, 1_048_576] }],
  windows_2008: [4, 'Windows 2008', { ...windows, ...ac97, bits: 32 }],
  windows_2008x64: [16, 'Windows 2008 x64', { ...windows, memory: [1024, 1_048_576] }],
  windows_2008R2x64: [17, 'Windows 2008 R2 x64', { ...windows, memory: [1024, 2_097_152] }],
  windows_7: [11, 'Windows 7', { ...windows, bits: 32, q35: 'without_secure_boot' }],
  windows_7x64: [12, 'Windows 7 x64', { ...windows, memory: [1024, 196_608], q35: 'without_secure_boot' }],
  windows_8: [20, 'Windows 8', { ...windows8, bits: 32 }],
  windows_8x64: [21, 'Windows 8 x64', { ...windows8, memory: [1024, 524_288] }],
  windows_8_1: [5081, 'Windows 8.1', { ...windows8, bits: 32, ours: true }],
  windows_8_1x64: [5082, 'Windows 8.1 x64', { ...windows8, memory: [1024, 524_288], ours: true }],
  windows_10: [26, 'Windows 10', { ...windows10, bits: 32 }],
  windows_10x64: [27, 'Windows 10 x64', { ...windows10, memory: [1024, 2_097_152] }],
  windows_11: [36, 'Windows 11', { ...windows10, memory: [4096, 2_097_152], tpm: 'required', minimumVcpus: 2 }],
  windows_2012x64: [23, 'Windows 2012 x64', { ...windows8, memory: [1024, 4_194_304] }],
  windows_2012R2x64: [25, 'Windows 2012R2 x64', { ...windows8, memory: [1024, 4_194_304] }],
  windows_2016x64: [29, 'Windows 2016 x64', { ...windows10, memory: [1024, 4_194_304] }],
  windows_2019x64: [31, 'Windows 2019 x64', { ...windows10, memory: [1024, 4_194_304] }],
  windows_2022: [37, 'Windows 2022', { ...windows10, memory: [1024, 4_194_304] }],
  windows_2025: [38, 'Windows 2025', { ...windows10, memory: [1024, 4_194_304] }],
};

export const operatingSystems: readonly OperatingSystem[] = Object.entries(table).map(([key, [number, name, row]]) => {
  const { memory, ...rest } = { ...base, ...row };
  return { ...rest, key, number, name, memory: { minimum: memory[0], maximum: memory[1] } };
});

const byKey = new Map(operatingSystems.map((system) => [system.key, system]));

export const operatingSystem = (key: string): OperatingSystem | undefined => byKey.get(key);
export const operatingSystemExists = (key: string): boolean => byKey.has(key);
