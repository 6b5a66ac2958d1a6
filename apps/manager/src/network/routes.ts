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
import { levelIsLower } from '@ostler/domain/datacenter/rules';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, type Refusal } from '@ostler/domain/reason';
import { usageProfileReasons } from '@ostler/domain/qos/rules';
import { idOf } from '../access/authorize.ts';
import { emit } from '../audit/store.ts';
import { sql, there, type Transaction } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { qosExists, qosWished } from '../qos/service.ts';
import { searchSql } from '../search/sql.ts';
import { networkDocument } from './document.ts';
import { insertFirstProfile } from './profile-store.ts';
import {
  findNetwork,
  homeVersion,
  insertNetwork,
  listNetworks,
  networkInUse,
  networkNamesIn,
  removeNetwork,
  searchColumns,
  updateNetwork,
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
  qos: null,
  nameServers: [],
};

const collection = serve('networks', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('networks', searchColumns, parameters, now());
    return isRefusal(search) ? search : (await listNetworks(db, reader, search)).map(networkDocument);
  },
  add: async (call) => {
    const { data_center: home } = call.input;
    return add(call, call.input, home?.id ?? (await idOf(call.db, call.reader, 'data_center', home?.name ?? '')) ?? '');
  },
});

const item = serve('network', {
  async get({ db, reader, ids }) {
    const row = await findNetwork(db, reader, ids.network);
    return row && networkDocument(row);
  },
  update: (call) => update(call, call.input, call.ids.network),
  remove: (call) => remove(call, call.ids.network),
});

const ofDataCenter = serve('data_center_networks', {
  async list({ db, reader, ids, parameters, now }) {
    const search = searchSql('networks', searchColumns, { max: parameters.max }, now());
    return isRefusal(search)
      ? search
      : (await listNetworks(db, reader, search, sql`n.data_center_id = ${ids.data_center}`)).map(networkDocument);
  },
  add: (call) => add(call, call.input, call.ids.data_center),
});

/** Whether a network is in the data center through which it is asked for. */
const isIn = async ({ db, reader, ids }: Context & { readonly ids: { data_center: string; network: string } }): Promise<boolean> =>
  (await findNetwork(db, reader, ids.network))?.dataCenter === ids.data_center;

const itemOfDataCenter = serve('data_center_network', {
  async get({ db, reader, ids }) {
    const row = await findNetwork(db, reader, ids.network);
    return row?.dataCenter === ids.data_center ? networkDocument(row) : undefined;
  },
  update: async (call) => ((await isIn(call)) ? update(call, call.input, call.ids.network) : undefined),
  remove: async (call) => ((await isIn(call)) ? remove(call, call.ids.network) : undefined),
});

export const networkServices = [mounted(collection), mounted(item), mounted(ofDataCenter), mounted(itemOfDataCenter)];

function add({ db, reader, mutate, correlation }: Context, input: Api['network'], dataCenter: string) {
  const id = input.id ?? randomUUID();
  const settings = wished(input, blank);
  return mutate({
    objects: [`networks of ${dataCenter}`],
    plan: async (tx) =>
      (await unfit(tx, dataCenter, input, settings)) ??
      networkProblems(settings, await networkNamesIn(tx, dataCenter, id)) ??
      plan({ title: text['network.add']({ name: settings.name }), data: settings }),
    apply: async (tx) => {
      await insertNetwork(tx, { ...settings, id, dataCenter });
      if (settings.vmNetwork && input.profile_required !== false) await insertFirstProfile(tx, { id, name: settings.name });
      await emit(tx, events.network_added({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
    },
    answer: async () => networkDocument(there(await findNetwork(db, reader, id))),
  });
}

async function update({ db, reader, mutate, correlation }: Context, input: Api['network'], id: string) {
  const { dataCenter } = there(await findNetwork(db, reader, id));
  return mutate({
    objects: [`networks of ${dataCenter}`],
    plan: async (tx) => {
      const before = there(await findNetwork(tx, reader, id));
      const settings = wished(input, before);
      const facts = { ...(await networkInUse(tx, id)), names: await networkNamesIn(tx, dataCenter, id) };
      return (
        refusalOf([
          input.data_center?.id !== undefined &&
            input.data_center.id !== dataCenter &&
            networkReasons.network_data_center_fixed({ name: before.name }, 'network.data_center'),
        ]) ??
        (await unfit(tx, dataCenter, input, settings)) ??
        networkChangeProblems(before, settings, facts) ??
        plan({ title: text['network.update']({ name: settings.name }), data: settings })
      );
    },
    apply: async (tx, settings) => {
      await updateNetwork(tx, id, settings);
      await emit(tx, events.network_updated({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
    },
    answer: async () => networkDocument(there(await findNetwork(db, reader, id))),
  });
}

async function remove({ db, reader, mutate, correlation }: Context, id: string) {
  const { dataCenter } = there(await findNetwork(db, reader, id));
  return mutate({
    objects: [`networks of ${dataCenter}`],
    plan: async (tx) => {
      const { name } = there(await findNetwork(tx, reader, id));
      return networkRemovalProblems(name, await networkInUse(tx, id)) ?? plan({ title: text['network.remove']({ name }), data: name });
    },
    apply: async (tx, name) => {
      await removeNetwork(tx, id);
      await emit(tx, events.network_removed({ name }), { dataCenter, user: reader.user.id }, correlation);
    },
    answer: async () => ({}),
  });
}

/** What only makes sense with the database at hand, or not at all. */
async function unfit(
  tx: Transaction,
  dataCenter: string,
  input: Api['network'],
  { qos, portIsolation }: NetworkSettings,
): Promise<Refusal | undefined> {
  const version = await homeVersion(tx, dataCenter);
  return refusalOf([
    input.external_provider !== undefined && networkReasons.network_provider_not_built('network.external_provider'),
    portIsolation && levelIsLower(version, '4.5') && networkReasons.network_isolation_level({ version }, 'network.port_isolation'),
    qos !== null &&
      !(await qosExists(tx, dataCenter, 'hostnetwork', qos)) &&
      usageProfileReasons.usage_profile_qos_unknown({ qos: qos.slice(0, 60), kind: 'hosts’ NICs' }, 'network.qos'),
  ]);
}

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
    qos: qosWished(input.qos, base.qos),
    nameServers: input.dns_resolver_configuration ? (input.dns_resolver_configuration.name_servers ?? []) : base.nameServers,
  };
}
