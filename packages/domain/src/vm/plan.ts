import { phrases } from '../phrases.ts';
import { plan, type Plan } from '../plan.ts';
import { reasons, refusalOf, refuse, type Refusal } from '../reason.ts';
import { gibibyte, type Hardware } from './hardware.ts';
import { hardwareOfRun, type RunOnce } from './run-once.ts';
import { refusalFor, vmStateReasons, type VmInState } from './state.ts';
import { savedMemoryProblem, type SavedMemory } from './suspend.ts';

/** What starting, stopping and removing a VM would check, change and hold. */

export const vmPlanReasons = reasons({
  vm_name_taken: { class: 'conflict', text: 'There is a VM named {name} already. Choose another name.' },
  vm_no_host: { class: 'conflict', text: 'Cannot start VM {vm}: no host of cluster {cluster} can take it. {reasons}' },
  vm_no_host_in_cluster: { class: 'conflict', text: 'Cannot start VM {vm}: cluster {cluster} has no host that is up.' },
  vm_disk_not_ok: { class: 'conflict', text: 'Cannot start VM {vm}: its disk {disk} is {status}.' },
  vm_domain_not_active: {
    class: 'conflict',
    text: 'Cannot start VM {vm}: its disk {disk} lies on storage domain {domain}, which is {status}.',
  },
  vm_boot_disk_missing: {
    class: 'conflict',
    text: 'Cannot start VM {vm}: it boots from hard disk alone, and has none. Attach a disk, or let it boot from CD-ROM or network too.',
  },
  vm_boot_network_missing: { class: 'conflict', text: 'Cannot start VM {vm}: it boots from the network alone, and has no NIC.' },
  vm_cd_unfit: { class: 'conflict', text: 'Cannot start VM {vm}: the CD {disk} is {status}. Take it out of the drive, or mend it.' },
  vm_stateless_not_built: { class: 'not_built', text: 'Starting a VM stateless comes with snapshots.' },
  vm_stateless_ha: { class: 'conflict', text: 'VM {vm} is highly available; it cannot run stateless.' },
});

const text = phrases({
  'vm.start': 'Starting VM {vm}',
  'vm.stop': 'Powering off VM {vm}',
  'vm.shutdown': 'Shutting down VM {vm}',
  'vm.reboot': 'Rebooting VM {vm}',
  'vm.reset': 'Resetting VM {vm}',
  'vm.resume': 'Resuming VM {vm}',
  'vm.remove': 'Removing VM {vm}',
  'effect.vm-runs': 'VM {vm} runs on host {host}',
  'effect.vm-off': 'VM {vm} loses power at once; what its guest has not written is lost',
  'effect.vm-asked': 'The guest of VM {vm} is asked to {action}',
  'effect.vm-removed': 'VM {vm} is gone',
  'effect.vm-disks-removed': 'Its disks are erased: {disks}',
  'effect.vm-disks-kept': 'Its disks stay: {disks}',
  'check.host': 'Host {host} has room for it: {free} GiB free',
});

export interface StartDisk {
  readonly disk: string;
  readonly alias: string;
  readonly status: string;
  readonly domain: { readonly id: string; readonly name: string; readonly status: string };
}

export interface CandidateHost {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** Bytes of memory that VMs may still be given here, after the cluster's overcommit. */
  readonly schedulable: number;
  readonly cpus: number;
  /** Networks that VMs can be plugged into here. */
  readonly networks: readonly string[];
  readonly runningVms: number;
}

export interface StartFacts {
  readonly vm: VmInState & { readonly id: string; readonly hardware: Hardware };
  readonly cluster: string;
  readonly disks: readonly StartDisk[];
  /** Names of the networks that its plugged NICs need. */
  readonly networks: readonly string[];
  readonly nicCount: number;
  readonly hosts: readonly CandidateHost[];
  /** What lies in its CD drive. */
  readonly cd?: StartDisk | undefined;
}

export interface StartVm {
  readonly vm: string;
  readonly name: string;
  readonly run: string;
  readonly host: string;
  readonly hostName: string;
  readonly paused: boolean;
  /** The disk in the CD drive. */
  readonly cd?: string;
  readonly runOnce?: RunOnce;
  /** The memory that a suspended VM goes on with. */
  readonly memory?: { readonly disk: string; readonly volume: string; readonly domain: string };
}

export interface StartWish {
  readonly run: string;
  readonly host?: string | undefined;
  readonly paused: boolean;
  readonly runOnce?: RunOnce | undefined;
}

/** A start of a VM that is down; `run` is the id that this run will have. */
export function planStart(facts: StartFacts, wish: StartWish): Plan<StartVm> | Refusal {
  const { disks, cd } = facts;
  const vm = { ...facts.vm, hardware: hardwareOfRun(facts.vm.hardware, wish.runOnce ?? null) };
  const said = vmPlanReasons;
  const alone = (device: string) => vm.hardware.boot.every((one) => one === device);
  const against = refusalOf([
    refusalFor(wish.runOnce ? 'run_once' : 'start', vm),
    vm.heldBy === undefined &&
      vm.status === 'suspended' &&
      vmStateReasons.vm_wrong_status({ action: 'start anew', vm: vm.name, status: 'suspended', possible: 'down' }),
    wish.runOnce?.hardware.stateless === true && said.vm_stateless_not_built('action.vm.stateless'),
    // A highly available VM starts without its CD rather than not at all.
    cd &&
      !vm.hardware.highAvailability.enabled &&
      (cd.status !== 'ok' || cd.domain.status !== 'active') &&
      said.vm_cd_unfit({
        vm: vm.name,
        disk: cd.alias,
        status: cd.status === 'ok' ? `on a storage domain that is ${cd.domain.status}` : cd.status,
      }),
    ...disks.map((disk) => disk.status !== 'ok' && said.vm_disk_not_ok({ vm: vm.name, disk: disk.alias, status: disk.status })),
    ...disks.map(
      (disk) =>
        disk.domain.status !== 'active' &&
        said.vm_domain_not_active({ vm: vm.name, disk: disk.alias, domain: disk.domain.name, status: disk.domain.status }),
    ),
    alone('hd') && disks.length === 0 && vm.hardware.kernel?.path === undefined && said.vm_boot_disk_missing({ vm: vm.name }),
    alone('network') && facts.nicCount === 0 && said.vm_boot_network_missing({ vm: vm.name }),
    vm.hardware.stateless && vm.hardware.highAvailability.enabled && said.vm_stateless_ha({ vm: vm.name }),
  ]);
  if (against) return against;
  const chosen = chooseHost({ ...facts, vm }, wish.host);
  if ('refused' in chosen) return chosen;
  const usable = cd?.status === 'ok' && cd.domain.status === 'active' ? cd : undefined;
  return plan({
    title: text['vm.start']({ vm: vm.name }),
    checks: [text['check.host']({ host: chosen.name, free: Math.round(chosen.schedulable / gibibyte) })],
    effects: [text['effect.vm-runs']({ vm: vm.name, host: chosen.name })],
    uses: [{ kind: 'memory', where: chosen.id, amount: vm.hardware.memory.size }],
    locks: [
      { object: vm.id, kind: 'vm', mode: 'exclusive', showsAs: 'wait_for_launch' },
      ...disks.map((disk) => ({ object: disk.disk, kind: 'disk', mode: 'shared' }) as const),
      ...(usable ? [{ object: usable.disk, kind: 'disk', mode: 'shared' } as const] : []),
      ...[...new Set([...disks, ...(usable ? [usable] : [])].map((disk) => disk.domain.id))].map(
        (object) => ({ object, kind: 'storage_domain', mode: 'shared' }) as const,
      ),
    ],
    data: {
      vm: vm.id,
      name: vm.name,
      run: wish.run,
      host: chosen.id,
      hostName: chosen.name,
      paused: wish.paused,
      ...(usable && { cd: usable.disk }),
      ...(wish.runOnce && { runOnce: wish.runOnce }),
    },
  });
}

/** A suspended VM goes on, with what it had: nothing but its host can be chosen anew. */
export function planResume(facts: StartFacts, memory: SavedMemory | undefined, wish: StartWish): Plan<StartVm> | Refusal {
  const { vm, disks } = facts;
  const said = vmPlanReasons;
  const against = refusalOf([
    refusalFor('start', vm),
    vm.heldBy === undefined &&
      vm.status !== 'suspended' &&
      vmStateReasons.vm_wrong_status({ action: 'resume', vm: vm.name, status: vm.status, possible: 'suspended' }),
    wish.runOnce && refusalFor('run_once', vm),
    ...(savedMemoryProblem(vm.name, memory)?.refused ?? []),
    ...disks.map((disk) => disk.status !== 'ok' && said.vm_disk_not_ok({ vm: vm.name, disk: disk.alias, status: disk.status })),
    ...disks.map(
      (disk) =>
        disk.domain.status !== 'active' &&
        said.vm_domain_not_active({ vm: vm.name, disk: disk.alias, domain: disk.domain.name, status: disk.domain.status }),
    ),
  ]);
  if (against) return against;
  if (!memory) throw new Error('What is lost was refused');
  const chosen = chooseHost(facts, wish.host);
  if ('refused' in chosen) return chosen;
  const domains = new Set([...disks.map((disk) => disk.domain.id), memory.domain.id]);
  return plan({
    title: text['vm.resume']({ vm: vm.name }),
    checks: [text['check.host']({ host: chosen.name, free: Math.round(chosen.schedulable / gibibyte) })],
    effects: [text['effect.vm-runs']({ vm: vm.name, host: chosen.name })],
    uses: [{ kind: 'memory', where: chosen.id, amount: vm.hardware.memory.size }],
    locks: [
      { object: vm.id, kind: 'vm', mode: 'exclusive', showsAs: 'restoring_state' },
      { object: memory.disk, kind: 'disk', mode: 'exclusive', showsAs: 'locked' },
      ...disks.map((disk) => ({ object: disk.disk, kind: 'disk', mode: 'shared' }) as const),
      ...[...domains].map((object) => ({ object, kind: 'storage_domain', mode: 'shared' }) as const),
    ],
    data: {
      vm: vm.id,
      name: vm.name,
      run: wish.run,
      host: chosen.id,
      hostName: chosen.name,
      paused: wish.paused,
      ...(facts.cd && { cd: facts.cd.disk }),
      memory: { disk: memory.disk, volume: memory.volume, domain: memory.domain.id },
    },
  });
}

/** The host with most free memory of those that can take the VM; otherwise each host's reason against it. */
function chooseHost(facts: StartFacts, wanted: string | undefined): CandidateHost | Refusal {
  const { vm, cluster } = facts;
  const { affinity, hosts: pinned } = vm.hardware.placement;
  const mayRunOn = (host: string) => affinity !== 'pinned' || pinned.length === 0 || pinned.includes(host);
  const up = facts.hosts.filter((host) => host.status === 'up' && (wanted === undefined ? mayRunOn(host.id) : host.id === wanted));
  if (up.length === 0) return refuse(vmPlanReasons.vm_no_host_in_cluster({ vm: vm.name, cluster }));
  const judged = up.map((host) => ({ host, problem: hostProblem(host, facts) }));
  const fit = judged.filter(({ problem }) => problem === undefined).map(({ host }) => host);
  const [best] = fit.toSorted((a, b) => b.schedulable - a.schedulable);
  return (
    best ??
    refuse(
      vmPlanReasons.vm_no_host({ vm: vm.name, cluster, reasons: judged.map(({ host, problem }) => `${host.name}: ${problem}.`).join(' ') }),
    )
  );
}

function hostProblem(host: CandidateHost, { vm, networks }: StartFacts): string | undefined {
  const { memory, cpu } = vm.hardware;
  const missing = networks.filter((network) => !host.networks.includes(network));
  if (missing.length > 0) return `it lacks network ${missing.join(', ')}`;
  if (memory.size > host.schedulable) return `it has ${inGib(host.schedulable)} GiB of memory for VMs, ${inGib(memory.size)} are needed`;
  const vcpus = cpu.sockets * cpu.cores * cpu.threads;
  return vcpus > host.cpus ? `it has ${host.cpus} CPUs, the VM ${vcpus}` : undefined;
}
const inGib = (bytes: number): number => Math.round((bytes / gibibyte) * 10) / 10;

/** What a host may still give to VMs: overcommit per cent of its memory, less what runs there and what the host itself needs. */
export function schedulableMemory(host: { readonly memory: number; readonly committed: number }, overcommitPercent: number): number {
  const reserved = Math.min(256 * 1024 * 1024, host.memory / 8);
  return Math.max(0, Math.floor((host.memory * overcommitPercent) / 100 - host.committed - reserved));
}

export interface RunningFacts {
  readonly vm: VmInState & { readonly id: string; readonly run: string | undefined; readonly host: string | undefined };
}

/** Something asked of a run: it is still the same run when it is done, or it is not done. */
export interface RunAction {
  readonly vm: string;
  readonly name: string;
  readonly run: string;
  readonly host: string;
  readonly action: 'stop' | 'shutdown' | 'reboot' | 'reset' | 'resume';
  readonly reason?: string;
}

/** Who cannot hear a request to shut down is powered off: paused, unreachable or not yet there (vms.md 3.6). */
export const gracefulFrom: readonly string[] = ['up', 'powering_up', 'powering_down', 'reboot_in_progress', 'migrating'];

export function planRunAction({ vm }: RunningFacts, action: RunAction['action'], reason?: string): Plan<RunAction> | Refusal {
  const against = refusalFor(action === 'resume' ? 'start' : action, vm);
  if (against) return refuse(against);
  const effect = action === 'stop' ? text['effect.vm-off']({ vm: vm.name }) : text['effect.vm-asked']({ vm: vm.name, action });
  return plan({
    title: text[`vm.${action}`]({ vm: vm.name }),
    effects: [effect],
    locks: [
      { object: vm.id, kind: 'vm', mode: 'exclusive', ...(action === 'stop' || action === 'shutdown' ? { showsAs: 'powering_down' } : {}) },
    ],
    data: { vm: vm.id, name: vm.name, run: vm.run ?? '', host: vm.host ?? '', action, ...(reason === undefined ? {} : { reason }) },
  });
}

export interface RemovalDisk {
  readonly disk: string;
  readonly alias: string;
  readonly domain: string;
  readonly host: string | undefined;
  readonly wipe: boolean;
  /** Shareable disks that other VMs have too stay. */
  readonly shared: boolean;
  readonly refused: Refusal | undefined;
}

export interface RemoveVm {
  readonly vm: string;
  readonly name: string;
  readonly disks: readonly {
    readonly disk: string;
    readonly alias: string;
    readonly domain: string;
    readonly host: string;
    readonly wipe: boolean;
  }[];
}

export function planRemoveVm(
  facts: { readonly vm: VmInState & { readonly id: string }; readonly disks: readonly RemovalDisk[] },
  wish: { readonly detachOnly: boolean },
): Plan<RemoveVm> | Refusal {
  const { vm } = facts;
  const erased = wish.detachOnly ? [] : facts.disks.filter((disk) => !disk.shared);
  const kept = facts.disks.filter((disk) => !erased.includes(disk));
  const refusal = refusalOf([refusalFor('remove', vm), ...erased.flatMap((disk) => disk.refused?.refused ?? [])]);
  if (refusal) return refusal;
  const list = (disks: readonly RemovalDisk[]) => disks.map((disk) => disk.alias).join(', ');
  return plan({
    title: text['vm.remove']({ vm: vm.name }),
    effects: [
      text['effect.vm-removed']({ vm: vm.name }),
      ...(erased.length > 0 ? [text['effect.vm-disks-removed']({ disks: list(erased) })] : []),
      ...(kept.length > 0 ? [text['effect.vm-disks-kept']({ disks: list(kept) })] : []),
    ],
    locks: [
      { object: vm.id, kind: 'vm', mode: 'exclusive', showsAs: 'image_locked' },
      ...erased.map((disk) => ({ object: disk.disk, kind: 'disk', mode: 'exclusive', showsAs: 'locked' }) as const),
      ...[...new Set(erased.map((disk) => disk.domain))].map((object) => ({ object, kind: 'storage_domain', mode: 'shared' }) as const),
    ],
    data: {
      vm: vm.id,
      name: vm.name,
      disks: erased.map(({ disk, alias, domain, host, wipe }) => ({ disk, alias, domain, host: host ?? '', wipe })),
    },
  });
}
