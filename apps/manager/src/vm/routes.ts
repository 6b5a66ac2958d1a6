import { randomBytes, randomUUID } from 'node:crypto';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refuse } from '@ostler/domain/reason';
import { changed, fittingFirmware } from '@ostler/domain/vm/hardware';
import { planRemoveVm } from '@ostler/domain/vm/plan';
import { vmReasons } from '@ostler/domain/vm/reasons';
import { planRemoveDisk } from '@ostler/domain/disk/plan';
import { idOf } from '../access/authorize.ts';
import { emit } from '../audit/store.ts';
import type { Transaction } from '../db/database.ts';
import { diskById, domainForDisk, usersOfDisk } from '../disk/service.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { act, shutdown, stop, suspend } from './actions.ts';
import { openConsole } from './consoles.ts';
import { start } from './start.ts';
import { changeVm } from './update.ts';
import { inState, present, readVm, vmProblems } from './vm.ts';
import { vmDocument } from './document.ts';
import { hardwareWish } from './hardware-document.ts';
import { inlineDisks } from './inline-disks.ts';
import { removeVm } from './jobs.ts';
import {
  attachmentsOf,
  clusterForVm,
  findVm,
  insertAttachment,
  insertVm,
  listVms,
  ownersOfDisk,
  searchColumns,
  streamVms,
  templateForVm,
  type VmRow,
} from './store.ts';

const text = phrases({
  'vm.add': 'Creating VM {vm}',
  'effect.vm-added': 'VM {vm} is there, and down',
});

const collection = serve('vms', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('vms', searchColumns(reader), parameters, now());
    if (isRefusal(search)) return search;
    // A page is one statement; the whole list comes in pieces, so that it neither waits for a slow reader nor fills the memory.
    const whole = parameters.max === undefined && !/\b(sortby|page)\b/i.test(parameters.search ?? '');
    return whole ? documents(streamVms(db, reader, search)) : (await listVms(db, reader, search)).map(vmDocument);
  },
  async add({ db, reader, input, mutate, correlation }) {
    if (input.initialization?.configuration) return refuse(vmReasons.vm_from_ovf_not_built('vm.initialization.configuration'));
    const cluster = input.cluster?.id ?? (await idOf(db, reader, 'cluster', input.cluster?.name ?? '')) ?? '';
    const template = input.template?.id ?? (await idOf(db, reader, 'template', input.template?.name ?? '')) ?? fixedIds.blankTemplate;
    const id = input.id ?? randomUUID();
    const name = input.name ?? '';
    const wished = input.disk_attachments ?? [];
    return mutate({
      objects: [id, `vm-name ${name.toLowerCase()}`, ...wished.flatMap(({ disk }) => disk?.id ?? [])],
      plan: async (tx) => {
        const base = await templateForVm(tx, template);
        const home = await clusterForVm(tx, cluster);
        if (!base || !home) return refuse(vmReasons.vm_cluster_unknown({ cluster: input.cluster?.name ?? cluster }, 'vm.cluster'));
        const wish = hardwareWish(input);
        const firmware = fittingFirmware(home.settings.firmware, wish.operatingSystem ?? base.hardware.operatingSystem);
        const hardware = changed({ ...base.hardware, firmware }, wish);
        const wrong = await vmProblems(tx, { id, name, cluster, hardware });
        if (wrong) return wrong;
        const disks = await inlineDisks(tx, reader, { name, dataCenter: home.dataCenter, hardware }, wished);
        if (isRefusal(disks)) return disks;
        return plan({
          title: text['vm.add']({ vm: name }),
          effects: [text['effect.vm-added']({ vm: name })],
          locks: [
            { object: id, kind: 'vm', mode: 'exclusive' },
            ...disks.map(({ disk }) => ({ object: disk, kind: 'disk', mode: 'exclusive' }) as const),
          ],
          data: { hardware, disks },
        });
      },
      apply: async (tx, { hardware, disks }) => {
        await insertVm(tx, {
          id,
          name,
          description: input.description ?? '',
          comment: input.comment ?? '',
          cluster,
          template,
          hardware,
          deleteProtected: input.delete_protected ?? false,
          createdBy: reader.user.id,
          snapshot: randomUUID(),
        });
        for (const disk of disks) await insertAttachment(tx, id, disk);
        await emit(tx, events.vm_added({ vm: name, user: reader.user.userName }), { vm: id, cluster, user: reader.user.id }, correlation);
      },
      answer: () => readVm(db, reader, id),
    });
  },
});

const item = serve('vm', {
  async get({ db, reader, ids, parameters }) {
    const row = await findVm(db, reader, ids.vm);
    return row && vmDocument(parameters.next_run === true && row.nextRun ? { ...row, hardware: row.nextRun } : row);
  },
  update: (call) => changeVm(call),
  remove: ({ ids, parameters, mutate }) =>
    mutate({
      objects: [ids.vm],
      plan: async (tx) => {
        const row = await present(tx, ids.vm);
        return planRemoveVm(
          { vm: { ...inState(row), id: row.id }, disks: await removalDisks(tx, row.id) },
          { detachOnly: parameters.detach_only === true },
        );
      },
      job: removeVm,
      answer: async () => ({}),
    }),
  start: (call) => start(call),
  stop: (call) => stop(call),
  shutdown: (call) => shutdown(call),
  suspend: (call) => suspend(call),
  reboot: (call) => act(call, 'reboot'),
  reset: (call) => act(call, 'reset'),
  ticket: (call) => graphicsTicket(call, call.ids.vm, call.input.ticket),
  serialconsoleticket: (call) => openConsole(call, call.ids.vm, 'serial'),
});

export const vmServices = [mounted(collection), mounted(item)];

async function* documents(rows: AsyncIterable<VmRow>): AsyncGenerator<Api['vm']> {
  for await (const row of rows) yield vmDocument(row);
}

/** Paused for the console's password: `ticket` is RHV's action for VNC and SPICE alike. */
export async function graphicsTicket(context: Context, vm: string, ticket: Api['ticket'] | undefined) {
  const value = ticket?.value ?? randomBytes(6).toString('base64url');
  const expiry = ticket?.expiry ?? 7200;
  const opened = await openConsole(context, vm, 'graphics', { password: value, seconds: expiry });
  return 'url' in opened ? { ticket: { value, expiry } } : opened;
}

async function removalDisks(tx: Transaction, vm: string) {
  const found = [];
  for (const { disk } of await attachmentsOf(tx, vm)) {
    const row = await diskById(tx, disk);
    const domain = row && (await domainForDisk(tx, row.domain));
    if (!row || !domain) continue;
    const planned = planRemoveDisk({
      id: disk,
      alias: row.alias,
      status: row.status,
      volume: row.volume,
      capacity: row.provisionedSize,
      wipeAfterDelete: row.wipeAfterDelete,
      domain,
      users: await usersOfDisk(tx, disk),
      vms: [],
    });
    found.push({
      disk,
      alias: row.alias,
      domain: row.domain,
      host: domain.hosts[0],
      wipe: row.wipeAfterDelete,
      shared: (await ownersOfDisk(tx, disk)).some((owner) => owner.id !== vm),
      refused: isRefusal(planned) ? planned : undefined,
    });
  }
  return found;
}
