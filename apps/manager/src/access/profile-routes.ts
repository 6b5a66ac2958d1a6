import { randomUUID } from 'node:crypto';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { sshKeyProblems, userOptionProblems } from '@ostler/domain/access/profile-rules';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { emit } from '../audit/store.ts';
import { there, type Queries } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import {
  insertKey,
  insertOption,
  keysOf,
  optionsOf,
  removeKey,
  removeOption,
  updateKey,
  type KeyRow,
  type OptionRow,
} from './profile-store.ts';
import { findUser } from './store.ts';

/** What belongs to a user: public keys for consoles, and what the portal remembers. */

const text = phrases({
  'user.key': 'Changing the public keys of user {user}',
  'user.option': 'Changing the options of user {user}',
});
const nameOfUser = async (db: Queries, id: string): Promise<string> => there(await findUser(db, id)).userName;
const key = 'A public key';
const option = (name: string): string => `The option ${name.slice(0, 60)}`;

const keys = serve('ssh_public_keys', {
  list: async ({ db, ids }) => (await keysOf(db, ids.user)).map((one) => keyDocument(ids.user, one)),
  add({ db, reader, ids, input, mutate, correlation }) {
    const wish = { id: input.id ?? randomUUID(), content: (input.content ?? '').trim() };
    return mutate({
      objects: [ids.user],
      plan: async (tx) => {
        const user = await nameOfUser(tx, ids.user);
        const held = (await keysOf(tx, ids.user)).map((one) => one.content);
        return sshKeyProblems(user, wish.content, held) ?? plan({ title: text['user.key']({ user }), data: user });
      },
      apply: async (tx, user) => {
        await insertKey(tx, ids.user, wish);
        await emit(tx, events.profile_property_added({ subject: user, property: key }), { user: reader.user.id }, correlation);
      },
      answer: async () => keyDocument(ids.user, there((await keysOf(db, ids.user)).find((one) => one.id === wish.id.toLowerCase()))),
    });
  },
});

const keyItem = serve('ssh_public_key', {
  async get({ db, ids }) {
    const found = (await keysOf(db, ids.user)).find((one) => one.id === ids.ssh_public_key);
    return found && keyDocument(ids.user, found);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const found = (await keysOf(db, ids.user)).find((one) => one.id === ids.ssh_public_key);
    if (!found) return undefined;
    const wish = { id: found.id, content: (input.content ?? found.content).trim() };
    return mutate({
      objects: [ids.user],
      plan: async (tx) => {
        const user = await nameOfUser(tx, ids.user);
        const others = (await keysOf(tx, ids.user)).filter((one) => one.id !== wish.id).map((one) => one.content);
        return sshKeyProblems(user, wish.content, others) ?? plan({ title: text['user.key']({ user }), data: user });
      },
      apply: async (tx, user) => {
        await updateKey(tx, wish);
        await emit(tx, events.profile_property_replaced({ subject: user, property: key }), { user: reader.user.id }, correlation);
      },
      answer: async () => keyDocument(ids.user, wish),
    });
  },
  async remove({ db, reader, ids, mutate, correlation }) {
    if (!(await keysOf(db, ids.user)).some((one) => one.id === ids.ssh_public_key)) return undefined;
    return mutate({
      objects: [ids.user],
      plan: async (tx) => {
        const user = await nameOfUser(tx, ids.user);
        return plan({ title: text['user.key']({ user }), data: user });
      },
      apply: async (tx, user) => {
        await removeKey(tx, ids.ssh_public_key);
        await emit(tx, events.profile_property_removed({ subject: user, property: key }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

const options = serve('user_options', {
  list: async ({ db, ids }) => (await optionsOf(db, ids.user)).map((one) => optionDocument(ids.user, one)),
  add({ reader, ids, input, mutate, correlation }) {
    const wish = { id: (input.id ?? randomUUID()).toLowerCase(), name: input.name ?? '', content: input.content ?? '' };
    return mutate({
      objects: [ids.user],
      plan: async (tx) => {
        const user = await nameOfUser(tx, ids.user);
        const held = (await optionsOf(tx, ids.user)).map((one) => one.name);
        return userOptionProblems(user, wish, held) ?? plan({ title: text['user.option']({ user }), data: user });
      },
      apply: async (tx, user) => {
        await insertOption(tx, ids.user, wish);
        await emit(
          tx,
          events.profile_property_added({ subject: user, property: option(wish.name) }),
          { user: reader.user.id },
          correlation,
        );
      },
      answer: async () => optionDocument(ids.user, wish),
    });
  },
});

const optionItem = serve('user_option', {
  async get({ db, ids }) {
    const found = (await optionsOf(db, ids.user)).find((one) => one.id === ids.user_option);
    return found && optionDocument(ids.user, found);
  },
  async remove({ db, reader, ids, mutate, correlation }) {
    const found = (await optionsOf(db, ids.user)).find((one) => one.id === ids.user_option);
    if (!found) return undefined;
    return mutate({
      objects: [ids.user],
      plan: async (tx) => {
        const user = await nameOfUser(tx, ids.user);
        return plan({ title: text['user.option']({ user }), data: user });
      },
      apply: async (tx, user) => {
        await removeOption(tx, ids.user_option);
        const told = events.profile_property_removed({ subject: user, property: option(found.name) });
        await emit(tx, told, { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

export const userProfileServices = [mounted(keys), mounted(keyItem), mounted(options), mounted(optionItem)];

const userReference = (user: string) => ({ user: { id: user, href: href('user', { user }) } });

const keyDocument = (user: string, { id, content }: KeyRow): Api['ssh_public_key'] =>
  linked({ id, content, ...userReference(user) }, 'users/{user}/sshpublickeys/{ssh_public_key}', { user, ssh_public_key: id });

const optionDocument = (user: string, { id, name, content }: OptionRow): Api['user_option'] =>
  linked({ id, name, content, ...userReference(user) }, 'users/{user}/options/{user_option}', { user, user_option: id });
