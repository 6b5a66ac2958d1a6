import { randomUUID } from 'node:crypto';
import { linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { userSettingsProblems } from '@ostler/domain/access/profile-rules';
import { accessReasons } from '@ostler/domain/access/reasons';
import { passwordProblem, userProblems, userRemovalProblems } from '@ostler/domain/access/rules';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refuse } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { there } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { domainReference, internalDomain } from './domains.ts';
import { othersAreSuperUsers } from './permission-store.ts';
import { hashPassword, passwordMatches } from './passwords.ts';
import {
  findLogin,
  findUser,
  insertUser,
  listUsers,
  removeSessionsOf,
  removeUser,
  setPasswordHash,
  updateUser,
  userSearchColumns,
  visibleUser,
  type UserRow,
} from './store.ts';

const text = phrases({
  'user.add': 'Adding user {user}',
  'user.update': 'Changing user {user}',
  'user.remove': 'Removing user {user}',
  'user.password': 'Changing the password of user {user}',
});

const collection = serve('users', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('users', userSearchColumns, parameters, now());
    return isRefusal(search) ? search : (await listUsers(db, reader, search)).map(userDocument);
  },
  async add({ db, reader, input, mutate, correlation }) {
    const id = randomUUID();
    const domain = domainNamed(input.domain);
    const userName = withoutDomain(input.user_name ?? '', domain);
    const wish = { userName, domain, password: input.password };
    return mutate({
      objects: [`user ${userName.toLowerCase()}`],
      plan: async (tx) =>
        userProblems(wish, (await findLogin(tx, `${userName}@internal`)) !== undefined) ??
        plan({ title: text['user.add']({ user: userName }), data: {} }),
      apply: async (tx) => {
        await insertUser(tx, {
          id,
          name: input.name ?? userName,
          lastName: input.last_name,
          userName,
          email: input.email,
          department: input.department,
          ...(input.password !== undefined && { passwordHash: await hashPassword(input.password) }),
        });
        await emit(tx, events.user_added({ subject: userName }), { user: reader.user.id }, correlation);
      },
      answer: async () => userDocument(await present(db, id)),
    });
  },
});

const item = serve('user', {
  async get({ db, reader, ids }) {
    const row = await visibleUser(db, reader, ids.user);
    return row && userDocument(row);
  },
  update: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: [ids.user],
      plan: async (tx) => {
        const before = there(await findUser(tx, ids.user));
        const settings = {
          name: input.name ?? before.name,
          lastName: input.last_name ?? before.lastName,
          email: input.email ?? before.email,
          department: input.department ?? before.department,
        };
        return userSettingsProblems(settings) ?? plan({ title: text['user.update']({ user: before.userName }), data: settings });
      },
      apply: async (tx, settings) => {
        await updateUser(tx, ids.user, settings);
        const { userName } = there(await findUser(tx, ids.user));
        await emit(tx, events.user_updated({ subject: userName }), { user: reader.user.id }, correlation);
      },
      answer: async () => userDocument(await present(db, ids.user)),
    }),
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: ['super users', ids.user],
      plan: async (tx) => {
        const user = await visibleUser(tx, reader, ids.user);
        if (!user) return unknown(ids.user);
        const lastSuperUser = !(await othersAreSuperUsers(tx, { user: user.id }));
        return (
          userRemovalProblems({ name: user.userName, own: user.id === reader.user.id, lastSuperUser }) ??
          plan({ title: text['user.remove']({ user: user.userName }), data: user })
        );
      },
      apply: async (tx, user) => {
        await removeUser(tx, user.id);
        await emit(tx, events.user_removed({ subject: user.userName }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
  /** Sessions that were opened with the old password end. */
  async setpassword({ db, reader, ids, input, mutate, correlation }) {
    const password = input.password ?? '';
    const own = ids.user.toLowerCase() === reader.user.id;
    const current = own ? await findLogin(db, `${reader.user.userName}@internal`) : undefined;
    if (own && !(await passwordMatches(current?.passwordHash ?? undefined, input.current_password ?? '')))
      return refuse(accessReasons.password_wrong('action.current_password'));
    return mutate({
      objects: [ids.user],
      plan: async (tx) => {
        const user = await visibleUser(tx, reader, ids.user);
        if (!user) return unknown(ids.user);
        const problem =
          passwordProblem(password, 'action.password') ??
          (user.domain === internalDomain ? undefined : accessReasons.user_has_no_password({ name: user.userName }));
        return problem ? refuse(problem) : plan({ title: text['user.password']({ user: user.userName }), data: user });
      },
      apply: async (tx, user) => {
        await setPasswordHash(tx, user.id, await hashPassword(password));
        await removeSessionsOf(tx, user.id);
        await emit(tx, events.user_password_changed({ subject: user.userName }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

export const userServices = [mounted(collection), mounted(item)];

const unknown = (id: string) => refuse(accessReasons.object_not_found({ type: 'user', name: id }));

async function present(db: Parameters<typeof findUser>[0], id: string): Promise<UserRow> {
  const row = await findUser(db, id);
  if (!row) throw new Error('What was just written cannot be read');
  return row;
}

/** Clients name the domain by its id or its name, with or without the ending of an authorization extension. */
function domainNamed(given: Api['domain'] | undefined): string {
  const name = given?.name ?? (given?.id === undefined ? '' : Buffer.from(given.id, 'hex').toString('utf8'));
  return name === 'internal' ? internalDomain : name;
}

/** `bob@internal-authz` is bob: RHV's clients send the domain in the name too. */
const withoutDomain = (name: string, domain: string): string =>
  [`@${domain}`, '@internal'].reduce((rest, ending) => (rest.endsWith(ending) ? rest.slice(0, -ending.length) : rest), name);

export function userDocument(user: UserRow): Api['user'] {
  return linked(
    {
      id: user.id,
      name: user.name,
      last_name: user.lastName,
      user_name: `${user.userName}@${user.domain}`,
      principal: user.userName,
      namespace: user.namespace,
      domain_entry_id: user.id,
      email: user.email,
      department: user.department,
      domain: domainReference(user.domain),
    },
    'users/{user}',
    { user: user.id },
  );
}
