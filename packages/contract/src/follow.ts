import { reasons, refuse, type Refusal } from '@ostler/domain/reason';
import { shapeOf, type Field } from './fields.ts';
import type { TypeName } from './names.ts';

/** What is to be brought in under one object: by field name, with what is to be brought in under that. */
export type Follow = ReadonlyMap<string, Followed>;

export interface Followed {
  readonly field: Field;
  /** The type of what is brought in. */
  readonly type: TypeName;
  readonly follow: Follow;
}

/** Each step costs the server a query for each object: `follow` must not be a way to ask for the whole inventory at once. */
export const followLimits = { depth: 4, width: 30 };

export const followReasons = reasons({
  follow_unknown: { class: 'bad_input', text: 'Nothing called {name} can be followed from {type}.' },
  follow_too_deep: { class: 'bad_input', text: 'follow goes deeper than {limit} levels.' },
  follow_too_wide: { class: 'bad_input', text: 'follow names more than {limit} links.' },
});

type Tree = Map<string, { field: Field; type: TypeName; follow: Tree }>;

/** Reads `follow=disk_attachments.disk,nics` for objects of a type. Empty parts are passed over: clients send `follow=`. */
export function readFollow(type: TypeName, text: string): Follow | Refusal {
  const paths = text
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
  if (paths.length > followLimits.width) return refuse(followReasons.follow_too_wide({ limit: followLimits.width }, 'follow'));
  const tree: Tree = new Map();
  for (const path of paths) {
    const steps = path.split('.').map((step) => step.trim());
    if (steps.length > followLimits.depth) return refuse(followReasons.follow_too_deep({ limit: followLimits.depth }, 'follow'));
    const refusal = addPath(tree, type, steps);
    if (refusal) return refusal;
  }
  return tree;
}

function addPath(tree: Tree, from: TypeName, steps: readonly string[]): Refusal | undefined {
  let follow = tree;
  let type = from;
  for (const [index, step] of steps.entries()) {
    const field = linkNamed(type, step, index < steps.length - 1);
    if (!field || field.holds.kind !== 'type') return refuse(followReasons.follow_unknown({ name: step, type }, 'follow'));
    const next = follow.get(field.name) ?? { field, type: field.holds.type, follow: new Map() };
    follow.set(field.name, next);
    ({ type, follow } = next);
  }
  return undefined;
}

/** A link by its name, or by that of its sub-collection (`diskattachments`). What is not a link itself may lead to one. */
function linkNamed(type: TypeName, name: string, onTheWay: boolean): Field | undefined {
  const { fields, byName } = shapeOf(type);
  const field = byName.get(name) ?? fields.find((one) => one.name.replaceAll('_', '') === name);
  return field && (field.link || onTheWay) ? field : undefined;
}
