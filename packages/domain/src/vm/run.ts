import { mostVcpus, type Hardware } from './hardware.ts';

/** One run of a VM as a host needs it: the shape is that of the agent contract's `startVm`. */

export interface RunSource {
  readonly vm: string;
  readonly run: string;
  readonly name: string;
  readonly hardware: Hardware;
  readonly paused: boolean;
  readonly windows: boolean;
  readonly disks: readonly {
    readonly disk: string;
    readonly domain: string;
    readonly volume: string;
    readonly format: 'raw' | 'cow';
    readonly interface: 'virtio' | 'virtio_scsi' | 'ide' | 'sata';
    readonly bootable: boolean;
    readonly readOnly: boolean;
    readonly passDiscard: boolean;
    readonly shareable: boolean;
    readonly propagateErrors: boolean;
  }[];
  readonly nics: readonly {
    readonly id: string;
    readonly mac: string;
    readonly interface: string;
    readonly networkName: string | null;
    readonly linked: boolean;
  }[];
}

export function runDocument({ vm, run, name, hardware, paused, windows, disks, nics }: RunSource) {
  const { cpu, memory, display } = hardware;
  return {
    vm,
    run,
    name,
    firmware: hardware.firmware,
    cpu: {
      sockets: cpu.sockets,
      cores: cpu.cores,
      threads: cpu.threads,
      maximum: mostVcpus(hardware),
      mode: cpu.mode,
      ...(cpu.model !== undefined && { model: cpu.model }),
    },
    memory,
    ...(hardware.machine !== undefined && { machine: hardware.machine }),
    boot: [...hardware.boot],
    bootMenu: hardware.bootMenu,
    disks: disks.map(({ disk, domain, volume, ...rest }) => ({ disk, source: { domain, image: disk, volume }, ...rest })),
    nics: nics.map(({ id, mac, interface: model, networkName, linked }) => ({
      nic: id,
      mac,
      interface: nicModel(model),
      network: networkName,
      linked,
    })),
    cd: null,
    graphics: display.type === 'none' ? [] : [display.type],
    serialConsole: hardware.serialConsole,
    sound: hardware.soundcard,
    usb: hardware.usb,
    rng: hardware.rng,
    ioThreads: hardware.ioThreads,
    multiQueues: hardware.multiQueues,
    hyperv: windows,
    clockOffset: 0,
    startPaused: paused || hardware.startPaused,
  };
}

/** RHV's dual-mode NIC is a virtio one as soon as the guest has drivers; Ostler gives it that at once. */
const nicModel = (model: string): 'virtio' | 'e1000' | 'rtl8139' => (model === 'e1000' || model === 'rtl8139' ? model : 'virtio');
