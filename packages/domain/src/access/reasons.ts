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
  permission_exists: { class: 'conflict', text: '{principal} has the role {role} on this object already.' },
});
