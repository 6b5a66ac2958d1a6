import type { Api } from '@ostler/contract/schema';
import { accessReasons } from '@ostler/domain/access/reasons';
import { events } from '@ostler/domain/events/catalogue';
import { assignmentProblems, detachProblems, networkReasons, type Assignment } from '@ostler/domain/network/rules';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refusalOf, refuse } from '@ostler/domain/reason';
import { idOf } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import type { Queries } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { clusterNetworkDocument } from './document.ts';
import {
  assignmentFacts,
  assignNetwork,
  networkOfCluster,
  networksOfCluster,
  withdrawNetwork,
  type ClusterNetworkRow,
} from './network-store.ts';

const text = phrases({
  'cluster-network.add': 'Adding network {network} to cluster {cluster}',
  'cluster-network.update': 'Changing network {network} in cluster {cluster}',
  'cluster-network.remove': 'Taking network {network} out of cluster {cluster}',
});

const collection = serve('cluster_networks', {
  list: async ({ db, reader, ids, parameters }) =>
    (await networksOfCluster(db, reader, ids.cluster, parameters.max)).map(clusterNetworkDocument),
  async add({ db, reader, ids, input, mutate, correlation }) {
    const network = input.id ?? (await idOf(db, reader, 'network', input.name ?? '')) ?? '';
    return mutate({
      objects: [ids.cluster],
      plan: async (tx) => {
        const facts = await assignmentFacts(tx, ids.cluster, network);
        if (!facts) return refuse(accessReasons.object_not_found({ type: 'network', name: input.name ?? network }));
        const names = { network: facts.network, cluster: facts.cluster };
        const after = wished(input, { required: true, usages: facts.vmNetwork ? ['vm'] : [] });
        return (
          refusalOf([
            !facts.together && networkReasons.network_elsewhere({ name: facts.network, cluster: facts.cluster }, 'network.id'),
            facts.assigned && networkReasons.network_in_cluster({ name: facts.network, cluster: facts.cluster }, 'network.id'),
          ]) ??
          assignmentProblems({ name: facts.network, vmNetwork: facts.vmNetwork }, facts.cluster, undefined, after) ??
          plan({ title: text['cluster-network.add'](names), data: { ...names, after } })
        );
      },
      apply: async (tx, { after, ...names }) => {
        await assignNetwork(tx, ids.cluster, network, after);
        await emit(tx, events.network_attached_to_cluster(names), { cluster: ids.cluster, user: reader.user.id }, correlation);
      },
      answer: async () => clusterNetworkDocument(await present(db, reader, ids.cluster, network)),
    });
  },
});

const item = serve('cluster_network', {
  async get({ db, reader, ids }) {
    const row = await networkOfCluster(db, reader, ids.cluster, ids.network);
    return row && clusterNetworkDocument(row);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    if (!(await networkOfCluster(db, reader, ids.cluster, ids.network))) return undefined;
    return mutate({
      objects: [ids.cluster],
      plan: async (tx) => {
        const { name, ...before } = await present(tx, reader, ids.cluster, ids.network);
        const facts = await assignmentFacts(tx, ids.cluster, ids.network);
        const names = { network: name, cluster: facts?.cluster ?? '' };
        const after = wished(input, before);
        return (
          assignmentProblems({ name, vmNetwork: before.vmNetwork }, names.cluster, before, after) ??
          plan({ title: text['cluster-network.update'](names), data: { ...names, after } })
        );
      },
      apply: async (tx, { after, network }) => {
        await assignNetwork(tx, ids.cluster, ids.network, after);
        await emit(tx, events.network_updated({ name: network }), { cluster: ids.cluster, user: reader.user.id }, correlation);
      },
      answer: async () => clusterNetworkDocument(await present(db, reader, ids.cluster, ids.network)),
    });
  },
  async remove({ db, reader, ids, mutate, correlation }) {
    if (!(await networkOfCluster(db, reader, ids.cluster, ids.network)))
      return refuse(accessReasons.object_not_found({ type: 'network', name: ids.network }));
    return mutate({
      objects: [ids.cluster],
      plan: async (tx) => {
        const before = await present(tx, reader, ids.cluster, ids.network);
        const facts = await assignmentFacts(tx, ids.cluster, ids.network);
        const names = { network: before.name, cluster: facts?.cluster ?? '' };
        return (
          detachProblems(before.name, names.cluster, before, facts?.nics ?? 0) ??
          plan({ title: text['cluster-network.remove'](names), data: names })
        );
      },
      apply: async (tx, names) => {
        await withdrawNetwork(tx, ids.cluster, ids.network);
        await emit(tx, events.network_detached_from_cluster(names), { cluster: ids.cluster, user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

export const clusterNetworkServices = [mounted(collection), mounted(item)];

/** `display` is the old word for the usage of the same name. */
function wished(input: Api['network'], base: Assignment): Assignment {
  const usages = input.usages ? input.usages : base.usages;
  return {
    required: input.required ?? base.required,
    usages: [...new Set(input.display === true ? [...usages, 'display' as const] : usages)],
  };
}

async function present(db: Queries, reader: Reader, cluster: string, network: string): Promise<ClusterNetworkRow> {
  const row = await networkOfCluster(db, reader, cluster, network);
  if (!row) throw new Error('The network left the cluster while it was looked at');
  return row;
}
