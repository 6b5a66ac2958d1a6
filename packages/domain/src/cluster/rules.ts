import { compatibilityLevels, levelIsLower } from '../datacenter/rules.ts';
import { fixedIds } from '../fixed-ids.ts';
import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** Clusters: their settings, and what stands against changing or removing one (infra.md 1.1, 1.4). */

export type ClusterFirmware = 'i440fx_sea_bios' | 'q35_sea_bios' | 'q35_ovmf' | 'q35_secure_boot';

/** What is kept as one document beside a cluster's name. */
export interface ClusterPolicy {
  readonly architecture: string;
  readonly cpuType?: string;
  readonly overcommitPercent: number;
  readonly ballooning: boolean;
  readonly ksm: boolean;
  readonly firmware: ClusterFirmware;
  readonly threadsAsCores: boolean;
  readonly haReservation: boolean;
  readonly onError: 'migrate' | 'do_not_migrate' | 'migrate_highly_available';
}

export interface ClusterSettings {
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly version: string;
  readonly macPool: string | null;
  readonly policy: ClusterPolicy;
}

/** RHV's default cluster, as far as this version looks at its settings. */
export const defaultPolicy: ClusterPolicy = {
  architecture: 'x86_64',
  overcommitPercent: 100,
  ballooning: true,
  ksm: true,
  firmware: 'q35_sea_bios',
  threadsAsCores: false,
  haReservation: false,
  onError: 'migrate',
};

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
  cluster_architecture_unknown: { class: 'bad_input', text: 'Clusters of the architecture {architecture} are not built. There is x86_64.' },
  cluster_overcommit_unfit: { class: 'bad_input', text: 'Memory overcommitment is from 1 to 1000 per cent.' },
  cluster_bios_type_unfit: { class: 'bad_input', text: 'A cluster needs a BIOS type of its own, not {type}.' },
  cluster_data_center_fixed: { class: 'conflict', text: 'Cluster {name} stays in its data center.' },
  cluster_mac_pool_unknown: { class: 'bad_input', text: 'There is no MAC pool {pool}, or you may not see it.' },
  cluster_network_unknown: { class: 'bad_input', text: 'There is no network {network} in the data center.' },
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
  const { architecture, overcommitPercent } = policy;
  const known = compatibilityLevels.some((level) => level === version);
  return refusalOf([
    nameProblem('cluster', name, 'cluster.name'),
    names.some((other) => other.toLowerCase() === name.toLowerCase()) && said.cluster_name_taken({ name }, 'cluster.name'),
    !known && said.cluster_version_unknown({ version, known: compatibilityLevels.join(', ') }, 'cluster.version'),
    known &&
      dataCenterVersion !== null &&
      levelIsLower(version, dataCenterVersion) &&
      said.cluster_version_below_data_center({ version: dataCenterVersion }, 'cluster.version'),
    !['x86_64', 'undefined'].includes(architecture) && said.cluster_architecture_unknown({ architecture }, 'cluster.cpu.architecture'),
    !(Number.isInteger(overcommitPercent) && overcommitPercent >= 1 && overcommitPercent <= 1000) &&
      said.cluster_overcommit_unfit('cluster.memory_policy.over_commit.percent'),
  ]);
}

/** How many of each are in a cluster. */
export interface ClusterContents {
  readonly hosts: number;
  readonly vms: number;
  readonly templates: number;
}

export function clusterChangeProblems(
  before: ClusterSettings,
  after: ClusterSettings,
  facts: ClusterSurroundings & ClusterContents,
): Refusal | undefined {
  return (
    clusterProblems(after, facts) ??
    refusalOf([
      levelIsLower(after.version, before.version) &&
        facts.hosts + facts.vms > 0 &&
        said.cluster_version_lowered({ name: before.name }, 'cluster.version'),
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
