import { reasons, type Reason } from './reason.ts';

export const nameReasons = reasons({
  name_empty: { class: 'bad_input', text: 'A {noun} needs a name.' },
  name_too_long: { class: 'bad_input', text: 'The name of a {noun} may have at most {limit} characters; this one has {length}.' },
  id_taken: { class: 'conflict', text: 'The id that was chosen belongs to another object already.' },
  name_characters: {
    class: 'bad_input',
    text: 'The name "{name}" has characters that the name of a {noun} may not have. Letters, digits, and {others} are allowed.',
  },
});

/** RHV's limits (infra.md 10.1, vms.md 3.2): how long a name may be, and what besides letters and digits of any language it may hold. */
const rules = {
  VM: { limit: 64, others: '._-+' },
  'data center': { limit: 40, others: '._-' },
  cluster: { limit: 40, others: '._-' },
  host: { limit: 255, others: '._-' },
  'storage domain': { limit: 50, others: '_-' },
  network: { limit: 256, others: '._- ' },
  'vNIC profile': { limit: 50, others: '._- ' },
  NIC: { limit: 50, others: '._-' },
  disk: { limit: 255, others: '._-+ ()' },
  template: { limit: 255, others: '._-' },
  user: { limit: 255, others: '._-@' },
  role: { limit: 126, others: '._- ' },
  group: { limit: 255, others: '._-@ ()/' },
  'MAC pool': { limit: 255, others: '._- ' },
  'CPU profile': { limit: 50, others: '._- ' },
  'disk profile': { limit: 50, others: '._- ' },
  QoS: { limit: 50, others: '._- ' },
  quota: { limit: 65, others: '._- ' },
  tag: { limit: 50, others: '_-' },
  bookmark: { limit: 40, others: '._- ' },
  'network label': { limit: 50, others: '_-' },
  'affinity group': { limit: 255, others: '._- ' },
  'affinity label': { limit: 50, others: '._- ' },
} as const;

export type NamedNoun = keyof typeof rules;

/** What is wrong with a name; undefined when nothing is. `field` is where it stood. */
export function nameProblem(noun: NamedNoun, name: string, field: string): Reason | undefined {
  const { limit, others } = rules[noun];
  if (name.trim() === '') return nameReasons.name_empty({ noun }, field);
  if (name.length > limit) return nameReasons.name_too_long({ noun, limit, length: name.length }, field);
  const fits = [...name].every((character) => /[\p{L}\p{N}\p{M}]/u.test(character) || others.includes(character));
  return fits && name.trim() === name
    ? undefined
    : nameReasons.name_characters({ noun, name, others: [...others].map((one) => (one === ' ' ? 'blanks inside' : one)).join(' ') }, field);
}
