import { randomUUID } from 'node:crypto';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import {
  networkChangeProblems,
  networkProblems,
  networkReasons,
  networkRemovalProblems,
  type NetworkSettings,
} from '@ostler/domain/network/rules';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf } from '@ostler/domain/reason';
import { idOf } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import type { Queries } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { networkDocument } from './document.ts';
import {
  findNetwork,
  insertFirstProfile,
  insertNetwork,
  listNetworks,
  networkInUse,
  networkNamesIn,
  removeNetwork,
  searchColumns,
  updateNetwork,
  type NetworkRow,
} from './store.ts';

const text = phrases({
  'network.add': 'Adding network {name}',
  'network.update': 'Changing network {name}',
  'network.remove': 'Removing network {name}',
});

const blank: NetworkSettings = {
  name: '',
  description: '',
  comment: '',
  vlan: null,
  mtu: 0,
  stp: false,
  vmNetwork: true,
  portIsolation: false,
};

const collection = serve('networks', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('networks', searchColumns, parameters, now());
    return isRefusal(search) ? search : (await listNetworks(db, reader, search)).map(networkDocument);
  },
  async add({ db, reader, input, mutate, correlation }) {
    const id = input.id ?? randomUUID();
    const dataCenter = input.data_center?.id ?? (await idOf(db, reader, 'data_center', input.data_center?.name ?? '')) ?? '';
    const settings = wished(input, blank);
    return mutate({
      objects: [`networks of ${dataCenter}`],
      plan: async (tx) =>
        networkProblems(settings, await networkNamesIn(tx, dataCenter, id)) ??
        plan({ title: text['network.add']({ name: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertNetwork(tx, { ...settings, id, dataCenter });
        if (settings.vmNetwork && input.profile_required !== false) await insertFirstProfile(tx, { id, name: settings.name });
        await emit(tx, events.network_added({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => networkDocument(await present(db, reader, id)),
    });
  },
});

const item = serve('network', {
  async get({ db, reader, ids }) {
    const row = await findNetwork(db, reader, ids.network);
    return row && networkDocument(row);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const { dataCenter } = await present(db, reader, ids.network);
    return mutate({
      objects: [`networks of ${dataCenter}`],
      plan: async (tx) => {
        const before = await present(tx, reader, ids.network);
        const settings = wished(input, before);
        const facts = { ...(await networkInUse(tx, ids.network)), names: await networkNamesIn(tx, dataCenter, ids.network) };
        return (
          refusalOf([
            input.data_center?.id !== undefined &&
              input.data_center.id !== dataCenter &&
              networkReasons.network_data_center_fixed({ name: before.name }, 'network.data_center'),
          ]) ??
          networkChangeProblems(before, settings, facts) ??
          plan({ title: text['network.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateNetwork(tx, ids.network, settings);
        await emit(tx, events.network_updated({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => networkDocument(await present(db, reader, ids.network)),
    });
  },
  async remove({ db, reader, ids, mutate, correlation }) {
    const { dataCenter } = await present(db, reader, ids.network);
    return mutate({
      objects: [`networks of ${dataCenter}`],
      plan: async (tx) => {
        const { name } = await present(tx, reader, ids.network);
        return (
          networkRemovalProblems(name, await networkInUse(tx, ids.network)) ?? plan({ title: text['network.remove']({ name }), data: name })
        );
      },
      apply: async (tx, name) => {
        await removeNetwork(tx, ids.network);
        await emit(tx, events.network_removed({ name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

export const networkServices = [mounted(collection), mounted(item)];

/** What is not named stays as it is. A VLAN without a tag takes the tag away. */
function wished(input: Api['network'], base: NetworkSettings): NetworkSettings {
  return {
    name: input.name ?? base.name,
    description: input.description ?? base.description,
    comment: input.comment ?? base.comment,
    vlan: input.vlan ? (input.vlan.id ?? null) : base.vlan,
    mtu: input.mtu ?? base.mtu,
    stp: input.stp ?? base.stp,
    vmNetwork: input.usages ? input.usages.includes('vm') : base.vmNetwork,
    portIsolation: input.port_isolation ?? base.portIsolation,
  };
}

async function present(db: Queries, reader: Reader, id: string): Promise<NetworkRow> {
  const row = await findNetwork(db, reader, id);
  if (!row) throw new Error('The network vanished while it was looked at');
  return row;
}
