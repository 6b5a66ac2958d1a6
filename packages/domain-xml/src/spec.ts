/**
 * What one start of a VM needs, with everything of this host resolved: paths, firmware files, machine, accelerator.
 * The agent makes it from the manager's run and its own facts; `write.ts` makes libvirt's XML of it.
 */

export interface DomainSpec {
  readonly id: string;
  readonly run: string;
  readonly name: string;
  /** The manager that the run belongs to: another instance's domains on the same libvirt are not ours to touch. */
  readonly instance: string;
  readonly accelerator: 'kvm' | 'tcg';
  readonly emulator: string;
  readonly machine: string;
  readonly chipset: 'i440fx' | 'q35';
  /** UEFI: code and the template of the variables; absent for SeaBIOS. */
  readonly uefi?: { readonly code: string; readonly variables: string; readonly secureBoot: boolean; readonly nvram: string };
  readonly cpu: {
    readonly sockets: number;
    readonly cores: number;
    readonly threads: number;
    /** All that may be plugged in while it runs. */
    readonly maximum: number;
    readonly mode: 'custom' | 'host_model' | 'host_passthrough';
    readonly model?: string;
    readonly flags: readonly { readonly name: string; readonly policy: 'require' | 'disable' }[];
    readonly pins: readonly { readonly vcpu: number; readonly cpus: string }[];
    /** 0 is the host's default. */
    readonly shares: number;
  };
  /** The guest's NUMA nodes, from 0 on. */
  readonly numa: readonly {
    readonly cpus: string;
    readonly memory: number;
    readonly mode: 'strict' | 'interleave' | 'preferred';
    readonly hostNodes: string | null;
  }[];
  /** CPUs of the host for the IO threads and QEMU's own threads. */
  readonly threadPlace: string | null;
  /** KiB. */
  readonly hugePages: number | null;
  /** Bytes. */
  readonly memory: { readonly size: number; readonly maximum: number; readonly guaranteed: number; readonly ballooning: boolean };
  readonly boot: readonly ('hd' | 'cdrom' | 'network')[];
  readonly bootMenu: boolean;
  readonly kernel: { readonly path: string; readonly initrd?: string | undefined; readonly commandLine?: string | undefined } | null;
  readonly disks: readonly DiskSpec[];
  readonly nics: readonly NicSpec[];
  /** The CD drive that every VM has; no source is an empty tray. */
  readonly cd: { readonly source?: string };
  /** Images made on this host for the guest to read: cloud-init's CD, payloads. */
  readonly media: readonly { readonly kind: 'cdrom' | 'floppy'; readonly path: string }[];
  readonly graphics: readonly ('vnc' | 'spice')[];
  /** Where QEMU listens for VNC: a unix socket on this host, reached only through the console relay. */
  readonly vncSocket: string;
  readonly serialConsole: boolean;
  /** A file that keeps what the guest said on its serial line. */
  readonly serialLog?: string;
  readonly screen: {
    readonly video: 'qxl' | 'vga' | 'bochs' | 'cirrus' | 'none';
    readonly monitors: number;
    readonly keyboard: string;
    readonly copyPaste: boolean;
    readonly fileTransfer: boolean;
  };
  readonly smartcard: boolean;
  readonly sound: 'ac97' | 'ich6' | 'ich9' | null;
  readonly usb: 'none' | 'controller' | 'redirection';
  readonly tpm: boolean;
  readonly watchdog: { readonly model: 'i6300esb'; readonly action: 'none' | 'reset' | 'poweroff' | 'pause' | 'dump' } | null;
  readonly rng: {
    readonly source: 'urandom' | 'random' | 'hwrng';
    readonly rate?: { readonly bytes: number; readonly period: number } | undefined;
  } | null;
  readonly ioThreads: number;
  readonly scsi: { readonly queues: number | null } | null;
  readonly legacyVirtio: boolean;
  /** Null is none at all. */
  readonly serialNumber: string | null;
  readonly customProperties: Readonly<Record<string, string>>;
  readonly multiQueues: boolean;
  readonly hyperv: boolean;
  readonly clockOffset: number;
}

export type DiskSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'block'; readonly path: string }
  | {
      readonly kind: 'network';
      readonly protocol: 'rbd';
      readonly name: string;
      readonly hosts: readonly { readonly name: string; readonly port: number }[];
      readonly user?: string;
    };

export interface DiskSpec {
  readonly disk: string;
  /** Its name on its bus, where that does not follow from the disks before it: it is plugged in while the VM runs. */
  readonly target?: string;
  /** Where it came from, kept in the metadata so that a restarted agent knows what it has prepared. */
  readonly volume: { readonly domain: string; readonly image: string; readonly volume: string };
  readonly source: DiskSource;
  readonly format: 'raw' | 'cow';
  readonly interface: 'virtio' | 'virtio_scsi' | 'ide' | 'sata';
  readonly bootable: boolean;
  readonly readOnly: boolean;
  readonly shareable: boolean;
  readonly passDiscard: boolean;
  readonly propagateErrors: boolean;
  readonly cache?: 'none' | 'writeback' | 'writethrough' | undefined;
}

export interface NicSpec {
  readonly nic: string;
  readonly mac: string;
  readonly interface: 'virtio' | 'e1000' | 'e1000e' | 'rtl8139';
  /** No source is a NIC whose cable lies on the floor. */
  readonly source: { readonly kind: 'bridge' | 'network'; readonly name: string } | undefined;
  readonly linked: boolean;
}

/** The namespace of our element in a domain's metadata, and its prefix there. */
export const metadataNamespace = 'urn:ostler:vm:1';
export const metadataPrefix = 'ostler';

/** Aliases that libvirt lets us choose begin with `ua-`; by them a device is found again when it is unplugged. */
export const aliasOf = (id: string): string => `ua-${id}`;
export const idOfAlias = (alias: string): string | undefined => (alias.startsWith('ua-') ? alias.slice(3) : undefined);
