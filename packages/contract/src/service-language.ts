import type { Access } from './access.ts';
import type { Reference } from './language.ts';
import type { EnumName, TypeName } from './names.ts';

type Parameters = { readonly [name: string]: Reference<TypeName | EnumName> };

interface MethodShape {
  /** Parameters that come in the query or as matrix parameters, besides those that every method has. */
  readonly query?: Parameters;
  /** What `add` and `update` are sent, where it is not the service's own type. */
  readonly body?: Reference<TypeName>;
  /** The elements of `<action>` for a method that is an action, besides those that every action has. */
  readonly action?: Parameters;
  /** The elements of the answered `<action>`. */
  readonly out?: Parameters;
  /** Places in the input that must be given: `cluster.id|name` is one of the two. */
  readonly mandatory?: readonly string[];
  /** Sets of such places, one of which must be complete. */
  readonly variants?: readonly (readonly string[])[];
  /** Answered by a route of its own with this media type, not by a handler. */
  readonly raw?: string;
  /** An addition of ours that RHV does not have. */
  readonly ostler?: true;
}

/**
 * A method is built and says who may call it, or it is not built and answers so.
 * `list` and `get` are GET, `add` is POST, `update` PUT, `remove` DELETE; every other name is an action, POST to the path with the name added.
 */
export type MethodDeclaration = MethodShape &
  ({ readonly access: Access; readonly notBuilt?: never } | { readonly notBuilt: true; readonly access?: never });

export interface ServiceDeclaration {
  /** Where it is; ids in braces under the name of what they identify. The first is the canonical one, from which hrefs are made. */
  readonly paths: readonly [string, ...string[]];
  /** The type of one object, which `list`, `get`, `add` and `update` answer. */
  readonly type?: TypeName;
  /** The root element of a list. Not always the plural of the type: fence agents come as `<agents>`. */
  readonly root?: string;
  readonly methods: { readonly [method: string]: MethodDeclaration };
  readonly ostler?: true;
}

export type ServiceDeclarations = { readonly [service: string]: ServiceDeclaration };

/** Parameters that every method takes. */
export const commonParameters = {
  follow: 'string',
  filter: 'boolean',
  all_content: 'boolean',
  correlation_id: 'string',
} as const satisfies Parameters;

/** Parameters that every method takes that changes something; actions also take `async` as an element of `<action>`. */
export const mutationParameters = {
  async: 'boolean',
  /** Ours: answers the plan and changes nothing. */
  dry_run: 'boolean',
} as const satisfies Parameters;
