import { randomUUID } from 'node:crypto';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import {
  affinityGroupProblems,
  affinityReasons,
  isBroken,
  noRule,
  ruleWished,
  type AffinityGroupSettings,
  type MemberKind,
} from '@ostler/domain/affinity/rules';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse, type Refusal } from '@ostler/domain/reason';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import { there, type Queries } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import {
  addMember,
  findGroup,
  groupNames,
  insertGroup,
  isMember,
  listGroups,
  membersOf,
  removeGroup,
  removeMember,
  replaceGroupMembers,
  updateGroup,
  type GroupRow,
} from './group-store.ts';
import { findLabel, findLabelNamed, objectNamed, type Named } from './label-store.ts';

const text = phrases({
  'affinity-group.add': 'Adding affinity group {name}',
  'affinity-group.update': 'Changing affinity group {name}',
  'affinity-group.remove': 'Removing affinity group {name}',
  'affinity-group.join': 'Adding {member} to affinity group {name}',
  'affinity-group.leave': 'Taking {member} out of affinity group {name}',
});
const turnOf = (cluster: string) => `affinity groups of ${cluster}`;

const collection = serve('affinity_groups', {
  list: async ({ db, reader, ids, parameters }) =>
    Promise.all((await listGroups(db, reader, ids.cluster, parameters.max)).map((group) => document(db, reader, group))),
  async add({ db, reader, ids, input, mutate, correlation }) {
    const id = input.id ?? randomUUID();
    const settings = wished(input, { name: '', description: '', priority: 1, vmsRule: noRule, hostsRule: noRule });
    const members = await membersWished(db, reader, ids.cluster, input);
    if (isRefusal(members)) return members;
    return mutate({
      objects: [turnOf(ids.cluster)],
      plan: async (tx) =>
        affinityGroupProblems(settings, await groupNames(tx, ids.cluster, id)) ??
        plan({ title: text['affinity-group.add']({ name: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertGroup(tx, id, ids.cluster, settings);
        for (const [kind, objects] of members) await replaceGroupMembers(tx, id, kind, objects);
        await emit(tx, events.affinity_group_added({ name: settings.name }), { cluster: ids.cluster, user: reader.user.id }, correlation);
      },
      answer: async () => document(db, reader, there(await findGroup(db, reader, ids.cluster, id))),
    });
  },
});

const item = serve('affinity_group', {
  async get({ db, reader, ids }) {
    const group = await findGroup(db, reader, ids.cluster, ids.affinity_group);
    return group && document(db, reader, group);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const { cluster, affinity_group: id } = ids;
    if (!(await findGroup(db, reader, cluster, id))) return undefined;
    const members = await membersWished(db, reader, cluster, input);
    if (isRefusal(members)) return members;
    return mutate({
      objects: [turnOf(cluster)],
      plan: async (tx) => {
        const settings = wished(input, there(await findGroup(tx, reader, cluster, id)));
        return (
          affinityGroupProblems(settings, await groupNames(tx, cluster, id)) ??
          plan({ title: text['affinity-group.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateGroup(tx, id, settings);
        for (const [kind, objects] of members) await replaceGroupMembers(tx, id, kind, objects);
        await emit(tx, events.affinity_group_updated({ name: settings.name }), { cluster, user: reader.user.id }, correlation);
      },
      answer: async () => document(db, reader, there(await findGroup(db, reader, cluster, id))),
    });
  },
  async remove({ db, reader, ids, mutate, correlation }) {
    const { cluster, affinity_group: id } = ids;
    if (!(await findGroup(db, reader, cluster, id))) return undefined;
    return mutate({
      objects: [turnOf(cluster)],
      plan: async (tx) => {
        const { name } = there(await findGroup(tx, reader, cluster, id));
        return plan({ title: text['affinity-group.remove']({ name }), data: name });
      },
      apply: async (tx, name) => {
        await removeGroup(tx, id);
        await emit(tx, events.affinity_group_removed({ name }), { cluster, user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

const vms = serve('affinity_group_vms', {
  list: async ({ db, reader, ids }) => (await members(db, reader, ids, 'vm')).map(reference.vm),
  add: (call) => join(call, call.ids, 'vm', call.input, reference.vm),
});
const hosts = serve('affinity_group_hosts', {
  list: async ({ db, reader, ids }) => (await members(db, reader, ids, 'host')).map(reference.host),
  add: (call) => join(call, call.ids, 'host', call.input, reference.host),
});
const vmLabels = serve('affinity_group_vm_labels', {
  list: async ({ db, reader, ids }) => (await members(db, reader, ids, 'vm_label')).map(reference.vm_label),
  add: (call) => join(call, call.ids, 'vm_label', call.input, reference.vm_label),
});
const hostLabels = serve('affinity_group_host_labels', {
  list: async ({ db, reader, ids }) => (await members(db, reader, ids, 'host_label')).map(reference.host_label),
  add: (call) => join(call, call.ids, 'host_label', call.input, reference.host_label),
});
const vm = serve('affinity_group_vm', { remove: (call) => leave(call, call.ids, 'vm', call.ids.vm) });
const host = serve('affinity_group_host', { remove: (call) => leave(call, call.ids, 'host', call.ids.host) });
const vmLabel = serve('affinity_group_vm_label', { remove: (call) => leave(call, call.ids, 'vm_label', call.ids.affinity_label) });
const hostLabel = serve('affinity_group_host_label', { remove: (call) => leave(call, call.ids, 'host_label', call.ids.affinity_label) });

export const affinityGroupServices = [
  mounted(collection),
  mounted(item),
  mounted(vms),
  mounted(vm),
  mounted(hosts),
  mounted(host),
  mounted(vmLabels),
  mounted(vmLabel),
  mounted(hostLabels),
  mounted(hostLabel),
];

interface Place {
  readonly cluster: string;
  readonly affinity_group: string;
}

const members = async (db: Queries, reader: Reader, { cluster, affinity_group: id }: Place, kind: MemberKind) =>
  (await findGroup(db, reader, cluster, id)) ? membersOf(db, reader, id, kind) : [];

type Wish = { readonly id?: string | undefined; readonly name?: string | undefined };
const words: Readonly<Record<MemberKind, string>> = { vm: 'VM', host: 'host', vm_label: 'affinity label', host_label: 'affinity label' };

/** A member of a group: VMs and hosts of its cluster, labels of whatever they are on. */
async function memberNamed(db: Queries, reader: Reader, cluster: string, kind: MemberKind, wish: Wish): Promise<Named | undefined> {
  if (kind === 'vm_label' || kind === 'host_label')
    return wish.id === undefined ? findLabelNamed(db, reader, wish.name ?? '') : findLabel(db, reader, wish.id);
  const found = await objectNamed(db, reader, kind, wish);
  return found?.cluster === cluster ? found : undefined;
}

const unknown = (kind: MemberKind, { id, name }: Wish) =>
  refuse(affinityReasons.affinity_member_unknown({ kind: words[kind], id: (name ?? id ?? '').slice(0, 60) }, kind));

async function join<Output>(
  { db, reader, mutate, correlation }: Context,
  { cluster, affinity_group: id }: Place,
  kind: MemberKind,
  wish: Wish,
  answer: (member: Named) => Output,
) {
  if (!(await findGroup(db, reader, cluster, id))) return undefined;
  const member = await memberNamed(db, reader, cluster, kind, wish);
  if (!member) return unknown(kind, wish);
  return mutate({
    objects: [turnOf(cluster), member.id],
    plan: async (tx) => {
      const { name } = there(await findGroup(tx, reader, cluster, id));
      return (
        refusalOf([
          (await isMember(tx, id, kind, member.id)) &&
            affinityReasons.affinity_member_already({ kind: words[kind], name: member.name, group: `affinity group ${name}` }, kind),
        ]) ?? plan({ title: text['affinity-group.join']({ member: member.name, name }), data: name })
      );
    },
    apply: async (tx, name) => {
      await addMember(tx, id, kind, member.id);
      await emit(tx, events.affinity_group_updated({ name }), { cluster, user: reader.user.id }, correlation);
    },
    answer: async () => answer(member),
  });
}

async function leave(
  { db, reader, mutate, correlation }: Context,
  { cluster, affinity_group: id }: Place,
  kind: MemberKind,
  object: string,
) {
  if (!(await findGroup(db, reader, cluster, id)) || !(await isMember(db, id, kind, object))) return undefined;
  return mutate({
    objects: [turnOf(cluster), object],
    plan: async (tx) => {
      const { name } = there(await findGroup(tx, reader, cluster, id));
      const member = (await membersOf(tx, reader, id, kind)).find((one) => one.id === object.toLowerCase());
      return plan({ title: text['affinity-group.leave']({ member: member?.name ?? words[kind], name }), data: name });
    },
    apply: async (tx, name) => {
      await removeMember(tx, id, kind, object);
      await emit(tx, events.affinity_group_updated({ name }), { cluster, user: reader.user.id }, correlation);
    },
    answer: async () => ({}),
  });
}

/** What is not named stays as it is. `positive` and `enforcing` of the group are the old words for those of the rule between VMs. */
function wished(input: Api['affinity_group'], base: AffinityGroupSettings): AffinityGroupSettings {
  const legacy =
    input.positive === undefined && input.enforcing === undefined ? undefined : { positive: input.positive, enforcing: input.enforcing };
  return {
    name: input.name ?? base.name,
    description: input.description ?? base.description,
    priority: input.priority ?? base.priority,
    vmsRule: ruleWished(input.vms_rule ?? legacy, base.vmsRule),
    hostsRule: ruleWished(input.hosts_rule, base.hostsRule),
  };
}

/** The members that a client names; of a kind that it does not name they stay as they are. */
async function membersWished(
  db: Queries,
  reader: Reader,
  cluster: string,
  input: Api['affinity_group'],
): Promise<[MemberKind, string[]][] | Refusal> {
  const wanted: [MemberKind, string[]][] = [];
  for (const [kind, given] of [
    ['vm', input.vms],
    ['host', input.hosts],
    ['vm_label', input.vm_labels],
    ['host_label', input.host_labels],
  ] as const) {
    if (!given) continue;
    const found: string[] = [];
    for (const one of given) {
      const member = await memberNamed(db, reader, cluster, kind, one);
      if (!member) return unknown(kind, one);
      found.push(member.id);
    }
    wanted.push([kind, found]);
  }
  return wanted;
}

const label = ({ id, name }: Named) => ({ id, name, href: href('affinity_label', { affinity_label: id }) });
const reference = {
  vm: ({ id, name }: Named) => ({ id, name, href: href('vm', { vm: id }) }),
  host: ({ id, name }: Named) => ({ id, name, href: href('host', { host: id }) }),
  vm_label: label,
  host_label: label,
};

async function document(db: Queries, reader: Reader, group: GroupRow): Promise<Api['affinity_group']> {
  const { id, vmsRule, hostsRule } = group;
  const of = async (kind: MemberKind) => (await membersOf(db, reader, id, kind)).map((one) => reference[kind](one));
  return linked(
    {
      id,
      name: group.name,
      description: group.description,
      priority: group.priority,
      positive: vmsRule.positive,
      enforcing: vmsRule.enforcing,
      vms_rule: { ...vmsRule },
      hosts_rule: { ...hostsRule },
      broken: isBroken(group, group.running, group.hosts),
      cluster: { id: group.cluster, href: href('cluster', { cluster: group.cluster }) },
      vms: await of('vm'),
      hosts: await of('host'),
      vm_labels: await of('vm_label'),
      host_labels: await of('host_label'),
    },
    'clusters/{cluster}/affinitygroups/{affinity_group}',
    { cluster: group.cluster, affinity_group: id },
  );
}
