import { expect, test } from 'vitest';
import type { Refusal } from '../reason.ts';
import {
  inheritsWith,
  permissionProblems,
  permissionRemovalProblems,
  permitNamed,
  roleProblems,
  roleRemovalProblems,
  superUserRole,
  userProblems,
  userRemovalProblems,
} from './rules.ts';
import { predefinedRoles } from './roles.ts';

const codes = (refusal: Refusal | undefined) => refusal?.refused.map((reason) => reason.code) ?? [];

test('a role for administrators is given and taken by SuperUsers alone', () => {
  const facts = { role: { name: 'ClusterAdmin', administrative: true }, principal: 'bob', bySuperUser: false };
  expect(codes(permissionProblems({ ...facts, exists: false }))).toEqual(['admin_role_needs_superuser']);
  expect(codes(permissionRemovalProblems({ ...facts, lastSuperUser: false }))).toEqual(['admin_role_needs_superuser']);
  expect(permissionProblems({ ...facts, bySuperUser: true, exists: false })).toBeUndefined();
  expect(permissionProblems({ ...facts, role: { name: 'UserRole', administrative: false }, exists: false })).toBeUndefined();
});

test('the last SuperUser is neither removed nor made less, and nobody removes themselves', () => {
  expect(codes(userRemovalProblems({ name: 'admin', own: true, lastSuperUser: true }))).toEqual(['user_is_yourself', 'last_superuser']);
  expect(predefinedRoles.find((role) => role.id === superUserRole)?.name).toBe('SuperUser');
});

test('what is wrong with a new user is said field by field', () => {
  expect(userProblems({ userName: 'bob/', domain: 'elsewhere', password: 'short' }, false)?.refused.map((reason) => reason.field)).toEqual([
    'user.domain',
    'user.user_name',
    'user.password',
  ]);
});

test('predefined roles stay, and roles in use are not removed', () => {
  expect(codes(roleRemovalProblems({ name: 'UserRole', mutable: false, held: 2 }))).toEqual(['role_is_predefined', 'role_in_use']);
  expect(codes(roleProblems({ name: '', description: '', administrative: false, permits: ['fly'] }, true))).toEqual([
    'name_empty',
    'role_name_taken',
    'permit_unknown',
  ]);
});

test('permits go by name and by number; a role that only creates shows nothing that is below', () => {
  expect([permitNamed('22'), permitNamed('run_vm'), permitNamed('20')]).toEqual(['run_vm', 'run_vm', undefined]);
  expect([inheritsWith(['create_vm', 'login']), inheritsWith(['run_vm'])]).toEqual([false, true]);
});
