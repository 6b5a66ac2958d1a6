import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { refusalOf } from '@ostler/domain/reason';
import { changeOf, planUpdate } from '@ostler/domain/vm/next-run';
import { vmReasons } from '@ostler/domain/vm/reasons';
import { refusalFor } from '@ostler/domain/vm/state';
import { emit } from '../audit/store.ts';
import type { Context } from '../http/context.ts';
import { hardwareWish } from './hardware-document.ts';
import { setNextRun } from './next-run-store.ts';
import { changeRun } from './run-jobs.ts';
import { inState, present, readVm, vmProblems } from './vm.ts';
import { updateVm } from './store.ts';

interface Update extends Context {
  readonly ids: { readonly vm: string };
  readonly input: Api['vm'];
  readonly parameters: { readonly next_run?: boolean | undefined };
}

/** A change of a VM: what a running guest does not notice at once, what can be plugged in as a job, all else at its next start. */
export function changeVm({ db, reader, ids, input, parameters, mutate, correlation }: Update) {
  const later = parameters.next_run === true;
  return mutate({
    objects: [ids.vm, `vm-name ${(input.name ?? '').toLowerCase()}`],
    plan: async (tx) => {
      const row = await present(tx, ids.vm);
      const name = input.name ?? row.name;
      const base = later ? (row.nextRun ?? row.hardware) : row.hardware;
      const vm = { ...row, ...inState(row), heldBy: inState(row).heldBy };
      const change = changeOf(vm, hardwareWish(input, base), later);
      const against = refusalOf([
        refusalFor('edit', inState(row)),
        input.cluster?.id !== undefined && input.cluster.id !== row.cluster && vmReasons.vm_cluster_change_not_built('vm.cluster'),
      ]);
      const hardware = change.next ?? change.now;
      const wrong = against ?? (await vmProblems(tx, { id: row.id, name, cluster: row.cluster, hardware, before: row.hardware }));
      if (wrong) return wrong;
      const settings = {
        name,
        description: input.description ?? row.description,
        comment: input.comment ?? row.comment,
        deleteProtected: input.delete_protected ?? row.deleteProtected,
      };
      return planUpdate(vm, settings, change);
    },
    apply: async (tx, { settings, change }) => {
      await updateVm(tx, ids.vm, { ...settings, hardware: change.now });
      await setNextRun(tx, ids.vm, change.next ?? null);
      await emit(
        tx,
        events.vm_updated({ vm: settings.name, user: reader.user.userName }),
        { vm: ids.vm, user: reader.user.id },
        correlation,
      );
    },
    job: changeRun,
    jobWhen: ({ run }) => run !== undefined,
    answer: () => readVm(db, reader, ids.vm),
  });
}
