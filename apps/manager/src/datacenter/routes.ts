import { randomUUID } from 'node:crypto';
import { linked, href } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { clusterReasons } from '@ostler/domain/cluster/rules';
import {
  compatibilityLevels,
  dataCenterChangeProblems,
  dataCenterProblems,
  dataCenterRemovalProblems,
  newestLevel,
  version,
  type DataCenterSettings,
} from '@ostler/domain/datacenter/rules';
import { events } from '@ostler/domain/events/catalogue';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf } from '@ostler/domain/reason';
import { isVisible } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import type { Transaction } from '../db/database.ts';
import { mounted } from '../http/mount.ts';
import { serve } from '../http/context.ts';
import { insertDefaultQuota } from '../quota/service.ts';
import { searchSql } from '../search/sql.ts';
import {
  dataCenterFacts,
  dataCenterNames,
  findDataCenter,
  insertDataCenter,
  listDataCenters,
  removeDataCenter,
  searchColumns,
  updateDataCenter,
  type DataCenterRow,
} from './store.ts';

const text = phrases({
  'data-center.add': 'Adding data center {name}',
  'data-center.update': 'Changing data center {name}',
  'data-center.remove': 'Removing data center {name}',
});

const collection = serve('data_centers', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('data_centers', searchColumns, parameters, now());
    return isRefusal(search) ? search : (await listDataCenters(db, reader, search)).map(document);
  },
  add: ({ db, reader, input, mutate, correlation }) => {
    const id = input.id ?? randomUUID();
    const settings = wished(input, { name: '', description: '', comment: '', local: false, version: newestLevel, quotaMode: 'disabled' });
    return mutate({
      objects: [id],
      plan: async (tx) =>
        dataCenterProblems(settings, await dataCenterNames(tx)) ??
        (await poolProblem(tx, reader, input)) ??
        plan({ title: text['data-center.add']({ name: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertDataCenter(tx, { ...settings, id, macPool: input.mac_pool?.id ?? fixedIds.defaultMacPool });
        await insertDefaultQuota(tx, id);
        await emit(tx, events.data_center_added({ name: settings.name }), { dataCenter: id, user: reader.user.id }, correlation);
      },
      answer: async () => document(await found(db, reader, id)),
    });
  },
});

const item = serve('data_center', {
  async get({ db, reader, ids }) {
    const row = await findDataCenter(db, reader, ids.data_center);
    return row && document(row);
  },
  update: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: [ids.data_center],
      plan: async (tx) => {
        const facts = await dataCenterFacts(tx, ids.data_center);
        if (!facts) throw new Error('The data center vanished while it was changed');
        const settings = wished(input, facts.settings);
        return (
          dataCenterChangeProblems(facts.settings, settings, facts) ??
          (await poolProblem(tx, reader, input)) ??
          plan({ title: text['data-center.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateDataCenter(tx, ids.data_center, { ...settings, macPool: input.mac_pool?.id });
        await emit(
          tx,
          events.data_center_updated({ name: settings.name }),
          { dataCenter: ids.data_center, user: reader.user.id },
          correlation,
        );
      },
      answer: async () => document(await found(db, reader, ids.data_center)),
    }),
  remove: ({ ids, reader, mutate, correlation }) =>
    mutate({
      objects: [ids.data_center],
      plan: async (tx) => {
        const facts = await dataCenterFacts(tx, ids.data_center);
        if (!facts) throw new Error('The data center vanished while it was removed');
        return (
          dataCenterRemovalProblems(facts.settings.name, facts) ??
          plan({ title: text['data-center.remove']({ name: facts.settings.name }), data: facts.settings })
        );
      },
      apply: async (tx, settings) => {
        await removeDataCenter(tx, ids.data_center);
        await emit(tx, events.data_center_removed({ name: settings.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
});

export const dataCenterServices = [mounted(collection), mounted(item)];

const poolProblem = async (tx: Transaction, reader: Reader, { mac_pool: pool }: Api['data_center']) =>
  refusalOf([
    pool?.id !== undefined &&
      !(await isVisible(tx, reader, 'mac_pool', pool.id)) &&
      clusterReasons.cluster_mac_pool_unknown({ pool: pool.id.slice(0, 60) }, 'data_center.mac_pool'),
  ]);

/** What is not named stays as it is. */
function wished(input: Api['data_center'], base: DataCenterSettings): DataCenterSettings {
  const { version: level } = input;
  return {
    name: input.name ?? base.name,
    description: input.description ?? base.description,
    comment: input.comment ?? base.comment,
    local: input.local ?? base.local,
    version: level ? `${level.major ?? 4}.${level.minor ?? 0}` : base.version,
    quotaMode: input.quota_mode ?? base.quotaMode,
  };
}

async function found(...args: Parameters<typeof findDataCenter>): Promise<DataCenterRow> {
  const row = await findDataCenter(...args);
  if (!row) throw new Error('What was just written cannot be read');
  return row;
}

function document(row: DataCenterRow): Api['data_center'] {
  return linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      comment: row.comment,
      status: row.status as NonNullable<Api['data_center']['status']>,
      local: row.local,
      quota_mode: row.quotaMode,
      storage_format: 'v5' as const,
      version: version(row.version),
      supported_versions: compatibilityLevels.map(version),
      ...(row.macPool !== null && { mac_pool: { id: row.macPool, href: href('mac_pool', { mac_pool: row.macPool }) } }),
    },
    'datacenters/{data_center}',
    { data_center: row.id },
  );
}
