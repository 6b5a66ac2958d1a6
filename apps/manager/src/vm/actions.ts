import { randomUUID } from 'node:crypto';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { gracefulFrom, planRunAction, type RunAction } from '@ostler/domain/vm/plan';
import { planDiscard, planSuspend } from '@ostler/domain/vm/suspend';
import { insertDisk } from '../disk/service.ts';
import type { Context } from '../http/context.ts';
import { hardwareOfRun } from '@ostler/domain/vm/run-once';
import { runAction } from './jobs.ts';
import { setStopReason, vmById } from './store.ts';
import { discardMemory, suspendVm } from './suspend-jobs.ts';
import { domainsForMemory, savedMemoryOf } from './suspend-store.ts';
import { inState, present } from './vm.ts';

const text = phrases({ 'vm.stopped-already': 'VM {vm} is down already' });

type Asked = Pick<Context, 'mutate'> & { readonly ids: { readonly vm: string } };

/** Something asked of the run that is there. */
export const act = ({ ids, mutate }: Asked, action: RunAction['action'], reason?: string) =>
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

type Stop = Asked & Pick<Context, 'db'> & { readonly input: { readonly reason?: string | undefined } };

/** Already down is success: what was asked is so. A suspended VM loses the memory of its guest. */
export async function stop(context: Stop) {
  const { db, ids, input, mutate } = context;
  const row = await vmById(db, ids.vm);
  if (row?.status === 'down')
    return mutate({
      objects: [],
      plan: async () => plan({ title: text['vm.stopped-already']({ vm: row.name }), data: {} }),
      answer: async () => ({}),
    });
  if (row?.status !== 'suspended') return act(context, 'stop', input.reason);
  return mutate({
    objects: [ids.vm],
    plan: async (tx) => {
      const vm = await present(tx, ids.vm);
      return planDiscard({ ...inState(vm), id: vm.id }, await savedMemoryOf(tx, vm.id));
    },
    apply: async (tx) => {
      if (input.reason) await setStopReason(tx, ids.vm, input.reason.slice(0, 4096));
    },
    job: discardMemory,
    answer: async () => ({}),
  });
}

/** Who cannot hear the request is powered off. */
export async function shutdown(context: Stop) {
  const row = await vmById(context.db, context.ids.vm);
  const hears = row !== undefined && (gracefulFrom.includes(row.status) || row.status === 'down' || row.heldBy !== null);
  return hears ? act(context, 'shutdown', context.input.reason) : stop(context);
}

export const suspend = ({ ids, mutate, reader }: Asked & Pick<Context, 'reader'>) =>
  mutate({
    objects: [ids.vm],
    plan: async (tx) => {
      const row = await present(tx, ids.vm);
      const hardware = hardwareOfRun(row.hardware, row.runOnce);
      return planSuspend(
        {
          vm: { ...inState(row), id: row.id, run: row.run, host: row.host, hardware },
          domains: await domainsForMemory(tx, row.id),
          stateless: hardware.stateless,
        },
        { disk: randomUUID(), volume: randomUUID() },
      );
    },
    apply: async (tx, { memory, name }) =>
      insertDisk(tx, {
        plan: { ...memory, format: 'raw', sparse: true, description: `Memory of VM ${name}`, contentType: 'memory_dump_volume' },
        shareable: false,
        wipeAfterDelete: false,
        propagateErrors: false,
        backup: 'none',
        createdBy: reader.user.id,
        snapshot: undefined,
      }),
    job: suspendVm,
    answer: async () => ({}),
  });
