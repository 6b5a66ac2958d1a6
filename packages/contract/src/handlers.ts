import type { Refusal } from '@ostler/domain/reason';
import type { Value } from './language.ts';
import type { Api } from './schema.ts';
import type { schema } from './schema.ts';
import type { commonParameters, mutationParameters } from './service-language.ts';
import type { ServiceName, Services } from './services.ts';
import { allMethods } from './tree.ts';

type Schema = typeof schema;

/** The methods of a service, and the built ones among them that handlers answer. */
export type MethodName<S extends ServiceName> = keyof Services[S]['methods'] & string;
type Methods<S extends ServiceName> = Services[S]['methods'];
type HandledIn<M> = {
  [K in keyof M]: M[K] extends { readonly access: unknown } ? (M[K] extends { readonly raw: string } ? never : K) : never;
};
export type BuiltMethod<S extends ServiceName> = HandledIn<Methods<S>>[keyof Methods<S>] & string;

export type Method<S extends ServiceName, M extends string> = M extends keyof Methods<S> ? Methods<S>[M] : never;
type Entity<S extends ServiceName> = Services[S] extends { readonly type: infer T extends keyof Api } ? Api[T] : never;

type IdsIn<P extends string> = P extends `${string}{${infer I}}${infer Rest}` ? I | IdsIn<Rest> : never;
type IdRecords<P extends string> = P extends string ? { [I in IdsIn<P>]: string } : never;
type KeysOfAny<U> = U extends unknown ? keyof U : never;
type Merged<T> = { [K in keyof T]: T[K] };
type MergedIds<U> = Merged<{ [K in keyof U]: string } & { [K in Exclude<KeysOfAny<U>, keyof U>]?: string | undefined }>;

/** The ids of the path by name. Where a service has several paths, those that not all of them have are optional. */
export type Ids<S extends ServiceName> = MergedIds<IdRecords<Services[S]['paths'][number]>>;

type Given<P> = { -readonly [K in keyof P]?: (P[K] extends string ? Value<Schema, P[K]> : never) | undefined };
type Declared<M, K extends string> = M extends { readonly [P in K]: infer D } ? Given<D> : {};

type Standard = 'list' | 'get' | 'add' | 'update' | 'remove';

/** What the client sent: the object for `add` and `update`, the elements of `<action>` for an action. */
export type Input<S extends ServiceName, M extends string> = M extends 'add' | 'update'
  ? Method<S, M> extends { readonly body: infer B extends string }
    ? Value<Schema, B>
    : Entity<S>
  : M extends 'list' | 'get'
    ? undefined
    : Declared<Method<S, M>, 'action'>;

type Common<M extends string> = Given<typeof commonParameters> & (M extends 'list' | 'get' ? {} : Given<typeof mutationParameters>);

/** Query and matrix parameters, checked and typed; `async` also when it came inside `<action>`. */
export type ParametersOf<S extends ServiceName, M extends string> = Declared<Method<S, M>, 'query'> & Common<M>;

/** What a method answers: the object or the rows, or the elements of the answered `<action>`. */
export type Output<S extends ServiceName, M extends string> = M extends 'list'
  ? Iterable<Entity<S>> | AsyncIterable<Entity<S>>
  : M extends 'get' | 'add' | 'update'
    ? Entity<S>
    : Declared<Method<S, M>, 'out'>;

export interface Call<S extends ServiceName, M extends string> {
  readonly service: S;
  readonly method: M;
  /** The declared path that was called, without values: `vms/{vm}/permissions`. */
  readonly template: Services[S]['paths'][number];
  readonly ids: Ids<S>;
  readonly input: Input<S, M>;
  readonly parameters: ParametersOf<S, M>;
}

/** Work that a job goes on with: 202, or 200 for a removal, whose clients know no 202. `job` is its id. */
export interface Started<O> {
  readonly started: O;
  readonly job: string;
}

/** The answer to a dry run. */
export interface DryRun {
  readonly plan: Api['plan'];
}

/**
 * What a handler gives back: the output, the output with the job that completes it, a plan, or why not. `undefined` is a path that leads to
 * nothing: 404.
 */
export type Answer<S extends ServiceName, M extends string> =
  Output<S, M> | Started<Output<S, M>> | DryRun | Refusal | (M extends Standard ? undefined : never);

/** Exactly one handler for each built method of a service; `Context` is what the server adds to every call: who asks, the database. */
export type Handlers<S extends ServiceName, Context = unknown> = {
  readonly [M in BuiltMethod<S>]: (call: Call<S, M> & Context) => Answer<S, M> | Promise<Answer<S, M>>;
};

/** A service with its handlers, for the server to mount. */
export interface Served<S extends ServiceName = ServiceName, Context = unknown> {
  readonly service: S;
  readonly handlers: Handlers<S, Context>;
}

/**
 * `serve('vms', { list: async (call) => …, add: async (call) => … })`, for a server that adds `Context` to each call:
 * `const serve = serving<{ reader: User }>()`.
 */
export const serving =
  <Context>() =>
  <S extends ServiceName>(service: S, handlers: Handlers<S, Context>): Served<S, Context> => ({ service, handlers });

export const serve = serving<unknown>();

/** The built methods for which none of the services has a handler: an empty list when a server has mounted everything. */
export function unserved(all: readonly { readonly service: string; readonly handlers: object }[]): string[] {
  const handled = new Set(all.flatMap(({ service, handlers }) => Object.keys(handlers).map((method) => `${service}.${method}`)));
  const built = [...allMethods()].filter(({ access, declaration }) => access !== undefined && declaration.raw === undefined);
  return [...new Set(built.map(({ service, method }) => `${service}.${method}`))].filter((name) => !handled.has(name));
}
