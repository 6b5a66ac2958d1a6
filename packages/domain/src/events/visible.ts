import { concealed, notShown } from '../conceal.ts';

/**
 * What a reader is told of an event that names more than they may see: the user of one VM learns that it runs, but not
 * on which host, nor who else has started it.
 */

/** The parameters that name another object, and what kind of object that is. Other parameters name what the event is about, or nothing. */
export const namingParameters = {
  vm: 'vm',
  host: 'host',
  disk: 'disk',
  template: 'template',
  dataCenter: 'data_center',
  user: 'user',
  principal: 'user',
  subject: 'user',
  job: 'job',
} as const;

export type NamingParameter = keyof typeof namingParameters;
export const isNaming = (name: string): name is NamingParameter => Object.hasOwn(namingParameters, name);

const inItsStead: { readonly [N in NamingParameter]: string } = {
  vm: notShown,
  host: notShown,
  disk: notShown,
  template: notShown,
  dataCenter: notShown,
  user: 'another user',
  principal: 'another user',
  subject: 'another user',
  job: notShown,
};

type Parameters = Readonly<Record<string, string | number>>;

/**
 * The parameters with every hidden name replaced, also where a reason repeats it. `names` are those of hidden objects that
 * the event is about and that no parameter names.
 */
export function withoutNames(parameters: Parameters, hidden: readonly string[], names: readonly string[] = []): Parameters {
  const named = hidden.filter(isNaming).filter((name) => parameters[name] !== undefined);
  if (named.length + names.length === 0) return parameters;
  const conceal = (value: string) =>
    named.reduce((text, name) => concealed(text, [String(parameters[name])], inItsStead[name]), concealed(value, names));
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [
      key,
      isNaming(key) && named.includes(key) ? inItsStead[key] : typeof value === 'string' && !isNaming(key) ? conceal(value) : value,
    ]),
  );
}
