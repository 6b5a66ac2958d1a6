import type { TypeName } from '@ostler/contract/schema';
import { allMethods, type Route } from '@ostler/contract/tree';

/**
 * The nouns that people type, from the paths of the contract: `vms/{vm}/nics/{nic}` is the noun `nic` of the noun `vm`. Only what is
 * built is there, and what somebody builds is there without a word here.
 */
export interface Noun {
  /** As it is typed: `vnic-profile`. */
  readonly word: string;
  /** As a sentence calls one: `vNIC profile`. */
  readonly title: string;
  readonly type: TypeName;
  /** Of the collection: `vms/{vm}/nics`. Where one object stands alone, of that. */
  readonly template: string;
  /** Of one of them, with its id: `vms/{vm}/nics/{nic}`. */
  readonly item: string | undefined;
  /** The nouns that lead here, from the outermost on. */
  readonly above: readonly Noun[];
  /** What can be asked of all of them: `list`, `add`. */
  readonly ofAll: ReadonlyMap<string, Route>;
  /** What can be asked of one: `get`, `update`, `remove`, and actions. */
  readonly ofOne: ReadonlyMap<string, Route>;
  readonly below: readonly Noun[];
}

/** Words that the model has for something people call otherwise. */
const spoken: Readonly<Record<string, string>> = {
  operating_system_info: 'operating_system',
  system_option: 'option',
  reported_device: 'device',
};
/** Places of which one object has two with things of the same type: told by the step of the path. */
const placed: Readonly<Record<string, string>> = { vmlabels: 'vm_label', hostlabels: 'host_label' };
const titles: Readonly<Record<string, string>> = {
  vm: 'VM',
  nic: 'NIC',
  cdrom: 'CD-ROM drive',
  vnic_profile: 'vNIC profile',
  mac_pool: 'MAC pool',
  cpu_profile: 'CPU profile',
  numa_node: 'NUMA node',
  vm_pool: 'VM pool',
  ssh_public_key: 'SSH public key',
};

const isItem = (template: string): boolean => template.endsWith('}');
const parentOf = (template: string): string => template.slice(0, Math.max(0, template.lastIndexOf('/')));

function builtByTemplate(): ReadonlyMap<string, ReadonlyMap<string, Route>> {
  const built = new Map<string, Map<string, Route>>();
  for (const route of allMethods()) {
    if (route.access === undefined || route.declaration.raw !== undefined || route.template === '') continue;
    const methods = built.get(route.template) ?? new Map<string, Route>();
    built.set(route.template, methods.set(route.method, route));
  }
  return built;
}

function grow(): readonly Noun[] {
  const built = builtByTemplate();
  const collections = [...new Set([...built.keys()].map((template) => (isItem(template) ? parentOf(template) : template)))];
  const nounsUnder = (itemAbove: string, above: readonly Noun[]): Noun[] =>
    collections
      .filter((template) => parentOf(template) === itemAbove)
      .map((template) => {
        const item = [...built.keys()].find((one) => isItem(one) && parentOf(one) === template);
        const ofAll = built.get(template) ?? new Map<string, Route>();
        const ofOne = (item === undefined ? undefined : built.get(item)) ?? new Map<string, Route>();
        const type =
          [...ofAll.values(), ...ofOne.values()].find(({ declared }) => declared.type !== undefined)?.declared.type ?? 'identified';
        const name = placed[template.slice(template.lastIndexOf('/') + 1)] ?? nameOf(type, above.at(-1)?.type);
        const below: Noun[] = [];
        const noun: Noun = {
          word: name.replaceAll('_', '-'),
          title: titles[name] ?? name.replaceAll('_', ' '),
          type,
          template,
          item,
          above,
          ofAll,
          ofOne,
          below,
        };
        if (item !== undefined) below.push(...nounsUnder(item, [...above, noun]));
        return noun;
      });
  return nounsUnder('', []);
}

/** Below a host its NICs are NICs, though the model calls them host NICs. */
function nameOf(type: TypeName, above: TypeName | undefined): string {
  const own = above !== undefined && type.startsWith(`${above}_`) ? type.slice(above.length + 1) : type;
  return spoken[own] ?? own;
}

export const nouns: readonly Noun[] = grow();

/** One of the outermost by its word. */
export function nounOf(word: string): Noun {
  const noun = nouns.find((one) => one.word === word);
  if (!noun) throw new Error(`The contract has no ${word}`);
  return noun;
}

/** Where objects of a type are found that something refers to: the outermost place that lists them. */
export const placeOf = (type: TypeName): Noun | undefined => nouns.find((noun) => noun.type === type && noun.ofAll.has('list'));

/** Every noun at every place. */
export const everyNoun = (from: readonly Noun[] = nouns): Noun[] => from.flatMap((noun) => [noun, ...everyNoun(noun.below)]);
