import { planRemoveDisk } from '@ostler/domain/disk/plan';
import { diskReasons } from '@ostler/domain/disk/rules';
import { events } from '@ostler/domain/events/catalogue';
import { nameProblem } from '@ostler/domain/names';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf } from '@ostler/domain/reason';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import type { Database, Queries } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { newDisk } from './create.ts';
import { addDisk, removeDisk } from './jobs.ts';
import { diskDocument } from './service.ts';
import { diskById, domainForDisk, findDisk, listDiskRows, searchColumns, updateDisk, usersOfDisk, vmsOfDisk } from './store.ts';

const text = phrases({ 'disk.update': 'Changing disk {disk}' });

const collection = serve('disks', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('disks', searchColumns, parameters, now());
    return isRefusal(search) ? search : (await listDiskRows(db, reader, search)).map(diskDocument);
  },
  async add({ db, reader, input, mutate, correlation }) {
    const disk = await newDisk(db, reader, input, 'disk');
    if (isRefusal(disk)) return disk;
    return mutate({
      objects: [disk.id, disk.domain],
      plan: (tx) => disk.plan(tx),
      apply: async (tx, data) => {
        await disk.insert(tx, data);
        await emit(
          tx,
          events.disk_add_started({ disk: data.alias }),
          { disk: data.disk, storageDomain: data.domain, user: reader.user.id },
          correlation,
        );
      },
      job: addDisk,
      answer: () => read(db, reader, disk.id),
    });
  },
});

const item = serve('disk', {
  async get({ db, reader, ids }) {
    const row = await findDisk(db, reader, ids.disk);
    return row && diskDocument(row);
  },
  update: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: [ids.disk],
      plan: async (tx) => {
        const row = await diskById(tx, ids.disk);
        if (!row) throw new Error('The disk vanished while it was changed');
        const settings = {
          alias: input.alias ?? input.name ?? row.alias,
          description: input.description ?? row.description,
          wipeAfterDelete: input.wipe_after_delete ?? row.wipeAfterDelete,
          propagateErrors: input.propagate_errors ?? row.propagateErrors,
          shareable: input.shareable ?? row.shareable,
        };
        const users = await usersOfDisk(tx, row.id);
        const vms = await vmsOfDisk(tx, row.id);
        const live = settings.propagateErrors !== row.propagateErrors || settings.shareable !== row.shareable;
        return (
          refusalOf([
            nameProblem('disk', settings.alias, 'disk.alias'),
            input.provisioned_size !== undefined &&
              input.provisioned_size !== row.provisionedSize &&
              diskReasons.disk_resize_not_built('disk.provisioned_size'),
            live &&
              users.length > 0 &&
              diskReasons.disk_not_down({ disk: row.alias, vms: users.join('; '), what: 'shareable and propagate_errors' }),
            settings.shareable && row.format !== 'raw' && diskReasons.disk_shareable_raw_only('disk.shareable'),
            !settings.shareable && vms.length > 1 && diskReasons.disk_shared_already({ disk: row.alias }, 'disk.shareable'),
          ]) ??
          plan({
            title: text['disk.update']({ disk: row.alias }),
            locks: [{ object: row.id, kind: 'disk', mode: 'exclusive' }],
            data: settings,
          })
        );
      },
      apply: async (tx, settings) => {
        await updateDisk(tx, ids.disk, settings);
        await emit(tx, events.disk_updated({ disk: settings.alias }), { disk: ids.disk, user: reader.user.id }, correlation);
      },
      answer: () => read(db, reader, ids.disk),
    }),
  remove: ({ ids, mutate }) =>
    mutate({ objects: [ids.disk], plan: (tx) => removalPlan(tx, ids.disk), job: removeDisk, answer: async () => ({}) }),
});

export const diskServices = [mounted(collection), mounted(item)];

async function removalPlan(tx: Queries, id: string) {
  const row = await diskById(tx, id);
  const domain = row && (await domainForDisk(tx, row.domain));
  if (!row || !domain) throw new Error('The disk vanished while it was removed');
  return planRemoveDisk({
    id,
    alias: row.alias,
    status: row.status,
    volume: row.volume,
    capacity: row.provisionedSize,
    wipeAfterDelete: row.wipeAfterDelete,
    domain,
    users: await usersOfDisk(tx, id),
    vms: await vmsOfDisk(tx, id),
  });
}

async function read(db: Database, reader: Reader, id: string) {
  const row = await findDisk(db, reader, id);
  if (!row) throw new Error('What was just written cannot be read');
  return diskDocument(row);
}
