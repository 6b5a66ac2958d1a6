import { randomUUID } from 'node:crypto';
import { requestReasons } from '@ostler/contract/faults';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { macProblem, macReasons, nextFreeMac } from '@ostler/domain/network/mac';
import { nameProblem } from '@ostler/domain/names';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse, type Reason, type Refusal } from '@ostler/domain/reason';
import { planRemoveDisk } from '@ostler/domain/disk/plan';
import { defaultDevices, diskInterfaceProblem, nicInterfaceProblem } from '@ostler/domain/vm/devices';
import { vmReasons } from '@ostler/domain/vm/reasons';
import { href, linked } from '@ostler/contract/links';
import { isVisible } from '../access/authorize.ts';
import { emit } from '../audit/store.ts';
import { row, sql, type Database, type Transaction } from '../db/database.ts';
import { addDisk, diskById, domainForDisk, newDisk, removeDisk, usersOfDisk } from '../disk/service.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { attachmentFrom } from './attachment.ts';
import { attachmentDocument, graphicsConsoles, nicDocument, reportedDevices } from './document.ts';
import { graphicsTicket } from './routes.ts';
import { inState } from './vm.ts';
import { vmStatistics } from './statistics.ts';
import {
  attachmentsOf,
  findNic,
  findVm,
  insertAttachment,
  insertNic,
  macPoolOf,
  nicsOf,
  ownersOfDisk,
  removeAttachment,
  removeNic,
  snapshotsOf,
  statisticsOfVm,
  updateAttachment,
  updateNic,
  vmById,
  type AttachmentRow,
  type NicSettings,
  type VmRow,
} from './store.ts';
import { refusalFor } from '@ostler/domain/vm/state';

const text = phrases({
  'attachment.add': 'Attaching disk {disk} to VM {vm}',
  'attachment.update': 'Changing how disk {disk} is attached to VM {vm}',
  'attachment.remove': 'Detaching disk {disk} from VM {vm}',
  'nic.add': 'Adding NIC {nic} to VM {vm}',
  'nic.update': 'Changing NIC {nic} of VM {vm}',
  'nic.remove': 'Removing NIC {nic} from VM {vm}',
});

const attachments = serve('disk_attachments', {
  list: async ({ db, ids }) => (await attachmentsOf(db, ids.vm)).map((one) => attachmentDocument(ids.vm, one)),
  async add({ db, reader, ids, input, mutate, correlation }) {
    const vm = await present(db, ids.vm);
    const wished = input.disk ?? {};
    const settings = attachmentFrom(input, {
      disk: wished.id ?? '',
      interface: defaultDevices(vm.hardware.operatingSystem).disk,
      bootable: false,
      active: true,
      readOnly: false,
      passDiscard: false,
    });
    // An id alone names a disk that there is; a size describes one to be made.
    if (wished.provisioned_size === undefined) return attachExisting();
    const count = (await attachmentsOf(db, ids.vm)).length;
    const disk = await newDisk(db, reader, wished, `${vm.name}_Disk${count + 1}`);
    if (isRefusal(disk)) return disk;
    return mutate({
      objects: [ids.vm, disk.id, disk.domain],
      plan: async (tx) =>
        (await attachmentProblems(tx, ids.vm, { ...settings, disk: disk.id }, undefined)) ?? disk.plan(tx, { id: ids.vm }),
      apply: async (tx, data) => {
        await disk.insert(tx, data, vm.snapshot);
        await insertAttachment(tx, ids.vm, { ...settings, disk: disk.id });
        await emit(
          tx,
          events.disk_attached({ disk: data.alias, vm: vm.name }),
          { vm: ids.vm, disk: data.disk, user: reader.user.id },
          correlation,
        );
      },
      job: addDisk,
      answer: () => readAttachment(db, ids.vm, disk.id),
    });

    async function attachExisting() {
      const id = wished.id ?? '';
      if (!(await isVisible(db, reader, 'disk', id)))
        return refuse(
          vmReasons.disk_for_attachment_missing({ disk: id === '' ? (wished.name ?? wished.alias ?? '') : id }, 'disk_attachment.disk'),
        );
      return mutate({
        objects: [ids.vm, id],
        plan: async (tx) => {
          const found = await diskById(tx, id);
          if (!found) return refuse(vmReasons.disk_for_attachment_missing({ disk: id }, 'disk_attachment.disk'));
          return (
            (await attachmentProblems(tx, ids.vm, settings, found)) ??
            plan({
              title: text['attachment.add']({ disk: found.alias, vm: vm.name }),
              locks: [
                { object: ids.vm, kind: 'vm', mode: 'shared' },
                { object: id, kind: 'disk', mode: 'exclusive' },
              ],
              data: { alias: found.alias },
            })
          );
        },
        apply: async (tx, { alias }) => {
          await insertAttachment(tx, ids.vm, settings);
          await emit(tx, events.disk_attached({ disk: alias, vm: vm.name }), { vm: ids.vm, disk: id, user: reader.user.id }, correlation);
        },
        answer: () => readAttachment(db, ids.vm, id),
      });
    }
  },
});

const attachment = serve('disk_attachment', {
  get: async ({ db, ids }) =>
    (await attachmentsOf(db, ids.vm)).filter((one) => one.disk === ids.disk_attachment).map((one) => attachmentDocument(ids.vm, one))[0],
  async update({ db, ids, input, mutate }) {
    const before = await attachmentRow(db, ids.vm, ids.disk_attachment);
    if (!before) return undefined;
    const settings = attachmentFrom(input, before);
    return mutate({
      objects: [ids.vm, before.disk],
      plan: async (tx) => {
        const vm = await present(tx, ids.vm);
        return (
          (await changeProblems(tx, vm, settings, before)) ??
          plan({
            title: text['attachment.update']({ disk: before.alias, vm: vm.name }),
            locks: [{ object: ids.vm, kind: 'vm', mode: 'exclusive' }],
            data: settings,
          })
        );
      },
      apply: async (tx) => void (await updateAttachment(tx, ids.vm, settings)),
      answer: () => readAttachment(db, ids.vm, before.disk),
    });
  },
  async remove({ db, reader, ids, parameters, mutate, correlation }) {
    const before = await attachmentRow(db, ids.vm, ids.disk_attachment);
    if (!before) return undefined;
    if (parameters.detach_only === false)
      return mutate({
        objects: [ids.vm, before.disk],
        plan: async (tx) => {
          const vm = await present(tx, ids.vm);
          const against = refusalFor('change_disks', inState(vm));
          const found = await diskById(tx, before.disk);
          const domain = found && (await domainForDisk(tx, found.domain));
          if (against) return refuse(against);
          if (!found || !domain) throw new Error('The disk vanished while it was removed');
          return planRemoveDisk({
            id: found.id,
            alias: found.alias,
            status: found.status,
            volume: found.volume,
            capacity: found.provisionedSize,
            wipeAfterDelete: found.wipeAfterDelete,
            domain,
            users: await usersOfDisk(tx, found.id),
            vms: [ids.vm],
          });
        },
        job: removeDisk,
        answer: async () => ({}),
      });
    return mutate({
      objects: [ids.vm, before.disk],
      plan: async (tx) => {
        const vm = await present(tx, ids.vm);
        const against = refusalFor('change_disks', inState(vm));
        return against
          ? refuse(against)
          : plan({
              title: text['attachment.remove']({ disk: before.alias, vm: vm.name }),
              locks: [
                { object: ids.vm, kind: 'vm', mode: 'exclusive' },
                { object: before.disk, kind: 'disk', mode: 'exclusive' },
              ],
              data: { vm: vm.name },
            });
      },
      apply: async (tx, { vm }) => {
        await removeAttachment(tx, ids.vm, before.disk);
        await emit(
          tx,
          events.disk_detached({ disk: before.alias, vm }),
          { vm: ids.vm, disk: before.disk, user: reader.user.id },
          correlation,
        );
      },
      answer: async () => ({}),
    });
  },
});

const nics = serve('vm_nics', {
  list: async ({ db, ids }) => (await nicsOf(db, ids.vm)).map((one) => nicDocument(ids.vm, one)),
  add: ({ db, reader, ids, input, mutate, correlation }) => {
    const id = input.id ?? randomUUID();
    return mutate({
      objects: [ids.vm, 'mac-addresses'],
      plan: async (tx) => {
        const vm = await present(tx, ids.vm);
        const settings = await nicSettings(tx, vm, input, undefined);
        if ('refused' in settings) return settings;
        return (
          (await nicProblems(tx, vm, settings, undefined)) ??
          plan({
            title: text['nic.add']({ nic: settings.name, vm: vm.name }),
            locks: [{ object: ids.vm, kind: 'vm', mode: 'exclusive' }],
            data: { settings, vm: vm.name },
          })
        );
      },
      apply: async (tx, { settings, vm }) => {
        await insertNic(tx, ids.vm, id, settings);
        await emit(tx, events.nic_added({ nic: settings.name, vm }), { vm: ids.vm, user: reader.user.id }, correlation);
      },
      answer: () => readNic(db, ids.vm, id),
    });
  },
});

const nic = serve('vm_nic', {
  async get({ db, ids }) {
    const found = await findNic(db, ids.vm, ids.nic);
    return found && nicDocument(ids.vm, found);
  },
  update: (call) => changeNic(call, call.input),
  activate: async (call) => asAction(await changeNic(call, { plugged: true })),
  deactivate: async (call) => asAction(await changeNic(call, { plugged: false })),
  async remove({ db, reader, ids, mutate, correlation }) {
    const before = await findNic(db, ids.vm, ids.nic);
    if (!before) return undefined;
    return mutate({
      objects: [ids.vm],
      plan: async (tx) => {
        const vm = await present(tx, ids.vm);
        const against = refusalFor('change_nics', inState(vm));
        return against
          ? refuse(against)
          : plan({
              title: text['nic.remove']({ nic: before.name, vm: vm.name }),
              locks: [{ object: ids.vm, kind: 'vm', mode: 'exclusive' }],
              data: { vm: vm.name },
            });
      },
      apply: async (tx, { vm }) => {
        await removeNic(tx, ids.nic);
        await emit(tx, events.nic_removed({ nic: before.name, vm }), { vm: ids.vm, user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

const consoles = serve('vm_graphics_consoles', { list: async ({ db, reader, ids }) => graphicsConsoles(await seen(db, reader, ids.vm)) });
const oneConsole = serve('vm_graphics_console', {
  get: async ({ db, reader, ids }) => graphicsConsoles(await seen(db, reader, ids.vm)).find((one) => one.id === ids.graphics_console),
  ticket: (call) => graphicsTicket(call, call.ids.vm, call.input.ticket),
});

/** Every VM has one CD drive; its id is that of the empty tray. */
const emptyTray = '00000000-0000-0000-0000-000000000000';
const cdrom = (vm: string): Api['cdrom'] =>
  linked({ id: emptyTray, vm: { id: vm, href: href('vm', { vm }) } }, 'vms/{vm}/cdroms/{cdrom}', { vm, cdrom: emptyTray });
const cdroms = serve('vm_cdroms', { list: async ({ ids }) => [cdrom(ids.vm)] });
const oneCdrom = serve('vm_cdrom', { get: async ({ ids }) => (ids.cdrom === emptyTray ? cdrom(ids.vm) : undefined) });

const devices = serve('vm_reported_devices', { list: async ({ db, reader, ids }) => reportedDevices(await seen(db, reader, ids.vm)) });
const statistics = serve('vm_statistics', {
  list: async ({ db, reader, ids, now }) => vmStatistics(await seen(db, reader, ids.vm), await statisticsOfVm(db, ids.vm), now()),
});

const snapshots = serve('snapshots', {
  list: async ({ db, ids }) => (await snapshotsOf(db, ids.vm)).map((one) => snapshotDocument(ids.vm, one)),
});
const snapshot = serve('snapshot', {
  get: async ({ db, ids }) =>
    (await snapshotsOf(db, ids.vm)).filter((one) => one.id === ids.snapshot).map((one) => snapshotDocument(ids.vm, one))[0],
});

export const vmDeviceServices = [
  mounted(attachments),
  mounted(attachment),
  mounted(nics),
  mounted(nic),
  mounted(consoles),
  mounted(oneConsole),
  mounted(cdroms),
  mounted(oneCdrom),
  mounted(devices),
  mounted(statistics),
  mounted(snapshots),
  mounted(snapshot),
];

function snapshotDocument(vm: string, one: { id: string; kind: string; description: string; date: Date }): Api['snapshot'] {
  return linked(
    {
      id: one.id,
      description: one.description,
      date: one.date,
      snapshot_type: one.kind as NonNullable<Api['snapshot']['snapshot_type']>,
      snapshot_status: 'ok' as const,
      persist_memorystate: false,
      vm: { id: vm, href: href('vm', { vm }) },
    },
    'vms/{vm}/snapshots/{snapshot}',
    { vm, snapshot: one.id },
  );
}

type FoundDisk = NonNullable<Awaited<ReturnType<typeof diskById>>>;

async function attachmentProblems(
  tx: Transaction,
  vmId: string,
  settings: Omit<AttachmentRow, 'alias'>,
  disk: FoundDisk | undefined,
): Promise<Refusal | undefined> {
  const vm = await present(tx, vmId);
  const owners = disk ? await ownersOfDisk(tx, disk.id) : [];
  const other = owners.find((owner) => owner.id !== vmId);
  return (
    (await changeProblems(tx, vm, settings, undefined)) ??
    refusalOf([
      disk && owners.some((owner) => owner.id === vmId) && vmReasons.disk_already_attached({ disk: disk.alias, vm: vm.name }),
      disk && other && !disk.shareable && vmReasons.disk_attached_elsewhere({ disk: disk.alias, vm: other.name }),
      disk && !(await sameDataCenter(tx, vmId, disk.domain)) && vmReasons.disk_other_data_center({ disk: disk.alias, vm: vm.name }),
    ])
  );
}

async function changeProblems(
  tx: Transaction,
  vm: VmRow,
  settings: Omit<AttachmentRow, 'alias'>,
  before: AttachmentRow | undefined,
): Promise<Refusal | undefined> {
  const boot = settings.bootable
    ? (await attachmentsOf(tx, vm.id)).find((one) => one.bootable && one.disk !== settings.disk && one.disk !== before?.disk)
    : undefined;
  return refusalOf([
    refusalFor('change_disks', inState(vm)),
    boot && vmReasons.disk_boot_in_use({ vm: vm.name, disk: boot.alias }, 'disk_attachment.bootable'),
    diskInterfaceProblem(vm.name, vm.hardware, settings),
  ]);
}

const sameDataCenter = async (tx: Transaction, vm: string, domain: string) =>
  (await row(
    tx,
    sql`select 1 from vms m join clusters c on c.id = m.cluster_id join storage_domains s on s.data_center_id = c.data_center_id where m.id = ${vm} and s.id = ${domain}`,
  )) !== undefined;

type NicCall = Parameters<Parameters<typeof serve<'vm_nic'>>[1]['update']>[0];

async function changeNic(
  { db, reader, ids, mutate, correlation }: Pick<NicCall, 'db' | 'reader' | 'ids' | 'mutate' | 'correlation'>,
  input: Api['nic'],
) {
  const before = await findNic(db, ids.vm, ids.nic);
  if (!before) return undefined;
  return mutate({
    objects: [ids.vm, 'mac-addresses'],
    plan: async (tx) => {
      const vm = await present(tx, ids.vm);
      const settings = await nicSettings(tx, vm, input, before);
      if ('refused' in settings) return settings;
      return (
        (await nicProblems(tx, vm, settings, before)) ??
        plan({
          title: text['nic.update']({ nic: settings.name, vm: vm.name }),
          locks: [{ object: ids.vm, kind: 'vm', mode: 'exclusive' }],
          data: { settings, vm: vm.name },
        })
      );
    },
    apply: async (tx, { settings, vm }) => {
      await updateNic(tx, ids.nic, settings);
      await emit(tx, events.nic_updated({ nic: settings.name, vm }), { vm: ids.vm, user: reader.user.id }, correlation);
    },
    answer: () => readNic(db, ids.vm, ids.nic),
  });
}

/** An action answers an action document, not the NIC. */
const asAction = <T>(outcome: T): Exclude<T, Api['nic'] | undefined> | Refusal | Record<string, never> => {
  if (outcome === undefined) return refuse(requestReasons.path_unknown());
  return typeof outcome === 'object' && outcome !== null && ('refused' in outcome || 'plan' in outcome)
    ? (outcome as Exclude<T, Api['nic'] | undefined>)
    : {};
};

async function nicSettings(tx: Transaction, vm: VmRow, input: Api['nic'], before: NicSettings | undefined): Promise<NicSettings | Refusal> {
  const pool = await macPoolOf(tx, vm.id);
  const wished = input.mac?.address?.toLowerCase();
  const mac = wished || (before?.mac ?? nextFreeMac(pool.ranges, pool.taken));
  if (mac === undefined) return refuse(macReasons.mac_pool_empty());
  const problem = mac === before?.mac ? undefined : macProblem(mac, pool.taken, pool.allowDuplicates, 'nic.mac.address');
  if (problem) return refuse(problem);
  // An empty profile reference takes the NIC off its network.
  const profile = input.vnic_profile === undefined ? (before?.profile ?? null) : (input.vnic_profile.id ?? null) || null;
  return {
    name: input.name ?? before?.name ?? '',
    mac,
    interface: input.interface ?? before?.interface ?? defaultDevices(vm.hardware.operatingSystem).nic,
    profile,
    linked: input.linked ?? before?.linked ?? true,
    plugged: input.plugged ?? before?.plugged ?? true,
  };
}

async function nicProblems(
  tx: Transaction,
  vm: VmRow,
  settings: NicSettings,
  before: NicSettings | undefined,
): Promise<Refusal | undefined> {
  const others = (await nicsOf(tx, vm.id)).filter((one) => one.name !== before?.name);
  const unknown: Reason | false =
    settings.profile !== null &&
    !(await row(tx, sql`select 1 from vnic_profiles where id::text = ${settings.profile}`)) &&
    vmReasons.nic_profile_unknown({ profile: settings.profile }, 'nic.vnic_profile');
  return refusalOf([
    refusalFor('change_nics', inState(vm)),
    nameProblem('NIC', settings.name, 'nic.name'),
    others.some((one) => one.name.toLowerCase() === settings.name.toLowerCase()) &&
      vmReasons.nic_name_taken({ vm: vm.name, nic: settings.name }, 'nic.name'),
    nicInterfaceProblem(vm.hardware.operatingSystem, settings.interface),
    unknown,
  ]);
}

async function present(db: Database | Transaction, id: string): Promise<VmRow> {
  const found = await vmById(db, id);
  if (!found) throw new Error('The VM vanished while it was looked at');
  return found;
}

async function seen(...args: Parameters<typeof findVm>): Promise<VmRow> {
  const found = await findVm(...args);
  if (!found) throw new Error('The VM vanished while it was looked at');
  return found;
}

const attachmentRow = async (db: Database, vm: string, disk: string) => (await attachmentsOf(db, vm)).find((one) => one.disk === disk);

async function readAttachment(db: Database, vm: string, disk: string): Promise<Api['disk_attachment']> {
  const found = await attachmentRow(db, vm, disk);
  if (!found) throw new Error('What was just written cannot be read');
  return attachmentDocument(vm, found);
}

async function readNic(db: Database, vm: string, id: string): Promise<Api['nic']> {
  const found = await findNic(db, vm, id);
  if (!found) throw new Error('What was just written cannot be read');
  return nicDocument(vm, found);
}
