import { randomUUID } from 'node:crypto';
import { clusterChangeProblems, clusterProblems, clusterReasons, clusterRemovalProblems } from '@ostler/domain/cluster/rules';
import { defaultPolicy } from '@ostler/domain/cluster/policy';
import { newestLevel } from '@ostler/domain/datacenter/rules';
import { events } from '@ostler/domain/events/catalogue';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { nameProblem } from '@ostler/domain/names';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf } from '@ostler/domain/reason';
import { newEnrollmentToken } from '@ostler/pki/enrollment';
import { idOf } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import { sql, type Queries } from '../db/database.ts';
import { insertToken, tokenLife } from '../host/service.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { insertManagementNetwork } from '../network/service.ts';
import { searchSql } from '../search/sql.ts';
import { clusterDocument } from './document.ts';
import { assignNetwork } from './network-store.ts';
import {
  contentsOf,
  dataCenterOf,
  findCluster,
  insertCluster,
  listClusters,
  networkIn,
  removeCluster,
  searchColumns,
  surroundings,
  updateCluster,
  type ClusterRow,
} from './store.ts';
import { clusterWished, unfit } from './wish.ts';

const text = phrases({
  'cluster.add': 'Adding cluster {name}',
  'cluster.update': 'Changing cluster {name}',
  'cluster.remove': 'Removing cluster {name}',
  'cluster.enrollment-token': 'Issuing a token for a host of cluster {name}',
});

/** Names are of the whole installation: clusters are added and renamed one after the other. */
const turn = 'cluster names';

const collection = serve('clusters', {
  async list({ db, reader, ids, parameters, now }) {
    const search = searchSql('clusters', searchColumns, parameters, now());
    if (isRefusal(search)) return search;
    const within = ids.data_center === undefined ? sql`true` : sql`c.data_center_id = ${ids.data_center}`;
    return (await listClusters(db, reader, search, within)).map(clusterDocument);
  },
  async add({ db, reader, input, mutate, correlation }) {
    const id = input.id ?? randomUUID();
    const dataCenter = input.data_center?.id ?? (await idOf(db, reader, 'data_center', input.data_center?.name ?? '')) ?? '';
    const wanted = input.management_network;
    return mutate({
      objects: [turn, dataCenter],
      plan: async (tx) => {
        const home = await dataCenterOf(tx, dataCenter);
        if (!home) throw new Error('The data center vanished while it was looked at');
        const base = {
          name: '',
          description: '',
          comment: '',
          version: newestLevel,
          macPool: home.macPool ?? fixedIds.defaultMacPool,
          policy: defaultPolicy,
        };
        const settings = clusterWished(input, base);
        const named = wanted?.id !== undefined || wanted?.name !== undefined;
        const management = await networkIn(tx, dataCenter, named ? wanted : { name: 'ovirtmgmt' });
        return (
          (await unfit(tx, reader, input, settings)) ??
          clusterProblems(settings, await surroundings(tx, id, dataCenter)) ??
          refusalOf([
            named &&
              !management &&
              clusterReasons.cluster_network_unknown(
                { network: (wanted?.name ?? wanted?.id ?? '').slice(0, 60) },
                'cluster.management_network',
              ),
          ]) ??
          plan({ title: text['cluster.add']({ name: settings.name }), data: { settings, management: management?.id } })
        );
      },
      apply: async (tx, { settings, management }) => {
        await insertCluster(tx, { ...settings, id, dataCenter });
        const network = management ?? (await insertManagementNetwork(tx, dataCenter, 'ovirtmgmt'));
        await assignNetwork(tx, id, network, { required: true, usages: ['vm', 'management', 'display', 'migration', 'default_route'] });
        await emit(tx, events.cluster_added({ name: settings.name }), { cluster: id, dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => clusterDocument(await present(db, reader, id)),
    });
  },
});

const item = serve('cluster', {
  async get({ db, reader, ids }) {
    const row = await findCluster(db, reader, ids.cluster);
    return row && clusterDocument(row);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const moved = input.data_center && (input.data_center.id ?? (await idOf(db, reader, 'data_center', input.data_center.name ?? '')));
    return mutate({
      objects: [turn, ids.cluster],
      plan: async (tx) => {
        const before = await present(tx, reader, ids.cluster);
        const settings = clusterWished(input, before);
        const facts = { ...(await surroundings(tx, ids.cluster, before.dataCenter)), ...(await contentsOf(tx, ids.cluster)) };
        return (
          refusalOf([
            input.data_center !== undefined &&
              moved !== before.dataCenter &&
              clusterReasons.cluster_data_center_fixed({ name: before.name }, 'cluster.data_center'),
          ]) ??
          (await unfit(tx, reader, input, settings)) ??
          clusterChangeProblems(before, settings, facts) ??
          plan({ title: text['cluster.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateCluster(tx, ids.cluster, settings);
        await emit(tx, events.cluster_updated({ name: settings.name }), { cluster: ids.cluster, user: reader.user.id }, correlation);
      },
      answer: async () => clusterDocument(await present(db, reader, ids.cluster)),
    });
  },
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: [turn, ids.cluster, 'host enrollment'],
      plan: async (tx) => {
        const cluster = await present(tx, reader, ids.cluster);
        return (
          clusterRemovalProblems(cluster, await contentsOf(tx, ids.cluster)) ??
          plan({
            title: text['cluster.remove']({ name: cluster.name }),
            data: { name: cluster.name, dataCenter: cluster.dataCenter ?? undefined },
          })
        );
      },
      apply: async (tx, { name, dataCenter }) => {
        await removeCluster(tx, ids.cluster);
        await emit(tx, events.cluster_removed({ name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
  issueenrollmenttoken: ({ ids, reader, input, mutate, now }) => {
    // The token is in no plan, which would be stored and shown: only its hash is written.
    const token = newEnrollmentToken();
    return mutate({
      objects: [ids.cluster],
      plan: async (tx) => {
        const { name } = await present(tx, reader, ids.cluster);
        const wanted = input.host_name;
        return (
          refusalOf([wanted !== undefined && nameProblem('host', wanted, 'host_name')]) ??
          plan({ title: text['cluster.enrollment-token']({ name }), data: {} })
        );
      },
      apply: (tx) => insertToken(tx, { token, cluster: ids.cluster, hostName: input.host_name }),
      answer: async () => ({ enrollment_token: token, valid_until: new Date(now() + tokenLife) }),
    });
  },
});

export const clusterServices = [mounted(collection), mounted(item)];

async function present(db: Queries, reader: Reader, id: string): Promise<ClusterRow> {
  const row = await findCluster(db, reader, id);
  if (!row) throw new Error('The cluster vanished while it was looked at');
  return row;
}
