import { randomUUID } from 'node:crypto';
import { href } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { accessReasons } from '@ostler/domain/access/reasons';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { limitProblems, quotaReasons, unlimited } from '@ostler/domain/quota/rules';
import { refuse, type Refusal } from '@ostler/domain/reason';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import { there, type Queries } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import {
  clusterLimits,
  findQuota,
  insertClusterLimit,
  insertStorageLimit,
  nameInDataCenter,
  removeClusterLimit,
  removeStorageLimit,
  storageLimits,
  type ClusterLimitRow,
  type StorageLimitRow,
} from './store.ts';

/** What a quota allows: in each cluster or in all together, on each storage domain or on all together. */

const text = phrases({ 'quota.limit': 'Changing the limits of quota {name}' });

interface Place {
  readonly data_center: string;
  readonly quota: string;
}

const clusterCollection = serve('quota_cluster_limits', {
  list: async ({ db, reader, ids }) =>
    (await isThere(db, reader, ids)) ? (await clusterLimits(db, ids.quota)).map((one) => clusterDocument(ids, one)) : absent(ids),
  async add(call) {
    const { db, reader, ids, input, mutate } = call;
    if (!(await isThere(db, reader, ids))) return absent(ids);
    const wish = {
      id: input.id?.toLowerCase() ?? randomUUID(),
      quota: ids.quota,
      object: input.cluster?.id?.toLowerCase() ?? null,
      memory: input.memory_limit ?? unlimited,
      cpus: input.vcpu_limit ?? unlimited,
    };
    return mutate({
      objects: [ids.quota],
      plan: async (tx) => {
        const quota = there(await findQuota(tx, reader, ids.data_center, ids.quota));
        const what = wish.object === null ? 'all clusters' : await nameInDataCenter(tx, 'clusters', ids.data_center, wish.object);
        if (what === undefined)
          return refuse(
            quotaReasons.quota_limit_elsewhere({ kind: 'cluster', id: (wish.object ?? '').slice(0, 60) }, 'quota_cluster_limit.cluster'),
          );
        const values = [
          { value: wish.memory, field: 'quota_cluster_limit.memory_limit' },
          { value: wish.cpus, field: 'quota_cluster_limit.vcpu_limit' },
        ];
        const among = (await clusterLimits(tx, ids.quota)).map((one) => one.object);
        return (
          limitProblems(quota.name, what, values, wish.object, among) ??
          plan({ title: text['quota.limit']({ name: quota.name }), data: quota.name })
        );
      },
      apply: async (tx, name) => {
        await insertClusterLimit(tx, wish);
        await emit(tx, events.quota_updated({ name }), { dataCenter: ids.data_center, user: reader.user.id }, call.correlation);
      },
      answer: async () => clusterDocument(ids, there((await clusterLimits(db, ids.quota)).find((one) => one.id === wish.id))),
    });
  },
});
const clusterItem = serve('quota_cluster_limit', {
  async get({ db, reader, ids }) {
    const found =
      (await isThere(db, reader, ids)) && (await clusterLimits(db, ids.quota)).find((one) => one.id === ids.quota_cluster_limit);
    return found ? clusterDocument(ids, found) : undefined;
  },
  async remove(call) {
    const { db, reader, ids } = call;
    const held = (await isThere(db, reader, ids)) && (await clusterLimits(db, ids.quota)).some((one) => one.id === ids.quota_cluster_limit);
    return held ? drop(call, ids, (tx) => removeClusterLimit(tx, ids.quota_cluster_limit)) : undefined;
  },
});

const storageCollection = serve('quota_storage_limits', {
  list: async ({ db, reader, ids }) =>
    (await isThere(db, reader, ids)) ? (await storageLimits(db, ids.quota)).map((one) => storageDocument(ids, one)) : absent(ids),
  async add(call) {
    const { db, reader, ids, input, mutate } = call;
    if (!(await isThere(db, reader, ids))) return absent(ids);
    const wish = {
      id: input.id?.toLowerCase() ?? randomUUID(),
      quota: ids.quota,
      object: input.storage_domain?.id?.toLowerCase() ?? null,
      space: input.limit ?? unlimited,
    };
    return mutate({
      objects: [ids.quota],
      plan: async (tx) => {
        const quota = there(await findQuota(tx, reader, ids.data_center, ids.quota));
        const what =
          wish.object === null ? 'all storage domains' : await nameInDataCenter(tx, 'storage_domains', ids.data_center, wish.object);
        if (what === undefined)
          return refuse(
            quotaReasons.quota_limit_elsewhere(
              { kind: 'storage domain', id: (wish.object ?? '').slice(0, 60) },
              'quota_storage_limit.storage_domain',
            ),
          );
        const among = (await storageLimits(tx, ids.quota)).map((one) => one.object);
        return (
          limitProblems(quota.name, what, [{ value: wish.space, field: 'quota_storage_limit.limit' }], wish.object, among) ??
          plan({ title: text['quota.limit']({ name: quota.name }), data: quota.name })
        );
      },
      apply: async (tx, name) => {
        await insertStorageLimit(tx, wish);
        await emit(tx, events.quota_updated({ name }), { dataCenter: ids.data_center, user: reader.user.id }, call.correlation);
      },
      answer: async () => storageDocument(ids, there((await storageLimits(db, ids.quota)).find((one) => one.id === wish.id))),
    });
  },
});
const storageItem = serve('quota_storage_limit', {
  async get({ db, reader, ids }) {
    const found =
      (await isThere(db, reader, ids)) && (await storageLimits(db, ids.quota)).find((one) => one.id === ids.quota_storage_limit);
    return found ? storageDocument(ids, found) : undefined;
  },
  async remove(call) {
    const { db, reader, ids } = call;
    const held = (await isThere(db, reader, ids)) && (await storageLimits(db, ids.quota)).some((one) => one.id === ids.quota_storage_limit);
    return held ? drop(call, ids, (tx) => removeStorageLimit(tx, ids.quota_storage_limit)) : undefined;
  },
});

export const quotaLimitServices = [mounted(clusterCollection), mounted(clusterItem), mounted(storageCollection), mounted(storageItem)];

const isThere = async (db: Queries, reader: Reader, ids: Place): Promise<boolean> =>
  (await findQuota(db, reader, ids.data_center, ids.quota)) !== undefined;
const absent = (ids: Place): Refusal => refuse(accessReasons.object_not_found({ type: 'quota', name: ids.quota }));

function drop(
  { reader, mutate, correlation }: Context,
  ids: Place,
  remove: (tx: Parameters<typeof removeClusterLimit>[0]) => Promise<number>,
) {
  return mutate({
    objects: [ids.quota],
    plan: async (tx) => {
      const { name } = there(await findQuota(tx, reader, ids.data_center, ids.quota));
      return plan({ title: text['quota.limit']({ name }), data: name });
    },
    apply: async (tx, name) => {
      await remove(tx);
      await emit(tx, events.quota_updated({ name }), { dataCenter: ids.data_center, user: reader.user.id }, correlation);
    },
    answer: async () => ({}),
  });
}

const quotaReference = ({ data_center, quota }: Place) => ({ quota: { id: quota, href: href('quota', { data_center, quota }) } });

const clusterDocument = (ids: Place, row: ClusterLimitRow): Api['quota_cluster_limit'] => ({
  id: row.id,
  href: href('quota_cluster_limit', { data_center: ids.data_center, quota: ids.quota, quota_cluster_limit: row.id }),
  ...(row.object !== null && { cluster: { id: row.object, href: href('cluster', { cluster: row.object }) } }),
  memory_limit: row.memory,
  memory_usage: row.memoryUsed,
  vcpu_limit: row.cpus,
  vcpu_usage: row.cpusUsed,
  ...quotaReference(ids),
});

const storageDocument = (ids: Place, row: StorageLimitRow): Api['quota_storage_limit'] => ({
  id: row.id,
  href: href('quota_storage_limit', { data_center: ids.data_center, quota: ids.quota, quota_storage_limit: row.id }),
  ...(row.object !== null && { storage_domain: { id: row.object, href: href('storage_domain', { storage_domain: row.object }) } }),
  limit: row.space,
  usage: row.spaceUsed,
  ...quotaReference(ids),
});
