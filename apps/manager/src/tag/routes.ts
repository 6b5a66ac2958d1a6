import { randomUUID } from 'node:crypto';
import { hrefAt, linked } from '@ostler/contract/links';
import { ownerIn } from '@ostler/contract/access';
import type { Api } from '@ostler/contract/schema';
import { accessReasons } from '@ostler/domain/access/reasons';
import { events } from '@ostler/domain/events/catalogue';
import type { Event } from '@ostler/domain/events/event';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refusalOf, refuse } from '@ostler/domain/reason';
import {
  isRoot,
  subtree,
  taggedKinds,
  tagProblems,
  tagReasons,
  tagRemovalProblems,
  type TaggedKind,
  type TagSettings,
} from '@ostler/domain/tag/rules';
import { nameOf } from '../access/authorize.ts';
import { emit } from '../audit/store.ts';
import { there, type Queries } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { bears, findTag, findTagNamed, hang, insertTag, listTags, removeTag, tagsOf, takeOff, updateTag, type TagRow } from './store.ts';

const text = phrases({
  'tag.add': 'Adding tag {name}',
  'tag.update': 'Changing tag {name}',
  'tag.remove': 'Removing tag {name}',
  'tag.hang': 'Hanging tag {tag} on {object}',
  'tag.take-off': 'Taking tag {tag} from {object}',
  'effect.tag-goes-too': 'Tag {tag}, which hangs below it, goes too',
});

/** The tree is changed by one after the other. */
const turn = 'tags';

const collection = serve('tags', {
  list: async ({ db, parameters }) => (await listTags(db, parameters.max)).map((tag) => document(tag)),
  async add({ db, reader, input, mutate, correlation }) {
    const id = input.id ?? randomUUID();
    const settings = await wished(db, input, { name: '', description: '', parent: fixedIds.rootTag });
    return mutate({
      objects: [turn],
      plan: async (tx) =>
        tagProblems(id, settings, await listTags(tx, undefined)) ??
        plan({ title: text['tag.add']({ name: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertTag(tx, id, settings);
        await emit(tx, events.tag_added({ tag: settings.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findTag(db, id))),
    });
  },
});

const item = serve('tag', {
  async get({ db, ids }) {
    const tag = await findTag(db, ids.tag);
    return tag && document(tag);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const now = there(await findTag(db, ids.tag));
    const settings = await wished(db, input, { ...now, parent: now.parent ?? fixedIds.rootTag });
    return mutate({
      objects: [turn],
      plan: async (tx) => {
        const tree = await listTags(tx, undefined);
        const before = there(tree.find((one) => one.id === now.id));
        return (
          tagProblems(now.id, settings, tree) ??
          plan({
            title: text['tag.update']({ name: settings.name }),
            data: before.parent === settings.parent ? undefined : tree.find((one) => one.id === settings.parent)?.name,
          })
        );
      },
      apply: async (tx, movedUnder) => {
        await updateTag(tx, now.id, settings);
        const told =
          movedUnder === undefined
            ? events.tag_updated({ tag: settings.name })
            : events.tag_moved({ tag: settings.name, parent: movedUnder });
        await emit(tx, told, { user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findTag(db, now.id))),
    });
  },
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: [turn],
      plan: async (tx) => {
        const tree = await listTags(tx, undefined);
        const tag = there(tree.find((one) => one.id === ids.tag.toLowerCase()));
        const below = subtree(tag.id, tree);
        const effects = tree
          .filter((one) => one.id !== tag.id && below.has(one.id))
          .map((one) => text['effect.tag-goes-too']({ tag: one.name }));
        return tagRemovalProblems(tag.id) ?? plan({ title: text['tag.remove']({ name: tag.name }), effects, data: tag.name });
      },
      apply: async (tx, name) => {
        await removeTag(tx, ids.tag);
        await emit(tx, events.tag_removed({ tag: name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
});

const assigned = serve('assigned_tags', {
  list: async ({ db, template, ids, parameters }) =>
    (await tagsOf(db, ownerOf(template, ids).id, parameters.max)).map((tag) => document(tag, `${template}/{tag}`, ids)),
  async add({ db, reader, template, ids, input, mutate, correlation }) {
    const { kind, id } = ownerOf(template, ids);
    const named = await tagNamed(db, input);
    if (!named) return refuse(tagReasons.tag_unknown({ tag: (input.name ?? input.id ?? '').slice(0, 60) }, 'tag'));
    return mutate({
      objects: [turn, id],
      plan: async (tx) => {
        const tag = await findTag(tx, named.id);
        if (!tag) return refuse(tagReasons.tag_unknown({ tag: named.name }, 'tag'));
        const object = (await nameOf(tx, kind, id)) ?? '';
        return (
          refusalOf([isRoot(tag.id) && tagReasons.tag_is_root('tag')]) ??
          plan({ title: text['tag.hang']({ tag: tag.name, object }), data: object })
        );
      },
      apply: async (tx, object) => {
        if ((await hang(tx, named.id, kind, id)) > 0)
          await emit(tx, told('attached_to', kind, named.name, object), about(kind, id, reader.user.id), correlation);
      },
      answer: async () => document(there(await findTag(db, named.id)), `${template}/{tag}`, ids),
    });
  },
});

const assignedItem = serve('assigned_tag', {
  async get({ db, template, ids }) {
    const tag = (await bears(db, ownerOf(template, ids).id, ids.tag)) ? await findTag(db, ids.tag) : undefined;
    return tag && document(tag, template, ids);
  },
  async remove({ db, reader, template, ids, mutate, correlation }) {
    const { kind, id } = ownerOf(template, ids);
    if (!(await bears(db, id, ids.tag))) return undefined;
    return mutate({
      objects: [turn, id],
      plan: async (tx) => {
        const tag = await findTag(tx, ids.tag);
        if (!tag) return refuse(accessReasons.object_not_found({ type: 'tag', name: ids.tag }));
        const object = (await nameOf(tx, kind, id)) ?? '';
        return plan({ title: text['tag.take-off']({ tag: tag.name, object }), data: { tag: tag.name, object } });
      },
      apply: async (tx, { tag, object }) => {
        if ((await takeOff(tx, ids.tag, id)) > 0)
          await emit(tx, told('detached_from', kind, tag, object), about(kind, id, reader.user.id), correlation);
      },
      answer: async () => ({}),
    });
  },
});

export const tagServices = [mounted(collection), mounted(item), mounted(assigned), mounted(assignedItem)];

const tagNamed = async (db: Queries, { id, name }: Api['tag']) => {
  const tags = id === undefined ? undefined : (await listTags(db, undefined)).find((one) => one.id === id.toLowerCase());
  return tags ?? (id === undefined && name !== undefined ? findTagNamed(db, name) : undefined);
};

/** What is not named stays as it is. A parent is named by its id or its name. */
async function wished(db: Queries, input: Api['tag'], base: TagSettings): Promise<TagSettings> {
  const { parent } = input;
  return {
    name: input.name ?? base.name,
    description: input.description ?? base.description,
    parent: parent ? ((await tagNamed(db, parent))?.id ?? parent.id ?? parent.name ?? '') : base.parent,
  };
}

function ownerOf(template: string, ids: Readonly<Record<string, string | undefined>>): { kind: TaggedKind; id: string } {
  const kind = taggedKinds.find((one) => one === ownerIn(template));
  const id = kind && ids[kind];
  if (kind === undefined || id === undefined) throw new Error(`${template} bears no tags`);
  return { kind, id: id.toLowerCase() };
}

/** `vm web` is called web in a sentence that says itself what it is. */
function told(what: 'attached_to' | 'detached_from', kind: TaggedKind, tag: string, object: string): Event {
  const name = object.slice(object.indexOf(' ') + 1);
  switch (kind) {
    case 'vm':
      return events[`tag_${what}_vm`]({ tag, vm: name });
    case 'host':
      return events[`tag_${what}_host`]({ tag, host: name });
    case 'template':
      return events[`tag_${what}_template`]({ tag, template: name });
    case 'user':
      return events[`tag_${what}_user`]({ tag, subject: name });
    case 'group':
      return events[`tag_${what}_group`]({ tag, subject: name });
  }
}

const about = (kind: TaggedKind, id: string, user: string) => ({
  user,
  ...((kind === 'vm' || kind === 'host' || kind === 'template') && { [kind]: id }),
});

function document(tag: TagRow, template = 'tags/{tag}', ids: Readonly<Record<string, string | undefined>> = {}): Api['tag'] {
  const { id, name, description, parent } = tag;
  return {
    ...linked({ id, name, description }, 'tags/{tag}', { tag: id }),
    href: hrefAt(template, { ...ids, tag: id }),
    ...(parent !== null && { parent: { id: parent, href: hrefAt('tags/{tag}', { tag: parent }) } }),
  };
}
