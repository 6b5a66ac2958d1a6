import { phrases } from '../phrases.ts';
import { plan, type Plan } from '../plan.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** What happens to a storage domain: created, attached to a data center, activated, put to maintenance, detached, removed. */

export const storageDomainPlanReasons = reasons({
  domain_name_taken: { class: 'conflict', text: 'There is a storage domain named {name} already. Choose another name.' },
  domain_storage_taken: { class: 'conflict', text: 'The storage at {path} is used by storage domain {name} already.' },
  domain_no_host: {
    class: 'conflict',
    text: 'No host is up in data center {dataCenter}, so nobody can reach the storage. Activate a host first.',
  },
  domain_host_not_up: { class: 'conflict', text: 'Host {host} is {status}. Only a host that is up can reach the storage.' },
  domain_kind_not_attached_here: {
    class: 'conflict',
    text: 'Data center {dataCenter} has {kind} domain {other} already; it takes only one.',
  },
  domain_first_must_be_data: {
    class: 'conflict',
    text: 'Data center {dataCenter} has no data domain yet: the first domain that it gets must be a data domain.',
  },
  domain_attached_already: {
    class: 'conflict',
    text: 'Storage domain {name} is attached to data center {dataCenter}. Detach it there first.',
  },
  domain_locality: { class: 'bad_input', text: 'Storage domain {name} is {type}: {dataCenter} takes only {wanted} storage.' },
  domain_wrong_status: { class: 'conflict', text: 'Storage domain {name} is {status}; to {action} it, it must be {needed}.' },
  domain_in_use: { class: 'conflict', text: 'Cannot {action} storage domain {name}: {users}.' },
  domain_master_last: {
    class: 'conflict',
    text: 'Storage domain {name} is the master of data center {dataCenter}, which has other domains ({others}). Detach those first.',
  },
  domain_not_unattached: {
    class: 'conflict',
    text: 'Storage domain {name} is attached to data center {dataCenter}. Put it into maintenance and detach it before it is removed.',
  },
});

const text = phrases({
  'storage-domain.add': 'Adding storage domain {name}',
  'storage-domain.attach': 'Attaching storage domain {name} to data center {dataCenter}',
  'storage-domain.activate': 'Activating storage domain {name}',
  'storage-domain.maintain': 'Moving storage domain {name} to maintenance',
  'storage-domain.detach': 'Detaching storage domain {name} from data center {dataCenter}',
  'storage-domain.remove': 'Removing storage domain {name}',
  'effect.domain-created': 'A storage domain named {name} is laid out at {path}',
  'effect.domain-attached': '{name} belongs to data center {dataCenter} and is active on its hosts',
  'effect.domain-master': '{name} becomes the master of {dataCenter}, which comes up with it',
  'effect.domain-formatted': 'Everything that {name} holds is erased from its storage',
  'effect.domain-forgotten': 'Ostler forgets {name}; its storage keeps what is on it',
  'effect.domain-maintenance': 'Hosts stop using {name}',
  'effect.domain-detached': '{name} belongs to no data center any more',
});

export interface HostRef {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

export interface AddFacts {
  readonly names: readonly string[];
  /** The storage domain that lies at the same connection, if any. */
  readonly atSameStorage: string | undefined;
  readonly host: HostRef;
}

export interface AddWish {
  readonly id: string;
  readonly name: string;
  readonly kind: 'data' | 'iso' | 'export';
  readonly path: string;
}

export interface AddDomain {
  readonly domain: string;
  readonly name: string;
  readonly kind: 'data' | 'iso' | 'export';
  readonly host: string;
}

export function planAddDomain(facts: AddFacts, wish: AddWish): Plan<AddDomain> | Refusal {
  const said = storageDomainPlanReasons;
  const refusal = refusalOf([
    facts.names.some((name) => name.toLowerCase() === wish.name.toLowerCase()) &&
      said.domain_name_taken({ name: wish.name }, 'storage_domain.name'),
    facts.atSameStorage !== undefined &&
      said.domain_storage_taken({ path: wish.path, name: facts.atSameStorage }, 'storage_domain.storage.path'),
    facts.host.status !== 'up' && said.domain_host_not_up({ host: facts.host.name, status: facts.host.status }, 'storage_domain.host'),
  ]);
  if (refusal) return refusal;
  return plan({
    title: text['storage-domain.add']({ name: wish.name }),
    effects: [text['effect.domain-created']({ name: wish.name, path: wish.path })],
    locks: [{ object: wish.id, kind: 'storage_domain', mode: 'exclusive', showsAs: 'locked' }],
    data: { domain: wish.id, name: wish.name, kind: wish.kind, host: facts.host.id },
  });
}

export interface DomainFacts {
  readonly id: string;
  readonly name: string;
  readonly kind: 'data' | 'iso' | 'export';
  readonly storageType: string;
  readonly status: string;
  readonly master: boolean;
  readonly dataCenter: { readonly id: string; readonly name: string } | undefined;
}

export interface AttachFacts {
  readonly domain: DomainFacts;
  readonly dataCenter: { readonly id: string; readonly name: string; readonly local: boolean; readonly masterVersion: number };
  /** Domains that the data center has already. */
  readonly others: readonly Pick<DomainFacts, 'name' | 'kind' | 'master'>[];
  /** Hosts of the data center that are up, the one that does the work first. */
  readonly hosts: readonly HostRef[];
}

export interface AttachDomain {
  readonly domain: string;
  readonly name: string;
  readonly dataCenter: string;
  readonly dataCenterName: string;
  readonly host: string;
  readonly hosts: readonly string[];
  readonly master: boolean;
  readonly masterVersion: number;
}

export function planAttachDomain({ domain, dataCenter, others, hosts }: AttachFacts): Plan<AttachDomain> | Refusal {
  const said = storageDomainPlanReasons;
  const [host] = hosts;
  const master = domain.kind === 'data' && !others.some((other) => other.master);
  const rival = domain.kind === 'data' ? undefined : others.find((other) => other.kind === domain.kind);
  const refusal = refusalOf([
    domain.dataCenter && said.domain_attached_already({ name: domain.name, dataCenter: domain.dataCenter.name }),
    domain.kind === 'data' &&
      (domain.storageType === 'localfs') !== dataCenter.local &&
      said.domain_locality({
        name: domain.name,
        type: domain.storageType,
        dataCenter: dataCenter.name,
        wanted: dataCenter.local ? 'local' : 'shared',
      }),
    domain.kind !== 'data' && !others.some((other) => other.master) && said.domain_first_must_be_data({ dataCenter: dataCenter.name }),
    rival && said.domain_kind_not_attached_here({ dataCenter: dataCenter.name, kind: rival.kind, other: rival.name }),
    !host && said.domain_no_host({ dataCenter: dataCenter.name }),
  ]);
  if (refusal) return refusal;
  return plan({
    title: text['storage-domain.attach']({ name: domain.name, dataCenter: dataCenter.name }),
    effects: [
      text['effect.domain-attached']({ name: domain.name, dataCenter: dataCenter.name }),
      ...(master ? [text['effect.domain-master']({ name: domain.name, dataCenter: dataCenter.name })] : []),
    ],
    locks: [
      { object: domain.id, kind: 'storage_domain', mode: 'exclusive', showsAs: 'locked' },
      { object: dataCenter.id, kind: 'data_center', mode: 'shared' },
    ],
    data: {
      domain: domain.id,
      name: domain.name,
      dataCenter: dataCenter.id,
      dataCenterName: dataCenter.name,
      host: host?.id ?? '',
      hosts: hosts.map((one) => one.id),
      master,
      masterVersion: dataCenter.masterVersion + (master ? 1 : 0),
    },
  });
}

export interface SwitchFacts {
  readonly domain: DomainFacts;
  readonly hosts: readonly HostRef[];
  /** Who stands against maintenance, as "VM web runs with its disk db on it". */
  readonly users: readonly string[];
}

export interface SwitchDomain {
  readonly domain: string;
  readonly name: string;
  readonly dataCenter: string;
  readonly hosts: readonly string[];
}

export function planActivateDomain({ domain, hosts }: SwitchFacts): Plan<SwitchDomain> | Refusal {
  const said = storageDomainPlanReasons;
  const refusal = refusalOf([
    !['inactive', 'unknown', 'maintenance', 'preparing_for_maintenance'].includes(domain.status) &&
      said.domain_wrong_status({
        name: domain.name,
        status: domain.status,
        action: 'activate',
        needed: 'inactive, unknown or in maintenance',
      }),
    hosts.length === 0 && said.domain_no_host({ dataCenter: domain.dataCenter?.name ?? '' }),
  ]);
  return (
    refusal ??
    plan({
      title: text['storage-domain.activate']({ name: domain.name }),
      effects: [],
      locks: [{ object: domain.id, kind: 'storage_domain', mode: 'exclusive', showsAs: 'activating' }],
      data: switchData(domain, hosts),
    })
  );
}

export function planMaintainDomain({ domain, hosts, users }: SwitchFacts): Plan<SwitchDomain> | Refusal {
  const said = storageDomainPlanReasons;
  const refusal = refusalOf([
    !['active', 'inactive', 'unknown'].includes(domain.status) &&
      said.domain_wrong_status({ name: domain.name, status: domain.status, action: 'put into maintenance', needed: 'active or inactive' }),
    users.length > 0 && said.domain_in_use({ action: 'put into maintenance', name: domain.name, users: users.join('; ') }),
  ]);
  return (
    refusal ??
    plan({
      title: text['storage-domain.maintain']({ name: domain.name }),
      effects: [text['effect.domain-maintenance']({ name: domain.name })],
      locks: [{ object: domain.id, kind: 'storage_domain', mode: 'exclusive', showsAs: 'preparing_for_maintenance' }],
      data: switchData(domain, hosts),
    })
  );
}

const switchData = (domain: DomainFacts, hosts: readonly HostRef[]): SwitchDomain => ({
  domain: domain.id,
  name: domain.name,
  dataCenter: domain.dataCenter?.id ?? '',
  hosts: hosts.map((host) => host.id),
});

export interface DetachFacts extends SwitchFacts {
  readonly others: readonly string[];
  /** Disks of VMs that would lose them. */
}

export interface DetachDomain extends SwitchDomain {
  readonly host: string;
  readonly master: boolean;
}

export function planDetachDomain({ domain, hosts, users, others }: DetachFacts): Plan<DetachDomain> | Refusal {
  const said = storageDomainPlanReasons;
  const dataCenter = domain.dataCenter?.name ?? '';
  const refusal = refusalOf([
    domain.status !== 'maintenance' &&
      said.domain_wrong_status({ name: domain.name, status: domain.status, action: 'detach', needed: 'in maintenance' }),
    domain.master && others.length > 0 && said.domain_master_last({ name: domain.name, dataCenter, others: others.join(', ') }),
    users.length > 0 && said.domain_in_use({ action: 'detach', name: domain.name, users: users.join('; ') }),
    hosts.length === 0 && said.domain_no_host({ dataCenter }),
  ]);
  if (refusal) return refusal;
  return plan({
    title: text['storage-domain.detach']({ name: domain.name, dataCenter }),
    effects: [text['effect.domain-detached']({ name: domain.name })],
    locks: [{ object: domain.id, kind: 'storage_domain', mode: 'exclusive', showsAs: 'detaching' }],
    data: { ...switchData(domain, hosts), host: hosts[0]?.id ?? '', master: domain.master },
  });
}

export interface RemoveFacts {
  readonly domain: DomainFacts;
  readonly host: HostRef | undefined;
  readonly users: readonly string[];
}

export interface RemoveDomain {
  readonly domain: string;
  readonly name: string;
  readonly host: string | undefined;
  readonly format: boolean;
}

export function planRemoveDomain(
  { domain, host, users }: RemoveFacts,
  wish: { readonly format: boolean; readonly destroy: boolean },
): Plan<RemoveDomain> | Refusal {
  const said = storageDomainPlanReasons;
  const refusal = refusalOf([
    domain.dataCenter && !wish.destroy && said.domain_not_unattached({ name: domain.name, dataCenter: domain.dataCenter.name }),
    wish.destroy &&
      domain.status === 'active' &&
      said.domain_wrong_status({ name: domain.name, status: domain.status, action: 'destroy', needed: 'in maintenance or inactive' }),
    wish.format && !wish.destroy && !host && said.domain_no_host({ dataCenter: '' }),
    wish.format && host && host.status !== 'up' && said.domain_host_not_up({ host: host.name, status: host.status }, 'host'),
    users.length > 0 && !wish.destroy && said.domain_in_use({ action: 'remove', name: domain.name, users: users.join('; ') }),
  ]);
  if (refusal) return refusal;
  const format = wish.format && !wish.destroy;
  return plan({
    title: text['storage-domain.remove']({ name: domain.name }),
    effects: [format ? text['effect.domain-formatted']({ name: domain.name }) : text['effect.domain-forgotten']({ name: domain.name })],
    locks: [{ object: domain.id, kind: 'storage_domain', mode: 'exclusive', showsAs: 'locked' }],
    data: { domain: domain.id, name: domain.name, host: host?.id, format },
  });
}
