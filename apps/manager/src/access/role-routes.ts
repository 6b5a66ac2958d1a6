import { randomUUID } from 'node:crypto';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { isPermitName, permits, type PermitName } from '@ostler/domain/access/permits';
import { accessReasons } from '@ostler/domain/access/reasons';
import {
  inheritsWith,
  permitNamed,
  roleChangeProblems,
  roleProblems,
  roleRemovalProblems,
  type RoleSettings,
} from '@ostler/domain/access/rules';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refuse } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import type { Queries } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { findRole, findRoleNamed, insertRole, listRoles, removeRole, timesHeld, updateRole, type RoleRow } from './role-store.ts';

const text = phrases({ 'role.add': 'Adding role {role}', 'role.update': 'Changing role {role}', 'role.remove': 'Removing role {role}' });

const collection = serve('roles', {
  list: async ({ db, parameters }) => (await listRoles(db, parameters.max)).map(roleDocument),
  add: ({ db, reader, input, mutate, correlation }) => {
    const id = randomUUID();
    const settings: RoleSettings = {
      name: input.name ?? '',
      description: input.description ?? '',
      administrative: input.administrative ?? false,
      permits: [...new Set(permitsIn(input.permits))],
    };
    return mutate({
      objects: ['role names'],
      plan: async (tx) =>
        roleProblems(settings, (await findRoleNamed(tx, settings.name)) !== undefined) ??
        plan({ title: text['role.add']({ role: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertRole(tx, { ...settings, id, inherits: inheritsWith(settings.permits) });
        await emit(tx, events.role_added({ role: settings.name }), { user: reader.user.id }, correlation);
      },
      answer: () => read(db, id),
    });
  },
});

const item = serve('role', {
  async get({ db, ids }) {
    const row = await findRole(db, ids.role);
    return row && roleDocument(row);
  },
  update: (call) => {
    const { input } = call;
    return change(
      call,
      call.ids.role,
      (role) => ({
        name: input.name ?? role.name,
        description: input.description ?? role.description,
        administrative: input.administrative ?? role.administrative,
        permits: role.permits,
      }),
      () => read(call.db, call.ids.role),
    );
  },
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: ['role names'],
      plan: async (tx) => {
        const role = await findRole(tx, ids.role);
        if (!role) return unknownRole(ids.role);
        return (
          roleRemovalProblems({ ...role, held: await timesHeld(tx, role.id) }) ??
          plan({ title: text['role.remove']({ role: role.name }), data: role })
        );
      },
      apply: async (tx, role) => {
        await removeRole(tx, role.id);
        await emit(tx, events.role_removed({ role: role.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
});

const permitCollection = serve('permits', {
  async list({ db, ids, parameters }) {
    const role = await findRole(db, ids.role);
    return role ? permitDocuments(role).slice(0, parameters.max) : unknownRole(ids.role);
  },
  add: async (call) => {
    const { input } = call;
    const wanted = permitNamed(input.id ?? input.name ?? '');
    if (wanted === undefined) return refuse(accessReasons.permit_unknown({ permit: input.id ?? input.name ?? '' }, 'permit'));
    return change(
      call,
      call.ids.role,
      (role) => ({ ...role, permits: [...new Set([...role.permits, wanted])] }),
      async () => permitDocument(call.ids.role, wanted),
    );
  },
});

const permitItem = serve('permit', {
  async get({ db, ids }) {
    const role = await findRole(db, ids.role);
    const name = permitNamed(ids.permit);
    return role && name !== undefined && role.permits.includes(name) ? permitDocument(role.id, name) : undefined;
  },
  async remove(call) {
    const role = await findRole(call.db, call.ids.role);
    if (!role) return unknownRole(call.ids.role);
    const name = permitNamed(call.ids.permit);
    if (name === undefined || !role.permits.includes(name))
      return refuse(accessReasons.role_lacks_permit({ name: role.name, permit: call.ids.permit }));
    return change(
      call,
      role.id,
      (held) => ({ ...held, permits: held.permits.filter((one) => one !== name) }),
      async () => ({}),
    );
  },
});

export const roleServices = [mounted(collection), mounted(item), mounted(permitCollection), mounted(permitItem)];

/** Every change of a role goes the same way: what was planned on what is there now, in its turn. */
function change<Output>(
  { mutate, reader, correlation }: Context,
  id: string,
  wish: (role: RoleRow) => RoleSettings,
  answer: () => Promise<Output>,
) {
  return mutate({
    objects: ['role names'],
    plan: async (tx) => {
      const role = await findRole(tx, id);
      if (!role) return unknownRole(id);
      const { name, description, administrative, permits: held } = wish(role);
      const settings = { name, description, administrative, permits: held };
      const named = await findRoleNamed(tx, name);
      return (
        roleChangeProblems(role) ??
        roleProblems(settings, named !== undefined && named.id !== role.id) ??
        plan({ title: text['role.update']({ role: role.name }), data: { ...settings, id: role.id } })
      );
    },
    apply: async (tx, role) => {
      await updateRole(tx, { ...role, inherits: inheritsWith(role.permits) });
      await emit(tx, events.role_updated({ role: role.name }), { user: reader.user.id }, correlation);
    },
    answer,
  });
}

const unknownRole = (id: string) => refuse(accessReasons.object_not_found({ type: 'role', name: id }));

/** What names no permit is passed on as it is, for the rule to say so. */
const permitsIn = (given: Api['role']['permits'] = []): string[] =>
  given.map(({ id, name }) => permitNamed(id ?? name ?? '') ?? id ?? name ?? '');

async function read(db: Queries, id: string): Promise<Api['role']> {
  const row = await findRole(db, id);
  if (!row) throw new Error('What was just written cannot be read');
  return roleDocument(row);
}

export const roleDocument = (role: RoleRow): Api['role'] =>
  linked(
    { id: role.id, name: role.name, description: role.description, administrative: role.administrative, mutable: role.mutable },
    'roles/{role}',
    { role: role.id },
  );

const permitDocuments = (role: RoleRow): Api['permit'][] => role.permits.filter(isPermitName).map((name) => permitDocument(role.id, name));

function permitDocument(role: string, name: PermitName): Api['permit'] {
  const id = String(permits[name].number);
  return {
    id,
    name,
    administrative: permits[name].administrative,
    href: href('permit', { role, permit: id }),
    role: { id: role, href: href('role', { role }) },
  };
}
