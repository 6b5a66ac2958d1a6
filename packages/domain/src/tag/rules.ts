import { fixedIds } from '../fixed-ids.ts';
import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** Tags: a tree under one root, hung on VMs, hosts, templates, users and groups to find them by; and bookmarks, which are searches under a name. */

export interface TagSettings {
  readonly name: string;
  readonly description: string;
  readonly parent: string;
}

/** A tag of the tree with what lies above it. */
export interface TagNode {
  readonly id: string;
  readonly name: string;
  readonly parent: string | null;
}

export const taggedKinds = ['vm', 'host', 'template', 'user', 'group'] as const;
export type TaggedKind = (typeof taggedKinds)[number];

export const tagReasons = reasons({
  tag_name_taken: { class: 'conflict', text: 'There is a tag named {name} already.' },
  tag_parent_unknown: { class: 'bad_input', text: 'There is no tag {tag} to be the parent.' },
  tag_parent_below: { class: 'conflict', text: 'Tag {parent} lies below {name}: a tag cannot hang under itself.' },
  tag_is_root: { class: 'conflict', text: 'The root of all tags stays as it is, and is hung on nothing.' },
  tag_unknown: { class: 'bad_input', text: 'There is no tag {tag}.' },
  bookmark_name_taken: { class: 'conflict', text: 'There is a bookmark named {name} already.' },
  bookmark_value_unfit: { class: 'bad_input', text: 'A bookmark is a search of 1 to {most} characters.' },
});

const said = tagReasons;
export const isRoot = (id: string): boolean => id === fixedIds.rootTag;

export function tagProblems(id: string, { name, parent }: TagSettings, tree: readonly TagNode[]): Refusal | undefined {
  const above = tree.find((one) => one.id === parent);
  return refusalOf([
    isRoot(id) && said.tag_is_root(),
    nameProblem('tag', name, 'tag.name'),
    tree.some((other) => other.id !== id && other.name.toLowerCase() === name.toLowerCase()) && said.tag_name_taken({ name }, 'tag.name'),
    !above && said.tag_parent_unknown({ tag: parent.slice(0, 60) }, 'tag.parent'),
    above !== undefined && subtree(id, tree).has(parent) && said.tag_parent_below({ parent: above.name, name }, 'tag.parent'),
  ]);
}

export const tagRemovalProblems = (id: string): Refusal | undefined => refusalOf([isRoot(id) && said.tag_is_root()]);

/** The ids of a tag and of all that hang below it: what is removed with it, and what a search for it finds. */
export function subtree(id: string, tree: readonly TagNode[]): ReadonlySet<string> {
  const found = new Set([id]);
  for (let size = 0; size < found.size;) {
    size = found.size;
    for (const one of tree) if (one.parent !== null && one.id !== one.parent && found.has(one.parent)) found.add(one.id);
  }
  return found;
}

const longestSearch = 4096;

export function bookmarkProblems(
  { name, value }: { readonly name: string; readonly value: string },
  otherNames: readonly string[],
): Refusal | undefined {
  return refusalOf([
    nameProblem('bookmark', name, 'bookmark.name'),
    otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) && said.bookmark_name_taken({ name }, 'bookmark.name'),
    (value.trim() === '' || value.length > longestSearch) && said.bookmark_value_unfit({ most: longestSearch }, 'bookmark.value'),
  ]);
}
