import { randomUUID } from 'node:crypto';
import { href } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse } from '@ostler/domain/reason';
import { storageTypeReasons } from '@ostler/domain/storage-domain/rules';
import { nameOf } from '../access/authorize.ts';
import { there } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { connectionFrom } from './connection.ts';
import {
  connectionTaken,
  domainOver,
  findConnection,
  insertConnection,
  listConnections,
  ofDomain,
  removeConnection,
  updateConnection,
  type ConnectionRow,
} from './connection-store.ts';

const text = phrases({
  'storage-connection.add': 'Adding the connection to {path}',
  'storage-connection.update': 'Changing the connection to {path}',
  'storage-connection.remove': 'Removing the connection to {path}',
});

const connections = serve('storage_server_connections', {
  list: async ({ db, reader, parameters }) => (await listConnections(db, reader, parameters.max)).map((row) => document(row)),
  async add({ db, reader, input, mutate }) {
    const id = input.id ?? randomUUID();
    const wish = connectionFrom(input, 'storage_connection');
    if (isRefusal(wish)) return wish;
    return mutate({
      objects: [wish.path],
      plan: async (tx) =>
        refusalOf([
          (await connectionTaken(tx, wish, id)) &&
            storageTypeReasons.storage_connection_taken({ path: wish.path }, 'storage_connection.path'),
        ]) ?? plan({ title: text['storage-connection.add']({ path: wish.path }), data: {} }),
      apply: async (tx) => void (await insertConnection(tx, id, wish)),
      answer: async () => document(there(await findConnection(db, reader, id))),
    });
  },
});

const connection = serve('storage_server_connection', {
  async get({ db, reader, ids }) {
    const row = await findConnection(db, reader, ids.storage_connection);
    return row && document(row);
  },
  /** With `force` also while a domain is in use: whoever moved its server has nothing else left. */
  async update({ db, reader, ids, input, parameters, mutate }) {
    const before = await findConnection(db, reader, ids.storage_connection);
    if (!before) return undefined;
    const wish = connectionFrom({ ...document(before), ...input }, 'storage_connection');
    if (isRefusal(wish)) return wish;
    return mutate({
      objects: [before.id, wish.path],
      plan: async (tx) => {
        const user = await domainOver(tx, before.id);
        const held = user && parameters.force !== true && user.status !== 'maintenance' && user.status !== 'unattached';
        return (
          refusalOf([
            wish.type !== before.type && storageTypeReasons.storage_connection_type_fixed({ type: before.type }, 'storage_connection.type'),
            held &&
              storageTypeReasons.storage_connection_in_use({
                domain: user.name,
                help: 'Move it to maintenance first, or say force=true if its storage has moved already.',
              }),
            (await connectionTaken(tx, wish, before.id)) &&
              storageTypeReasons.storage_connection_taken({ path: wish.path }, 'storage_connection.path'),
          ]) ?? plan({ title: text['storage-connection.update']({ path: wish.path }), data: {} })
        );
      },
      apply: async (tx) => void (await updateConnection(tx, before.id, wish)),
      answer: async () => document(there(await findConnection(db, reader, before.id))),
    });
  },
  async remove({ db, reader, ids, mutate }) {
    const before = await findConnection(db, reader, ids.storage_connection);
    if (!before) return undefined;
    return mutate({
      objects: [before.id],
      plan: async (tx) => {
        const user = await domainOver(tx, before.id);
        return (
          refusalOf([user && storageTypeReasons.storage_connection_in_use({ domain: user.name, help: 'It goes with the domain.' })]) ??
          plan({ title: text['storage-connection.remove']({ path: before.path }), data: {} })
        );
      },
      apply: async (tx) => void (await removeConnection(tx, before.id)),
      answer: async () => ({}),
    });
  },
});

const ofOneDomain = serve('storage_domain_server_connections', {
  list: async ({ db, reader, ids, parameters }) =>
    (await listConnections(db, reader, parameters.max, ofDomain(ids.storage_domain))).map((row) => document(row)),
  add: (call) => sole(call, call.ids.storage_domain),
});
const oneOfDomain = serve('storage_domain_server_connection', {
  get: async ({ db, reader, ids }) =>
    (await listConnections(db, reader, undefined, ofDomain(ids.storage_domain)))
      .filter((row) => row.id === ids.storage_connection)
      .map((row) => document(row))[0],
  remove: (call) => sole(call, call.ids.storage_domain),
});

export const storageConnectionServices = [mounted(connections), mounted(connection), mounted(ofOneDomain), mounted(oneOfDomain)];

/** Only block storage is reached over several connections, and that is not built. */
const sole = async ({ db }: Context, domain: string) =>
  refuse(
    storageTypeReasons.storage_connection_sole({
      domain: ((await nameOf(db, 'storage_domain', domain)) ?? '').replace('storage domain ', ''),
    }),
  );

const document = (row: ConnectionRow): Api['storage_connection'] => ({
  id: row.id,
  href: href('storage_server_connection', { storage_connection: row.id }),
  type: row.type,
  path: row.path,
  ...(row.address !== null && { address: row.address }),
  ...(row.vfsType !== null && { vfs_type: row.vfsType }),
  ...(row.mountOptions !== null && { mount_options: row.mountOptions }),
});
