import { reasons, type Reason } from '../reason.ts';

/** A VM's statuses, as the API has them, and what may be asked of it in which (vms.md 3.4, 3.5). */

export type VmStatus =
  | 'unassigned'
  | 'down'
  | 'up'
  | 'powering_up'
  | 'paused'
  | 'migrating'
  | 'unknown'
  | 'not_responding'
  | 'wait_for_launch'
  | 'reboot_in_progress'
  | 'saving_state'
  | 'restoring_state'
  | 'suspended'
  | 'image_locked'
  | 'powering_down';

export const vmStateReasons = reasons({
  vm_wrong_status: { class: 'conflict', text: 'Cannot {action} VM {vm}: it is {status}. That is possible when it is {possible}.' },
  vm_delete_protected: { class: 'conflict', text: 'VM {vm} is protected against removal. Switch delete protection off first.' },
  vm_is_locked: { class: 'conflict', text: 'Cannot {action} VM {vm}: {job} holds it. Try again when it has finished.' },
  vm_host_unreachable: { class: 'conflict', text: 'Cannot {action} VM {vm}: its host does not answer, so nobody knows what the VM does.' },
});

/** What rules ask about a VM. */
export interface VmInState {
  readonly name: string;
  readonly status: string;
  readonly deleteProtected: boolean;
  /** The title of the job that holds it, if one does. */
  readonly heldBy?: string | undefined;
}

interface ActionRule {
  readonly from: readonly VmStatus[];
  readonly unless?: readonly ((vm: VmInState) => Reason | undefined)[];
}

const deleteProtected = (vm: VmInState) => (vm.deleteProtected ? vmStateReasons.vm_delete_protected({ vm: vm.name }) : undefined);

const running = [
  'up',
  'powering_up',
  'powering_down',
  'migrating',
  'wait_for_launch',
  'reboot_in_progress',
  'paused',
  'not_responding',
] as const;

/** From which status each action is possible, and what stands against it even then. The manager enforces it; the portal and the CLI explain with it. */
export const vmActions = {
  start: { from: ['down', 'suspended', 'paused'] },
  run_once: { from: ['down'] },
  suspend: { from: ['up'] },
  shutdown: { from: [...running, 'suspended'] },
  stop: { from: [...running, 'suspended'] },
  reboot: { from: ['up', 'powering_up'] },
  reset: { from: ['up', 'powering_up', 'reboot_in_progress', 'powering_down'] },
  remove: { from: ['down'], unless: [deleteProtected] },
  console: { from: ['up', 'powering_up', 'powering_down', 'reboot_in_progress', 'paused', 'migrating'] },
  edit: { from: ['down', 'up', 'powering_up', 'paused', 'powering_down', 'reboot_in_progress', 'suspended'] },
  change_disks: { from: ['down'] },
  change_nics: { from: ['down'] },
} as const satisfies Record<string, ActionRule>;

export type VmAction = keyof typeof vmActions;

/** Why an action is not possible now; undefined when it is. What is so already is the caller's to look at first. */
export function refusalFor(action: VmAction, vm: VmInState): Reason | undefined {
  const rule: ActionRule = vmActions[action];
  const words = action
    .replaceAll('_', ' ')
    .replace(/^change (disks|nics|cd)$/, 'change the $1 of')
    .replace(/^extend disk$/, 'extend a disk of')
    .replace(/^(freeze|thaw) filesystems$/, '$1 the file systems of')
    .replace(/^logon$/, 'log on to')
    .replace(/^reorder mac addresses$/, 'reorder the MAC addresses of');
  if (vm.heldBy !== undefined) return vmStateReasons.vm_is_locked({ action: words, vm: vm.name, job: vm.heldBy });
  if (vm.status === 'unknown') return vmStateReasons.vm_host_unreachable({ action: words, vm: vm.name });
  if (!rule.from.some((status) => status === vm.status))
    return vmStateReasons.vm_wrong_status({
      action: words,
      vm: vm.name,
      status: vm.status.replaceAll('_', ' '),
      possible: rule.from.map((status) => status.replaceAll('_', ' ')).join(', '),
    });
  for (const against of rule.unless ?? []) {
    const reason = against(vm);
    if (reason) return reason;
  }
  return undefined;
}

/** Each action with its reason: what the API shows as `action_states`. */
export function actionStates(vm: VmInState): { readonly name: VmAction; readonly reason: Reason | undefined }[] {
  return actionNames.map((name) => ({ name, reason: refusalFor(name, vm) }));
}
const actionNames = Object.keys(vmActions).filter((name): name is VmAction => Object.hasOwn(vmActions, name));

// ---- what hosts report -------------------------------------------------------------------------------------------

/** A run as a host sees it: the kinds and reasons of the agent contract. */
export type SeenState =
  | { readonly kind: 'starting' | 'running' | 'rebooting' | 'shutting_down' }
  | { readonly kind: 'paused'; readonly reason: string }
  | { readonly kind: 'ended'; readonly exit: string; readonly message?: string | undefined };

export interface Seen {
  readonly state: SeenState;
  /** Whether the guest's agent has been heard in this run. */
  readonly guestAgent: 'unknown' | 'connected' | 'disconnected';
  /** Milliseconds since QEMU was started. */
  readonly age: number;
}

/** A guest without an agent counts as up after this long: RHV waits for the agent, and not for ever. */
export const graceForGuestAgent = 60_000;

/**
 * The status that follows from what was seen of a live run. `powering_up` lasts until the guest's agent is heard or a
 * minute has gone by.
 */
export function statusOf(seen: Seen, before: string): VmStatus {
  switch (seen.state.kind) {
    case 'starting':
      return 'wait_for_launch';
    case 'running':
      if (seen.guestAgent === 'connected' || seen.age >= graceForGuestAgent) return 'up';
      // A guest that was up does not become one that boots because its agent falls silent.
      return before === 'up' || before === 'paused' ? 'up' : 'powering_up';
    case 'rebooting':
      return 'reboot_in_progress';
    case 'shutting_down':
      return 'powering_down';
    case 'paused':
      return seen.state.reason === 'saving' ? 'saving_state' : 'paused';
    case 'ended':
      return 'down';
  }
}

/** Exit Normal or Error: only an error lets a highly available VM be started again (infra.md 3.6). */
export function exitIsError(exit: string): boolean {
  return !['guest_shutdown', 'admin_shutdown', 'destroyed', 'saved', 'migrated'].includes(exit);
}

const exitWords: Readonly<Record<string, string>> = {
  guest_shutdown: 'the guest shut down',
  admin_shutdown: 'it was shut down on request',
  destroyed: 'it was powered off',
  crashed: 'QEMU ended unexpectedly',
  start_failed: 'it could not be started',
  host_shutdown: 'its host was shut down',
  migrated: 'it was migrated away',
  saved: 'it was suspended',
  lost: 'nobody saw how it ended',
};

export const describeExit = (exit: string, message?: string): string => [exitWords[exit] ?? exit, message].filter(Boolean).join(': ');
