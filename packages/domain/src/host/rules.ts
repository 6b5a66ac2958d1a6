import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** What may be asked of a host in which status, and what stands against it (infra.md 2.3). */

export const hostReasons = reasons({
  host_add_by_token: {
    class: 'not_built',
    text: 'Hosts are not added over SSH. Ask for a token with the action issueenrollmenttoken of the cluster, and let the agent on the machine enroll with it.',
  },
  host_approve_by_token: {
    class: 'not_built',
    text: 'Hosts do not wait for approval: the token that they enroll with is what approves them.',
  },
  host_no_power_management: {
    class: 'conflict',
    text: 'Host {host} has no power management, so its power can be neither switched nor looked at.',
  },
  host_fence_type_unknown: { class: 'bad_input', text: 'There is no way to fence called {type}; there are {known}.' },
  host_name_taken: { class: 'conflict', text: 'There is another host named {name} already.' },
  host_cluster_fixed: {
    class: 'conflict',
    text: 'A host stays in the cluster that it enrolled in. Remove it, and enroll it with a token of the other cluster.',
  },
  host_address_fixed: { class: 'conflict', text: 'The address of host {host} is what it enrolled with. Enroll it again to change it.' },
  host_priority_unfit: { class: 'bad_input', text: 'A priority for the storage pool manager is from -1 to 10.' },
  host_wrong_status: { class: 'conflict', text: 'Host {host} cannot be {what} while it is {status}.' },
  host_runs_vms: { class: 'conflict', text: 'Host {host} still runs {vms}. Shut them down first.' },
  host_moves_disks: { class: 'conflict', text: 'Host {host} still transfers {count} disk images. Wait for them, or cancel them.' },
  host_not_in_maintenance: { class: 'conflict', text: 'Host {host} is {status}. Move it to maintenance before it is removed.' },
});

export interface HostSettings {
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly spmPriority: number;
}

/** `vms` are those that the reader may be told of; `running` counts all of them. */
export interface HostInUse {
  readonly name: string;
  readonly status: string;
  readonly running: number;
  readonly vms: readonly string[];
  readonly transfers: number;
}

const spoken = (status: string): string => status.replaceAll('_', ' ');

const mayGo = {
  activate: ['maintenance', 'preparing_for_maintenance', 'non_operational', 'error', 'install_failed'],
  deactivate: ['up', 'non_operational', 'non_responsive', 'error', 'install_failed', 'down'],
} as const;

export function hostChangeProblems(settings: HostSettings, otherNames: readonly string[]): Refusal | undefined {
  const { name, spmPriority } = settings;
  return refusalOf([
    nameProblem('host', name, 'host.name'),
    otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) && hostReasons.host_name_taken({ name }, 'host.name'),
    !(Number.isInteger(spmPriority) && spmPriority >= -1 && spmPriority <= 10) && hostReasons.host_priority_unfit('host.spm.priority'),
  ]);
}

export const activationProblems = ({ name, status }: Pick<HostInUse, 'name' | 'status'>): Refusal | undefined =>
  refusalOf([
    !mayGo.activate.some((one) => one === status) &&
      hostReasons.host_wrong_status({ host: name, what: 'activated', status: spoken(status) }),
  ]);

/** VMs are not moved away yet: a host with VMs stays what it is. */
export const maintenanceProblems = (host: HostInUse): Refusal | undefined =>
  refusalOf([
    !mayGo.deactivate.some((one) => one === host.status) &&
      hostReasons.host_wrong_status({ host: host.name, what: 'moved to maintenance', status: spoken(host.status) }),
    ...occupied(host),
  ]);

export const hostRemovalProblems = (host: HostInUse): Refusal | undefined =>
  refusalOf([
    !['maintenance', 'install_failed', 'down', 'pending_approval'].includes(host.status) &&
      hostReasons.host_not_in_maintenance({ host: host.name, status: spoken(host.status) }),
    ...occupied(host),
  ]);

const occupied = ({ name, running, vms, transfers }: HostInUse) => [
  running > 0 && hostReasons.host_runs_vms({ host: name, vms: vmsSaid(running, vms) }),
  transfers > 0 && hostReasons.host_moves_disks({ host: name, count: transfers }),
];

function vmsSaid(running: number, vms: readonly string[]): string {
  const named = vms.slice(0, 5);
  const others = running - named.length;
  if (named.length === 0) return running === 1 ? 'a VM' : `${running} VMs`;
  return `VM${running === 1 ? '' : 's'} ${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}
