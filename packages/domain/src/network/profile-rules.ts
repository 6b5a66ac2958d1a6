import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Reason, type Refusal } from '../reason.ts';

/** vNIC profiles: how VMs are plugged into a network (infra.md 9). */

export interface VnicProfileSettings {
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  /** A NIC of the host, or a virtual function of it, is given to the VM: there is no bridge in between. */
  readonly passThrough: boolean;
  readonly migratable: boolean;
  readonly portMirroring: boolean;
  readonly filter: string | null;
  readonly qos: string | null;
  /** What a VM falls back on while a passed-through device is away during a migration. */
  readonly failover: string | null;
  readonly customProperties: Readonly<Record<string, string>>;
}

export const defaultNetworkFilter = 'vdsm-no-mac-spoofing';

/** libvirt's filters and RHV's own, which is what a profile has unless it says otherwise; each with the version that brought it. */
export const networkFilterVersions: ReadonlyMap<string, string> = new Map([
  [defaultNetworkFilter, '3.2'],
  ...(
    [
      'allow-arp',
      'allow-dhcp',
      'allow-dhcp-server',
      'allow-incoming-ipv4',
      'allow-ipv4',
      'clean-traffic',
      'no-arp-ip-spoofing',
      'no-arp-mac-spoofing',
      'no-arp-spoofing',
      'no-ip-multicast',
      'no-ip-spoofing',
      'no-mac-broadcast',
      'no-mac-spoofing',
      'no-other-l2-traffic',
      'no-other-rarp-traffic',
      'qemu-announce-self',
      'qemu-announce-self-rarp',
    ] as const
  ).map((name) => [name, '3.6'] as const),
]);
export const networkFilters: readonly string[] = [...networkFilterVersions.keys()];

/** The custom properties that a profile may have, each with what its value must look like. */
export const nicProperties: Readonly<Record<string, RegExp>> = {
  SecurityGroups: /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(, *(?=[0-9a-f])|$))*$/i,
};

export const profileReasons = reasons({
  profile_name_taken: { class: 'conflict', text: 'This network has a vNIC profile named {name} already.' },
  profile_filter_unknown: { class: 'bad_input', text: 'There is no network filter {filter}; there are {known}.' },
  profile_network_fixed: { class: 'conflict', text: 'vNIC profile {name} stays with its network.' },
  profile_not_for_vms: { class: 'conflict', text: 'Network {network} is no VM network: VMs cannot be plugged into it.' },
  profile_has_nics: { class: 'conflict', text: 'vNIC profile {name} is used by {count} NICs of VMs. Give them another one first.' },
  profile_is_failover: { class: 'conflict', text: 'vNIC profile {name} is what {users} fall back on. Give them another one first.' },
  profile_qos_unknown: { class: 'bad_input', text: 'There is no QoS {qos} for networks in this data center.' },
  profile_pass_through_alone: {
    class: 'bad_input',
    text: 'Where devices are passed through, the host does not see the traffic: {what} cannot be had there.',
  },
  profile_pass_through_isolated: {
    class: 'conflict',
    text: 'The ports of network {network} are isolated: devices cannot be passed through in it.',
  },
  profile_pass_through_fixed: {
    class: 'conflict',
    text: 'vNIC profile {name} is used by {count} NICs of VMs: whether it passes devices through cannot change.',
  },
  profile_mirroring_fixed: {
    class: 'conflict',
    text: 'VMs run with vNIC profile {name}: whether it mirrors ports cannot change until they are down.',
  },
  profile_must_migrate: { class: 'bad_input', text: 'Only a profile that passes devices through can keep VMs from migrating.' },
  profile_failover_unfit: {
    class: 'bad_input',
    text: 'A profile falls back on another one only if it passes devices through and its VMs migrate.',
  },
  profile_failover_unknown: { class: 'bad_input', text: 'There is no vNIC profile {profile} in this data center to fall back on.' },
  profile_failover_passes: {
    class: 'bad_input',
    text: 'vNIC profile {profile} passes devices through itself; nothing can fall back on it.',
  },
  profile_property_unknown: { class: 'bad_input', text: 'There is no custom property {name} of NICs; there are {known}.' },
  profile_property_unfit: { class: 'bad_input', text: 'The custom property {name} cannot be {value}.' },
});

const said = profileReasons;

/** What a profile is measured by. */
export interface ProfileSurroundings {
  readonly network: { readonly name: string; readonly vmNetwork: boolean; readonly portIsolation: boolean };
  readonly otherNames: readonly string[];
  /** Whether there is the QoS that it names. */
  readonly qosFound: boolean;
  /** The profile that it falls back on, if there is that. */
  readonly failover: { readonly id: string; readonly name: string; readonly passThrough: boolean } | undefined;
}

export function profileProblems(id: string, profile: VnicProfileSettings, facts: ProfileSurroundings): Refusal | undefined {
  const { name, filter, qos, passThrough } = profile;
  const besides = [profile.portMirroring && 'port mirroring', filter !== null && 'a network filter', qos !== null && 'QoS'].filter(Boolean);
  return refusalOf([
    nameProblem('vNIC profile', name, 'vnic_profile.name'),
    facts.otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) && said.profile_name_taken({ name }, 'vnic_profile.name'),
    !facts.network.vmNetwork && said.profile_not_for_vms({ network: facts.network.name }, 'vnic_profile.network'),
    filter !== null &&
      !networkFilters.includes(filter) &&
      said.profile_filter_unknown({ filter: filter.slice(0, 60), known: networkFilters.join(', ') }, 'vnic_profile.network_filter'),
    qos !== null && !facts.qosFound && said.profile_qos_unknown({ qos: qos.slice(0, 60) }, 'vnic_profile.qos'),
    passThrough && besides.length > 0 && said.profile_pass_through_alone({ what: besides.join(' or ') }, 'vnic_profile.pass_through'),
    passThrough &&
      facts.network.portIsolation &&
      said.profile_pass_through_isolated({ network: facts.network.name }, 'vnic_profile.pass_through'),
    !passThrough && !profile.migratable && said.profile_must_migrate('vnic_profile.migratable'),
    ...failoverProblems(id, profile, facts),
    ...propertyProblems(profile.customProperties),
  ]);
}

function failoverProblems(
  id: string,
  { failover, passThrough, migratable }: VnicProfileSettings,
  { failover: found }: ProfileSurroundings,
): (Reason | false)[] {
  if (failover === null) return [];
  const field = 'vnic_profile.failover';
  return [
    !(passThrough && migratable) && said.profile_failover_unfit(field),
    (!found || found.id === id) && said.profile_failover_unknown({ profile: failover.slice(0, 60) }, field),
    found !== undefined && found.passThrough && said.profile_failover_passes({ profile: found.name }, field),
  ];
}

function propertyProblems(properties: VnicProfileSettings['customProperties']): (Reason | false)[] {
  const field = 'vnic_profile.custom_properties';
  return Object.entries(properties).map(([name, value]) => {
    const fits = Object.hasOwn(nicProperties, name) ? nicProperties[name] : undefined;
    if (!fits) return said.profile_property_unknown({ name: name.slice(0, 60), known: Object.keys(nicProperties).join(', ') }, field);
    return !fits.test(value) && said.profile_property_unfit({ name, value: value.slice(0, 60) }, field);
  });
}

export interface ProfileInUse {
  readonly nics: number;
  readonly running: number;
  /** Names of the profiles that fall back on it. */
  readonly failoverOf: readonly string[];
}

export const profileChangeProblems = (before: VnicProfileSettings, after: VnicProfileSettings, used: ProfileInUse): Refusal | undefined =>
  refusalOf([
    before.passThrough !== after.passThrough &&
      used.nics > 0 &&
      said.profile_pass_through_fixed({ name: before.name, count: used.nics }, 'vnic_profile.pass_through'),
    before.portMirroring !== after.portMirroring &&
      used.running > 0 &&
      said.profile_mirroring_fixed({ name: before.name }, 'vnic_profile.port_mirroring'),
    after.passThrough &&
      used.failoverOf.length > 0 &&
      said.profile_is_failover({ name: before.name, users: used.failoverOf.join(', ') }, 'vnic_profile.pass_through'),
  ]);

export const profileRemovalProblems = (name: string, { nics, failoverOf }: ProfileInUse): Refusal | undefined =>
  refusalOf([
    nics > 0 && said.profile_has_nics({ name, count: nics }),
    failoverOf.length > 0 && said.profile_is_failover({ name, users: failoverOf.join(', ') }),
  ]);
