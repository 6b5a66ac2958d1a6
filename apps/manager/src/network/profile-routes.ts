import { randomUUID } from 'node:crypto';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import {
  profileChangeProblems,
  profileProblems,
  profileReasons,
  profileRemovalProblems,
  type VnicProfileSettings,
} from '@ostler/domain/network/profile-rules';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { sql, there, type Transaction } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { qosWished } from '../qos/service.ts';
import { searchSql } from '../search/sql.ts';
import { vnicProfileDocument } from './document.ts';
import {
  blankProfile,
  findVnicProfile,
  insertVnicProfile,
  listVnicProfiles,
  profileInUse,
  profileSearchColumns,
  profileSurroundings,
  removeVnicProfile,
  updateVnicProfile,
} from './profile-store.ts';

const text = phrases({
  'vnic-profile.add': 'Adding vNIC profile {name}',
  'vnic-profile.update': 'Changing vNIC profile {name}',
  'vnic-profile.remove': 'Removing vNIC profile {name}',
});

const collection = serve('vnic_profiles', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('vnic_profiles', profileSearchColumns, parameters, now());
    return isRefusal(search) ? search : (await listVnicProfiles(db, reader, search)).map(vnicProfileDocument);
  },
  add: (call) => add(call, call.input, call.input.network?.id ?? ''),
});

const item = serve('vnic_profile', {
  async get({ db, reader, ids }) {
    const row = await findVnicProfile(db, reader, ids.vnic_profile);
    return row && vnicProfileDocument(row);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const { network, dataCenter } = there(await findVnicProfile(db, reader, ids.vnic_profile));
    return mutate({
      objects: [network],
      plan: async (tx) => {
        const before = there(await findVnicProfile(tx, reader, ids.vnic_profile));
        const settings = wished(input, before);
        return (
          refusalOf([
            input.network?.id !== undefined &&
              input.network.id !== network &&
              profileReasons.profile_network_fixed({ name: before.name }, 'vnic_profile.network'),
          ]) ??
          (await problems(tx, network, ids.vnic_profile, settings)) ??
          profileChangeProblems(before, settings, await profileInUse(tx, ids.vnic_profile)) ??
          plan({ title: text['vnic-profile.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateVnicProfile(tx, ids.vnic_profile, settings);
        await emit(tx, events.vnic_profile_updated({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => vnicProfileDocument(there(await findVnicProfile(db, reader, ids.vnic_profile))),
    });
  },
  remove: (call) => remove(call, call.ids.vnic_profile),
});

const ofNetwork = serve('assigned_vnic_profiles', {
  list: async ({ db, reader, ids, parameters, now }) => {
    const search = searchSql('vnic_profiles', profileSearchColumns, { max: parameters.max }, now());
    return isRefusal(search)
      ? search
      : (await listVnicProfiles(db, reader, search, sql`p.network_id = ${ids.network}`)).map(vnicProfileDocument);
  },
  add: (call) => add(call, call.input, call.ids.network),
});
const itemOfNetwork = serve('assigned_vnic_profile', {
  async get({ db, reader, ids }) {
    const row = await findVnicProfile(db, reader, ids.vnic_profile);
    return row?.network === ids.network ? vnicProfileDocument(row) : undefined;
  },
  remove: async (call) =>
    (await findVnicProfile(call.db, call.reader, call.ids.vnic_profile))?.network === call.ids.network
      ? remove(call, call.ids.vnic_profile)
      : undefined,
});

export const vnicProfileServices = [mounted(collection), mounted(item), mounted(ofNetwork), mounted(itemOfNetwork)];

function add({ db, reader, mutate, correlation }: Context, input: Api['vnic_profile'], network: string) {
  const id = input.id ?? randomUUID();
  // Where devices are passed through nothing is filtered, unless somebody asks for what cannot be had.
  const settings = wished(input, input.pass_through?.mode === 'enabled' ? { ...blankProfile, filter: null } : blankProfile);
  return mutate({
    objects: [network],
    plan: async (tx) =>
      (await problems(tx, network, id, settings)) ?? plan({ title: text['vnic-profile.add']({ name: settings.name }), data: settings }),
    apply: async (tx) => {
      await insertVnicProfile(tx, id, network, settings);
      const { dataCenter } = there(await findVnicProfile(tx, reader, id));
      await emit(tx, events.vnic_profile_added({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
    },
    answer: async () => vnicProfileDocument(there(await findVnicProfile(db, reader, id))),
  });
}

function remove({ reader, mutate, correlation }: Context, id: string) {
  return mutate({
    objects: [id],
    plan: async (tx) => {
      const profile = there(await findVnicProfile(tx, reader, id));
      return (
        profileRemovalProblems(profile.name, await profileInUse(tx, id)) ??
        plan({ title: text['vnic-profile.remove']({ name: profile.name }), data: profile })
      );
    },
    apply: async (tx, { name, dataCenter }) => {
      await removeVnicProfile(tx, id);
      await emit(tx, events.vnic_profile_removed({ name }), { dataCenter, user: reader.user.id }, correlation);
    },
    answer: async () => ({}),
  });
}

async function problems(tx: Transaction, network: string, id: string, settings: VnicProfileSettings) {
  const facts = there(await profileSurroundings(tx, network, id, settings));
  return profileProblems(id, settings, { ...facts, failover: facts.failover ?? undefined });
}

/** What is not named stays as it is; a filter, a QoS or a profile to fall back on without a name is none. */
function wished(input: Api['vnic_profile'], base: VnicProfileSettings): VnicProfileSettings {
  const { network_filter: filter, failover, custom_properties: properties } = input;
  const passThrough = input.pass_through?.mode === undefined ? base.passThrough : input.pass_through.mode === 'enabled';
  return {
    name: input.name ?? base.name,
    description: input.description ?? base.description,
    comment: input.comment ?? base.comment,
    passThrough,
    // Only a device that is passed through can be in the way of a migration.
    migratable: input.migratable ?? (passThrough ? base.migratable : true),
    portMirroring: input.port_mirroring ?? base.portMirroring,
    filter: filter ? (filter.id ?? filter.name ?? '') || null : base.filter,
    qos: qosWished(input.qos, base.qos),
    failover: failover ? (failover.id ?? '').toLowerCase() || null : base.failover,
    customProperties: properties ? Object.fromEntries(properties.map(({ name = '', value = '' }) => [name, value])) : base.customProperties,
  };
}
