import type { Audience } from './tickets.ts';

/** What a request target leads to. */
export type Route =
  | { readonly to: 'api' }
  | { readonly to: 'certificate'; readonly query: URLSearchParams }
  | { readonly to: 'page' }
  /** `path` is below the portal's own: `assets/index-1a2b.js`. */
  | { readonly to: 'portal'; readonly path: string }
  /** `rest` is what follows the ticket: `/extents?context=zero`. */
  | { readonly to: Audience; readonly token: string; readonly rest: string }
  | { readonly to: 'nothing' };

const engine = /^\/ovirt-engine\/(?:api|sso|services)(?=[/;?]|$)/;
const certificate = /^\/ovirt-engine\/services\/pki-resource(?:\?(.*))?$/;
/** Where people begin who know only the machine's name, RHV's portal, or ours without its slash. */
const front = /^\/(?:portal|ovirt-engine(?:\/|\/webadmin\/?)?)?(?:\?|$)/;
const portal = /^\/portal\/([^?]*)(?:\?|$)/;
const relayed = /^\/(images|consoles)\/([^/?]+)(.*)$/;

/**
 * Targets are matched as they stand, undecoded and unresolved: the api and the hosts get the very same bytes, so there
 * is nothing on which we and they could disagree.
 */
export function routeOf(target: string): Route {
  const resource = certificate.exec(target);
  if (resource) return { to: 'certificate', query: new URLSearchParams(resource[1] ?? '') };
  if (engine.test(target)) return { to: 'api' };
  const [, audience, token, rest] = relayed.exec(target) ?? [];
  if (audience !== undefined && token !== undefined && rest !== undefined)
    return { to: audience === 'images' ? 'images' : 'consoles', token, rest };
  const page = portal.exec(target)?.[1];
  if (page !== undefined) return { to: 'portal', path: page };
  return front.test(target) ? { to: 'page' } : { to: 'nothing' };
}
