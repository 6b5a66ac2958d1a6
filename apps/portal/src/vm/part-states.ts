import type { Api } from '@ostler/contract/schema';

/** A part of a VM can be changed when the VM's parts can: the manager says so with the VM. */
export const partStates = (vm: Api['vm'], name: 'change_nics' | 'change_disks'): Api['action_state'][] =>
  (vm.action_states ?? []).filter((state) => state.name === name);
