import { phrases } from '../phrases.ts';
import { plan, type Plan } from '../plan.ts';
import { reasons, refusalOf, refuse, type Refusal } from '../reason.ts';
import { roundedUp, type DiskDomain } from '../disk/plan.ts';
import { gibibyte, mebibyte, type Hardware } from './hardware.ts';
import { refusalFor, type VmInState } from './state.ts';

/** A VM whose guest stands still on a disk: its memory is written there, and read from there when it goes on (vms.md 3.6). */

export const suspendReasons = reasons({
  vm_suspend_no_domain: {
    class: 'conflict',
    text: 'Cannot suspend VM {vm}: its memory needs {needed} GiB, and no active data domain of its data center has that much.',
  },
  vm_suspend_stateless: { class: 'conflict', text: 'VM {vm} runs stateless; it cannot be suspended.' },
  vm_saved_memory_lost: {
    class: 'conflict',
    text: 'VM {vm} cannot go on: the disk with its memory is {status}. Power it off to start it anew, without what its guest had in memory.',
  },
});

const text = phrases({
  'vm.suspend': 'Suspending VM {vm}',
  'vm.discard': 'Powering off suspended VM {vm}',
  'effect.vm-suspended': 'The guest of VM {vm} stands still; its memory is kept on {domain}',
  'effect.vm-memory-discarded': 'The memory of VM {vm} is erased; its guest starts anew the next time',
});

export interface SuspendFacts {
  readonly vm: VmInState & { readonly id: string; readonly run: string | null; readonly host: string | null; readonly hardware: Hardware };
  /** The data domains of its data center; that of its first disk comes first. */
  readonly domains: readonly DiskDomain[];
  readonly stateless: boolean;
}

export interface SuspendVm {
  readonly vm: string;
  readonly name: string;
  readonly run: string;
  readonly host: string;
  readonly memory: {
    readonly disk: string;
    readonly volume: string;
    readonly domain: string;
    readonly alias: string;
    readonly capacity: number;
  };
}

/** Beside the guest's memory there are that of its screens and of its devices. */
const overhead = 256 * mebibyte;

export function planSuspend(
  { vm, domains, stateless }: SuspendFacts,
  ids: { readonly disk: string; readonly volume: string },
): Plan<SuspendVm> | Refusal {
  const capacity = roundedUp(vm.hardware.memory.size) + overhead * vm.hardware.display.monitors;
  const domain = domains.find(
    (one) =>
      one.status === 'active' && one.available !== undefined && one.available - capacity >= one.criticalSpaceActionBlocker * gibibyte,
  );
  const against = refusalOf([refusalFor('suspend', vm), stateless && suspendReasons.vm_suspend_stateless({ vm: vm.name })]);
  if (against) return against;
  if (!domain) return refuse(suspendReasons.vm_suspend_no_domain({ vm: vm.name, needed: Math.ceil((capacity / gibibyte) * 10) / 10 }));
  return plan({
    title: text['vm.suspend']({ vm: vm.name }),
    effects: [text['effect.vm-suspended']({ vm: vm.name, domain: domain.name })],
    uses: [
      { kind: 'storage', where: domain.id, amount: capacity },
      { kind: 'memory', where: vm.host ?? '', amount: -vm.hardware.memory.size },
    ],
    locks: [
      { object: vm.id, kind: 'vm', mode: 'exclusive', showsAs: 'saving_state' },
      { object: ids.disk, kind: 'disk', mode: 'exclusive', showsAs: 'locked' },
      { object: domain.id, kind: 'storage_domain', mode: 'shared' },
    ],
    data: {
      vm: vm.id,
      name: vm.name,
      run: vm.run ?? '',
      host: vm.host ?? '',
      memory: { ...ids, domain: domain.id, alias: `${vm.name}_memory`, capacity },
    },
  });
}

/** Where the memory of a suspended VM lies. */
export interface SavedMemory {
  readonly disk: string;
  readonly volume: string;
  readonly domain: { readonly id: string; readonly name: string; readonly status: string };
  readonly status: string;
  /** Hosts that reach it. */
  readonly hosts: readonly string[];
}

/** Why a guest cannot go on from what is kept of it. */
export function savedMemoryProblem(vm: string, memory: SavedMemory | undefined): Refusal | undefined {
  if (!memory) return refuse(suspendReasons.vm_saved_memory_lost({ vm, status: 'gone' }));
  const { domain, status } = memory;
  return refusalOf([
    status !== 'ok' && suspendReasons.vm_saved_memory_lost({ vm, status }),
    domain.status !== 'active' &&
      suspendReasons.vm_saved_memory_lost({ vm, status: `on storage domain ${domain.name}, which is ${domain.status}` }),
  ]);
}

export interface DiscardMemory {
  readonly vm: string;
  readonly name: string;
  /** Where it is erased; absent where it is not there any more. */
  readonly memory: { readonly disk: string; readonly domain: string; readonly host: string } | undefined;
}

/** A suspended VM that is powered off: it is down, and what its guest had in memory is lost. */
export function planDiscard(vm: VmInState & { readonly id: string }, memory: SavedMemory | undefined): Plan<DiscardMemory> | Refusal {
  const against = refusalFor('stop', vm);
  if (against) return refuse(against);
  const host = memory?.domain.status === 'active' ? memory.hosts[0] : undefined;
  return plan({
    title: text['vm.discard']({ vm: vm.name }),
    effects: [text['effect.vm-memory-discarded']({ vm: vm.name })],
    locks: [
      { object: vm.id, kind: 'vm', mode: 'exclusive', showsAs: 'powering_down' },
      ...(memory ? [{ object: memory.disk, kind: 'disk', mode: 'exclusive', showsAs: 'locked' } as const] : []),
    ],
    data: {
      vm: vm.id,
      name: vm.name,
      memory: memory && host !== undefined ? { disk: memory.disk, domain: memory.domain.id, host } : undefined,
    },
  });
}
