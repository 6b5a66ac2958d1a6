import { randomBytes, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { nameProblem } from '@ostler/domain/names';
import { phrases, say } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse, type Refusal } from '@ostler/domain/reason';
import { changed, fittingFirmware, type Hardware } from '@ostler/domain/vm/hardware';
import { planRemoveVm, planRunAction, planStart, schedulableMemory, vmPlanReasons, type RunAction } from '@ostler/domain/vm/plan';
import { vmReasons } from '@ostler/domain/vm/reasons';
import { refusalFor, type VmInState } from '@ostler/domain/vm/state';
import { planRemoveDisk } from '@ostler/domain/disk/plan';
import { idOf } from '../access/authorize.ts';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import type { Database, Transaction } from '../db/database.ts';
import { diskById, domainForDisk, usersOfDisk } from '../disk/service.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { openConsole } from './consoles.ts';
import { vmDocument } from './document.ts';
import { hardwareWish } from './hardware-document.ts';
import { hardwareRefusal } from './hardware-refusal.ts';
import { inlineDisks } from './inline-disks.ts';
import { removeVm, runAction, startVm } from './jobs.ts';
import {
  attachmentsOf,
  beginRun,
  candidateHosts,
  clusterForVm,
  disksToStart,
  findVm,
  insertAttachment,
  insertVm,
  listVms,
  networksToStart,
  ownersOfDisk,
  searchColumns,
  setStopReason,
  streamVms,
  templateForVm,
  updateVm,
  vmById,
  vmNameTaken,
  type VmRow,
} from './store.ts';

const text = phrases({
  'vm.add': 'Creating VM {vm}',
  'vm.update': 'Changing VM {vm}',
  'effect.vm-added': 'VM {vm} is there, and down',
  'vm.stopped-already': 'VM {vm} is down already',
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
        const wrong = await problems(tx, { id, name, cluster, hardware });
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
      answer: () => read(db, reader, id),
    });
  },
});

const item = serve('vm', {
  async get({ db, reader, ids }) {
    const row = await findVm(db, reader, ids.vm);
    return row && vmDocument(row);
  },
  update: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: [ids.vm, `vm-name ${(input.name ?? '').toLowerCase()}`],
      plan: async (tx) => {
        const row = await present(tx, ids.vm);
        const hardware = changed(row.hardware, hardwareWish(input, row.hardware));
        const name = input.name ?? row.name;
        const differs = !isDeepStrictEqual(hardware, row.hardware);
        const against = refusalOf([
          refusalFor('edit', inState(row)),
          // What a running VM's next start would change is the next-run configuration's business, which is not built yet.
          differs && row.run !== null && vmReasons.vm_change_needs_down({ vm: row.name }),
          input.cluster?.id !== undefined && input.cluster.id !== row.cluster && vmReasons.vm_cluster_change_not_built('vm.cluster'),
        ]);
        return (
          against ??
          (await problems(tx, { id: row.id, name, cluster: row.cluster, hardware, before: row.hardware })) ??
          plan({
            title: text['vm.update']({ vm: name }),
            locks: [{ object: row.id, kind: 'vm', mode: 'exclusive' }],
            data: {
              name,
              description: input.description ?? row.description,
              comment: input.comment ?? row.comment,
              hardware,
              deleteProtected: input.delete_protected ?? row.deleteProtected,
            },
          })
        );
      },
      apply: async (tx, settings) => {
        await updateVm(tx, ids.vm, settings);
        await emit(
          tx,
          events.vm_updated({ vm: settings.name, user: reader.user.userName }),
          { vm: ids.vm, user: reader.user.id },
          correlation,
        );
      },
      answer: () => read(db, reader, ids.vm),
    }),
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
  start: async ({ db, reader, ids, input, mutate, correlation }) => {
    const row = await findVm(db, reader, ids.vm);
    if (row?.status === 'paused') return act({ ids, mutate }, 'resume');
    const host = input.vm?.placement_policy?.hosts?.[0];
    const wanted = host?.id ?? (host?.name === undefined ? undefined : await idOf(db, reader, 'host', host.name));
    return mutate({
      objects: [ids.vm, `scheduling ${row?.cluster ?? ''}`],
      plan: (tx) => startPlan(tx, ids.vm, wanted, input.pause === true),
      apply: async (tx, data) => {
        await beginRun(tx, data.vm, data.run, data.host);
        await emit(
          tx,
          events.vm_run_requested({ vm: data.name, user: reader.user.userName, host: data.hostName }),
          { vm: data.vm, host: data.host, user: reader.user.id },
          correlation,
        );
      },
      job: startVm,
      answer: async () => ({}),
    });
  },
  stop: (call) => stop(call),
  shutdown: ({ ids, input, mutate }) => act({ ids, mutate }, 'shutdown', input.reason),
  reboot: ({ ids, mutate }) => act({ ids, mutate }, 'reboot'),
  reset: ({ ids, mutate }) => act({ ids, mutate }, 'reset'),
  ticket: (call) => graphicsTicket(call, call.ids.vm, call.input.ticket),
  serialconsoleticket: (call) => openConsole(call, call.ids.vm, 'serial'),
});

export const vmServices = [mounted(collection), mounted(item)];

async function* documents(rows: AsyncIterable<VmRow>): AsyncGenerator<Api['vm']> {
  for await (const row of rows) yield vmDocument(row);
}

/** Already down is success: what was asked is so. */
async function stop({
  db,
  ids,
  input,
  mutate,
}: {
  db: Database;
  ids: { vm: string };
  input: { reason?: string | undefined };
  mutate: Context['mutate'];
}) {
  const row = await vmById(db, ids.vm);
  if (row?.status !== 'down') return act({ ids, mutate }, 'stop', input.reason);
  return mutate({
    objects: [],
    plan: async () => plan({ title: text['vm.stopped-already']({ vm: row.name }), data: {} }),
    answer: async () => ({}),
  });
}

const act = ({ ids, mutate }: { ids: { vm: string }; mutate: Context['mutate'] }, action: RunAction['action'], reason?: string) =>
  mutate({
    objects: [ids.vm],
    plan: async (tx) => {
      const row = await present(tx, ids.vm);
      return planRunAction({ vm: { ...inState(row), id: row.id, run: row.run ?? undefined, host: row.host ?? undefined } }, action, reason);
    },
    apply: async (tx) => {
      if (reason) await setStopReason(tx, ids.vm, reason.slice(0, 4096));
    },
    job: runAction,
    answer: async () => ({}),
  });

/** Paused for the console's password: `ticket` is RHV's action for VNC and SPICE alike. */
export async function graphicsTicket(context: Context, vm: string, ticket: Api['ticket'] | undefined) {
  const value = ticket?.value ?? randomBytes(6).toString('base64url');
  const expiry = ticket?.expiry ?? 7200;
  const opened = await openConsole(context, vm, 'graphics', { password: value, seconds: expiry });
  return 'url' in opened ? { ticket: { value, expiry } } : opened;
}

async function startPlan(tx: Transaction, vm: string, host: string | undefined, paused: boolean) {
  const row = await present(tx, vm);
  const cluster = await clusterForVm(tx, row.cluster);
  const nics = await networksToStart(tx, vm);
  const hosts = await candidateHosts(tx, row.cluster);
  return planStart(
    {
      vm: { ...inState(row), id: row.id, hardware: row.hardware },
      cluster: cluster?.name ?? '',
      disks: await disksToStart(tx, vm),
      networks: nics.flatMap(({ network }) => (network === null ? [] : [network])),
      nicCount: nics.length,
      hosts: hosts.map(({ memory, committed, ...one }) => ({
        ...one,
        schedulable: schedulableMemory({ memory, committed }, cluster?.settings.overcommitPercent ?? 100),
      })),
    },
    { run: randomUUID(), host, paused },
  );
}

interface Judged {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly hardware: Hardware;
  readonly before?: Hardware;
}

async function problems(tx: Transaction, { id, name, ...vm }: Judged): Promise<Refusal | undefined> {
  const wrong = nameProblem('VM', name, 'vm.name');
  if (wrong) return refuse(wrong);
  if (await vmNameTaken(tx, name, id)) return refuse(vmPlanReasons.vm_name_taken({ name }, 'vm.name'));
  return hardwareRefusal(tx, { id, ...vm });
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

async function present(tx: Transaction | Database, id: string): Promise<VmRow> {
  const row = await vmById(tx, id);
  if (!row) throw new Error('The VM vanished while it was looked at');
  return row;
}

export const inState = (row: VmRow): VmInState => ({
  name: row.name,
  status: row.status,
  deleteProtected: row.deleteProtected,
  ...(row.heldBy && { heldBy: say(row.heldBy) }),
});

async function read(db: Database, reader: Reader, id: string): Promise<Api['vm']> {
  const row = await findVm(db, reader, id);
  if (!row) throw new Error('What was just written cannot be read');
  return vmDocument(row);
}
