import { randomUUID } from 'node:crypto';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refuse } from '@ostler/domain/reason';
import { planTransfer, transferPlanReasons } from '@ostler/domain/transfer/plan';
import { transferActions, type TransferAction } from '@ostler/domain/transfer/state';
import { isUuid } from '../access/authorize.ts';
import { emit } from '../audit/store.ts';
import { setLegal } from '../disk/service.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { wakeJob } from '../jobs/store.ts';
import { transferImage } from './jobs.ts';
import { findTransfer, insertTransfer, listTransfers, setPhase, touch, transferById, transferFacts, type TransferRow } from './store.ts';

const text = phrases({ 'transfer.ask': 'Asking the transfer of disk {disk} to {action}' });

const collection = serve('image_transfers', {
  async list(call) {
    const rows = await listTransfers(call.db, call.reader);
    return Promise.all(rows.map((row) => document(call, row)));
  },
  async add({ input, ...call }) {
    const { db, reader, mutate, secrets, correlation } = call;
    if (input.snapshot || input.backup)
      return refuse(transferPlanReasons.transfer_source_not_built(input.snapshot ? 'image_transfer.snapshot' : 'image_transfer.backup'));
    const id = input.id !== undefined && isUuid(input.id) ? input.id : randomUUID();
    const disk = input.disk?.id ?? input.image?.id ?? '';
    const ticket = randomUUID();
    const direction = input.direction ?? 'upload';
    const wish = {
      id,
      ticket,
      direction,
      format: input.format,
      host: input.host?.id,
      inactivityTimeout: input.inactivity_timeout ?? 60,
      timeoutPolicy: input.timeout_policy ?? ('legacy' as const),
    };
    return mutate({
      objects: [id, disk],
      plan: async (tx) => {
        const facts = isUuid(disk) ? await transferFacts(tx, disk) : undefined;
        return facts ? planTransfer(facts, wish) : refuse(transferPlanReasons.transfer_disk_unknown({ disk }, 'image_transfer.disk'));
      },
      apply: async (tx, data, job) => {
        const secret = await secrets.put(tx, { kind: 'transfer ticket', object: id, value: ticket });
        await insertTransfer(tx, { ...data, id, job, ticket: secret, shallow: input.shallow ?? false });
        if (direction === 'upload') await setLegal(tx, data.volume, false);
        await emit(
          tx,
          events.transfer_started({ direction: direction === 'upload' ? 'Upload' : 'Download', disk: data.alias }),
          { disk: data.disk, user: reader.user.id },
          correlation,
        );
      },
      job: transferImage,
      answer: async () => {
        const row = await findTransfer(db, reader, id);
        if (!row) throw new Error('What was just written cannot be read');
        return document(call, row);
      },
    });
  },
});

const item = serve('image_transfer', {
  async get(call) {
    const row = await findTransfer(call.db, call.reader, call.ids.image_transfer);
    return row && document(call, row);
  },
  extend: (call) => ask(call, call.ids.image_transfer, 'extend'),
  pause: (call) => ask(call, call.ids.image_transfer, 'pause'),
  resume: (call) => ask(call, call.ids.image_transfer, 'resume'),
  cancel: (call) => ask(call, call.ids.image_transfer, 'cancel'),
  finalize: (call) => ask(call, call.ids.image_transfer, 'finalize'),
});

export const transferServices = [mounted(collection), mounted(item)];

/** Writes what somebody wants of a transfer, and wakes its job, which does it. */
function ask({ mutate, now }: Context, id: string, action: TransferAction) {
  const rule = transferActions[action];
  return mutate({
    objects: [id],
    plan: async (tx) => {
      const row = await transferById(tx, id);
      if (!row) throw new Error('The transfer vanished while it was asked');
      if (action === 'pause' && row.direction === 'download') return refuse(transferPlanReasons.transfer_download_not_paused());
      if (!rule.from.some((phase) => phase === row.phase))
        return refuse(transferPlanReasons.transfer_wrong_phase({ phase: row.phase.replaceAll('_', ' '), action }));
      return plan({ title: text['transfer.ask']({ disk: row.disk, action }), data: { job: row.job } });
    },
    apply: async (tx, { job }) => {
      if (rule.to === undefined) await touch(tx, now(), id);
      else await setPhase(tx, now(), id, rule.to, rule.from);
      if (job !== null) await wakeJob(tx, job);
    },
    answer: async () => ({}),
  });
}

async function document({ db, secrets, tickets, origin, now }: Context, row: TransferRow): Promise<Api['image_transfer']> {
  return linked(
    {
      id: row.id,
      phase: row.phase as NonNullable<Api['image_transfer']['phase']>,
      direction: row.direction,
      format: row.format,
      active: row.active,
      transferred: row.transferred,
      inactivity_timeout: row.inactivityTimeout,
      timeout_policy: row.timeoutPolicy,
      shallow: row.shallow,
      disk: { id: row.disk, href: href('disk', { disk: row.disk }) },
      image: { id: row.disk },
      ...(row.host !== null && { host: { id: row.host, href: href('host', { host: row.host }) } }),
      ...(await urls()),
    },
    'imagetransfers/{image_transfer}',
    { image_transfer: row.id },
  );

  /** Only while bytes may move. The ticket is for the client alone; it is nowhere else to be read. */
  async function urls() {
    if (
      row.ticket === null ||
      row.host === null ||
      row.hostAddress === null ||
      row.hostPort === null ||
      ['initializing'].includes(row.phase)
    )
      return {};
    const ticket = await secrets.get(db, row.ticket);
    if (ticket === undefined) return {};
    const token = tickets.sign({
      jti: ticket,
      aud: 'images',
      host: row.host,
      address: row.hostAddress,
      port: row.hostPort,
      exp: Math.floor(now() / 3_600_000) * 3600 + 7 * 86_400,
    });
    const address = row.hostAddress.includes(':') ? `[${row.hostAddress}]` : row.hostAddress;
    return { transfer_url: `https://${address}:${row.hostPort}/images/${token}`, proxy_url: `${origin}/images/${token}` };
  }
}
