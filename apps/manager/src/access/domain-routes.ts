import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { accessReasons } from '@ostler/domain/access/reasons';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { isRefusal, refuse } from '@ostler/domain/reason';
import { sql } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { domainId, internalDomain } from './domains.ts';
import { findGroup, groupDocument, groupInDomain } from './group-routes.ts';
import { systemRolesOf } from './profile-store.ts';
import { findRole } from './role-store.ts';
import { roleDocument } from './role-routes.ts';
import { groupSearchColumns, listGroups, listUsers, userSearchColumns, visibleUser } from './store.ts';
import { userDocument } from './user-routes.ts';

/** Directories. There is Ostler's own; its users and groups are those that have been added, as nobody else is in it. */

const domains = serve('domains', { list: ({ parameters }) => [domainDocument()].slice(0, parameters.max) });
const item = serve('domain', { get: ({ ids }) => (isOwn(ids.domain) ? domainDocument() : undefined) });

const users = serve('domain_users', {
  async list({ db, reader, ids, parameters, now }) {
    if (!isOwn(ids.domain)) return unknown(ids.domain);
    const search = searchSql('users', userSearchColumns, parameters, now());
    return isRefusal(search) ? search : (await listUsers(db, reader, search)).map((row) => inDomain(ids.domain, userDocument(row)));
  },
});
const user = serve('domain_user', {
  async get({ db, reader, ids }) {
    const row = isOwn(ids.domain) ? await visibleUser(db, reader, ids.user) : undefined;
    return row && inDomain(ids.domain, userDocument(row));
  },
});
const groups = serve('domain_groups', {
  async list({ db, reader, ids, parameters, now }) {
    if (!isOwn(ids.domain)) return unknown(ids.domain);
    const search = searchSql('groups', groupSearchColumns, parameters, now());
    return isRefusal(search) ? search : (await listGroups(db, reader, search)).map((row) => groupInDomain(ids.domain, row));
  },
});
const group = serve('domain_group', {
  async get({ db, reader, ids }) {
    const row = isOwn(ids.domain) ? await findGroup(db, reader, ids.group) : undefined;
    return row && groupInDomain(ids.domain, row);
  },
});

const groupsOfUser = serve('domain_user_groups', {
  list: async ({ db, reader, ids }) =>
    (await listGroups(db, reader, undefined, sql`id in (select group_id from group_members where user_id = ${ids.user})`)).map(
      groupDocument,
    ),
});

const roles = serve('assigned_roles', {
  async list({ db, ids, parameters }) {
    const held = await systemRolesOf(db, ids.user ?? ids.group ?? '', fixedIds.system);
    const found = await Promise.all(held.map(({ id }) => findRole(db, id)));
    return found.flatMap((role) => (role ? [roleDocument(role)] : [])).slice(0, parameters.max);
  },
});

export const domainServices = [users, user, groups, group, groupsOfUser, roles, domains, item].map((one) => mounted(one));

const isOwn = (id: string): boolean => id === domainId(internalDomain);
const unknown = (id: string) => refuse(accessReasons.object_not_found({ type: 'domain', name: id.slice(0, 60) }));
const inDomain = (domain: string, document: Api['user']): Api['user'] => ({
  ...document,
  href: href('domain_user', { domain, user: document.id ?? '' }),
});

const domainDocument = (): Api['domain'] =>
  linked({ id: domainId(internalDomain), name: internalDomain }, 'domains/{domain}', { domain: domainId(internalDomain) });
