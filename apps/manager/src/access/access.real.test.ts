import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '@ostler/contract/coverage';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { testManager, type Login, type TestManager } from '../testing/manager.ts';
import { predefinedRoles } from '@ostler/domain/access/roles';

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
});
afterAll(() => manager?.stop());

const role = (name: string) => predefinedRoles.find((one) => one.name === name)?.id ?? '';
const password = 'a-good-long-password';

async function user(name: string, ...grants: readonly [path: string, role: string][]): Promise<Login & { id: string }> {
  const added = await manager.ask('POST', 'users', { user_name: `${name}@internal-authz`, domain: { name: 'internal-authz' }, password });
  expect(added.status).toBe(201);
  for (const [path, given] of grants)
    expect((await manager.ask('POST', `${path}permissions`, { role: { name: given }, user: { id: added.body.id } })).status).toBe(201);
  return { id: added.body.id, name: `${name}@internal`, password };
}

const vm = async (name: string, as?: Login) =>
  (await manager.ask('POST', 'vms', { name, cluster: { name: 'Default' }, template: { name: 'Blank' } }, as)).body.id as string;

test('a user is added with a password, found by the name that RHV gives it, and removed', async () => {
  const bob = await user('bob', ['', 'UserRole']);
  const found = await manager.ask('GET', 'users?search=usrname%3Dbob%40internal-authz');
  expect(found.body.user).toMatchObject([
    { id: bob.id, user_name: 'bob@internal-authz', principal: 'bob', domain: { name: 'internal-authz' } },
  ]);
  expect(found.body.user[0]).not.toHaveProperty('password');
  expect((await manager.ask('GET', 'vms', undefined, bob)).status).toBe(200);
  const again = await manager.ask('POST', 'users', { user_name: 'BOB', domain: { name: 'internal-authz' } });
  expect([again.status, again.body.field]).toEqual([409, 'user.user_name']);
  expect((await manager.ask('DELETE', `users/${bob.id}`)).status).toBe(200);
  expect((await manager.ask('GET', `users/${bob.id}`)).status).toBe(404);
  expect((await manager.ask('GET', 'vms', undefined, bob)).status).toBe(401);
  proves('users.add', 'users.list', 'user.get', 'user.remove');
});

test('a new password ends what was opened with the old one; for one’s own, the current one is asked', async () => {
  const carl = await user('carl', ['', 'UserRole']);
  const change = (body: object, as?: Login) => manager.ask('POST', `users/${carl.id}/setpassword`, body, as);
  expect((await change({ password: 'another-long-password' }, carl)).body).toMatchObject({
    code: 'password_wrong',
    field: 'action.current_password',
  });
  expect((await change({ password: 'short' })).body).toMatchObject({ field: 'action.password' });
  expect((await change({ password: 'another-long-password', current_password: password }, carl)).status).toBe(200);
  expect((await manager.ask('GET', 'vms', undefined, carl)).status).toBe(401);
  expect((await manager.ask('GET', 'vms', undefined, { ...carl, password: 'another-long-password' })).status).toBe(200);
  const dora = await user('dora');
  expect((await change({ password }, dora)).status).toBe(404);
  proves('user.setpassword');
});

test('nobody removes themselves, and somebody stays SuperUser', async () => {
  const [admin] = (await manager.ask('GET', 'users?search=usrname%3Dadmin%40internal-authz')).body.user;
  expect((await manager.ask('DELETE', `users/${admin.id}`)).body.detail).toContain('yourself');
  const [superuser] = (await manager.ask('GET', 'permissions')).body.permission.filter(
    (one: { role: { id: string } }) => one.role.id === role('SuperUser'),
  );
  expect((await manager.ask('DELETE', `permissions/${superuser.id}`)).body).toMatchObject({ code: 'last_superuser' });
  const second = await user('second', ['', 'SuperUser']);
  expect((await manager.ask('DELETE', `permissions/${superuser.id}?dry_run=true`)).body).toMatchObject({ allowed: 'true' });
  expect((await manager.ask('DELETE', `users/${second.id}`)).status).toBe(200);
  proves('system_permissions.list');
});

test('Everyone is there, and so is the domain of internal users', async () => {
  expect((await manager.ask('GET', 'groups?search=name%3DEveryone')).body.group).toMatchObject([
    { id: fixedIds.everyone, name: 'Everyone' },
  ]);
  expect((await manager.ask('GET', `groups/${fixedIds.everyone}/permissions`)).body.permission.length).toBeGreaterThan(5);
  expect((await manager.ask('GET', 'domains')).body.domain).toMatchObject([{ name: 'internal-authz' }]);
  proves('groups.list', 'principal_permissions.list', 'domains.list');
});

test('roles of one’s own are made, changed and removed; the predefined ones stay as they are', async () => {
  expect((await manager.ask('GET', 'roles')).body.role).toHaveLength(predefinedRoles.length);
  const added = await manager.ask('POST', 'roles', {
    name: 'Operators',
    permits: { permit: [{ id: '22' }, { name: 'stop_vm' }, { id: '1300' }] },
  });
  expect(added.status).toBe(201);
  const permitsAt = `roles/${added.body.id}/permits`;
  expect((await manager.ask('GET', permitsAt)).body.permit.map((one: { name: string }) => one.name)).toEqual([
    'run_vm',
    'stop_vm',
    'login',
  ]);
  expect((await manager.ask('POST', permitsAt, { name: 'reboot_vm' })).status).toBe(201);
  expect((await manager.ask('DELETE', `${permitsAt}/18`)).status).toBe(200);
  expect((await manager.ask('GET', `${permitsAt}/18`)).status).toBe(404);
  expect((await manager.ask('PUT', `roles/${added.body.id}`, { description: 'night shift' })).body).toMatchObject({
    name: 'Operators',
    description: 'night shift',
  });

  const eve = await user('eve', ['', 'Operators']);
  expect((await manager.ask('DELETE', `roles/${added.body.id}`)).body).toMatchObject({ code: 'role_in_use' });
  await manager.ask('DELETE', `users/${eve.id}`);
  expect((await manager.ask('DELETE', `roles/${added.body.id}`)).status).toBe(200);
  expect((await manager.ask('PUT', `roles/${role('UserRole')}`, { name: 'Mine' })).body).toMatchObject({ code: 'role_is_predefined' });
  expect((await manager.ask('DELETE', `roles/${role('UserRole')}`)).status).toBe(409);
  expect((await manager.ask('POST', 'roles', { name: 'Flyers', permits: { permit: [{ name: 'fly' }] } })).body).toMatchObject({
    field: 'role.permits',
  });
  proves('roles.list', 'roles.add', 'role.update', 'role.remove', 'permits.list', 'permits.add', 'permit.remove', 'permit.get');
});

test('a permission counts on its object and, if its role is one that does, on what lies below', async () => {
  const web = await vm('web');
  const frank = await user('frank', [`vms/${web}/`, 'UserRole']);
  const grace = await user('grace', [`clusters/${fixedIds.defaultCluster}/`, 'UserRole']);
  const db = await vm('db');
  const names = async (as: Login) => (await manager.ask('GET', 'vms', undefined, as)).body.vm.map((one: { name: string }) => one.name);
  expect(await names(frank)).toEqual(['web']);
  expect(await names(grace)).toEqual(['db', 'web']);
  expect((await manager.ask('DELETE', `vms/${web}`, undefined, frank)).status).toBe(403);
  expect((await manager.ask('DELETE', `vms/${db}`, undefined, frank)).status).toBe(404);

  const [held] = (await manager.ask('GET', `vms/${web}/permissions`, undefined, frank)).body.permission;
  expect(held).toMatchObject({ user: { id: frank.id }, role: { id: role('UserRole') }, vm: { id: web } });
  expect((await manager.ask('DELETE', `vms/${db}/permissions/${held.id}`)).status).toBe(404);
  expect((await manager.ask('DELETE', `vms/${web}/permissions/${held.id}`)).status).toBe(200);
  expect(await names(frank)).toEqual([]);
  proves('assigned_permissions.add', 'assigned_permissions.list', 'permission.remove');
});

test('who manages a VM gives roles on it, but none of an administrator’s', async () => {
  const shop = await vm('shop');
  const heidi = await user('heidi', [`vms/${shop}/`, 'UserVmManager']);
  const ivan = await user('ivan');
  const give = (name: string) => manager.ask('POST', `vms/${shop}/permissions`, { role: { name }, user: { id: ivan.id } }, heidi);
  expect((await give('ClusterAdmin')).body).toMatchObject({ code: 'admin_role_needs_superuser' });
  const given = await give('UserRole');
  expect(given.status).toBe(201);
  expect((await give('UserRole')).body).toMatchObject({ code: 'permission_exists' });
  expect((await manager.ask('GET', `vms/${shop}/permissions`, undefined, heidi)).body.permission).toHaveLength(2);
  expect((await manager.ask('POST', 'permissions', { role: { name: 'UserRole' }, user: { id: ivan.id } }, heidi)).status).toBe(403);
  expect((await manager.ask('DELETE', `vms/${shop}/permissions/${given.body.id}`, undefined, ivan)).status).toBe(403);
  expect((await manager.ask('DELETE', `vms/${shop}/permissions/${given.body.id}`, undefined, heidi)).status).toBe(200);
});

test('a permission is also given from the user’s side, on the object that it names or on the system', async () => {
  const judy = await user('judy');
  const mail = await vm('mail');
  expect((await manager.ask('POST', `users/${judy.id}/permissions`, { role: { name: 'UserRole' }, vm: { id: mail } })).status).toBe(201);
  expect((await manager.ask('POST', `users/${judy.id}/permissions`, { role: { name: 'TagManager' } })).status).toBe(201);
  const held = (await manager.ask('GET', `users/${judy.id}/permissions`)).body.permission;
  expect(held.map((one: { vm?: { id: string } }) => one.vm?.id)).toEqual([undefined, mail]);
  expect((await manager.ask('DELETE', `users/${judy.id}/permissions/${held[0].id}`)).status).toBe(200);
  proves('principal_permissions.add', 'principal_permission.remove');
});

test('permissions hang under every kind of object that has them', async () => {
  const kim = await user('kim');
  const places = [
    `datacenters/${fixedIds.defaultDataCenter}`,
    `clusters/${fixedIds.defaultCluster}`,
    `networks/${fixedIds.managementNetwork}`,
    `vnicprofiles/${fixedIds.managementProfile}`,
    `templates/${fixedIds.blankTemplate}`,
    `macpools/${fixedIds.defaultMacPool}`,
    `cpuprofiles/${fixedIds.defaultCpuProfile}`,
  ];
  for (const place of places) {
    const given = await manager.ask('POST', `${place}/permissions`, { role: { name: 'UserRole' }, user: { id: kim.id } });
    expect([place, given.status]).toEqual([place, 201]);
    expect((await manager.ask('GET', `${place}/permissions/${given.body.id}`)).status).toBe(200);
    expect((await manager.ask('DELETE', `${place}/permissions/${given.body.id}`)).status).toBe(200);
  }
  proves('permission.get');
});
