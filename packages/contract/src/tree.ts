import type { Access } from './access.ts';
import { readParameter } from './parameters.ts';
import { commonParameters, mutationParameters, type MethodDeclaration, type ServiceDeclaration } from './service-language.ts';
import { aliases, services, type ServiceName } from './services.ts';

/** Where the API is mounted; hrefs begin with it. */
export const basePath = '/ovirt-engine/api';

export type Verb = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A declared method at one of its places. */
export interface Route {
  readonly service: ServiceName;
  readonly method: string;
  readonly verb: Verb;
  /** Below the base, with names for ids: `vms/{vm}/nics`. For an action, without the action's name: `vms/{vm}`. */
  readonly template: string;
  readonly declaration: MethodDeclaration;
  readonly declared: ServiceDeclaration;
  /** Who may call it; undefined when it is not built. */
  readonly access: Access | undefined;
}

export interface Match extends Route {
  readonly ids: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

/** Why a request leads nowhere, with the status to answer: 404, 405 with the verbs that there are, or 400 for a parameter. */
export type Miss =
  | { readonly miss: 'path'; readonly status: 404 }
  | { readonly miss: 'method'; readonly status: 405; readonly allowed: readonly Verb[] }
  | { readonly miss: 'version'; readonly status: 400; readonly version: string }
  | { readonly miss: 'encoding'; readonly status: 400 }
  | { readonly miss: 'parameter'; readonly status: 400; readonly parameter: string; readonly expected: string };

export const declaredServices: Readonly<Record<ServiceName, ServiceDeclaration>> = services;
export const isServiceName = (name: string): name is ServiceName => Object.hasOwn(services, name);

/** Every declared method at every path that it has, built or not. */
export function* allMethods(): Generator<Route> {
  for (const [service, declared] of Object.entries(declaredServices)) {
    if (!isServiceName(service)) continue;
    for (const template of declared.paths) {
      for (const [method, declaration] of Object.entries(declared.methods)) {
        yield { service, method, verb: verbOf(method), template, declaration, declared, access: declaration.access };
      }
    }
  }
}

const verbs: Readonly<Record<string, Verb>> = { list: 'GET', get: 'GET', add: 'POST', update: 'PUT', remove: 'DELETE' };
export const verbOf = (method: string): Verb => verbs[method] ?? 'POST';
export const isAction = (method: string): boolean => verbs[method] === undefined;

interface Node {
  readonly next: Map<string, Node>;
  byId?: { name: string; node: Node };
  readonly routes: Map<Verb, Route>;
}

const newNode = (): Node => ({ next: new Map(), routes: new Map() });

function grow(): Node {
  const root = newNode();
  for (const route of allMethods()) {
    const steps = splitPath(isAction(route.method) ? `${route.template}/${route.method}` : route.template);
    let node = root;
    for (const step of steps) node = step.startsWith('{') ? idStep(node, step.slice(1, -1)) : namedStep(node, step);
    if (node.routes.has(route.verb)) throw new Error(`Two methods answer ${route.verb} ${steps.join('/')}`);
    node.routes.set(route.verb, route);
  }
  for (const [from, to] of Object.entries(aliases)) graft(root, splitPath(from), splitPath(to));
  return root;
}

const splitPath = (path: string): string[] => path.split('/').filter((step) => step !== '');

function namedStep(node: Node, step: string): Node {
  const known = node.next.get(step) ?? newNode();
  node.next.set(step, known);
  return known;
}

function idStep(node: Node, name: string): Node {
  node.byId ??= { name, node: newNode() };
  if (node.byId.name !== name) throw new Error(`One place has the ids ${node.byId.name} and ${name}`);
  return node.byId.node;
}

/** Hangs the canonical part of the tree in at a second place. */
function graft(root: Node, from: readonly string[], to: readonly string[]): void {
  const name = from.at(-1)?.slice(1, -1) ?? '';
  const target = to.reduce((node, step) => (step.startsWith('{') ? idStep(node, name) : namedStep(node, step)), root);
  const parent = from
    .slice(0, -1)
    .reduce((node, step) => (step.startsWith('{') ? idStep(node, step.slice(1, -1)) : namedStep(node, step)), root);
  parent.byId = { name, node: target };
}

const tree = grow();

/**
 * Finds the method for a request. `url` is the request's path with its query, with or without the base path; `/v4`, trailing slashes and
 * matrix parameters are tolerated as RHV does. HEAD is answered as GET. Parameters that the method does not declare are passed over.
 */
export function match(verb: string, url: string): Match | Miss {
  const [path = '', query = ''] = splitOnce(url, '?');
  const raw = new Map<string, string>();
  const steps = readSteps(path, raw);
  if (!steps || steps.some((step) => step.includes('\0'))) return { miss: 'encoding', status: 400 };
  const version = /^v(\d+)$/.exec(steps[0] ?? '');
  if (version && version[1] !== '4') return { miss: 'version', status: 400, version: version[1] ?? '' };
  const found = follow(version ? steps.slice(1) : steps);
  if (!found || found.node.routes.size === 0) return { miss: 'path', status: 404 };
  const route = found.node.routes.get(verb === 'HEAD' ? 'GET' : (verb as Verb));
  if (!route) return { miss: 'method', status: 405, allowed: [...found.node.routes.keys()] };
  for (const [name, value] of new URLSearchParams(query)) raw.set(name, value);
  return withParameters(route, found.ids, raw);
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** The steps of the path below the base; what stands behind semicolons goes to the parameters. Undefined if it cannot be decoded. */
function readSteps(path: string, parameters: Map<string, string>): string[] | undefined {
  const below =
    path === basePath || path.startsWith(`${basePath}/`) || path.startsWith(`${basePath};`) ? path.slice(basePath.length) : path;
  try {
    return below.split('/').flatMap((segment) => {
      const [step = '', ...matrix] = segment.split(';');
      for (const parameter of matrix) {
        const [name, value] = splitOnce(parameter, '=');
        parameters.set(decodeURIComponent(name), decodeURIComponent(value));
      }
      return step === '' ? [] : [decodeURIComponent(step)];
    });
  } catch {
    return undefined;
  }
}

function follow(steps: readonly string[]): { node: Node; ids: Record<string, string> } | undefined {
  const ids: Record<string, string> = {};
  let node = tree;
  for (const step of steps) {
    const named = node.next.get(step);
    if (!named && !node.byId) return undefined;
    if (!named && node.byId) ids[node.byId.name] = step;
    node = named ?? node.byId?.node ?? node;
  }
  return { node, ids };
}

function withParameters(route: Route, ids: Match['ids'], raw: ReadonlyMap<string, string>): Match | Miss {
  const parameters: Record<string, string | number | boolean> = {};
  for (const [name, reference] of Object.entries(parametersOf(route))) {
    const text = raw.get(name);
    if (text === undefined) continue;
    const read = readParameter(reference, text);
    if ('expected' in read) return { miss: 'parameter', status: 400, parameter: name, expected: read.expected };
    if (read.value !== undefined) parameters[name] = read.value;
  }
  return { ...route, ids, parameters };
}

/** All query parameters of a method with their references. */
export function parametersOf({ verb, declaration }: Pick<Route, 'verb' | 'declaration'>): Readonly<Record<string, string>> {
  return { ...commonParameters, ...(verb === 'GET' ? {} : mutationParameters), ...declaration.query };
}
