import { setTimeout as sleep } from 'node:timers/promises';
import type { Mandate } from '@ostler/agent-contract/calls';
import type { AgentClient } from '@ostler/agent-contract/client';
import { userName } from '../access/service.ts';
import { events } from '@ostler/domain/events/catalogue';
import type { RemoveVm, RunAction, StartVm } from '@ostler/domain/vm/plan';
import { runDocument } from '@ostler/domain/vm/run';
import { hardwareOfRun } from '@ostler/domain/vm/run-once';
import { emit } from '../audit/store.ts';
import type { Database } from '../db/database.ts';
import { forgetDisk } from '../disk/service.ts';
import { job, NotYet, step, StepFailed } from '../jobs/definition.ts';
import { finishTask } from '../jobs/host-task.ts';
import { forgetRun, hostNodesOf, removeVmRows, runOf, runParts, vmById, volumeOfDisk } from './store.ts';

/** Begins a run on its host. Its row says so since the commit; if it cannot begin, the host is made sure to have none of it. */
export const startVm = job<StartVm>(
  'start-vm',
  {
    version: 1,
    async ended({ data }, { db, outcome, failure, correlation, owner }) {
      const about = { vm: data.vm, host: data.host, user: owner };
      if (outcome === 'finished')
        return void (await emit(db, events.vm_started({ vm: data.name, host: data.hostName }), about, correlation));
      await forgetRun(db, data.vm, data.run);
      await emit(db, events.vm_start_failed({ vm: data.name, reason: failure?.message ?? '' }), about, correlation);
    },
  },
  ({ data }, { agents, now }) => [
    step('start', {
      do: async (context) => agents.of(data.host).call('startVm', await runFor(context.db, data, now()), { mandate: context.mandate }),
      undo: async (context) => {
        const run = { vm: data.vm, run: data.run };
        await agents.of(data.host).call('destroyVm', run, { mandate: context.mandateFor('destroy') });
        await agents.of(data.host).call('acknowledgeEnd', run, { mandate: context.mandateFor('acknowledge') });
      },
    }),
  ],
);

/** What the host is told of a run: the VM as it is now, and what the run has of its own. */
export async function runFor(db: Database, data: StartVm, at: number) {
  const vm = await vmById(db, data.vm);
  if (!vm) throw new StepFailed({ code: 'vm_gone', message: 'The VM is not in the inventory any more' });
  const parts = await runParts(db, data.vm);
  return runDocument({
    vm: data.vm,
    run: data.run,
    name: vm.name,
    hardware: hardwareOfRun(vm.hardware, vm.runOnce),
    paused: data.paused,
    cd: data.cd === undefined ? null : await volumeOfDisk(db, data.cd),
    at,
    hostNodes: await hostNodesOf(db, data.host),
    media: [],
    ...parts,
  });
}

/** Something asked of a run. Powering off waits until the end has been observed: then the VM is down, and not before. */
export const runAction = job<RunAction>(
  'run-action',
  {
    version: 1,
    async ended({ data }, { db, outcome, correlation, owner }) {
      if (outcome !== 'finished') return;
      const about = { vm: data.vm, host: data.host, user: owner };
      const said = { vm: data.name, user: await nameOf(db, owner) };
      if (data.action === 'stop') await emit(db, events.vm_stopped(said), about, correlation);
      if (data.action === 'shutdown') await emit(db, events.vm_shutdown_requested(said), about, correlation);
      if (data.action === 'reboot') await emit(db, events.vm_rebooted(said), about, correlation);
      if (data.action === 'reset') await emit(db, events.vm_reset(said), about, correlation);
    },
  },
  ({ data }, { agents }) => {
    const run = { vm: data.vm, run: data.run };
    const ask = step(data.action, { do: async (context) => void (await callFor(agents.of(data.host), data, run, context.mandate)) });
    if (data.action !== 'stop') return [ask];
    return [ask, step('observe-end', { do: async ({ db, signal }) => ended(db, data, signal) })];
  },
);

function callFor(agent: Pick<AgentClient, 'call'>, data: RunAction, run: { vm: string; run: string }, mandate: Mandate): Promise<unknown> {
  switch (data.action) {
    case 'stop':
      return agent.call('destroyVm', run, { mandate });
    case 'shutdown':
      return agent.call('shutdownVm', { ...run, ...(data.reason !== undefined && { reason: data.reason }) }, { mandate });
    case 'reboot':
      return agent.call('rebootVm', run, { mandate });
    case 'reset':
      return agent.call('resetVm', run, { mandate });
    case 'resume':
      return agent.call('resumeVm', run, { mandate });
  }
}

/** Waits until the run is over, as far as anybody has observed it. */
export async function ended(db: Database, data: { readonly vm: string; readonly run: string }, signal: AbortSignal): Promise<void> {
  for (let look = 0; look < 100; look++) {
    if ((await runOf(db, data.vm))?.run !== data.run) return;
    await sleep(20, undefined, { signal });
  }
  throw new NotYet(500);
}

const nameOf = async (db: Parameters<typeof userName>[0], owner: string | undefined) =>
  owner === undefined ? 'Ostler' : ((await userName(db, owner)) ?? owner);

/** From the first erased disk on there is no way back; what is erased already is passed over. */
export const removeVm = job<RemoveVm>(
  'remove-vm',
  {
    version: 1,
    async ended({ data }, { db, outcome, failure, correlation, owner }) {
      if (outcome !== 'finished')
        return void (await emit(
          db,
          events.vm_remove_failed({ vm: data.name, reason: failure?.message ?? '' }),
          { vm: data.vm, user: owner },
          correlation,
        ));
      for (const disk of data.disks) {
        await forgetDisk(db, disk.disk);
        await emit(db, events.disk_removed({ disk: disk.alias }), { storageDomain: disk.domain, user: owner }, correlation);
      }
      await removeVmRows(db, data.vm);
      await emit(db, events.vm_removed({ vm: data.name }), { user: owner }, correlation);
    },
  },
  ({ data }, { agents }) =>
    data.disks.map((disk, index) =>
      step(`remove-disk-${index + 1}`, {
        do: (context) =>
          finishTask(context, agents.of(disk.host), () =>
            agents
              .of(disk.host)
              .call('removeImage', { domain: disk.domain, image: disk.disk, wipe: disk.wipe }, { mandate: context.mandate }),
          ),
        pointOfNoReturn: true,
      }),
    ),
);
