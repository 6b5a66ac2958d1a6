import type { Api, Enum } from '@ostler/contract/schema';
import { mebibyte } from '@ostler/domain/vm/hardware';
import type { Path } from 'react-hook-form';

/** A VM as the form has it: texts as they are typed, sizes in MiB. */
export interface VmForm {
  name: string;
  description: string;
  comment: string;
  cluster: string;
  template: string;
  os: string;
  type: Enum['vm_type'];
  stateless: boolean;
  startPaused: boolean;
  deleteProtected: boolean;
  memory: string;
  maxMemory: string;
  guaranteed: string;
  ballooning: boolean;
  sockets: string;
  cores: string;
  threads: string;
  firmware: string;
  machine: string;
  cpuMode: Enum['cpu_mode'];
  cpuModel: string;
  timeZone: string;
  display: Enum['display_type'];
  monitors: string;
  serial: boolean;
  soundcard: boolean;
  usb: boolean;
  highlyAvailable: boolean;
  priority: string;
  ioThreads: string;
  multiQueues: boolean;
  virtioScsi: boolean;
  bootFirst: Enum['boot_device'];
  bootSecond: Enum['boot_device'] | 'none';
  bootMenu: boolean;
  rng: Enum['rng_source'];
}

const inMebibytes = (bytes: number | undefined): string => (bytes === undefined ? '' : String(Math.floor(bytes / mebibyte)));

/** The form of what there is: a VM, or the template from which one is made. */
export function formOf(vm: Api['vm_base'], template: string): VmForm {
  const { cpu, memory_policy: policy, os, display } = vm;
  const [first, second] = os?.boot?.devices ?? [];
  return {
    name: vm.name ?? '',
    description: vm.description ?? '',
    comment: vm.comment ?? '',
    cluster: vm.cluster?.id ?? '',
    template,
    os: os?.type ?? 'other',
    type: vm.type ?? 'server',
    stateless: vm.stateless ?? false,
    startPaused: vm.start_paused ?? false,
    deleteProtected: vm.delete_protected ?? false,
    memory: inMebibytes(vm.memory),
    maxMemory: inMebibytes(policy?.max),
    guaranteed: inMebibytes(policy?.guaranteed),
    ballooning: policy?.ballooning ?? true,
    sockets: String(cpu?.topology?.sockets ?? 1),
    cores: String(cpu?.topology?.cores ?? 1),
    threads: String(cpu?.topology?.threads ?? 1),
    firmware: vm.bios?.type ?? 'q35_sea_bios',
    machine: vm.custom_emulated_machine ?? '',
    cpuMode: cpu?.mode ?? 'custom',
    cpuModel: vm.custom_cpu_model ?? '',
    timeZone: vm.time_zone?.name ?? '',
    display: display?.type ?? 'vnc',
    monitors: String(display?.monitors ?? 1),
    serial: vm.console?.enabled ?? false,
    soundcard: vm.soundcard_enabled ?? false,
    usb: vm.usb?.enabled ?? false,
    highlyAvailable: vm.high_availability?.enabled ?? false,
    priority: String(vm.high_availability?.priority ?? 0),
    ioThreads: String(vm.io?.threads ?? 0),
    multiQueues: vm.multi_queues_enabled ?? false,
    virtioScsi: vm.virtio_scsi?.enabled ?? false,
    bootFirst: first ?? 'hd',
    bootSecond: second ?? 'none',
    bootMenu: vm.bios?.boot_menu?.enabled ?? false,
    rng: vm.rng_device?.source ?? 'urandom',
  };
}

type Touched = Readonly<Partial<Record<keyof VmForm, boolean | undefined>>>;

/**
 * What the form asks for: what somebody changed, and nothing else. What is not named stays as the VM or its template has it, and
 * the manager lets follow what follows.
 */
export function inputOf(form: VmForm, touched: Touched): Api['vm'] {
  const changed = <T>(value: T, ...names: (keyof VmForm)[]): T | undefined => (names.some((name) => touched[name]) ? value : undefined);
  const number = (name: keyof VmForm, factor = 1): number | undefined => {
    const text = String(form[name]).trim();
    return touched[name] && text !== '' ? Number(text) * factor : undefined;
  };
  return (
    compact({
      name: changed(form.name, 'name'),
      description: changed(form.description, 'description'),
      comment: changed(form.comment, 'comment'),
      type: changed(form.type, 'type'),
      stateless: changed(form.stateless, 'stateless'),
      start_paused: changed(form.startPaused, 'startPaused'),
      delete_protected: changed(form.deleteProtected, 'deleteProtected'),
      memory: number('memory', mebibyte),
      memory_policy: compact({
        max: number('maxMemory', mebibyte),
        guaranteed: number('guaranteed', mebibyte),
        ballooning: changed(form.ballooning, 'ballooning'),
      }),
      cpu: compact({
        mode: changed(form.cpuMode, 'cpuMode'),
        topology: compact({ sockets: number('sockets'), cores: number('cores'), threads: number('threads') }),
      }),
      custom_cpu_model: changed(form.cpuModel, 'cpuModel'),
      custom_emulated_machine: changed(form.machine, 'machine'),
      bios: compact({
        type: changed(form.firmware as Enum['bios_type'], 'firmware'),
        boot_menu: compact({ enabled: changed(form.bootMenu, 'bootMenu') }),
      }),
      os: compact({
        type: changed(form.os, 'os'),
        boot: compact({
          devices: changed([form.bootFirst, ...(form.bootSecond === 'none' ? [] : [form.bootSecond])], 'bootFirst', 'bootSecond'),
        }),
      }),
      time_zone: compact({ name: changed(form.timeZone, 'timeZone') }),
      display: compact({ type: changed(form.display, 'display'), monitors: number('monitors') }),
      console: compact({ enabled: changed(form.serial, 'serial') }),
      soundcard_enabled: changed(form.soundcard, 'soundcard'),
      usb: compact({ enabled: changed(form.usb, 'usb') }),
      high_availability: compact({ enabled: changed(form.highlyAvailable, 'highlyAvailable'), priority: number('priority') }),
      io: compact({ threads: number('ioThreads') }),
      multi_queues_enabled: changed(form.multiQueues, 'multiQueues'),
      virtio_scsi: compact({ enabled: changed(form.virtioScsi, 'virtioScsi') }),
      rng_device: compact({ source: changed(form.rng, 'rng') }),
    }) ?? {}
  );
}

/** Without what is undefined; nothing at all where nothing is left. */
function compact<T extends object>(value: T): T | undefined {
  const entries = Object.entries(value).filter(([, held]) => held !== undefined);
  return entries.length === 0 ? undefined : Object.assign(Object.create(Object.prototype), Object.fromEntries(entries));
}

/** Where the manager's names of fields are in the form. */
export const vmFields: Readonly<Record<string, Path<VmForm>>> = {
  'vm.name': 'name',
  'vm.cluster': 'cluster',
  'vm.template': 'template',
  'vm.os.type': 'os',
  'vm.type': 'type',
  'vm.memory': 'memory',
  'vm.memory_policy.max': 'maxMemory',
  'vm.memory_policy.guaranteed': 'guaranteed',
  'vm.cpu.topology': 'sockets',
  'vm.cpu.topology.cores': 'cores',
  'vm.cpu.topology.threads': 'threads',
  'vm.custom_cpu_model': 'cpuModel',
  'vm.custom_emulated_machine': 'machine',
  'vm.bios': 'firmware',
  'vm.time_zone': 'timeZone',
  'vm.display': 'display',
  'vm.display.monitors': 'monitors',
  'vm.high_availability': 'priority',
  'vm.io': 'ioThreads',
  'vm.os.boot': 'bootSecond',
  'vm.rng_device': 'rng',
};
