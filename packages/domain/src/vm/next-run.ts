import { isDeepEqual } from '../equal.ts';
import { phrases } from '../phrases.ts';
import { plan, type Plan } from '../plan.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';
import { changed, mebibyte, vcpusOf, type Hardware, type HardwareWish } from './hardware.ts';
import { refusalFor, type VmInState } from './state.ts';

/**
 * A change of a VM that runs. What its guest does not notice takes effect at once; memory and processors are plugged in;
 * all else waits for the next start (vms.md 3.2, 3.9).
 */

export const nextRunReasons = reasons({
  hot_memory_step: {
    class: 'conflict',
    text: 'Memory is plugged into a running VM in steps of {step} MiB; VM {vm} would get {size} MiB more. Ask for a multiple, or for the next run.',
  },
});

const text = phrases({
  'vm.update': 'Changing VM {vm}',
  'effect.vm-memory-plugged': '{size} MiB of memory are plugged into VM {vm}',
  'effect.vm-vcpus-plugged': 'VM {vm} has {count} virtual CPUs',
  'effect.vm-next-run': 'VM {vm} starts with other hardware the next time',
});

/** Nothing of these is in libvirt's XML of a run, or means anything there before the next start. */
const atOnce: readonly (keyof Hardware)[] = [
  'operatingSystem',
  'highAvailability',
  'lease',
  'placement',
  'migration',
  'latestTemplateVersion',
  'compatibilityVersion',
];

/** Memory is plugged in by this much, or a multiple of it. */
export const memoryStep = 256 * mebibyte;

export interface RunningVm extends VmInState {
  readonly id: string;
  readonly run: string | null;
  readonly host: string | null;
  readonly hardware: Hardware;
  /** What waits for the next start. */
  readonly nextRun: Hardware | null;
}

/** What is to be done to the run that is there. */
export interface ChangeRun {
  readonly vm: string;
  readonly name: string;
  readonly run: string;
  readonly host: string;
  /** Bytes that the run is to have. */
  readonly memory?: number;
  readonly cpu?: { readonly sockets: number; readonly vcpus: number };
}

export interface Change {
  /** What the VM is from now on. */
  readonly now: Hardware;
  /** What it is from its next start on; absent where that is the same. */
  readonly next: Hardware | undefined;
  /** What has to be plugged in for it. Until that has happened it waits as what comes next. */
  readonly plug: Pick<ChangeRun, 'memory' | 'cpu'>;
}

/** How a wish takes effect. `later` leaves the run alone altogether. */
export function changeOf(vm: RunningVm, wish: HardwareWish, later: boolean): Change {
  if (vm.run === null && vm.status !== 'suspended') return { now: changed(vm.hardware, wish), next: undefined, plug: {} };
  const kept = keepingMaximum(vm.nextRun ?? vm.hardware, wish);
  const next = changed(vm.nextRun ?? vm.hardware, kept);
  if (later) return { now: vm.hardware, next: isDeepEqual(next, vm.hardware) ? undefined : next, plug: {} };
  const wished = changed(vm.hardware, keepingMaximum(vm.hardware, wish));
  const now: Hardware = {
    ...vm.hardware,
    ...Object.fromEntries(atOnce.map((key) => [key, wished[key]])),
    memory: { ...vm.hardware.memory, guaranteed: Math.min(wished.memory.guaranteed, vm.hardware.memory.size) },
    display: { ...vm.hardware.display, disconnectAction: wished.display.disconnectAction, allowOverride: wished.display.allowOverride },
  };
  const waits = isDeepEqual(withoutAbsent(next), withoutAbsent(now)) ? undefined : next;
  return { now: withoutAbsent(now), next: waits, plug: vm.status === 'up' ? plugOf(vm.hardware, wished) : {} };
}

/** A maximum that nobody named does not grow with what is plugged in: the run has slots for no more. */
function keepingMaximum(base: Hardware, wish: HardwareWish): HardwareWish {
  const { memory } = wish;
  if (memory?.size === undefined || memory.maximum !== undefined || memory.size > base.memory.maximum) return wish;
  return {
    ...wish,
    memory: { ...memory, maximum: base.memory.maximum, guaranteed: memory.guaranteed ?? Math.min(base.memory.guaranteed, memory.size) },
  };
}

function plugOf(before: Hardware, wished: Hardware): Change['plug'] {
  const grows = wished.memory.size > before.memory.size && wished.memory.maximum === before.memory.maximum;
  const sameCores = wished.cpu.cores === before.cpu.cores && wished.cpu.threads === before.cpu.threads;
  const resized = sameCores && wished.cpu.sockets !== before.cpu.sockets;
  return {
    ...(grows && { memory: wished.memory.size }),
    ...(resized && { cpu: { sockets: wished.cpu.sockets, vcpus: vcpusOf(wished) } }),
  };
}

const withoutAbsent = (hardware: Hardware): Hardware =>
  Object.fromEntries(Object.entries(hardware).filter(([, value]) => value !== undefined)) as unknown as Hardware;

export interface UpdateVm<Settings> {
  readonly settings: Settings;
  readonly change: Change;
  readonly run: ChangeRun | undefined;
}

/** The change of a VM, with what it does to the run. Problems of the hardware itself are looked for before. */
export function planUpdate<Settings extends { readonly name: string }>(
  vm: RunningVm,
  settings: Settings,
  change: Change,
): Plan<UpdateVm<Settings>> | Refusal {
  const { memory, cpu } = change.plug;
  const more = memory === undefined ? 0 : memory - vm.hardware.memory.size;
  const against = refusalOf([
    refusalFor('edit', vm),
    more % memoryStep !== 0 &&
      nextRunReasons.hot_memory_step({ vm: vm.name, step: memoryStep / mebibyte, size: more / mebibyte }, 'vm.memory'),
  ]);
  if (against) return against;
  const plugs = memory !== undefined || cpu !== undefined;
  return plan({
    title: text['vm.update']({ vm: settings.name }),
    effects: [
      ...(memory === undefined ? [] : [text['effect.vm-memory-plugged']({ vm: vm.name, size: more / mebibyte })]),
      ...(cpu === undefined ? [] : [text['effect.vm-vcpus-plugged']({ vm: vm.name, count: cpu.vcpus })]),
      ...(change.next && !plugs ? [text['effect.vm-next-run']({ vm: vm.name })] : []),
    ],
    uses: memory === undefined ? [] : [{ kind: 'memory', where: vm.host ?? '', amount: more }],
    locks: [{ object: vm.id, kind: 'vm', mode: 'exclusive' }],
    data: {
      settings,
      change,
      run:
        plugs && vm.run !== null && vm.host !== null
          ? { vm: vm.id, name: settings.name, run: vm.run, host: vm.host, ...change.plug }
          : undefined,
    },
  });
}

/** What the VM is, and what still waits, when some of what was to be plugged in has been. */
export function afterPlug(
  before: { readonly now: Hardware; readonly next: Hardware | null },
  plugged: Pick<ChangeRun, 'memory' | 'cpu'>,
): { readonly now: Hardware; readonly next: Hardware | undefined } {
  const { memory, cpu } = plugged;
  const now: Hardware = {
    ...before.now,
    memory: {
      ...before.now.memory,
      ...(memory !== undefined && { size: memory }),
      ...(memory !== undefined && before.next && { guaranteed: Math.min(before.next.memory.guaranteed, memory) }),
    },
    cpu: { ...before.now.cpu, ...(cpu && { sockets: cpu.sockets }) },
  };
  const next = before.next === null || isDeepEqual(withoutAbsent(before.next), withoutAbsent(now)) ? undefined : before.next;
  return { now, next };
}
