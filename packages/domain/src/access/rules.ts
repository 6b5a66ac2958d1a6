import { nameProblem } from '../names.ts';
import { refusalOf, type Refusal } from '../reason.ts';
import { isPermitName, permits, type PermitName } from './permits.ts';
import { accessReasons } from './reasons.ts';
import { predefinedRoles } from './roles.ts';

/** Who may give what to whom: RHV's rules for users, roles and permissions (infra.md 8.7, 8.8). */

const password = { least: 8, most: 1024 };

export const passwordProblem = (text: string, field: string) =>
  text.length < password.least
    ? accessReasons.password_too_short({ least: password.least }, field)
    : text.length > password.most
      ? accessReasons.password_too_long({ most: password.most }, field)
      : undefined;

export function userProblems(
  user: { readonly userName: string; readonly domain: string; readonly password?: string | undefined },
  taken: boolean,
): Refusal | undefined {
  return refusalOf([
    user.domain !== 'internal-authz' &&
      user.domain !== 'internal' &&
      accessReasons.user_domain_unknown({ domain: user.domain }, 'user.domain'),
    nameProblem('user', user.userName, 'user.user_name'),
    user.password !== undefined && passwordProblem(user.password, 'user.password'),
    taken && accessReasons.user_name_taken({ name: user.userName }, 'user.user_name'),
  ]);
}

/** `lastSuperUser`: nobody else is SuperUser of the system. */
export const userRemovalProblems = (user: {
  readonly name: string;
  readonly own: boolean;
  readonly lastSuperUser: boolean;
}): Refusal | undefined => refusalOf([user.own && accessReasons.user_is_yourself(), user.lastSuperUser && accessReasons.last_superuser()]);

export interface RoleSettings {
  readonly name: string;
  readonly description: string;
  readonly administrative: boolean;
  readonly permits: readonly string[];
}

export function roleProblems(role: RoleSettings, taken: boolean): Refusal | undefined {
  return refusalOf([
    nameProblem('role', role.name, 'role.name'),
    taken && accessReasons.role_name_taken({ name: role.name }, 'role.name'),
    role.permits.length === 0 && accessReasons.role_needs_permits('role.permits'),
    ...role.permits.filter((name) => !isPermitName(name)).map((permit) => accessReasons.permit_unknown({ permit }, 'role.permits')),
  ]);
}

export const roleChangeProblems = (role: { readonly name: string; readonly mutable: boolean }): Refusal | undefined =>
  refusalOf([!role.mutable && accessReasons.role_is_predefined({ name: role.name })]);

export const roleRemovalProblems = (role: {
  readonly name: string;
  readonly mutable: boolean;
  readonly held: number;
}): Refusal | undefined =>
  refusalOf([
    !role.mutable && accessReasons.role_is_predefined({ name: role.name }),
    role.held > 0 && accessReasons.role_in_use({ name: role.name, count: role.held }),
  ]);

/**
 * Whether what lies below an object is seen by who holds the role on it. Roles that only let something be made or used
 * there do not show what others have; all others do.
 */
export const inheritsWith = (names: readonly string[]): boolean =>
  names.some((name) => !/^(create_|consume_|inject_|login$|edit_profile$|assign_|attach_disk_profile$)/.test(name));

/** A permit as a role's client names it: by its name, or by RHV's number, which is its id. */
export function permitNamed(text: string): PermitName | undefined {
  if (isPermitName(text)) return text;
  return Object.keys(permits)
    .filter(isPermitName)
    .find((name) => String(permits[name].number) === text);
}

export interface PermissionFacts {
  readonly role: { readonly name: string; readonly administrative: boolean };
  readonly principal: string;
  /** Whether the one who gives or takes is SuperUser of the system. */
  readonly bySuperUser: boolean;
}

/** A role for administrators is given and taken by SuperUsers alone: who may manage permissions of a VM must not make themselves more. */
const adminRole = ({ role, bySuperUser }: PermissionFacts) =>
  role.administrative && !bySuperUser && accessReasons.admin_role_needs_superuser({ role: role.name });

export const permissionProblems = (facts: PermissionFacts & { readonly exists: boolean }): Refusal | undefined =>
  refusalOf([adminRole(facts), facts.exists && accessReasons.permission_exists({ principal: facts.principal, role: facts.role.name })]);

export const permissionRemovalProblems = (facts: PermissionFacts & { readonly lastSuperUser: boolean }): Refusal | undefined =>
  refusalOf([adminRole(facts), facts.lastSuperUser && accessReasons.last_superuser()]);

export const superUserRole = predefinedRoles[0]?.id ?? '';
