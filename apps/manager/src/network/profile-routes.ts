import { randomUUID } from 'node:crypto';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { profileProblems, profileReasons, profileRemovalProblems, type VnicProfileSettings } from '@ostler/domain/network/rules';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refusalOf } from '@ostler/domain/reason';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import { sql, type Queries } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { vnicProfileDocument } from './document.ts';
import {
  findNetwork,
  findVnicProfile,
  insertVnicProfile,
  listVnicProfiles,
  nicsOfProfile,
  profileNamesOf,
  removeVnicProfile,
  updateVnicProfile,
  type VnicProfileRow,
} from './store.ts';

const text = phrases({
  'vnic-profile.add': 'Adding vNIC profile {name}',
  'vnic-profile.update': 'Changing vNIC profile {name}',
  'vnic-profile.remove': 'Removing vNIC profile {name}',
});

const blank: VnicProfileSettings = { name: '', description: '', comment: '', migratable: true, filter: 'vdsm-no-mac-spoofing' };

const collection = serve('vnic_profiles', {
  list: async ({ db, reader, parameters }) => (await listVnicProfiles(db, reader, parameters.max)).map(vnicProfileDocument),
  add({ db, reader, input, mutate, correlation }) {
    const id = input.id ?? randomUUID();
    const network = input.network?.id ?? '';
    const settings = wished(input, blank);
    return mutate({
      objects: [network],
      plan: async (tx) => {
        const home = await findNetwork(tx, reader, network);
        if (!home) throw new Error('The network vanished while it was looked at');
        return (
          notBuilt(input) ??
          refusalOf([!home.vmNetwork && profileReasons.profile_not_for_vms({ network: home.name }, 'vnic_profile.network')]) ??
          profileProblems(settings, await profileNamesOf(tx, network, id)) ??
          plan({ title: text['vnic-profile.add']({ name: settings.name }), data: { dataCenter: home.dataCenter } })
        );
      },
      apply: async (tx, { dataCenter }) => {
        await insertVnicProfile(tx, { ...settings, id, network });
        await emit(tx, events.vnic_profile_added({ name: settings.name }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => vnicProfileDocument(await present(db, reader, id)),
    });
  },
});

const item = serve('vnic_profile', {
  async get({ db, reader, ids }) {
    const row = await findVnicProfile(db, reader, ids.vnic_profile);
    return row && vnicProfileDocument(row);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const { network } = await present(db, reader, ids.vnic_profile);
    return mutate({
      objects: [network],
      plan: async (tx) => {
        const before = await present(tx, reader, ids.vnic_profile);
        const settings = wished(input, before);
        return (
          notBuilt(input) ??
          refusalOf([
            input.network?.id !== undefined &&
              input.network.id !== network &&
              profileReasons.profile_network_fixed({ name: before.name }, 'vnic_profile.network'),
          ]) ??
          profileProblems(settings, await profileNamesOf(tx, network, ids.vnic_profile)) ??
          plan({ title: text['vnic-profile.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateVnicProfile(tx, ids.vnic_profile, settings);
        await emit(tx, events.vnic_profile_updated({ name: settings.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => vnicProfileDocument(await present(db, reader, ids.vnic_profile)),
    });
  },
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: [ids.vnic_profile],
      plan: async (tx) => {
        const { name } = await present(tx, reader, ids.vnic_profile);
        return (
          profileRemovalProblems(name, await nicsOfProfile(tx, ids.vnic_profile)) ??
          plan({ title: text['vnic-profile.remove']({ name }), data: name })
        );
      },
      apply: async (tx, name) => {
        await removeVnicProfile(tx, ids.vnic_profile);
        await emit(tx, events.vnic_profile_removed({ name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
});

const ofNetwork = serve('assigned_vnic_profiles', {
  list: async ({ db, reader, ids, parameters }) =>
    (await listVnicProfiles(db, reader, parameters.max, sql`p.network_id = ${ids.network}`)).map(vnicProfileDocument),
});

export const vnicProfileServices = [mounted(collection), mounted(item), mounted(ofNetwork)];

const notBuilt = (input: Api['vnic_profile']) =>
  refusalOf([
    input.pass_through?.mode === 'enabled' && profileReasons.profile_pass_through_not_built('vnic_profile.pass_through'),
    input.port_mirroring === true && profileReasons.profile_mirroring_not_built('vnic_profile.port_mirroring'),
  ]);

/** What is not named stays as it is; a filter without a name is none. */
function wished(input: Api['vnic_profile'], base: VnicProfileSettings): VnicProfileSettings {
  const { network_filter: filter } = input;
  return {
    name: input.name ?? base.name,
    description: input.description ?? base.description,
    comment: input.comment ?? base.comment,
    migratable: input.migratable ?? base.migratable,
    filter: filter ? (filter.id ?? filter.name ?? null) : base.filter,
  };
}

async function present(db: Queries, reader: Reader, id: string): Promise<VnicProfileRow> {
  const row = await findVnicProfile(db, reader, id);
  if (!row) throw new Error('The vNIC profile vanished while it was looked at');
  return row;
}
