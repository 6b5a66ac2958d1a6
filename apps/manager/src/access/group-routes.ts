import { randomUUID } from 'node:crypto';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { groupProblems } from '@ostler/domain/access/profile-rules';
import { accessReasons } from '@ostler/domain/access/reasons';
import { events } from '@ostler/domain/events/catalogue';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { sql, there, type Queries } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { domainReference } from './domains.ts';
import type { Reader } from './login.ts';
import { groupNameTaken, insertGroup, isInGroup, joinGroup, leaveGroup, memberNamed, removeGroup } from './profile-store.ts';
import { groupSearchColumns, listGroups, type GroupRow } from './store.ts';

const text = phrases({
  'group.add': 'Adding group {group}',
  'group.remove': 'Removing group {group}',
  'group.join': 'Adding user {user} to group {group}',
  'group.leave': 'Taking user {user} out of group {group}',
  'effect.group-roles-lost': 'Its members lose the roles that they hold through it',
});

const collection = serve('groups', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('groups', groupSearchColumns, parameters, now());
    return isRefusal(search) ? search : (await listGroups(db, reader, search)).map(groupDocument);
  },
  add({ db, reader, input, mutate, correlation }) {
    const id = input.id ?? randomUUID();
    const name = input.name ?? '';
    return mutate({
      objects: ['group names'],
      plan: async (tx) =>
        groupProblems(name, await groupNameTaken(tx, name)) ?? plan({ title: text['group.add']({ group: name }), data: {} }),
      apply: async (tx) => {
        await insertGroup(tx, id, name);
        await emit(tx, events.group_added({ subject: name }), { user: reader.user.id }, correlation);
      },
      answer: async () => groupDocument(there(await findGroup(db, reader, id))),
    });
  },
});

const item = serve('group', {
  async get({ db, reader, ids }) {
    const row = await findGroup(db, reader, ids.group);
    return row && groupDocument(row);
  },
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: ['group names', ids.group],
      plan: async (tx) => {
        const { name } = there(await findGroup(tx, reader, ids.group));
        return (
          fixed(ids.group) ??
          plan({ title: text['group.remove']({ group: name }), effects: [text['effect.group-roles-lost']()], data: name })
        );
      },
      apply: async (tx, name) => {
        await removeGroup(tx, ids.group);
        await emit(tx, events.group_removed({ subject: name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
  addmember: (call) => changeMember(call, call.ids.group, call.input.user ?? {}, 'join'),
  removemember: (call) => changeMember(call, call.ids.group, call.input.user ?? {}, 'leave'),
});

export const groupServices = [mounted(collection), mounted(item)];

export const findGroup = async (db: Queries, reader: Reader, id: string): Promise<GroupRow | undefined> =>
  (await listGroups(db, reader, undefined, sql`id::text = lower(${id})`))[0];

const fixed = (group: string) => refusalOf([group.toLowerCase() === fixedIds.everyone && accessReasons.group_is_everyone()]);

function changeMember({ reader, mutate }: Context, group: string, named: Api['user'], what: 'join' | 'leave') {
  return mutate({
    objects: [group],
    plan: async (tx) => {
      const { name } = there(await findGroup(tx, reader, group));
      const user = await memberNamed(tx, named);
      if (!user)
        return refuse(accessReasons.group_member_unknown({ user: (named.user_name ?? named.id ?? '').slice(0, 60) }, 'action.user'));
      return (
        fixed(group) ??
        refusalOf([
          what === 'leave' &&
            !(await isInGroup(tx, group, user.id)) &&
            accessReasons.group_member_missing({ user: user.name, group: name }, 'action.user'),
        ]) ??
        plan({ title: text[`group.${what}`]({ user: user.name, group: name }), data: user.id })
      );
    },
    apply: async (tx, user) => void (await (what === 'join' ? joinGroup(tx, group, user) : leaveGroup(tx, group, user))),
    answer: async () => ({}),
  });
}

export const groupDocument = (row: GroupRow): Api['group'] =>
  linked({ id: row.id, name: row.name, namespace: '*', domain_entry_id: row.id, domain: domainReference(row.domain) }, 'groups/{group}', {
    group: row.id,
  });

export const groupInDomain = (domain: string, row: GroupRow): Api['group'] => ({
  ...groupDocument(row),
  href: href('domain_group', { domain, group: row.id }),
});
