import { isLibvirtError } from '@ostler/libvirt/errors';
import type { Runs } from './runs.ts';
import { turns } from './turns.ts';

/** Looks at one VM come one after another: two at once could tell the older state last. */
export function inTurns(runs: Runs): Runs {
  const turn = turns();
  const look: typeof runs.look = (libvirt, vm) => turn(vm, () => runs.look(libvirt, vm));
  return {
    ...runs,
    look,
    reread: (libvirt, vm) => turn(vm, () => runs.reread(libvirt, vm)),
    learn: (vm, learned) => turn(vm, () => runs.learn(vm, learned)),
    // In its turn, too: a look that has read the run, and waits for libvirt or the journal, would put it back.
    forget: (vm) => turn(vm, () => runs.forget(vm)),
    async lookAtAll(libvirt) {
      // A domain that vanishes while all are looked at is no reason to give up the others.
      await runs.lookAtAll(libvirt).catch((error: unknown) => {
        if (!isLibvirtError(error, 'noDomain')) throw error;
      });
    },
  };
}
