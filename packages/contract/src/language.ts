/**
 * The language in which the API's types are declared: plain data whose literals are read twice. TypeScript infers the static types
 * from them, and the codecs, the OpenAPI document and the tests walk them at run time.
 *
 * A field is one string: what it holds, `[]` if there are many, and flags after a `?`: `'integer'`, `'disk[]'`, `'vm_status?readonly'`.
 */

/** What a field holds when it names neither a type nor an enum. Integers are safe integers; dates are `Date`s. */
export interface Primitives {
  string: string;
  boolean: boolean;
  integer: number;
  double: number;
  date: Date;
}

/**
 * - `readonly`: Ostler sets it; what a client sends is not looked at.
 * - `deprecated`: RHV has deprecated it.
 * - `secret`: accepted, and never sent back.
 * - `ostler`: an addition of ours that RHV does not have.
 */
export type Flag = 'readonly' | 'deprecated' | 'secret' | 'ostler';
type Flags = '' | `?${Flag}` | `?${Flag},${Flag}`;

/** All that may stand at a field, spelt out, so that a misspelt name is refused where it stands. */
export type Reference<Name extends string> = `${Name | keyof Primitives}${'' | '[]'}${Flags}`;

type Fields<Name extends string> = { readonly [field: string]: Reference<Name> };

/** One type: its fields, those that are links to other objects apart, because `follow` may follow those. */
export interface TypeDeclaration<TypeName extends string = string, EnumName extends string = string> {
  readonly extends?: TypeName;
  readonly attributes?: Fields<TypeName | EnumName>;
  readonly links?: Fields<TypeName | EnumName>;
  /** The name on the wire of one such object in a list or as a document, where it is not the type's own. */
  readonly element?: string;
  /** The names on the wire of fields that are spelt differently there. */
  readonly elements?: { readonly [field: string]: string };
  /** The whole type is an addition of ours. */
  readonly ostler?: true;
}

export type TypeDeclarations<TypeName extends string, EnumName extends string> = {
  readonly [T in TypeName]?: TypeDeclaration<TypeName, EnumName>;
};

export type EnumDeclarations<EnumName extends string> = { readonly [E in EnumName]: readonly [string, ...string[]] };

/** A complete model, as `schema.ts` merges it. */
export interface Model {
  readonly types: { readonly [type: string]: TypeDeclaration };
  readonly enums: { readonly [name: string]: readonly string[] };
}

/** A link to a sub-collection or an action: `<link rel="nics" href="…"/>`. */
export interface Link {
  rel: string;
  href: string;
}

/** What every object may carry besides its declared fields. */
export interface Common {
  /** Absolute path, never a full URL: the SDKs strip their connection's path from its front. */
  href?: string | undefined;
  /** Sub-collections. Set by the server; ignored in what a client sends. */
  link?: Link[] | undefined;
  /** Actions that this object has. Set by the server; ignored in what a client sends. */
  actions?: Link[] | undefined;
}

type Bare<R extends string> = R extends `${infer B}?${string}` ? B : R;

type Single<M extends Model, B extends string> = B extends keyof Primitives
  ? Primitives[B]
  : B extends keyof M['enums']
    ? M['enums'][B][number]
    : B extends keyof M['types']
      ? Infer<M, B>
      : never;

/** The static type of what one reference holds. */
export type Value<M extends Model, R extends string> = Bare<R> extends `${infer B}[]` ? Single<M, B>[] : Single<M, Bare<R>>;

type Values<M extends Model, F> = { -readonly [K in keyof F]?: (F[K] extends string ? Value<M, F[K]> : never) | undefined };

type Part<D, K extends string> = D extends { readonly [P in K]: infer F } ? F : {};

type Inherited<M extends Model, D> = D extends { readonly extends: infer P extends keyof M['types'] } ? Flat<M, M['types'][P]> : {};

type Flat<M extends Model, D> = Values<M, Part<D, 'attributes'>> & Values<M, Part<D, 'links'>> & Inherited<M, D>;

/** The static type of a declared type. Everything is optional: what is absent is not sent, and was not sent. */
export type Infer<M extends Model, T extends keyof M['types']> = Common & Flat<M, M['types'][T]>;
