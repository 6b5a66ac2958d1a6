import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** Networks, what they are for in clusters, and vNIC profiles (infra.md 9). */

export interface NetworkSettings {
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly vlan: number | null;
  readonly mtu: number;
  readonly stp: boolean;
  readonly vmNetwork: boolean;
  readonly portIsolation: boolean;
  /** A QoS for hosts' NICs, of the same data center. */
  readonly qos: string | null;
  readonly nameServers: readonly string[];
}

export const networkReasons = reasons({
  network_name_taken: { class: 'conflict', text: 'There is a network named {name} in this data center already.' },
  network_vlan_unfit: { class: 'bad_input', text: 'A VLAN tag is from 0 to 4094.' },
  network_mtu_unfit: { class: 'bad_input', text: 'An MTU is from 68 to 65535, or 0 for the default.' },
  network_isolation_level: {
    class: 'conflict',
    text: 'Port isolation needs the compatibility version 4.5; the data center has {version}.',
  },
  network_isolation_fixed: { class: 'conflict', text: 'Whether the ports of network {name} are isolated was decided when it was made.' },
  network_name_servers_too_many: { class: 'bad_input', text: 'A network has at most {most} name servers.' },
  network_name_server_unfit: { class: 'bad_input', text: '{address} is no IP address of a name server.' },
  network_provider_not_built: { class: 'not_built', text: 'Networks of external providers are not built.' },
  network_label_taken: { class: 'conflict', text: 'Network {name} has the label {label} already; a network has one.' },
  network_label_needs_hosts: { class: 'not_built', text: 'Labels of hosts’ NICs are not built.' },
  network_data_center_fixed: { class: 'conflict', text: 'Network {name} stays in its data center.' },
  network_name_on_hosts: {
    class: 'conflict',
    text: 'Hosts know the network {name} by its name: {hosts}. Change their configuration first.',
  },
  network_is_management: { class: 'conflict', text: 'Network {name} is the management network of cluster {cluster}, and stays.' },
  network_has_nics: { class: 'conflict', text: 'Network {name} is used by {count} NICs of VMs. Give them another vNIC profile first.' },
  network_needs_vm_use: { class: 'conflict', text: 'Network {name} is used by NICs of VMs; it cannot stop being a VM network.' },
  network_elsewhere: { class: 'bad_input', text: 'Network {name} belongs to another data center than cluster {cluster}.' },
  network_in_cluster: { class: 'conflict', text: 'Network {name} is in cluster {cluster} already.' },
  network_role_kept: {
    class: 'conflict',
    text: 'Network {name} is the {role} network of cluster {cluster}. Give that role to another network instead.',
  },
  network_not_for_vms: { class: 'conflict', text: 'Network {name} is no VM network; it cannot be used for VMs.' },
});

const said = networkReasons;

const mostNameServers = 3;
const isAddress = (text: string): boolean => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) || /^[0-9a-f:]*:[0-9a-f:.]*$/i.test(text);

export function networkProblems({ name, vlan, mtu, nameServers }: NetworkSettings, otherNames: readonly string[]): Refusal | undefined {
  return refusalOf([
    nameServers.length > mostNameServers &&
      said.network_name_servers_too_many({ most: mostNameServers }, 'network.dns_resolver_configuration'),
    ...nameServers
      .filter((address) => !isAddress(address))
      .map((address) => said.network_name_server_unfit({ address: address.slice(0, 60) }, 'network.dns_resolver_configuration')),
    nameProblem('network', name, 'network.name'),
    otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) && said.network_name_taken({ name }, 'network.name'),
    vlan !== null && !(Number.isInteger(vlan) && vlan >= 0 && vlan <= 4094) && said.network_vlan_unfit('network.vlan.id'),
    mtu !== 0 && !(Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535) && said.network_mtu_unfit('network.mtu'),
  ]);
}

export interface NetworkInUse {
  readonly nics: number;
  /** Hosts that offer the network to VMs. */
  readonly hosts: readonly string[];
  /** A cluster whose management network it is. */
  readonly manages: string | null;
}

export function networkChangeProblems(
  before: NetworkSettings,
  after: NetworkSettings,
  facts: NetworkInUse & { readonly names: readonly string[] },
): Refusal | undefined {
  const { name } = before;
  return (
    networkProblems(after, facts.names) ??
    refusalOf([
      after.name !== name && facts.hosts.length > 0 && said.network_name_on_hosts({ name, hosts: facts.hosts.join(', ') }, 'network.name'),
      after.portIsolation !== before.portIsolation && said.network_isolation_fixed({ name }, 'network.port_isolation'),
      before.vmNetwork && !after.vmNetwork && facts.nics > 0 && said.network_needs_vm_use({ name }, 'network.usages'),
    ])
  );
}

export const networkRemovalProblems = (name: string, { manages, nics }: NetworkInUse): Refusal | undefined =>
  refusalOf([
    manages !== null && said.network_is_management({ name, cluster: manages }),
    nics > 0 && said.network_has_nics({ name, count: nics }),
  ]);

// ---- in a cluster --------------------------------------------------------------------------------------------------

export type Usage = 'default_route' | 'display' | 'gluster' | 'management' | 'migration' | 'vm';

/** Each of these is one network's in a cluster: who gets it takes it from who had it. */
export const soleRoles = ['management', 'display', 'migration', 'default_route'] as const satisfies readonly Usage[];

export interface Assignment {
  readonly required: boolean;
  readonly usages: readonly Usage[];
}

export function assignmentProblems(
  network: { readonly name: string; readonly vmNetwork: boolean },
  cluster: string,
  before: Assignment | undefined,
  after: Assignment,
): Refusal | undefined {
  const { name } = network;
  const lost = soleRoles.find((role) => before?.usages.includes(role) && !after.usages.includes(role));
  return refusalOf([
    lost !== undefined && said.network_role_kept({ name, role: lost.replace('_', ' '), cluster }, 'network.usages'),
    after.usages.includes('vm') && !network.vmNetwork && said.network_not_for_vms({ name }, 'network.usages'),
  ]);
}

export function detachProblems(name: string, cluster: string, { usages }: Assignment, nics: number): Refusal | undefined {
  const role = soleRoles.find((one) => usages.includes(one));
  return refusalOf([
    role === 'management' && said.network_is_management({ name, cluster }),
    role !== undefined && role !== 'management' && said.network_role_kept({ name, role: role.replace('_', ' '), cluster }),
    nics > 0 && said.network_has_nics({ name, count: nics }),
  ]);
}

export const networkLabelProblems = (name: string, held: string | null, label: string): Refusal | undefined =>
  refusalOf([
    nameProblem('network label', label, 'network_label.id'),
    held !== null && said.network_label_taken({ name, label: held }, 'network_label.id'),
  ]);
