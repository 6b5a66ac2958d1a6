import { events } from '@ostler/domain/events/catalogue';
import { mebibyte } from '@ostler/domain/vm/hardware';
import { afterPlug, type ChangeRun, type UpdateVm } from '@ostler/domain/vm/next-run';
import { emit } from '../audit/store.ts';
import { job, step } from '../jobs/definition.ts';
import { setHardware, setNextRun } from './next-run-store.ts';
import type { VmSettings } from './store.ts';
import { vmById } from './store.ts';

/**
 * Plugs memory and processors into a run. Until that has happened they wait as the VM's next run; so what cannot be plugged
 * in, because the guest or its host does not play along, comes with the next start.
 */
export const changeRun = job<UpdateVm<Omit<VmSettings, 'hardware'>>>(
  'change-run',
  {
    version: 1,
    async ended({ data: { run } }, { db, results, failure, correlation, owner }) {
      const vm = run && (await vmById(db, run.vm));
      if (!run || !vm) return;
      const about = { vm: run.vm, host: run.host, user: owner };
      const plugged: Pick<ChangeRun, 'memory' | 'cpu'> = {
        ...(results['plug-memory'] !== undefined && run.memory !== undefined && { memory: run.memory }),
        ...(results['set-vcpus'] !== undefined && run.cpu && { cpu: run.cpu }),
      };
      if (vm.run === run.run) {
        const { now, next } = afterPlug({ now: vm.hardware, next: vm.nextRun }, plugged);
        await setHardware(db, run.vm, now);
        await setNextRun(db, run.vm, next ?? null);
      }
      if (plugged.memory !== undefined)
        await emit(db, events.vm_memory_plugged({ vm: run.name, size: plugged.memory / mebibyte }), about, correlation);
      if (plugged.cpu) await emit(db, events.vm_vcpus_plugged({ vm: run.name, count: plugged.cpu.vcpus }), about, correlation);
      if (failure) await emit(db, events.vm_change_waits({ vm: run.name, reason: failure.message }), about, correlation);
    },
  },
  ({ data: { run } }, { agents }) => {
    if (!run) return [];
    const { vm, run: id, host, memory, cpu } = run;
    return [
      ...(memory === undefined
        ? []
        : [
            step('plug-memory', {
              do: async ({ mandate }) => {
                await agents.of(host).call('setMemory', { vm, run: id, size: memory }, { mandate });
                return { size: memory };
              },
            }),
          ]),
      ...(cpu
        ? [
            step('set-vcpus', {
              do: async ({ mandate }) => {
                await agents.of(host).call('setVcpus', { vm, run: id, count: cpu.vcpus }, { mandate });
                return { count: cpu.vcpus };
              },
            }),
          ]
        : []),
    ];
  },
);
