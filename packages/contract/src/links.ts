import type { Ids } from './handlers.ts';
import type { Link } from './language.ts';
import type { ServiceName } from './services.ts';
import { allMethods, basePath, declaredServices, isAction, type Route } from './tree.ts';

const fill = (template: string, ids: Readonly<Record<string, string | undefined>>): string =>
  `${basePath}/${template}`.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(ids[name] ?? ''));

/**
 * The canonical path of an object or a collection: `href('vm_nic', { vm, nic })` is `/ovirt-engine/api/vms/…/nics/…`. It is absolute, never
 * a full URL: the SDKs strip the path of their connection from its front.
 */
export function href<S extends ServiceName>(service: S, ids: Ids<S>): string;
export function href(service: ServiceName, ids: Readonly<Record<string, string>>): string {
  return fill(declaredServices[service].paths[0], ids);
}

/** The path of the same thing under a declared template, for services with several: `hrefAt('vms/{vm}/permissions', ids)`. */
export const hrefAt = fill;

const built = [...allMethods()].filter(({ access, declaration }) => access !== undefined && declaration.raw === undefined);

const parentOf = (template: string): string => template.slice(0, Math.max(template.lastIndexOf('/'), 0));

/** Under each object's template, the last steps of what hangs under it. Ids are filled in once for all of them. */
function relsBy(routes: readonly Route[], keyAndRel: (route: Route) => readonly [string, string]): ReadonlyMap<string, readonly string[]> {
  const rels = new Map<string, string[]>();
  for (const [key, rel] of routes.map(keyAndRel)) rels.set(key, [...(rels.get(key) ?? []), rel]);
  return rels;
}

const collections = relsBy(
  built.filter(({ method }) => method === 'list'),
  ({ template }) => [parentOf(template), template.slice(template.lastIndexOf('/') + 1)],
);
const actions = relsBy(
  built.filter(({ method }) => isAction(method)),
  ({ template, method }) => [template, method],
);

const linksTo = (rels: readonly string[] = [], base: string): Link[] => rels.map((rel) => ({ rel, href: `${base}/${rel}` }));

/** The sub-collections of an object that can be listed: a link to one that is not built would lead clients into faults. */
export const subcollectionLinks = (template: string, ids: Readonly<Record<string, string>>): Link[] =>
  linksTo(collections.get(template), fill(template, ids));

/** The actions of an object: libgovirt finds `start` and `stop` by these. */
export const actionLinks = (template: string, ids: Readonly<Record<string, string>>): Link[] =>
  linksTo(actions.get(template), fill(template, ids));

/** An object with its links: its own path, its sub-collections and its actions. */
export function linked<T extends object>(
  value: T,
  template: string,
  ids: Readonly<Record<string, string>>,
): T & { href: string; link: Link[]; actions: Link[] } {
  const base = fill(template, ids);
  return { ...value, href: base, link: linksTo(collections.get(template), base), actions: linksTo(actions.get(template), base) };
}

/** The links of the entry point: every collection that can be listed, and how it is searched. */
export function apiLinks(): Link[] {
  return built.filter(isRootList).flatMap(({ template, declaration }) => {
    const path = `${basePath}/${template}`;
    const from = declaration.query?.['from'] === undefined ? '' : ';from={event_id}';
    const search = { rel: `${template}/search`, href: `${path}${from}?search={query}` };
    return [{ rel: template, href: path }, ...(declaration.query?.['search'] === undefined ? [] : [search])];
  });
}

const isRootList = ({ method, template }: Route): boolean => method === 'list' && !template.includes('/');
