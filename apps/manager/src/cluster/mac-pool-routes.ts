import { randomUUID } from 'node:crypto';
import { linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { macPoolProblems, macPoolRemovalProblems, macReasons, normalRange, type MacPoolSettings } from '@ostler/domain/network/mac';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refusalOf } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { there } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import {
  findMacPool,
  insertMacPool,
  listMacPools,
  macPoolSurroundings,
  removeMacPool,
  updateMacPool,
  usersOfMacPool,
  type MacPoolRow,
} from './mac-pool-store.ts';

const text = phrases({
  'mac-pool.add': 'Adding MAC pool {name}',
  'mac-pool.update': 'Changing MAC pool {name}',
  'mac-pool.remove': 'Removing MAC pool {name}',
});

/** No two pools have an address: they are changed one after the other, and no NIC gets one meanwhile. */
const turn = ['mac pools', 'mac-addresses'];

const collection = serve('mac_pools', {
  list: async ({ db, reader, parameters }) => (await listMacPools(db, reader, parameters.max)).map(document),
  add({ db, reader, input, mutate, correlation }) {
    const id = input.id ?? randomUUID();
    const settings = wished(input, { name: '', description: '', ranges: [], allowDuplicates: false });
    return mutate({
      objects: turn,
      plan: async (tx) =>
        defaultProblem(input, false) ??
        macPoolProblems(settings, await macPoolSurroundings(tx, id)) ??
        plan({ title: text['mac-pool.add']({ name: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertMacPool(tx, id, settings);
        await emit(tx, events.mac_pool_added({ name: settings.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findMacPool(db, reader, id))),
    });
  },
});

const item = serve('mac_pool', {
  async get({ db, reader, ids }) {
    const row = await findMacPool(db, reader, ids.mac_pool);
    return row && document(row);
  },
  update: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: turn,
      plan: async (tx) => {
        const before = there(await findMacPool(tx, reader, ids.mac_pool));
        const settings = wished(input, before);
        return (
          defaultProblem(input, before.defaultPool) ??
          macPoolProblems(settings, await macPoolSurroundings(tx, ids.mac_pool)) ??
          plan({ title: text['mac-pool.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateMacPool(tx, ids.mac_pool, settings);
        await emit(tx, events.mac_pool_updated({ name: settings.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findMacPool(db, reader, ids.mac_pool))),
    }),
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: turn,
      plan: async (tx) => {
        const pool = there(await findMacPool(tx, reader, ids.mac_pool));
        return (
          macPoolRemovalProblems(pool, await usersOfMacPool(tx, pool.id)) ??
          plan({ title: text['mac-pool.remove']({ name: pool.name }), data: pool.name })
        );
      },
      apply: async (tx, name) => {
        await removeMacPool(tx, ids.mac_pool);
        await emit(tx, events.mac_pool_removed({ name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
});

export const macPoolServices = [mounted(collection), mounted(item)];

const defaultProblem = (input: Api['mac_pool'], is: boolean) =>
  refusalOf([input.default_pool !== undefined && input.default_pool !== is && macReasons.mac_pool_default_fixed('mac_pool.default_pool')]);

/** What is not named stays as it is; ranges are named all together. */
const wished = (input: Api['mac_pool'], base: MacPoolSettings): MacPoolSettings => ({
  name: input.name ?? base.name,
  description: input.description ?? base.description,
  ranges: input.ranges ? input.ranges.map(({ from = '', to = '' }) => normalRange({ from, to })) : base.ranges,
  allowDuplicates: input.allow_duplicates ?? base.allowDuplicates,
});

const document = (row: MacPoolRow): Api['mac_pool'] =>
  linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      allow_duplicates: row.allowDuplicates,
      default_pool: row.defaultPool,
      ranges: row.ranges.map(({ from, to }) => ({ from, to })),
    },
    'macpools/{mac_pool}',
    { mac_pool: row.id },
  );
