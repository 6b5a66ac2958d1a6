import { nameProblem } from '../names.ts';
import { refusalOf, type Refusal } from '../reason.ts';
import { accessReasons } from './reasons.ts';

/** What belongs to a user or a group beside its name: keys, options, members. */

export interface UserSettings {
  readonly name: string;
  readonly lastName: string;
  readonly email: string;
  readonly department: string;
}

const longestText = 255;
export function userSettingsProblems(user: UserSettings): Refusal | undefined {
  const fields = [
    ['name', user.name],
    ['last_name', user.lastName],
    ['email', user.email],
    ['department', user.department],
  ] as const;
  return refusalOf(
    fields.map(([field, text]) => text.length > longestText && accessReasons.user_text_too_long({ most: longestText }, `user.${field}`)),
  );
}

export const groupProblems = (name: string, taken: boolean): Refusal | undefined =>
  refusalOf([nameProblem('group', name, 'group.name'), taken && accessReasons.group_name_taken({ name }, 'group.name')]);

const key =
  /^(ssh-(rsa|dss|ed25519)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]{16,}={0,3}( [^\n]*)?$/;
const longestKeys = 65_536;

/** One key a line, as in `authorized_keys`. */
export function sshKeyProblems(user: string, content: string, held: readonly string[]): Refusal | undefined {
  const lines = content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const fits = content.length <= longestKeys && lines.length > 0 && lines.every((line) => key.test(line));
  return refusalOf([
    !fits && accessReasons.ssh_key_unfit('ssh_public_key.content'),
    held.some((other) => other.trim() === content.trim()) && accessReasons.ssh_key_taken({ user }, 'ssh_public_key.content'),
  ]);
}

const longestOption = { name: 255, content: 65_536 };

export function userOptionProblems(
  user: string,
  { name, content }: { name: string; content: string },
  held: readonly string[],
): Refusal | undefined {
  return refusalOf([
    (name.trim() === '' || name.length > longestOption.name) &&
      accessReasons.user_option_name_unfit({ most: longestOption.name }, 'user_option.name'),
    !(content.length <= longestOption.content && isJson(content)) &&
      accessReasons.user_option_not_json({ most: longestOption.content }, 'user_option.content'),
    held.includes(name) && accessReasons.user_option_taken({ user, name }, 'user_option.name'),
  ]);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
