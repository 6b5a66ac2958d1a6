import { randomUUID } from 'node:crypto';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { defaultQuota, quotaProblems, quotaReasons, type QuotaSettings } from '@ostler/domain/quota/rules';
import { refusalOf } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { there } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { findQuota, insertQuota, listQuotas, quotaNames, removeQuota, updateQuota, type QuotaRow } from './store.ts';

const text = phrases({
  'quota.add': 'Adding quota {name}',
  'quota.update': 'Changing quota {name}',
  'quota.remove': 'Removing quota {name}',
});

const collection = serve('quotas', {
  list: async ({ db, reader, ids, parameters }) => (await listQuotas(db, reader, ids.data_center, parameters.max)).map(document),
  add({ db, reader, ids, input, mutate, correlation }) {
    const { data_center: dataCenter } = ids;
    const id = input.id ?? randomUUID();
    const settings = wished(input, { ...defaultQuota, name: '' });
    return mutate({
      objects: [`quotas of ${dataCenter}`],
      plan: async (tx) =>
        quotaProblems(settings, await quotaNames(tx, dataCenter, id)) ??
        plan({ title: text['quota.add']({ name: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertQuota(tx, { ...settings, id, dataCenter, isDefault: false });
        await emit(tx, events.quota_added({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findQuota(db, reader, dataCenter, id))),
    });
  },
});

const item = serve('quota', {
  async get({ db, reader, ids }) {
    const quota = await findQuota(db, reader, ids.data_center, ids.quota);
    return quota && document(quota);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const { data_center: dataCenter, quota: id } = ids;
    if (!(await findQuota(db, reader, dataCenter, id))) return undefined;
    return mutate({
      objects: [`quotas of ${dataCenter}`],
      plan: async (tx) => {
        const settings = wished(input, there(await findQuota(tx, reader, dataCenter, id)));
        return (
          quotaProblems(settings, await quotaNames(tx, dataCenter, id)) ??
          plan({ title: text['quota.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateQuota(tx, id, settings);
        await emit(tx, events.quota_updated({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findQuota(db, reader, dataCenter, id))),
    });
  },
  async remove({ db, reader, ids, mutate, correlation }) {
    const { data_center: dataCenter, quota: id } = ids;
    if (!(await findQuota(db, reader, dataCenter, id))) return undefined;
    return mutate({
      objects: [`quotas of ${dataCenter}`],
      plan: async (tx) => {
        const { name, isDefault } = there(await findQuota(tx, reader, dataCenter, id));
        return (
          refusalOf([isDefault && quotaReasons.quota_is_default({ name })]) ?? plan({ title: text['quota.remove']({ name }), data: name })
        );
      },
      apply: async (tx, name) => {
        await removeQuota(tx, id);
        await emit(tx, events.quota_removed({ name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

export const quotaServices = [mounted(collection), mounted(item)];

/** What is not named stays as it is. */
const wished = (input: Api['quota'], base: QuotaSettings): QuotaSettings => ({
  name: input.name ?? base.name,
  description: input.description ?? base.description,
  clusterSoft: input.cluster_soft_limit_pct ?? base.clusterSoft,
  clusterHard: input.cluster_hard_limit_pct ?? base.clusterHard,
  storageSoft: input.storage_soft_limit_pct ?? base.storageSoft,
  storageHard: input.storage_hard_limit_pct ?? base.storageHard,
});

const document = (row: QuotaRow): Api['quota'] =>
  linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      cluster_soft_limit_pct: row.clusterSoft,
      cluster_hard_limit_pct: row.clusterHard,
      storage_soft_limit_pct: row.storageSoft,
      storage_hard_limit_pct: row.storageHard,
      data_center: { id: row.dataCenter, href: href('data_center', { data_center: row.dataCenter }) },
    },
    'datacenters/{data_center}/quotas/{quota}',
    { data_center: row.dataCenter, quota: row.id },
  );
