import { compatibilityLevels, levelIsLower } from '../datacenter/rules.ts';
import { fixedIds } from '../fixed-ids.ts';
import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';
import { cpuTypeIsLess, cpuTypeNamed } from './cpu-types.ts';
import { policyProblems, type ClusterPolicy } from './policy.ts';

/** Clusters: their settings, and what stands against changing or removing one (infra.md 1.1, 1.4). */

export interface ClusterSettings {
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly version: string;
  readonly macPool: string | null;
  readonly policy: ClusterPolicy;
}

export const clusterReasons = reasons({
  cluster_name_taken: { class: 'conflict', text: 'There is a cluster named {name} already.' },
  cluster_version_unknown: { class: 'bad_input', text: 'There is no compatibility version {version}; there are {known}.' },
  cluster_version_below_data_center: {
    class: 'conflict',
    text: 'The compatibility version of a cluster is not below that of its data center, which is {version}.',
  },
  cluster_version_lowered: {
    class: 'conflict',
    text: 'Cluster {name} has hosts or VMs: its compatibility version can be raised, not lowered.',
  },
  cluster_bios_type_unfit: { class: 'bad_input', text: 'A cluster needs a BIOS type of its own, not {type}.' },
  cluster_data_center_fixed: { class: 'conflict', text: 'Cluster {name} stays in its data center.' },
  cluster_mac_pool_unknown: { class: 'bad_input', text: 'There is no MAC pool {pool}, or you may not see it.' },
  cluster_network_unknown: { class: 'bad_input', text: 'There is no network {network} in the data center.' },
  cluster_scheduling_policy_unknown: { class: 'bad_input', text: 'There is no scheduling policy {policy}; there are {known}.' },
  cluster_cpu_lowered: {
    class: 'conflict',
    text: 'VMs of cluster {name} run with the CPU type {before} and would lose parts of it. Shut them down before it becomes {after}.',
  },
  cluster_cpu_suspended: {
    class: 'conflict',
    text: 'VMs of cluster {name} are suspended and go on only with the CPU type that they had: resume or stop them first.',
  },
  cluster_needs_virt_service: {
    class: 'not_built',
    text: 'A cluster is there for VMs: without that service, and for Gluster, none is built.',
  },
  cluster_trusted_service_not_built: {
    class: 'not_built',
    text: 'Attestation of hosts is not built, so no cluster can promise trusted ones.',
  },
  cluster_switch_not_built: { class: 'not_built', text: 'Hosts have Linux bridges: clusters with the switch {type} are not built.' },
  cluster_vnc_encryption_not_built: {
    class: 'not_built',
    text: 'Encryption by VNC itself is not built; console connections are encrypted outside of it.',
  },
  cluster_fips_not_built: { class: 'not_built', text: 'Clusters in FIPS mode are not built.' },
  cluster_is_default: { class: 'conflict', text: 'The cluster {name} came with the installation and stays.' },
  cluster_not_empty: { class: 'conflict', text: 'Cluster {name} still has {what}. Remove or move these first.' },
});

export interface ClusterSurroundings {
  /** The names of the other clusters. */
  readonly names: readonly string[];
  readonly dataCenterVersion: string | null;
}

const said = clusterReasons;

export function clusterProblems(
  { name, version, policy }: ClusterSettings,
  { names, dataCenterVersion }: ClusterSurroundings,
): Refusal | undefined {
  const known = compatibilityLevels.some((level) => level === version);
  return refusalOf([
    nameProblem('cluster', name, 'cluster.name'),
    names.some((other) => other.toLowerCase() === name.toLowerCase()) && said.cluster_name_taken({ name }, 'cluster.name'),
    !known && said.cluster_version_unknown({ version, known: compatibilityLevels.join(', ') }, 'cluster.version'),
    known &&
      dataCenterVersion !== null &&
      levelIsLower(version, dataCenterVersion) &&
      said.cluster_version_below_data_center({ version: dataCenterVersion }, 'cluster.version'),
    ...(known ? policyProblems(policy, version) : []),
  ]);
}

/** How many of each are in a cluster. */
export interface ClusterContents {
  readonly hosts: number;
  readonly vms: number;
  readonly templates: number;
}

/** Of the VMs, those that would miss something under a lesser CPU. */
export interface ClusterAtWork {
  readonly running: number;
  readonly suspended: number;
}

export function clusterChangeProblems(
  before: ClusterSettings,
  after: ClusterSettings,
  facts: ClusterSurroundings & ClusterContents & ClusterAtWork,
): Refusal | undefined {
  const { name } = before;
  const [was, is] = [before, after].map(({ version, policy }) => cpuTypeNamed(version, policy.cpuType ?? ''));
  const changed = before.policy.cpuType !== undefined && before.policy.cpuType !== after.policy.cpuType;
  return (
    clusterProblems(after, facts) ??
    refusalOf([
      levelIsLower(after.version, before.version) &&
        facts.hosts + facts.vms > 0 &&
        said.cluster_version_lowered({ name }, 'cluster.version'),
      changed &&
        facts.running > 0 &&
        !(was && is && !cpuTypeIsLess(is, was)) &&
        said.cluster_cpu_lowered({ name, before: before.policy.cpuType ?? '', after: after.policy.cpuType ?? 'none' }, 'cluster.cpu.type'),
      changed && facts.suspended > 0 && said.cluster_cpu_suspended({ name }, 'cluster.cpu.type'),
    ])
  );
}

export function clusterRemovalProblems(
  cluster: { readonly id: string; readonly name: string },
  contents: ClusterContents,
): Refusal | undefined {
  const { name } = cluster;
  const what = [counted(contents.hosts, 'host'), counted(contents.vms, 'VM'), counted(contents.templates, 'template')].filter(
    (one) => one !== '',
  );
  return refusalOf([
    cluster.id === fixedIds.defaultCluster && said.cluster_is_default({ name }),
    what.length > 0 && said.cluster_not_empty({ name, what: what.join(' and ') }),
  ]);
}

const counted = (count: number, noun: string): string => (count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}`);
