import { randomUUID } from 'node:crypto';
import { ownerIn } from '@ostler/contract/access';
import { href, hrefAt } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { accessReasons } from '@ostler/domain/access/reasons';
import { permissionProblems, permissionRemovalProblems, superUserRole } from '@ostler/domain/access/rules';
import { events } from '@ostler/domain/events/catalogue';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refuse } from '@ostler/domain/reason';
import { emit, type EventObjects } from '../audit/store.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { idOf, isVisible, nameOf } from './authorize.ts';
import {
  findPermission,
  findPrincipal,
  insertPermission,
  isSuperUser,
  listPermissions,
  ofPrincipal,
  onObject,
  othersAreSuperUsers,
  permissionById,
  permissionLike,
  removePermission,
  type PermissionRow,
} from './permission-store.ts';
import { findRole, findRoleNamed } from './role-store.ts';

const text = phrases({
  'permission.add': 'Giving {principal} the role {role} on {object}',
  'permission.remove': 'Taking the role {role} on {object} from {principal}',
});

/** What a permission is on. */
interface Target {
  readonly type: string;
  readonly id: string;
}
const system: Target = { type: 'system', id: fixedIds.system };

const onSystem = serve('system_permissions', {
  list: async ({ db, reader }) => (await listPermissions(db, reader, onObject(fixedIds.system))).map(document),
  add: (call) => give(call, call.input, system, undefined, 'permissions/{permission}', {}),
});

const onOwner = serve('assigned_permissions', {
  list: async ({ db, reader, template, ids }) => (await listPermissions(db, reader, onObject(targetOf(template, ids).id))).map(document),
  add: (call) => give(call, call.input, targetOf(call.template, call.ids), undefined, `${call.template}/{permission}`, call.ids),
});

const ofPrincipals = serve('principal_permissions', {
  async list({ db, reader, ids }) {
    const principal = await principalIn(db, reader, ids);
    return principal
      ? (await listPermissions(db, reader, ofPrincipal(principal.id))).map(document)
      : refuse(accessReasons.object_not_found(named(ids)));
  },
  async add(call) {
    const { db, reader, ids, input } = call;
    const principal = await principalIn(db, reader, ids);
    if (!principal) return refuse(accessReasons.object_not_found(named(ids)));
    const target = await targetNamed(call, input);
    if (!target) return refuse(accessReasons.object_unknown({ kind: 'object', id: '' }, 'permission'));
    return give(call, input, target, principal, `${call.template}/{permission}`, ids);
  },
});

const item = serve('permission', {
  async get({ db, reader, template, ids }) {
    const row = await findPermission(db, reader, ids.permission);
    return row && belongs(row, template, ids) ? document(row) : undefined;
  },
  remove: (call) => take(call, call.ids.permission, (row) => belongs(row, call.template, call.ids)),
});

const principalItem = serve('principal_permission', {
  async get({ db, reader, ids }) {
    const row = await findPermission(db, reader, ids.permission);
    return row && row.principal === (ids.user ?? ids.group)?.toLowerCase() ? document(row) : undefined;
  },
  remove: (call) => take(call, call.ids.permission, (row) => row.principal === (call.ids.user ?? call.ids.group)?.toLowerCase()),
});

export const permissionServices = [mounted(onSystem), mounted(onOwner), mounted(ofPrincipals), mounted(item), mounted(principalItem)];

interface Principal {
  readonly kind: 'user' | 'group';
  readonly id: string;
}

function give(
  { db, reader, mutate, correlation }: Context,
  input: Api['permission'],
  target: Target,
  to: Principal | undefined,
  template: string,
  ids: Readonly<Record<string, string | undefined>>,
) {
  const id = randomUUID();
  const wished: Principal =
    to ?? (input.user?.id !== undefined ? { kind: 'user', id: input.user.id } : { kind: 'group', id: input.group?.id ?? '' });
  return mutate({
    objects: [`permissions ${target.id}`],
    plan: async (tx) => {
      const role = input.role?.id !== undefined ? await findRole(tx, input.role.id) : await findRoleNamed(tx, input.role?.name ?? '');
      if (!role) return refuse(accessReasons.role_unknown({ role: input.role?.id ?? input.role?.name ?? '' }, 'permission.role'));
      const principal = await findPrincipal(tx, wished.kind, wished.id);
      if (!principal) return refuse(accessReasons.principal_unknown({ kind: wished.kind, id: wished.id }, `permission.${wished.kind}`));
      const object = await nameOf(tx, target.type, target.id);
      if (object === undefined) return refuse(accessReasons.object_unknown({ kind: target.type.replaceAll('_', ' '), id: target.id }));
      const data = { role: role.id, roleName: role.name, principal: principal.id, principalName: principal.name, object };
      const exists = (await permissionLike(tx, { role: role.id, principal: principal.id, object: target.id })) !== undefined;
      return (
        permissionProblems({ role, principal: principal.name, bySuperUser: isSuperUser(reader), exists }) ??
        plan({ title: text['permission.add']({ principal: principal.name, role: role.name, object }), data })
      );
    },
    apply: async (tx, { role, roleName, principal, principalName, object }) => {
      await insertPermission(tx, { id, role, principal, object: target.id, objectType: target.type });
      await emit(
        tx,
        events.permission_added({ principal: principalName, role: roleName, object }),
        about(reader.user.id, target),
        correlation,
      );
    },
    answer: async () => {
      const row = await permissionById(db, id);
      if (!row) throw new Error('What was just written cannot be read');
      return { ...document(row), href: hrefAt(template, { ...ids, permission: id }) };
    },
  });
}

function take({ reader, mutate, correlation }: Context, id: string, fits: (row: PermissionRow) => boolean) {
  return mutate({
    // Two SuperUsers must not take each other's role at the same time.
    objects: ['super users', id],
    plan: async (tx) => {
      const row = await permissionById(tx, id);
      if (!row || !fits(row)) return refuse(accessReasons.object_not_found({ type: 'permission', name: id }));
      const superUser = row.role === superUserRole && row.object === fixedIds.system;
      const object = (await nameOf(tx, row.objectType, row.object)) ?? row.objectType;
      return (
        permissionRemovalProblems({
          role: { name: row.roleName, administrative: row.administrative },
          principal: row.principalName,
          bySuperUser: isSuperUser(reader),
          lastSuperUser: superUser && !(await othersAreSuperUsers(tx, { permission: row.id })),
        }) ??
        plan({ title: text['permission.remove']({ principal: row.principalName, role: row.roleName, object }), data: { row, object } })
      );
    },
    apply: async (tx, { row, object }) => {
      await removePermission(tx, row.id);
      await emit(
        tx,
        events.permission_removed({ principal: row.principalName, role: row.roleName, object }),
        about(reader.user.id, { type: row.objectType, id: row.object }),
        correlation,
      );
    },
    answer: async () => ({}),
  });
}

type PathIds = Readonly<Record<string, string | undefined>>;

function targetOf(template: string, ids: PathIds): Target {
  const type = ownerIn(template);
  const id = ids[type];
  if (id === undefined) throw new Error(`${template} has no ${type}`);
  return { type, id: id.toLowerCase() };
}

/** A permission is reached by its own path, or under the object that it is on. */
const belongs = (row: PermissionRow, template: string, ids: PathIds): boolean =>
  template === 'permissions/{permission}' || row.object === targetOf(template, ids).id;

async function principalIn(db: Context['db'], reader: Context['reader'], ids: PathIds): Promise<Principal | undefined> {
  const kind = ids['user'] === undefined ? 'group' : 'user';
  const id = ids[kind] ?? '';
  return (await isVisible(db, reader, kind, id)) ? { kind, id: id.toLowerCase() } : undefined;
}

const named = (ids: PathIds) => ({ type: ids['user'] === undefined ? 'group' : 'user', name: ids['user'] ?? ids['group'] ?? '' });

const targetTypes = ['data_center', 'cluster', 'host', 'storage_domain', 'vm', 'template', 'disk'] as const;

/** The one object that the input names, by id or by name; the system if it names none. */
async function targetNamed({ db, reader }: Context, input: Api['permission']): Promise<Target | undefined> {
  for (const type of targetTypes) {
    const given = input[type];
    if (!given) continue;
    const id = given.id ?? (given.name === undefined ? undefined : await idOf(db, reader, type, given.name));
    return id === undefined ? undefined : { type, id: id.toLowerCase() };
  }
  return system;
}

function about(user: string, { type, id }: Target): EventObjects {
  const column = (
    {
      vm: 'vm',
      disk: 'disk',
      host: 'host',
      template: 'template',
      storage_domain: 'storageDomain',
      cluster: 'cluster',
      data_center: 'dataCenter',
    } as const
  )[type];
  return { user, ...(column && { [column]: id }) };
}

/** The object stands in it where RHV's type has a place for its kind. */
function document(row: PermissionRow): Api['permission'] {
  const { id, object, objectType, principal } = row;
  const on = targetTypes.find((type) => type === objectType);
  const place = on ? hrefAt(`${placeOf[on]}/{${on}}`, { [on]: object }) : '';
  return {
    id,
    href: on ? `${place}/permissions/${id}` : href('permission', { permission: id }),
    role: { id: row.role, name: row.roleName, href: href('role', { role: row.role }) },
    ...(row.kind === 'user'
      ? { user: { id: principal, href: href('user', { user: principal }) } }
      : { group: { id: principal, href: href('group', { group: principal }) } }),
    ...(on && { [on]: { id: object, href: place } }),
  };
}

const placeOf = {
  data_center: 'datacenters',
  cluster: 'clusters',
  host: 'hosts',
  storage_domain: 'storagedomains',
  vm: 'vms',
  template: 'templates',
  disk: 'disks',
} as const;
