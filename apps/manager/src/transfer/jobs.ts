import { randomUUID } from 'node:crypto';
import { AgentError } from '@ostler/agent-contract/errors';
import type { VolumeFacts } from '@ostler/agent-contract/values';
import { events } from '@ostler/domain/events/catalogue';
import type { OpenTransfer } from '@ostler/domain/transfer/plan';
import { whatNext } from '@ostler/domain/transfer/state';
import { emit } from '../audit/store.ts';
import { forgetDisk, recordVolume, setLegal } from '../disk/service.ts';
import { job, NotYet, step, StepFailed, type StepContext, type Tools } from '../jobs/definition.ts';
import { finishTask } from '../jobs/host-task.ts';
import { endTransfer, idleSeconds, recordState, setPhase, transferById } from './store.ts';

/** RHV's ticket life: five minutes, renewed when less than four are left (infra.md 6.1). */
const ticketLife = 300_000;
const renewBelow = 240_000;
const lookEvery = 1_000;

const words = { upload: 'Upload', download: 'Download' } as const;

/**
 * Opens a volume to one client, watches over it until somebody finalizes or cancels, closes it, and believes an upload
 * only when the storage has verified it. A failed or cancelled upload leaves nothing: its disk goes.
 */
export const transferImage = job<OpenTransfer>(
  'transfer-image',
  {
    version: 1,
    async ended({ data }, { db, outcome, failure, correlation, owner }) {
      const about = { disk: data.disk, storageDomain: data.domain, user: owner };
      const said = { direction: words[data.direction], disk: data.alias };
      await endTransfer(db, data.transfer, outcome === 'finished' ? 'finished_success' : 'finished_failure');
      if (outcome === 'finished') return void (await emit(db, events.transfer_finished(said), about, correlation));
      const cancelled = failure?.code === 'cancelled';
      await emit(
        db,
        cancelled ? events.transfer_cancelled(said) : events.transfer_failed({ ...said, reason: failure?.message ?? '' }),
        data.direction === 'upload' ? { storageDomain: data.domain, user: owner } : about,
        correlation,
      );
      if (data.direction === 'upload') await forgetDisk(db, data.disk);
    },
  },
  ({ data }, { agents, secrets, now }) => {
    const agent = () => agents.of(data.host);
    const opening = step('open', {
      do: async (context) => {
        await open(context, data, { agents, secrets });
        await setPhase(context.db, now(), data.transfer, 'transferring', ['initializing', 'resuming']);
      },
      undo: (context) => agent().call('closeTransfer', { transfer: data.transfer }, { mandate: context.mandate }),
    });
    const serving = step('serve', { do: (context) => serve(context, data, { agents, secrets, now }) });
    const closing = step('close', {
      do: (context) => agent().call('closeTransfer', { transfer: data.transfer }, { mandate: context.mandate }),
    });
    if (data.direction === 'download') return [opening, serving, closing];
    return [
      step('target', {
        do: async ({ db }) => void (await setLegal(db, data.volume, false)),
        undo: (context) =>
          finishTask(context, agent(), () =>
            agent().call('removeImage', { domain: data.domain, image: data.disk, wipe: false }, { mandate: context.mandate }),
          ),
      }),
      opening,
      serving,
      closing,
      step('verify', {
        deadline: 600_000,
        do: (context) =>
          finishTask(context, agent(), () =>
            agent().call(
              'verifyVolume',
              { domain: data.domain, image: data.disk, volume: data.volume, declared: { format: data.format, capacity: data.capacity } },
              { mandate: context.mandate },
            ),
          ),
      }),
      step('record', { do: async ({ db, results }) => void (await recordVolume(db, results['verify'] as VolumeFacts)) }),
    ];
  },
);

/** The host takes the same ticket again: opening is repeated whenever its image server has lost it. */
async function open(context: StepContext, data: OpenTransfer, { agents, secrets }: Pick<Tools, 'agents' | 'secrets'>): Promise<void> {
  const { db } = context;
  const row = await transferById(db, data.transfer);
  const ticket = row?.ticket ? await secrets.get(db, row.ticket) : undefined;
  if (!row || ticket === undefined)
    throw new StepFailed({ code: 'transfer_gone', message: 'The transfer is not in the inventory any more' });
  await agents.of(data.host).call(
    'openTransfer',
    {
      transfer: data.transfer,
      ticket,
      domain: data.domain,
      image: data.disk,
      volume: data.volume,
      direction: data.direction,
      format: data.format,
      view: data.view,
      size: data.size,
      validFor: ticketLife,
      inactivityTimeout: data.inactivityTimeout * 1000,
    },
    { mandate: { ...context.mandate, operation: randomUUID() } },
  );
}

/** One look at the transfer; then `NotYet`, until it is finalized, cancelled, or given up. */
async function serve(context: StepContext, data: OpenTransfer, tools: Tools): Promise<void> {
  const { db } = context;
  const now = tools.now();
  const row = await transferById(db, data.transfer);
  if (!row) throw new StepFailed({ code: 'transfer_gone', message: 'The transfer is not in the inventory any more' });
  const agent = tools.agents.of(data.host);
  switch (row.phase) {
    case 'finalizing_success':
      return;
    case 'cancelled_user':
    case 'cancelled_system':
      throw new StepFailed({
        code: row.phase === 'cancelled_user' ? 'cancelled' : 'transfer_timed_out',
        message: row.phase === 'cancelled_user' ? 'Cancelled on request' : 'No byte moved for too long',
      });
    case 'paused_user':
    case 'paused_system':
      await agent.call('closeTransfer', { transfer: data.transfer }, { mandate: { ...context.mandate, operation: randomUUID() } });
      throw new NotYet(lookEvery);
    case 'resuming':
      await open(context, data, tools);
      await setPhase(db, now, data.transfer, 'transferring', ['resuming']);
      throw new NotYet(lookEvery);
  }
  const state = await agent.call('transferState', { transfer: data.transfer }).catch(async (thrown: unknown) => {
    // An image server that was killed has lost its tickets: the client's next request finds a new one.
    if (!(thrown instanceof AgentError && thrown.code === 'unknown_transfer')) throw thrown;
    await open(context, data, tools);
    throw new NotYet(lookEvery);
  });
  await recordState(db, now, data.transfer, state);
  if (data.size > 0) await context.progress(Math.min(100, (100 * state.transferred) / data.size));
  const idle = state.connections > 0 ? 0 : await idleSeconds(db, now, data.transfer);
  const next = whatNext({ direction: data.direction, policy: data.timeoutPolicy, inactivityTimeout: data.inactivityTimeout, idle });
  if (next) {
    await setPhase(db, now, data.transfer, next, ['transferring']);
    await emit(
      db,
      events.transfer_timed_out({ direction: words[data.direction], disk: data.alias, seconds: Math.round(idle) }),
      { disk: data.disk },
      context.correlation,
    );
  } else if (state.expiresIn < renewBelow)
    await agent.call(
      'extendTransfer',
      { transfer: data.transfer, validFor: ticketLife },
      { mandate: { ...context.mandate, operation: randomUUID() } },
    );
  throw new NotYet(next ? 0 : lookEvery);
}
