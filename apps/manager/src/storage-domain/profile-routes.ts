import { randomUUID } from 'node:crypto';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { usageProfileProblems, usageProfileReasons, usageProfileRemovalProblems, type ProfileSettings } from '@ostler/domain/qos/rules';
import { refusalOf } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { sql, there } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { qosExists, qosReference, qosWished } from '../qos/service.ts';
import {
  diskProfileFacts,
  findDiskProfile,
  insertDiskProfile,
  listDiskProfiles,
  removeDiskProfile,
  updateDiskProfile,
  type DiskProfileRow,
} from './profile-store.ts';

const text = phrases({
  'disk-profile.add': 'Adding disk profile {name}',
  'disk-profile.update': 'Changing disk profile {name}',
  'disk-profile.remove': 'Removing disk profile {name}',
});

const profiles = serve('disk_profiles', {
  list: async ({ db, reader, parameters }) => (await listDiskProfiles(db, reader, parameters.max)).map(document),
  add: (call) => add(call, call.input, call.input.storage_domain?.id ?? ''),
});
const profile = serve('disk_profile', {
  async get({ db, reader, ids }) {
    const row = await findDiskProfile(db, reader, ids.disk_profile);
    return row && document(row);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const { domain } = there(await findDiskProfile(db, reader, ids.disk_profile));
    return mutate({
      objects: [domain],
      plan: async (tx) => {
        const before = there(await findDiskProfile(tx, reader, ids.disk_profile));
        const settings = wished(input, before);
        const facts = there(await diskProfileFacts(tx, domain, ids.disk_profile));
        return (
          refusalOf([
            input.storage_domain?.id !== undefined &&
              input.storage_domain.id !== domain &&
              usageProfileReasons.usage_profile_home_fixed({ kind: 'disk', name: before.name }, 'disk_profile.storage_domain'),
          ]) ??
          usageProfileProblems('disk', settings, { ...facts, qosFound: await qosExists(tx, facts.dataCenter, 'storage', settings.qos) }) ??
          plan({ title: text['disk-profile.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateDiskProfile(tx, ids.disk_profile, settings);
        await emit(tx, events.disk_profile_updated({ name: settings.name }), { storageDomain: domain, user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findDiskProfile(db, reader, ids.disk_profile))),
    });
  },
  remove: (call) => remove(call, call.ids.disk_profile),
});

const ofDomain = serve('assigned_disk_profiles', {
  list: async ({ db, reader, ids, parameters }) =>
    (await listDiskProfiles(db, reader, parameters.max, sql`p.storage_domain_id = ${ids.storage_domain}`)).map(document),
  add: (call) => add(call, call.input, call.ids.storage_domain),
});
const profileOfDomain = serve('assigned_disk_profile', {
  async get({ db, reader, ids }) {
    const row = await findDiskProfile(db, reader, ids.disk_profile);
    return row?.domain === ids.storage_domain ? document(row) : undefined;
  },
  remove: async (call) =>
    (await findDiskProfile(call.db, call.reader, call.ids.disk_profile))?.domain === call.ids.storage_domain
      ? remove(call, call.ids.disk_profile)
      : undefined,
});

export const diskProfileServices = [mounted(profiles), mounted(profile), mounted(ofDomain), mounted(profileOfDomain)];

function add({ db, reader, mutate, correlation }: Context, input: Api['disk_profile'], domain: string) {
  const id = input.id ?? randomUUID();
  const settings = wished(input, { name: '', description: '', qos: null });
  return mutate({
    objects: [domain],
    plan: async (tx) => {
      const facts = there(await diskProfileFacts(tx, domain, id));
      return (
        refusalOf([
          facts.kind !== 'data' &&
            usageProfileReasons.usage_profile_needs_data_domain({ domain: facts.domain }, 'disk_profile.storage_domain'),
        ]) ??
        usageProfileProblems('disk', settings, { ...facts, qosFound: await qosExists(tx, facts.dataCenter, 'storage', settings.qos) }) ??
        plan({ title: text['disk-profile.add']({ name: settings.name }), data: settings })
      );
    },
    apply: async (tx) => {
      await insertDiskProfile(tx, { ...settings, id, domain });
      await emit(tx, events.disk_profile_added({ name: settings.name }), { storageDomain: domain, user: reader.user.id }, correlation);
    },
    answer: async () => document(there(await findDiskProfile(db, reader, id))),
  });
}

function remove({ reader, mutate, correlation }: Context, id: string) {
  return mutate({
    objects: [id],
    plan: async (tx) => {
      const row = there(await findDiskProfile(tx, reader, id));
      const { otherNames, users } = there(await diskProfileFacts(tx, row.domain, id));
      return (
        usageProfileRemovalProblems('disk', { name: row.name, siblings: otherNames.length, users }) ??
        plan({ title: text['disk-profile.remove']({ name: row.name }), data: row })
      );
    },
    apply: async (tx, { name, domain }) => {
      await removeDiskProfile(tx, id);
      await emit(tx, events.disk_profile_removed({ name }), { storageDomain: domain, user: reader.user.id }, correlation);
    },
    answer: async () => ({}),
  });
}

/** What is not named stays as it is; an empty reference takes the QoS away. */
const wished = (input: Api['disk_profile'], base: ProfileSettings): ProfileSettings => ({
  name: input.name ?? base.name,
  description: input.description ?? base.description,
  qos: qosWished(input.qos, base.qos),
});

const document = (row: DiskProfileRow): Api['disk_profile'] =>
  linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      storage_domain: { id: row.domain, href: href('storage_domain', { storage_domain: row.domain }) },
      ...qosReference(row.qos, row.dataCenter),
    },
    'diskprofiles/{disk_profile}',
    { disk_profile: row.id },
  );
