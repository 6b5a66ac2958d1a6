import { randomUUID } from 'node:crypto';
import { ownerIn } from '@ostler/contract/access';
import { href, hrefAt, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { affinityLabelProblems, affinityReasons, type AffinityLabelSettings } from '@ostler/domain/affinity/rules';
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
  findLabel,
  findLabelNamed,
  insertLabel,
  labelNames,
  labelsOf,
  listLabels,
  membersOfLabel,
  objectNamed,
  putLabel,
  removeLabel,
  replaceMembers,
  takeLabel,
  updateLabel,
  wearsLabel,
  type LabelledKind,
  type LabelRow,
  type Named,
} from './label-store.ts';

const text = phrases({
  'affinity-label.add': 'Adding affinity label {name}',
  'affinity-label.update': 'Changing affinity label {name}',
  'affinity-label.remove': 'Removing affinity label {name}',
  'affinity-label.put': 'Giving {object} the affinity label {name}',
  'affinity-label.take': 'Taking the affinity label {name} from {object}',
});
const turn = 'affinity labels';

const collection = serve('affinity_labels', {
  list: async ({ db, reader, parameters }) =>
    Promise.all((await listLabels(db, reader, parameters.max)).map((label) => document(db, reader, label))),
  async add({ db, reader, input, mutate, correlation }) {
    const id = input.id ?? randomUUID();
    const settings = wished(input, { name: '', implicitGroup: false });
    const members = await membersWished(db, reader, input);
    if (isRefusal(members)) return members;
    return mutate({
      objects: [turn],
      plan: async (tx) =>
        affinityLabelProblems(settings, await labelNames(tx, id)) ??
        plan({ title: text['affinity-label.add']({ name: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertLabel(tx, id, settings);
        for (const [kind, objects] of members) await replaceMembers(tx, id, kind, objects);
        await emit(tx, events.affinity_label_added({ name: settings.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => document(db, reader, there(await findLabel(db, reader, id))),
    });
  },
});

const item = serve('affinity_label', {
  async get({ db, reader, ids }) {
    const label = await findLabel(db, reader, ids.affinity_label);
    return label && document(db, reader, label);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const members = await membersWished(db, reader, input);
    if (isRefusal(members)) return members;
    return mutate({
      objects: [turn],
      plan: async (tx) => {
        const label = there(await findLabel(tx, reader, ids.affinity_label));
        const settings = wished(input, label);
        return (
          fixed(label) ??
          affinityLabelProblems(settings, await labelNames(tx, label.id)) ??
          plan({ title: text['affinity-label.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateLabel(tx, ids.affinity_label, settings);
        for (const [kind, objects] of members) await replaceMembers(tx, ids.affinity_label, kind, objects);
        await emit(tx, events.affinity_label_updated({ name: settings.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => document(db, reader, there(await findLabel(db, reader, ids.affinity_label))),
    });
  },
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: [turn],
      plan: async (tx) => {
        const label = there(await findLabel(tx, reader, ids.affinity_label));
        return fixed(label) ?? plan({ title: text['affinity-label.remove']({ name: label.name }), data: label.name });
      },
      apply: async (tx, name) => {
        await removeLabel(tx, ids.affinity_label);
        await emit(tx, events.affinity_label_removed({ name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
});

const vms = serve('affinity_label_vms', {
  list: async ({ db, reader, ids }) => (await membersOfLabel(db, reader, ids.affinity_label, 'vm')).map(reference.vm),
  add: async (call) => {
    const vm = await objectNamed(call.db, call.reader, 'vm', call.input);
    return vm ? put(call, call.ids.affinity_label, 'vm', vm, async () => reference.vm(vm)) : unknown('vm', call.input);
  },
});
const hosts = serve('affinity_label_hosts', {
  list: async ({ db, reader, ids }) => (await membersOfLabel(db, reader, ids.affinity_label, 'host')).map(reference.host),
  add: async (call) => {
    const host = await objectNamed(call.db, call.reader, 'host', call.input);
    return host ? put(call, call.ids.affinity_label, 'host', host, async () => reference.host(host)) : unknown('host', call.input);
  },
});
const vm = serve('affinity_label_vm', {
  get: async ({ db, reader, ids }) =>
    (await membersOfLabel(db, reader, ids.affinity_label, 'vm')).filter((one) => one.id === ids.vm).map(reference.vm)[0],
  remove: (call) => take(call, call.ids.affinity_label, call.ids.vm, 'vm'),
});
const host = serve('affinity_label_host', {
  get: async ({ db, reader, ids }) =>
    (await membersOfLabel(db, reader, ids.affinity_label, 'host')).filter((one) => one.id === ids.host).map(reference.host)[0],
  remove: (call) => take(call, call.ids.affinity_label, call.ids.host, 'host'),
});

const assigned = serve('assigned_affinity_labels', {
  list: async ({ db, reader, template, ids }) =>
    Promise.all(
      (await labelsOf(db, reader, ownerOf(template, ids).id)).map((label) =>
        document(db, reader, label, `${template}/{affinity_label}`, ids),
      ),
    ),
  async add(call) {
    const { db, reader, template, ids, input } = call;
    const owner = ownerOf(template, ids);
    const label = input.id === undefined ? await findLabelNamed(db, reader, input.name ?? '') : await findLabel(db, reader, input.id);
    if (!label)
      return refuse(affinityReasons.affinity_label_unknown({ label: (input.name ?? input.id ?? '').slice(0, 60) }, 'affinity_label'));
    const object = there(await objectNamed(db, reader, owner.kind, { id: owner.id }));
    return put(call, label.id, owner.kind, object, async () =>
      document(db, reader, there(await findLabel(db, reader, label.id)), `${template}/{affinity_label}`, ids),
    );
  },
});
const assignedItem = serve('assigned_affinity_label', {
  async get({ db, reader, template, ids }) {
    const label = (await labelsOf(db, reader, ownerOf(template, ids).id)).find((one) => one.id === ids.affinity_label);
    return label && document(db, reader, label, template, ids);
  },
  remove: (call) => {
    const { kind, id } = ownerOf(call.template, call.ids);
    return take(call, call.ids.affinity_label, id, kind);
  },
});

export const affinityLabelServices = [
  mounted(collection),
  mounted(item),
  mounted(vms),
  mounted(vm),
  mounted(hosts),
  mounted(host),
  mounted(assigned),
  mounted(assignedItem),
];

const fixed = (label: LabelRow) => refusalOf([label.readOnly && affinityReasons.affinity_label_fixed({ name: label.name })]);
const unknown = (kind: LabelledKind, { id, name }: { readonly id?: string | undefined; readonly name?: string | undefined }) =>
  refuse(affinityReasons.affinity_member_unknown({ kind: kind === 'vm' ? 'VM' : kind, id: (name ?? id ?? '').slice(0, 60) }, kind));

function put<Output>(
  { reader, mutate, correlation }: Context,
  label: string,
  kind: LabelledKind,
  object: Named,
  answer: () => Promise<Output>,
) {
  return mutate({
    objects: [turn, object.id],
    plan: async (tx) => {
      const { name } = there(await findLabel(tx, reader, label));
      return plan({ title: text['affinity-label.put']({ name, object: object.name }), data: name });
    },
    apply: async (tx, name) => {
      if ((await putLabel(tx, label, kind, object.id)) > 0)
        await emit(tx, events.affinity_label_updated({ name }), { user: reader.user.id, [kind]: object.id }, correlation);
    },
    answer,
  });
}

async function take({ db, reader, mutate, correlation }: Context, label: string, object: string, kind: LabelledKind) {
  if (!(await wearsLabel(db, label, object))) return undefined;
  return mutate({
    objects: [turn, object],
    plan: async (tx) => {
      const { name } = there(await findLabel(tx, reader, label));
      const worn = there(await objectNamed(tx, reader, kind, { id: object }));
      return plan({ title: text['affinity-label.take']({ name, object: worn.name }), data: name });
    },
    apply: async (tx, name) => {
      await takeLabel(tx, label, object);
      await emit(tx, events.affinity_label_updated({ name }), { user: reader.user.id, [kind]: object }, correlation);
    },
    answer: async () => ({}),
  });
}

const wished = (input: Api['affinity_label'], base: AffinityLabelSettings): AffinityLabelSettings => ({
  name: input.name ?? base.name,
  implicitGroup: input.has_implicit_affinity_group ?? base.implicitGroup,
});

/** The members that a client names; of a kind that it does not name they stay as they are. */
async function membersWished(db: Queries, reader: Reader, input: Api['affinity_label']): Promise<[LabelledKind, string[]][] | Refusal> {
  const wanted: [LabelledKind, string[]][] = [];
  for (const [kind, given] of [['vm', input.vms] as const, ['host', input.hosts] as const]) {
    if (!given) continue;
    const found: string[] = [];
    for (const one of given) {
      const object = await objectNamed(db, reader, kind, one);
      if (!object) return unknown(kind, one);
      found.push(object.id);
    }
    wanted.push([kind, found]);
  }
  return wanted;
}

function ownerOf(template: string, ids: Readonly<Record<string, string | undefined>>): { kind: LabelledKind; id: string } {
  const kind = ownerIn(template) === 'host' ? 'host' : 'vm';
  return { kind, id: (ids[kind] ?? '').toLowerCase() };
}

const reference = {
  vm: ({ id, name }: Named) => ({ id, name, href: href('vm', { vm: id }) }),
  host: ({ id, name }: Named) => ({ id, name, href: href('host', { host: id }) }),
};

async function document(
  db: Queries,
  reader: Reader,
  label: LabelRow,
  template = 'affinitylabels/{affinity_label}',
  ids: Readonly<Record<string, string | undefined>> = {},
): Promise<Api['affinity_label']> {
  const own = linked(
    { id: label.id, name: label.name, read_only: label.readOnly, has_implicit_affinity_group: label.implicitGroup },
    'affinitylabels/{affinity_label}',
    { affinity_label: label.id },
  );
  return {
    ...own,
    href: hrefAt(template, { ...ids, affinity_label: label.id }),
    vms: (await membersOfLabel(db, reader, label.id, 'vm')).map(reference.vm),
    hosts: (await membersOfLabel(db, reader, label.id, 'host')).map(reference.host),
  };
}
