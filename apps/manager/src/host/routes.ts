import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import {
  activationProblems,
  hostChangeProblems,
  hostReasons,
  hostRemovalProblems,
  maintenanceProblems,
  type HostInUse,
} from '@ostler/domain/host/rules';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse } from '@ostler/domain/reason';
import type { Reader } from '../access/login.ts';
import { userName } from '../access/service.ts';
import { emit } from '../audit/store.ts';
import { sql, type Database, type Queries } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { callHost } from '../http/host-call.ts';
import { mounted } from '../http/mount.ts';
import { setHostFacts } from '../monitoring/store.ts';
import { searchSql } from '../search/sql.ts';
import { hostDocument, hostStatistics, nicDocuments, numaDocuments } from './document.ts';
import {
  findHost,
  hostInUse,
  hostNames,
  listHosts,
  removeHost,
  searchColumns,
  statisticsOfHost,
  targetsOf,
  updateHost,
  wantHost,
  type HostRow,
} from './store.ts';

const text = phrases({
  'host.update': 'Changing host {host}',
  'host.remove': 'Removing host {host}',
  'host.activate': 'Activating host {host}',
  'host.deactivate': 'Moving host {host} to maintenance',
  'effect.host-maintenance': 'No VM is started on host {host} until it is activated',
});

const collection = serve('hosts', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('hosts', searchColumns, parameters, now());
    if (isRefusal(search)) return search;
    const targets = parameters.migration_target_of;
    return (await listHosts(db, reader, search, targets === undefined ? sql`true` : targetsOf(reader, targets))).map(hostDocument);
  },
  add: () => refuse(hostReasons.host_add_by_token()),
});

const item = serve('host', {
  async get({ db, reader, ids }) {
    const row = await findHost(db, reader, ids.host);
    return row && hostDocument(row);
  },
  update: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: [ids.host, 'host enrollment'],
      plan: async (tx) => {
        const before = await present(tx, reader, ids.host);
        const settings = {
          name: input.name ?? before.name,
          description: input.description ?? before.description,
          comment: input.comment ?? before.comment,
          spmPriority: input.spm?.priority ?? before.spmPriority,
        };
        return (
          fixed(before, input) ??
          hostChangeProblems(settings, await hostNames(tx, ids.host)) ??
          plan({ title: text['host.update']({ host: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateHost(tx, ids.host, settings);
        await emit(tx, events.host_updated({ host: settings.name }), { host: ids.host, user: reader.user.id }, correlation);
      },
      answer: async () => hostDocument(await present(db, reader, ids.host)),
    }),
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: [ids.host],
      plan: async (tx) => {
        const host = await used(tx, reader, ids.host);
        return (
          hostRemovalProblems(host) ?? plan({ title: text['host.remove']({ host: host.name }), locks: lock(ids.host), data: host.name })
        );
      },
      apply: async (tx, name) => {
        await removeHost(tx, ids.host);
        await emit(tx, events.host_removed({ host: name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
  activate: ({ db, reader, ids, mutate, correlation }) =>
    mutate({
      objects: [ids.host],
      plan: async (tx) => {
        const host = await used(tx, reader, ids.host);
        return activationProblems(host) ?? plan({ title: text['host.activate']({ host: host.name }), data: host.name });
      },
      apply: async (tx, name) => {
        await wantHost(tx, ids.host, 'up', 'unassigned', null);
        await emit(tx, events.host_activated({ host: name, user: await named(db, reader) }), about(ids.host, reader), correlation);
      },
      answer: async () => ({}),
    }),
  deactivate: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: [ids.host],
      plan: async (tx) => {
        const host = await used(tx, reader, ids.host);
        const title = text['host.deactivate']({ host: host.name });
        const effects = [text['effect.host-maintenance']({ host: host.name })];
        return maintenanceProblems(host) ?? plan({ title, effects, locks: lock(ids.host), data: host.name });
      },
      apply: async (tx, name) => {
        await wantHost(tx, ids.host, 'maintenance', 'preparing_for_maintenance', input.reason ?? null);
        await emit(
          tx,
          events.host_maintenance_requested({ host: name, user: await named(db, reader) }),
          about(ids.host, reader),
          correlation,
        );
      },
      answer: async () => ({}),
    }),
  approve: () => refuse(hostReasons.host_approve_by_token()),
  /** Without power management there is nothing to ask: what is not known is said, what cannot be done is refused. */
  fence: async ({ db, reader, ids, input, parameters }) => {
    const { name: host } = await present(db, reader, ids.host);
    const type = input.fence_type ?? '';
    if (!fenceTypes.includes(type)) return refuse(hostReasons.host_fence_type_unknown({ type: type.slice(0, 60), known: fenceTypes.join(', ') }, 'action.fence_type'));
    if (type === 'status' && !parameters.dry_run) return { power_management: { enabled: false, status: 'unknown' as const } };
    return refuse(hostReasons.host_no_power_management({ host }));
  },
  refresh: async ({ db, ids, agents, correlation, parameters, reader, mutate }) => {
    if (parameters.dry_run)
      return mutate({
        objects: [],
        plan: async (tx) => plan({ title: text['host.update']({ host: (await present(tx, reader, ids.host)).name }), data: {} }),
        answer: async () => ({}),
      });
    const called = await callHost({ db, agents, correlation }, ids.host, 'hostFacts', {});
    if (isRefusal(called)) return called;
    await setHostFacts(db, ids.host, called.output);
    return {};
  },
});

const nic = serve('host_nic', {
  get: async ({ db, reader, ids }) => nicDocuments(await present(db, reader, ids.host)).find((one) => one.id === ids.host_nic),
});
const numaNodes = serve('host_numa_nodes', {
  list: async ({ db, reader, ids, parameters }) => numaDocuments(await present(db, reader, ids.host)).slice(0, limit(parameters.max)),
});
const numaNode = serve('host_numa_node', {
  get: async ({ db, reader, ids }) => numaDocuments(await present(db, reader, ids.host)).find((one) => one.id === ids.numa_node),
});
/** Hosts run no scripts of others at their events. */
const hooks = serve('host_hooks', { list: () => [] });
const hook = serve('host_hook', { get: () => undefined });

const nics = serve('host_nics', {
  list: async ({ db, reader, ids, parameters }) => nicDocuments(await present(db, reader, ids.host)).slice(0, limit(parameters.max)),
});

const statistics = serve('host_statistics', {
  list: async ({ db, reader, ids, parameters }) =>
    hostStatistics(await present(db, reader, ids.host), await statisticsOfHost(db, ids.host)).slice(0, limit(parameters.max)),
});

export const hostServices = [collection, item, nics, nic, numaNodes, numaNode, hooks, hook, statistics].map((one) => mounted(one));

const fenceTypes = ['start', 'stop', 'restart', 'status', 'manual'];

/** What a host enrolled with is not for an administrator to say. */
const fixed = (before: HostRow, input: Api['host']) =>
  refusalOf([
    ((input.cluster?.id !== undefined && input.cluster.id !== before.cluster) ||
      (input.cluster?.id === undefined && input.cluster?.name !== undefined)) &&
      hostReasons.host_cluster_fixed('host.cluster'),
    input.address !== undefined &&
      input.address !== before.address &&
      hostReasons.host_address_fixed({ host: before.name }, 'host.address'),
  ]);

const limit = (max: number | undefined): number | undefined => (max === undefined || max < 0 ? undefined : max);
const lock = (host: string) => [{ object: host, kind: 'host', mode: 'exclusive' }] as const;
const about = (host: string, reader: Reader) => ({ host, user: reader.user.id });
const named = async (db: Context['db'], reader: Reader): Promise<string> => (await userName(db, reader.user.id)) ?? reader.user.userName;

async function present(db: Queries | Database, reader: Reader, id: string): Promise<HostRow> {
  const row = await findHost(db, reader, id);
  if (!row) throw new Error('The host vanished while it was looked at');
  return row;
}

async function used(db: Queries, reader: Reader, id: string): Promise<HostInUse> {
  const host = await hostInUse(db, reader, id);
  if (!host) throw new Error('The host vanished while it was looked at');
  return host;
}
