import { randomUUID } from 'node:crypto';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { nameProblem } from '@ostler/domain/names';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse } from '@ostler/domain/reason';
import {
  planActivateDomain,
  planAddDomain,
  planAttachDomain,
  planDetachDomain,
  planMaintainDomain,
  planRemoveDomain,
} from '@ostler/domain/storage-domain/plan';
import { storageDomainProblems, storageTypeReasons } from '@ostler/domain/storage-domain/rules';
import type { Reader } from '../access/login.ts';
import { idOf, isUuid } from '../access/authorize.ts';
import { emit } from '../audit/store.ts';
import { dataCenterForAttach } from '../datacenter/service.ts';
import { sql, type Database } from '../db/database.ts';
import { listDisks } from '../disk/service.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { noSearch, searchSql } from '../search/sql.ts';
import { activateDomain, addDomain, attachDomain, detachDomain, maintainDomain, removeDomain } from './jobs.ts';
import { connectionFrom } from './connection.ts';
import {
  connectionRow,
  disksOn,
  domainAtConnection,
  domainFactsFor,
  domainNames,
  findStorageDomain,
  hostNamed,
  hostRef,
  hostsUp,
  insertStorageDomain,
  listStorageDomains,
  otherDomains,
  searchColumns,
  updateStorageDomain,
  usersOf,
  type StorageDomainRow,
} from './store.ts';

const text = phrases({ 'storage-domain.update': 'Changing storage domain {name}' });

const collection = serve('storage_domains', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('storage', searchColumns, parameters, now());
    return isRefusal(search)
      ? search
      : (await listStorageDomains(db, reader, search)).map((row) => document(row, 'storagedomains/{storage_domain}'));
  },
  async add({ db, reader, input, mutate }) {
    const id = input.id ?? randomUUID();
    const name = input.name ?? '';
    const connection = connectionFrom(input.storage ?? {}, 'storage_domain.storage');
    if ('refused' in connection) return connection;
    const kind = input.type;
    if (kind !== 'data' && kind !== 'iso' && kind !== 'export')
      return refuse(storageTypeReasons.storage_domain_type_unfit({ type: String(kind) }, 'storage_domain.type'));
    return mutate({
      objects: [id, connection.path],
      plan: async (tx) => {
        const host = input.host?.id !== undefined ? await hostRefIfId(tx, input.host.id) : await hostNamed(tx, input.host?.name ?? '');
        if (!host)
          return refuse(storageTypeReasons.storage_host_unknown({ host: input.host?.id ?? input.host?.name ?? '' }, 'storage_domain.host'));
        return (
          refusalOf([nameProblem('storage domain', name, 'storage_domain.name'), ...storageDomainProblems(settingsOf(input, defaults))]) ??
          planAddDomain(
            { names: await domainNames(tx), atSameStorage: (await domainAtConnection(tx, connection))?.name, host },
            { id, name, kind, path: connection.path },
          )
        );
      },
      apply: async (tx) => {
        const row = await connectionRow(tx, randomUUID(), connection);
        await insertStorageDomain(tx, { ...settingsOf(input, defaults), id, name, kind, connection: row, storageType: connection.type });
      },
      job: addDomain,
      answer: () => read(db, reader, id),
    });
  },
});

const item = serve('storage_domain', {
  isattached: async ({ db, reader, ids }) => ({
    is_attached: (await findStorageDomain(db, reader, ids.storage_domain))?.dataCenter !== null,
  }),
  async get({ db, reader, ids }) {
    const row = await findStorageDomain(db, reader, ids.storage_domain);
    return row && document(row, 'storagedomains/{storage_domain}');
  },
  update: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: [ids.storage_domain],
      plan: async (tx) => {
        const row = await findStorageDomain(tx, reader, ids.storage_domain);
        if (!row) throw new Error('The storage domain vanished while it was changed');
        const settings = settingsOf(input, row);
        const others = (await domainNames(tx)).filter((one) => one !== row.name);
        return (
          refusalOf([
            nameProblem('storage domain', settings.name, 'storage_domain.name'),
            others.some((one) => one.toLowerCase() === settings.name.toLowerCase()) &&
              storageTypeReasons.storage_domain_name_taken({ name: settings.name }, 'storage_domain.name'),
            ...storageDomainProblems(settings),
          ]) ??
          plan({
            title: text['storage-domain.update']({ name: settings.name }),
            data: settings,
            locks: [{ object: row.id, kind: 'storage_domain', mode: 'shared' }],
          })
        );
      },
      apply: async (tx, settings) => {
        await updateStorageDomain(tx, ids.storage_domain, settings);
        await emit(
          tx,
          events.storage_domain_updated({ name: settings.name }),
          { storageDomain: ids.storage_domain, user: reader.user.id },
          correlation,
        );
      },
      answer: () => read(db, reader, ids.storage_domain),
    }),
  remove: ({ ids, parameters, mutate }) =>
    mutate({
      objects: [ids.storage_domain],
      plan: async (tx) => {
        const domain = await domainFactsFor(tx, ids.storage_domain);
        if (!domain) throw new Error('The storage domain vanished while it was removed');
        const wanted = parameters.host;
        const host = wanted === undefined ? undefined : ((await hostRefIfId(tx, wanted)) ?? (await hostNamed(tx, wanted)));
        return planRemoveDomain({ domain, host, users: await usersOf(tx, domain.id) }, { format: parameters.format === true, destroy: parameters.destroy === true });
      },
      job: removeDomain,
      answer: async () => ({}),
    }),
});

const attached = serve('attached_storage_domains', {
  async list({ db, reader, ids }) {
    const rows = await listStorageDomains(db, reader, noSearch, sql`s.data_center_id = ${ids.data_center}`);
    return rows.map((row) => document(row, 'datacenters/{data_center}/storagedomains/{storage_domain}'));
  },
  async add({ db, reader, ids, input, mutate }) {
    const domainId = input.id ?? (await idOf(db, reader, 'storage_domain', input.name ?? '')) ?? '';
    return mutate({
      objects: [ids.data_center, domainId],
      plan: async (tx) => {
        const domain = await domainFactsFor(tx, domainId);
        const dataCenter = await dataCenterForAttach(tx, ids.data_center);
        if (!domain || !dataCenter) throw new Error('What was to be attached vanished');
        return planAttachDomain({
          domain,
          dataCenter,
          others: await otherDomains(tx, ids.data_center, domainId),
          hosts: await hostsUp(tx, ids.data_center),
        });
      },
      job: attachDomain,
      answer: () => read(db, reader, domainId),
    });
  },
});

const attachedItem = serve('attached_storage_domain', {
  async get({ db, reader, ids }) {
    const row = await findStorageDomain(db, reader, ids.storage_domain);
    return row && row.dataCenter === ids.data_center
      ? document(row, 'datacenters/{data_center}/storagedomains/{storage_domain}')
      : undefined;
  },
  remove: ({ ids, mutate }) =>
    mutate({
      objects: [ids.data_center, ids.storage_domain],
      plan: async (tx) => {
        const facts = await switchFacts(tx, ids.storage_domain);
        const others = (await otherDomains(tx, ids.data_center, ids.storage_domain)).map((one) => one.name);
        return planDetachDomain({ ...facts, users: [...facts.users, ...(await disksOn(tx, ids.storage_domain))], others });
      },
      job: detachDomain,
      answer: async () => ({}),
    }),
  activate: ({ ids, mutate }) =>
    mutate({
      objects: [ids.storage_domain],
      plan: async (tx) => planActivateDomain(await switchFacts(tx, ids.storage_domain)),
      job: activateDomain,
      answer: async () => ({}),
    }),
  deactivate: ({ ids, mutate }) =>
    mutate({
      objects: [ids.storage_domain],
      plan: async (tx) => planMaintainDomain(await switchFacts(tx, ids.storage_domain)),
      job: maintainDomain,
      answer: async () => ({}),
    }),
});

const disks = serve('storage_domain_disks', {
  list: async ({ db, reader, ids, parameters }) => (parameters.unregistered ? [] : listDisks(db, reader, ids.storage_domain)),
});

const disk = serve('storage_domain_disk', {
  get: async ({ db, reader, ids }) => (await listDisks(db, reader, ids.storage_domain)).find((one) => one.id === ids.disk),
});

/** The disks of a domain as its data center has them. */
const attachedDisks = serve('attached_storage_domain_disks', {
  list: async ({ db, reader, ids }) => ((await isAttachedTo(db, reader, ids)) ? listDisks(db, reader, ids.storage_domain) : []),
});
const attachedDisk = serve('attached_storage_domain_disk', {
  get: async ({ db, reader, ids }) =>
    (await isAttachedTo(db, reader, ids)) ? (await listDisks(db, reader, ids.storage_domain)).find((one) => one.id === ids.disk) : undefined,
});
const isAttachedTo = async (db: Database, reader: Reader, ids: { data_center: string; storage_domain: string }): Promise<boolean> =>
  (await findStorageDomain(db, reader, ids.storage_domain))?.dataCenter === ids.data_center;

export const storageDomainServices = [
  mounted(collection),
  mounted(item),
  mounted(attached),
  mounted(attachedItem),
  mounted(disks),
  mounted(disk),
  mounted(attachedDisks),
  mounted(attachedDisk),
];

async function switchFacts(tx: Parameters<typeof domainFactsFor>[0], id: string) {
  const domain = await domainFactsFor(tx, id);
  if (!domain) throw new Error('The storage domain vanished');
  return { domain, hosts: domain.dataCenter ? await hostsUp(tx, domain.dataCenter.id) : [], users: await usersOf(tx, id) };
}

const hostRefIfId = (tx: Parameters<typeof hostRef>[0], text: string) =>
  isUuid(text) ? hostRef(tx, text) : Promise.resolve(undefined);

const defaults = {
  name: '',
  description: '',
  comment: '',
  wipeAfterDelete: false,
  backup: false,
  warningLowSpaceIndicator: 10,
  criticalSpaceActionBlocker: 5,
};

function settingsOf(input: Api['storage_domain'], base: typeof defaults) {
  return {
    name: input.name ?? base.name,
    description: input.description ?? base.description,
    comment: input.comment ?? base.comment,
    wipeAfterDelete: input.wipe_after_delete ?? base.wipeAfterDelete,
    backup: input.backup ?? base.backup,
    warningLowSpaceIndicator: input.warning_low_space_indicator ?? base.warningLowSpaceIndicator,
    criticalSpaceActionBlocker: input.critical_space_action_blocker ?? base.criticalSpaceActionBlocker,
  };
}

async function read(db: Database, reader: Reader, id: string): Promise<Api['storage_domain']> {
  const row = await findStorageDomain(db, reader, id);
  if (!row) throw new Error('What was just written cannot be read');
  return document(row, 'storagedomains/{storage_domain}');
}

/** Under a data center the domain's status is that of its attachment; at the top level RHV shows it only when it is unattached. */
function document(row: StorageDomainRow, template: string): Api['storage_domain'] {
  const nested = template.startsWith('datacenters');
  return linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      comment: row.comment,
      ...((nested || row.dataCenter === null || row.status === 'locked') && {
        status: row.status as NonNullable<Api['storage_domain']['status']>,
      }),
      external_status: 'ok' as const,
      type: row.kind,
      master: row.master,
      storage: {
        type: row.storageType,
        path: row.path,
        ...(row.address !== null && { address: row.address }),
        ...(row.vfsType !== null && { vfs_type: row.vfsType }),
        ...(row.mountOptions !== null && { mount_options: row.mountOptions }),
      },
      storage_format: row.format as NonNullable<Api['storage_domain']['storage_format']>,
      ...(row.available !== null && row.total !== null && { available: row.available, used: row.total - row.available }),
      committed: row.committed,
      wipe_after_delete: row.wipeAfterDelete,
      discard_after_delete: row.discardAfterDelete,
      supports_discard: false,
      backup: row.backup,
      block_size: 512,
      warning_low_space_indicator: row.warningLowSpaceIndicator,
      critical_space_action_blocker: row.criticalSpaceActionBlocker,
      ...(row.dataCenter !== null && {
        data_centers: [{ id: row.dataCenter, href: href('data_center', { data_center: row.dataCenter }) }],
        ...(nested && { data_center: { id: row.dataCenter, href: href('data_center', { data_center: row.dataCenter }) } }),
      }),
    },
    template,
    { storage_domain: row.id, data_center: row.dataCenter ?? '' },
  );
}
