import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** Affinity: which VMs should be together or apart, and on which hosts (infra.md 4.5). */

export interface AffinityRule {
  readonly enabled: boolean;
  readonly positive: boolean;
  readonly enforcing: boolean;
}

export interface AffinityGroupSettings {
  readonly name: string;
  readonly description: string;
  readonly priority: number;
  readonly vmsRule: AffinityRule;
  readonly hostsRule: AffinityRule;
}

export const memberKinds = ['vm', 'host', 'vm_label', 'host_label'] as const;
export type MemberKind = (typeof memberKinds)[number];

/** A rule that nobody has said anything about does not hold. */
export const noRule: AffinityRule = { enabled: false, positive: false, enforcing: false };

/** What is said of a rule turns it on, unless it says that too. */
export function ruleWished(
  given:
    | { readonly enabled?: boolean | undefined; readonly positive?: boolean | undefined; readonly enforcing?: boolean | undefined }
    | undefined,
  base: AffinityRule,
): AffinityRule {
  if (!given) return base;
  const said = given.positive !== undefined || given.enforcing !== undefined;
  return {
    enabled: given.enabled ?? (said || base.enabled),
    positive: given.positive ?? base.positive,
    enforcing: given.enforcing ?? base.enforcing,
  };
}

export const affinityReasons = reasons({
  affinity_group_name_taken: { class: 'conflict', text: 'This cluster has an affinity group named {name} already.' },
  affinity_priority_unfit: { class: 'bad_input', text: 'The priority of an affinity group is a number from -1000000 to 1000000.' },
  affinity_member_unknown: { class: 'bad_input', text: 'There is no {kind} {id} in this cluster, or you may not see it.' },
  affinity_member_already: { class: 'conflict', text: 'The {kind} {name} is in {group} already.' },
  affinity_member_missing: { class: 'not_found', text: 'The {kind} {name} is not in {group}.' },
  affinity_label_name_taken: { class: 'conflict', text: 'There is an affinity label named {name} already.' },
  affinity_label_unknown: { class: 'bad_input', text: 'There is no affinity label {label}, or you may not see it.' },
  affinity_label_fixed: { class: 'conflict', text: 'The affinity label {name} is kept by the system, and stays as it is.' },
});

const said = affinityReasons;

export function affinityGroupProblems({ name, priority }: AffinityGroupSettings, otherNames: readonly string[]): Refusal | undefined {
  return refusalOf([
    nameProblem('affinity group', name, 'affinity_group.name'),
    otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) &&
      said.affinity_group_name_taken({ name }, 'affinity_group.name'),
    !(Number.isFinite(priority) && Math.abs(priority) <= 1_000_000) && said.affinity_priority_unfit('affinity_group.priority'),
  ]);
}

export interface AffinityLabelSettings {
  readonly name: string;
  /** It keeps its VMs on its hosts by itself, as labels did before they were parts of groups. */
  readonly implicitGroup: boolean;
}

export function affinityLabelProblems({ name }: AffinityLabelSettings, otherNames: readonly string[]): Refusal | undefined {
  return refusalOf([
    nameProblem('affinity label', name, 'affinity_label.name'),
    otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) &&
      said.affinity_label_name_taken({ name }, 'affinity_label.name'),
  ]);
}

/** Where VMs of a group are now. */
export interface Placement {
  readonly vm: string;
  readonly host: string;
}

/** Whether a group's rules do not hold at this moment: RHV's `broken`. What does not run breaks nothing. */
export function isBroken(
  { vmsRule, hostsRule }: Pick<AffinityGroupSettings, 'vmsRule' | 'hostsRule'>,
  running: readonly Placement[],
  hosts: readonly string[],
): boolean {
  const used = new Set(running.map((one) => one.host));
  const apart = vmsRule.enabled && (vmsRule.positive ? used.size > 1 : used.size < running.length);
  const elsewhere = hostsRule.enabled && hosts.length > 0 && running.some((one) => hosts.includes(one.host) !== hostsRule.positive);
  return apart || elsewhere;
}
