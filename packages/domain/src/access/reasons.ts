import { reasons } from '../reason.ts';

export const accessReasons = reasons({
  permit_missing: { class: 'forbidden', text: 'You lack the permit {permit} on {object}. Ask for a role that has it.' },
  object_not_found: { class: 'not_found', text: 'There is no {type} {name}, or you may not see it.' },
  user_name_taken: { class: 'conflict', text: 'There is a user {name} already.' },
  user_is_yourself: { class: 'conflict', text: 'You cannot remove yourself.' },
  last_superuser: {
    class: 'conflict',
    text: 'This is the last permission by which anybody is SuperUser of the system. Give the role to somebody else first.',
  },
  password_too_short: { class: 'bad_input', text: 'A password has at least {least} characters.' },
  password_too_long: { class: 'bad_input', text: 'A password has at most {most} characters.' },
  password_wrong: { class: 'forbidden', text: 'The current password is not the one that was given.' },
  user_domain_unknown: { class: 'bad_input', text: 'There is no domain {domain}. Users can be added to internal-authz.' },
  user_has_no_password: { class: 'conflict', text: 'User {name} belongs to a directory, which keeps the password.' },
  role_name_taken: { class: 'conflict', text: 'There is a role {name} already.' },
  role_is_predefined: { class: 'conflict', text: 'The role {name} came with Ostler and stays as it is. Make one of your own.' },
  role_in_use: { class: 'conflict', text: 'The role {name} is held in {count} permissions. Remove these first.' },
  role_needs_permits: { class: 'bad_input', text: 'A role needs at least one permit.' },
  permit_unknown: { class: 'bad_input', text: 'There is no permit {permit}.' },
  role_lacks_permit: { class: 'not_found', text: 'The role {name} does not have the permit {permit}.' },
  role_unknown: { class: 'bad_input', text: 'There is no role {role}.' },
  principal_unknown: { class: 'bad_input', text: 'There is no {kind} {id}.' },
  object_unknown: { class: 'bad_input', text: 'There is no {kind} {id}, or you may not see it.' },
  admin_role_needs_superuser: {
    class: 'forbidden',
    text: 'The role {role} is one for administrators: only a SuperUser of the system can give or take it.',
  },
  permission_exists: { class: 'conflict', text: '{principal} has the role {role} on this object already.' },
});
