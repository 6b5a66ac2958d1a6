import { AgentError } from '@ostler/agent-contract/errors';
import { events } from '@ostler/domain/events/catalogue';
import type { StartVm } from '@ostler/domain/vm/plan';
import type { DiscardMemory, SuspendVm } from '@ostler/domain/vm/suspend';
import { emit } from '../audit/store.ts';
import { forgetDisk } from '../disk/service.ts';
import { job, step, type StepContext, type Tools } from '../jobs/definition.ts';
import { finishTask } from '../jobs/host-task.ts';
import { becomeNext } from '../monitoring/store.ts';
import { ended, runFor } from './jobs.ts';
import { forgetRun } from './store.ts';
import { dropMemory, endOf, keepMemory, spendMemory } from './suspend-store.ts';

/**
 * Writes the memory of a guest to a disk of its own and ends its run. Once it is written there is nothing to take back: an
 * unwinding job finds that, and leaves the VM suspended.
 */
export const suspendVm = job<SuspendVm>(
  'suspend-vm',
  {
    version: 1,
    async ended({ data }, { db, failure, correlation, owner }) {
      const about = { vm: data.vm, host: data.host, user: owner };
      if ((await endOf(db, data.vm))?.savedMemory === data.memory.disk)
        return void (await emit(db, events.vm_suspended({ vm: data.name }), about, correlation));
      await forgetDisk(db, data.memory.disk);
      await emit(db, events.vm_suspend_failed({ vm: data.name, reason: failure?.message ?? '' }), about, correlation);
    },
  },
  ({ data }, { agents }) => {
    const { disk, volume, domain, capacity, alias } = data.memory;
    const host = () => agents.of(data.host);
    return [
      step('create-memory', {
        do: (context) =>
          host().call(
            'createVolume',
            {
              domain,
              image: disk,
              volume,
              format: 'raw',
              sparse: true,
              capacity,
              content: 'memory_dump',
              description: alias,
              legal: true,
            },
            { mandate: context.mandate },
          ),
        undo: async (context) => {
          if ((await endOf(context.db, data.vm))?.savedMemory === disk) return;
          await finishTask(context, host(), () =>
            host().call('removeImage', { domain, image: disk, wipe: false }, { mandate: context.mandate }),
          );
        },
      }),
      step('save', {
        async do(context) {
          await finishTask(context, host(), () =>
            host().call('saveVm', { vm: data.vm, run: data.run, memory: { domain, image: disk, volume } }, { mandate: context.mandate }),
          );
          await keepMemory(context.db, data.vm, data.run, disk);
        },
        async undo({ db }) {
          if (await wasSaved(data, db, agents)) await keepMemory(db, data.vm, data.run, disk);
        },
      }),
      step('observe-end', { do: ({ db, signal }) => ended(db, data, signal) }),
    ];
  },
);

async function wasSaved(data: SuspendVm, db: StepContext['db'], agents: Tools['agents']): Promise<boolean> {
  const known = await endOf(db, data.vm);
  if (known?.run !== data.run) return known?.exit === 'saved';
  const { vms } = await agents.of(data.host).call('observe', {});
  const seen = vms.find((one) => one.run === data.run);
  return seen?.state.kind === 'ended' && seen.state.exit === 'saved';
}

/**
 * Lets a suspended guest go on. It is restored paused; until it runs, its memory on the disk is as good as before, and
 * everything can be taken back. From then on there is only forward.
 */
export const resumeVm = job<StartVm>(
  'resume-vm',
  {
    version: 1,
    async ended({ data }, { db, outcome, failure, correlation, owner }) {
      const about = { vm: data.vm, host: data.host, user: owner };
      if (outcome !== 'finished') {
        await forgetRun(db, data.vm, data.run);
        return void (await emit(db, events.vm_resume_failed({ vm: data.name, reason: failure?.message ?? '' }), about, correlation));
      }
      if (data.memory) await forgetDisk(db, data.memory.disk);
      await emit(db, events.vm_resumed({ vm: data.name, host: data.hostName }), about, correlation);
    },
  },
  ({ data }, { agents, now }) => {
    const run = { vm: data.vm, run: data.run };
    const host = () => agents.of(data.host);
    const { memory } = data;
    if (!memory) throw new Error('A VM that is resumed was saved before');
    return [
      step('restore', {
        async do(context) {
          const saved = { domain: memory.domain, image: memory.disk, volume: memory.volume };
          return host().call('restoreVm', { ...(await runFor(context.db, data, now())), saved }, { mandate: context.mandate });
        },
        async undo(context) {
          await host().call('destroyVm', run, { mandate: context.mandateFor('destroy') });
          await host().call('acknowledgeEnd', run, { mandate: context.mandateFor('acknowledge') });
        },
        deadline: 600_000,
      }),
      step('go-on', {
        async do(context) {
          await spendMemory(context.db, data.vm, data.run);
          if (!data.paused) await host().call('resumeVm', run, { mandate: context.mandate }).catch(overAlready);
        },
        pointOfNoReturn: true,
      }),
      step('forget-memory', {
        do: (context) =>
          finishTask(context, host(), () =>
            host().call('removeImage', { domain: memory.domain, image: memory.disk, wipe: false }, { mandate: context.mandate }),
          ),
      }),
    ];
  },
);

/** A run that has ended by now, whatever the reason, is nobody's to resume. */
function overAlready(error: unknown): void {
  if (!(error instanceof AgentError) || !['unknown_vm', 'other_run', 'wrong_state'].includes(error.code)) throw error;
}

/** Powers a suspended VM off: its memory is erased. */
export const discardMemory = job<DiscardMemory>(
  'discard-memory',
  {
    version: 1,
    async ended({ data }, { db, outcome, correlation, owner }) {
      if (outcome !== 'finished') return;
      await dropMemory(db, data.vm);
      if (data.memory) await forgetDisk(db, data.memory.disk);
      await becomeNext(db, data.vm);
      await emit(db, events.vm_memory_discarded({ vm: data.name }), { vm: data.vm, user: owner }, correlation);
    },
  },
  ({ data: { memory } }, { agents }) =>
    memory
      ? [
          step('remove-memory', {
            do: (context) =>
              finishTask(context, agents.of(memory.host), () =>
                agents
                  .of(memory.host)
                  .call('removeImage', { domain: memory.domain, image: memory.disk, wipe: false }, { mandate: context.mandate }),
              ),
            pointOfNoReturn: true,
          }),
        ]
      : [],
);
