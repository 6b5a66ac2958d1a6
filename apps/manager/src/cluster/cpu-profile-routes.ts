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
  cpuProfileFacts,
  findCpuProfile,
  insertCpuProfile,
  listCpuProfiles,
  removeCpuProfile,
  updateCpuProfile,
  type CpuProfileRow,
} from './cpu-profile-store.ts';

const text = phrases({
  'cpu-profile.add': 'Adding CPU profile {name}',
  'cpu-profile.update': 'Changing CPU profile {name}',
  'cpu-profile.remove': 'Removing CPU profile {name}',
});

const collection = serve('cpu_profiles', {
  list: async ({ db, reader, parameters }) => (await listCpuProfiles(db, reader, parameters.max)).map(document),
  add: (call) => add(call, call.input, call.input.cluster?.id ?? ''),
});
const item = serve('cpu_profile', {
  async get({ db, reader, ids }) {
    const row = await findCpuProfile(db, reader, ids.cpu_profile);
    return row && document(row);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const { cluster } = there(await findCpuProfile(db, reader, ids.cpu_profile));
    return mutate({
      objects: [cluster],
      plan: async (tx) => {
        const before = there(await findCpuProfile(tx, reader, ids.cpu_profile));
        const settings = wished(input, before);
        const facts = await cpuProfileFacts(tx, cluster, ids.cpu_profile);
        return (
          refusalOf([
            input.cluster?.id !== undefined &&
              input.cluster.id !== cluster &&
              usageProfileReasons.usage_profile_home_fixed({ kind: 'cpu', name: before.name }, 'cpu_profile.cluster'),
          ]) ??
          usageProfileProblems('cpu', settings, { ...facts, qosFound: await qosExists(tx, facts.dataCenter, 'cpu', settings.qos) }) ??
          plan({ title: text['cpu-profile.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateCpuProfile(tx, ids.cpu_profile, settings);
        await emit(tx, events.cpu_profile_updated({ name: settings.name }), { cluster, user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findCpuProfile(db, reader, ids.cpu_profile))),
    });
  },
  remove: (call) => remove(call, call.ids.cpu_profile),
});

const ofCluster = serve('assigned_cpu_profiles', {
  list: async ({ db, reader, ids, parameters }) =>
    (await listCpuProfiles(db, reader, parameters.max, sql`p.cluster_id = ${ids.cluster}`)).map(document),
  add: (call) => add(call, call.input, call.ids.cluster),
});
const itemOfCluster = serve('assigned_cpu_profile', {
  async get({ db, reader, ids }) {
    const row = await findCpuProfile(db, reader, ids.cpu_profile);
    return row?.cluster === ids.cluster ? document(row) : undefined;
  },
  remove: async (call) =>
    (await findCpuProfile(call.db, call.reader, call.ids.cpu_profile))?.cluster === call.ids.cluster
      ? remove(call, call.ids.cpu_profile)
      : undefined,
});

export const cpuProfileServices = [mounted(collection), mounted(item), mounted(ofCluster), mounted(itemOfCluster)];

function add({ db, reader, mutate, correlation }: Context, input: Api['cpu_profile'], cluster: string) {
  const id = input.id ?? randomUUID();
  const settings = wished(input, { name: '', description: '', qos: null });
  return mutate({
    objects: [cluster],
    plan: async (tx) => {
      const facts = await cpuProfileFacts(tx, cluster, id);
      return (
        usageProfileProblems('cpu', settings, { ...facts, qosFound: await qosExists(tx, facts.dataCenter, 'cpu', settings.qos) }) ??
        plan({ title: text['cpu-profile.add']({ name: settings.name }), data: settings })
      );
    },
    apply: async (tx) => {
      await insertCpuProfile(tx, { ...settings, id, cluster });
      await emit(tx, events.cpu_profile_added({ name: settings.name }), { cluster, user: reader.user.id }, correlation);
    },
    answer: async () => document(there(await findCpuProfile(db, reader, id))),
  });
}

function remove({ reader, mutate, correlation }: Context, id: string) {
  return mutate({
    objects: [id],
    plan: async (tx) => {
      const profile = there(await findCpuProfile(tx, reader, id));
      const { otherNames, users } = await cpuProfileFacts(tx, profile.cluster, id);
      return (
        usageProfileRemovalProblems('cpu', { name: profile.name, siblings: otherNames.length, users }) ??
        plan({ title: text['cpu-profile.remove']({ name: profile.name }), data: profile })
      );
    },
    apply: async (tx, { name, cluster }) => {
      await removeCpuProfile(tx, id);
      await emit(tx, events.cpu_profile_removed({ name }), { cluster, user: reader.user.id }, correlation);
    },
    answer: async () => ({}),
  });
}

/** What is not named stays as it is; an empty reference takes the QoS away. */
const wished = (input: Api['cpu_profile'], base: ProfileSettings): ProfileSettings => ({
  name: input.name ?? base.name,
  description: input.description ?? base.description,
  qos: qosWished(input.qos, base.qos),
});

const document = (row: CpuProfileRow): Api['cpu_profile'] =>
  linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      cluster: { id: row.cluster, href: href('cluster', { cluster: row.cluster }) },
      ...qosReference(row.qos, row.dataCenter),
    },
    'cpuprofiles/{cpu_profile}',
    { cpu_profile: row.id },
  );
