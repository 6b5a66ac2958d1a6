import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Reason, type Refusal } from '../reason.ts';

/** Quotas: what the users of a data center may have altogether (infra.md 1.5). */

export interface QuotaSettings {
  readonly name: string;
  readonly description: string;
  /** From how much of a limit is warned, in per cent of it. */
  readonly clusterSoft: number;
  readonly storageSoft: number;
  /** By how much a limit may be exceeded, in per cent of it. */
  readonly clusterHard: number;
  readonly storageHard: number;
}

export const defaultQuota = { description: '', clusterSoft: 80, clusterHard: 20, storageSoft: 80, storageHard: 20 } as const;

/** What is not limited is -1. Memory and space in GiB. */
export const unlimited = -1;

export interface ClusterLimit {
  readonly memory: number;
  readonly cpus: number;
}

export const quotaReasons = reasons({
  quota_name_taken: { class: 'conflict', text: 'This data center has a quota named {name} already.' },
  quota_percent_unfit: { class: 'bad_input', text: 'This is from 0 to {most} per cent.' },
  quota_limit_unfit: { class: 'bad_input', text: 'A limit is -1 for none, or a number from 0 on.' },
  quota_limit_elsewhere: { class: 'bad_input', text: 'There is no {kind} {id} in this data center.' },
  quota_limit_taken: { class: 'conflict', text: 'Quota {name} has a limit for {what} already. Remove that first.' },
  quota_limit_mixed: {
    class: 'conflict',
    text: 'Quota {name} limits {what} altogether or one by one, not both. Remove the other limits first.',
  },
  quota_is_default: { class: 'conflict', text: 'The quota {name} is what counts where no other is named, and stays.' },
  quota_in_use: { class: 'conflict', text: 'Quota {name} is used by {count} VMs and disks. Give them another one first.' },
});

const said = quotaReasons;
const percent = (value: number, most: number, field: string): Reason | false =>
  !(Number.isInteger(value) && value >= 0 && value <= most) && said.quota_percent_unfit({ most }, `quota.${field}`);

export function quotaProblems(quota: QuotaSettings, otherNames: readonly string[]): Refusal | undefined {
  const { name } = quota;
  return refusalOf([
    nameProblem('quota', name, 'quota.name'),
    otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) && said.quota_name_taken({ name }, 'quota.name'),
    percent(quota.clusterSoft, 100, 'cluster_soft_limit_pct'),
    percent(quota.storageSoft, 100, 'storage_soft_limit_pct'),
    percent(quota.clusterHard, 1000, 'cluster_hard_limit_pct'),
    percent(quota.storageHard, 1000, 'storage_hard_limit_pct'),
  ]);
}

/** `among`: the objects for which the quota has limits of this kind already; null is all of them together. */
export function limitProblems(
  quota: string,
  what: string,
  values: readonly { readonly value: number; readonly field: string }[],
  object: string | null,
  among: readonly (string | null)[],
): Refusal | undefined {
  return refusalOf([
    ...values.map(({ value, field }) => !(Number.isFinite(value) && (value === unlimited || value >= 0)) && said.quota_limit_unfit(field)),
    among.includes(object) && said.quota_limit_taken({ name: quota, what }),
    !among.includes(object) && (object === null ? among.length > 0 : among.includes(null)) && said.quota_limit_mixed({ name: quota, what }),
  ]);
}
