import { actionInput, actionOutput, type ActionStatus } from './action.ts';
import { shapeOf } from './fields.ts';
import type { BuiltMethod, Input, Method, ParametersOf } from './handlers.ts';
import { defaultLimits } from './input-error.ts';
import { shapeFromJson, shapeToJson, type Json } from './json.ts';
import type { Value } from './language.ts';
import type { Api, schema } from './schema.ts';
import type { ServiceName, Services } from './services.ts';
import { allMethods, isAction, type Route } from './tree.ts';

/**
 * A typed client of the API, over whatever can fetch: browsers use it with their own `fetch`, Node with `client.ts`.
 * `api.vms.list({ search: 'name=web*' })`, `api.vms(id).start({}, { dryRun: true })`, `api.vms(id).diskattachments.add({ … })`.
 */

/** As much of `fetch` as is used. */
export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal },
) => Promise<Answered>;
interface Answered {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

export interface ClientOptions {
  /** Where the API is: `https://manager/ovirt-engine/api`. */
  readonly url: string;
  /** A token, or how to get the one that holds now; or name and password, for which the client fetches tokens itself. */
  readonly login: { readonly token: string | (() => string | Promise<string>) } | { readonly username: string; readonly password: string };
  readonly fetch: Fetch;
  /** Milliseconds after which a request is given up. */
  readonly deadline?: number;
}

/** What a call takes besides the parameters of its method. */
export interface CallOptions {
  /** Answers the plan and changes nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly deadline?: number;
}

type Options<S extends ServiceName, M extends string> = Omit<ParametersOf<S, M>, 'dry_run'> & CallOptions;

/** How an action or a removal was answered; `job` is there when a job carries it out. */
export interface ActionResult {
  status?: ActionStatus | undefined;
  job?: Api['job'] | undefined;
}

type Out<M> = M extends { readonly out: infer O }
  ? { [K in keyof O]?: (O[K] extends string ? Value<typeof schema, O[K]> : never) | undefined }
  : {};
type Entity<S extends ServiceName> = Services[S] extends { readonly type: infer T extends keyof Api } ? Api[T] : never;
type Result<S extends ServiceName, M extends string> = M extends 'list'
  ? Entity<S>[]
  : M extends 'get' | 'add' | 'update'
    ? Entity<S>
    : ActionResult & Out<Method<S, M>>;
type Planned<O, R> = O extends { readonly dryRun: true } ? Api['plan'] : R;

type ClientMethod<S extends ServiceName, M extends string> = M extends 'list' | 'get'
  ? (options?: Options<S, M>) => Promise<Result<S, M>>
  : M extends 'remove'
    ? <const O extends Options<S, M>>(options?: O) => Promise<Planned<O, Result<S, M>>>
    : M extends 'add' | 'update'
      ? <const O extends Options<S, M>>(input: Input<S, M>, options?: O) => Promise<Planned<O, Result<S, M>>>
      : <const O extends Options<S, M>>(input?: Input<S, M>, options?: O) => Promise<Planned<O, Result<S, M>>>;

type ByPath = { [S in ServiceName as Services[S]['paths'][number]]: S };
type Path = keyof ByPath;

/** Where a path hangs and under which step: `['vms/{vm}', 'nics']`. */
type Split<P extends string> = P extends `${infer A}/{${infer Id}}/${infer Rest}`
  ? Rest extends `${string}/${string}`
    ? Below<`${A}/{${Id}}`, Split<Rest>>
    : [`${A}/{${Id}}`, Rest]
  : P extends `${infer A}/${infer B}`
    ? [A, B]
    : ['', P];
type Below<A extends string, S> = S extends [infer P extends string, infer Step] ? [`${A}/${P}`, Step] : never;
type Splits = { [P in Path]: Split<P> };

type Methods<P extends Path> = { [M in BuiltMethod<ByPath[P]>]: ClientMethod<ByPath[P], M> };
type Step<K extends Path, P> = Splits[K] extends [P, infer S extends string] ? (S extends `{${string}` | '' ? never : S) : never;
type Children<P> = { [K in Path as Step<K, P>]: Node<K> };
type Items = { [K in Path as Splits[K] extends [infer P extends string, `{${string}`] ? P : never]: (id: string) => Node<K> };
type Item<P> = P extends keyof Items ? Items[P] : {};
type Node<P extends Path> = Methods<P> & Children<P> & Item<P>;

export type Client = Node<''>;

/** A refusal of the API. `message` is the fault's detail, a sentence that can be shown. */
export class ApiFault extends Error {
  readonly status: number;
  readonly reason: string;
  readonly detail: string;
  readonly code: string | undefined;
  readonly field: string | undefined;
  readonly correlationId: string;
  constructor(status: number, fault: Api['fault'], correlationId: string) {
    super(fault.detail?.replace(/^\[(.*)\]$/s, '$1') ?? fault.reason ?? `HTTP status ${status}`);
    this.name = 'ApiFault';
    this.status = status;
    this.reason = fault.reason ?? '';
    this.detail = fault.detail ?? '';
    this.code = fault.code;
    this.field = fault.field;
    this.correlationId = correlationId;
  }
}

/** No answer, or none from this API. */
export class ApiUnreachable extends Error {
  readonly code: 'no_answer' | 'deadline' | 'not_the_api';
  constructor(code: ApiUnreachable['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ApiUnreachable';
    this.code = code;
  }
}

export function newClient(options: ClientOptions): Client {
  const call = caller({ ...options, url: options.url.replace(/\/+$/, '') });
  // The nodes are made from the same declarations from which the type is.
  return nodeAt('', {}, call) as Client;
}

type Ids = Readonly<Record<string, string>>;
type Caller = (route: Route, ids: Ids, input: object | undefined, options: CallOptions) => Promise<unknown>;

const routes = [...allMethods()].filter(({ access, declaration }) => access !== undefined && declaration.raw === undefined);
const routesAt = Map.groupBy(routes, ({ template }) => template);
const templates = new Set([...allMethods()].map(({ template }) => template));
const childrenOf = Map.groupBy(
  [...templates].filter((template) => template !== ''),
  (template) => template.slice(0, Math.max(0, template.lastIndexOf('/'))),
);

/** The client's object for a template: its methods, a property for each further step, and a call for an id. */
function nodeAt(template: string, ids: Ids, call: Caller): unknown {
  const children = childrenOf.get(template) ?? [];
  const item = children.find((child) => child.endsWith('}'));
  const name = item === undefined ? '' : item.slice(item.lastIndexOf('{') + 1, -1);
  const node: object = item === undefined ? {} : (id: string) => nodeAt(item, { ...ids, [name]: id }, call);
  for (const child of children.filter((one) => one !== item)) {
    Object.defineProperty(node, child.slice(child.lastIndexOf('/') + 1), { get: () => nodeAt(child, ids, call), enumerable: true });
  }
  for (const route of routesAt.get(template) ?? [])
    Object.defineProperty(node, route.method, { value: methodOf(route, ids, call), enumerable: true });
  return node;
}

function methodOf(route: Route, ids: Ids, call: Caller): (first?: object, second?: CallOptions) => Promise<unknown> {
  const takesInput = route.verb === 'POST' || route.verb === 'PUT';
  return (first = {}, second = {}) => (takesInput ? call(route, ids, first, second) : call(route, ids, undefined, first));
}

function caller(options: ClientOptions): Caller {
  const login = newLogin(options);
  return async (route, ids, input, callOptions) => {
    const correlationId = correlationOf(callOptions);
    const request = {
      method: route.verb,
      url: urlOf(options.url, route, ids, callOptions),
      body: input && JSON.stringify(bodyOf(route, input)),
    };
    const send = async (fresh: boolean) =>
      exchange(options, callOptions, { ...request, token: await login(fresh, callOptions), correlationId });
    let answer = await send(false);
    if (answer.status === 401 && 'username' in options.login) answer = await send(true);
    return resultOf(route, answer, callOptions, correlationId);
  };
}

const correlationOf = (options: CallOptions): string =>
  'correlation_id' in options && typeof options.correlation_id === 'string' ? options.correlation_id : crypto.randomUUID();

function urlOf(base: string, { template, method }: Route, ids: Ids, options: CallOptions): string {
  const path = template.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(ids[name] ?? ''));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) {
    if (name === 'dryRun') query.set('dry_run', String(value));
    else if (value !== undefined && !['signal', 'deadline', 'correlation_id'].includes(name)) query.set(name, String(value));
  }
  const below = [path, isAction(method) ? method : ''].filter((step) => step !== '').join('/');
  return `${base}${below === '' ? '' : `/${below}`}${query.size === 0 ? '' : `?${query}`}`;
}

const bodyOf = (route: Route, input: object): Json => {
  const shape = isAction(route.method) ? actionInput(route.declaration) : shapeOf(route.declared.type ?? 'identified');
  return shapeToJson(shape, input, { secrets: 'send' });
};

interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly body: string | undefined;
  readonly token: string;
  readonly correlationId: string;
}

async function exchange(
  options: ClientOptions,
  call: CallOptions,
  request: Exchange,
): Promise<{ status: number; json: unknown; correlationId: string }> {
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${request.token}`,
    'correlation-id': request.correlationId,
    version: '4',
    ...(request.body !== undefined && { 'content-type': 'application/json' }),
  };
  const answer = await fetched(options, call, request.url, {
    method: request.method,
    headers,
    ...(request.body !== undefined && { body: request.body }),
  });
  return { ...answer, correlationId: answer.correlationId ?? request.correlationId };
}

/** Sends and reads, all within the deadline. What is not JSON is undefined. */
async function fetched(options: ClientOptions, call: CallOptions, url: string, init: Omit<Parameters<Fetch>[1], 'signal'>) {
  const timeout = AbortSignal.timeout(call.deadline ?? options.deadline ?? 60_000);
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
  try {
    const answer = await options.fetch(url, { ...init, signal });
    const correlationId = answer.headers.get('correlation-id') ?? undefined;
    return { status: answer.status, json: parsed(await answer.text()), correlationId };
  } catch (error) {
    if (call.signal?.aborted === true) throw error;
    if (timeout.aborted) throw new ApiUnreachable('deadline', `No answer from ${new URL(url).host} in time`, error);
    throw new ApiUnreachable('no_answer', `${new URL(url).host} cannot be reached: ${messageOf(error)}`, error);
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);

function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function resultOf(
  route: Route,
  answer: { status: number; json: unknown; correlationId: string },
  options: CallOptions,
  sent: string,
): unknown {
  const { status, json, correlationId = sent } = answer;
  if (!isObject(json)) throw notTheApi(status);
  const { fault } = shapeFromJson(actionOutput(route.declaration), 'fault' in json ? json : {});
  if (status >= 400 || fault !== undefined) throw new ApiFault(status, fault ?? shapeFromJson(shapeOf('fault'), json), correlationId);
  if (options.dryRun === true) return shapeFromJson(shapeOf('plan'), json);
  if (route.method === 'remove' || isAction(route.method)) return shapeFromJson(actionOutput(route.declaration), json);
  const shape = shapeOf(route.declared.type ?? 'identified');
  if (route.method !== 'list') return shapeFromJson(shape, json);
  const rows = json[shape.element] ?? [];
  if (!Array.isArray(rows)) throw notTheApi(status);
  return rows.map((row) => shapeFromJson(shape, row, defaultLimits));
}

const isObject = (json: unknown): json is Json => typeof json === 'object' && json !== null && !Array.isArray(json);
const notTheApi = (status: number): ApiUnreachable =>
  new ApiUnreachable('not_the_api', `The answer (HTTP status ${status}) does not come from this API; check the URL`);

/** Gives the token to use. For a name and password it is fetched at the first need and again when the old one was refused. */
function newLogin(options: ClientOptions): (fresh: boolean, call: CallOptions) => Promise<string> {
  const { login } = options;
  if ('token' in login) return async () => (typeof login.token === 'string' ? login.token : login.token());
  let current: Promise<string> | undefined;
  return (fresh, call) => {
    if (fresh || current === undefined) {
      current = fetchToken(options, login, call);
      // A failed login is not remembered.
      current.catch(() => (current = undefined));
    }
    return current;
  };
}

async function fetchToken(
  options: ClientOptions,
  { username, password }: { username: string; password: string },
  call: CallOptions,
): Promise<string> {
  const url = options.url.replace(/\/api(\/v4)?$/, '/sso/oauth/token');
  const body = new URLSearchParams({ grant_type: 'password', scope: 'ovirt-app-api', username, password }).toString();
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  const { status, json } = await fetched(options, call, url, { method: 'POST', headers, body });
  if (!isObject(json)) throw notTheApi(status);
  if (typeof json['access_token'] === 'string') return json['access_token'];
  const detail = [json['error_description'], json['error']].find((one) => typeof one === 'string');
  throw new ApiFault(
    401,
    { reason: 'Cannot log in', detail: typeof detail === 'string' ? detail : 'Cannot log in', code: 'access_denied' },
    '',
  );
}
