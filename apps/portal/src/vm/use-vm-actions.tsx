import type { Api } from '@ostler/contract/schema';
import { lazy, Suspense, useMemo, useState, type ReactNode } from 'react';
import type { ObjectAction } from '../components/action.ts';
import { useTexts } from '../i18n/texts.ts';
import { vmTexts } from './texts.ts';

const VmFormDialog = lazy(() => import('./vm-form-dialog.tsx'));
const RunOnceDialog = lazy(() => import('./run-once-dialog.tsx'));

type Vm = Api['vm'];

/** What can be done with a VM, in RHV's words and order, and the dialogs that some of it opens. */
export function useVmActions(): { actions: readonly ObjectAction<Vm>[]; dialogs: ReactNode } {
  const say = useTexts(vmTexts);
  const [open, setOpen] = useState<{ dialog: 'edit' | 'once'; vm: Vm }>();
  const actions = useMemo<readonly ObjectAction<Vm>[]>(
    () => [
      { name: 'start', title: say('run'), prominent: true, call: (api, { id = '' }, options) => api.vms(id).start({}, options) },
      { name: 'edit', title: say('edit'), prominent: true, open: (vm) => setOpen({ dialog: 'edit', vm }) },
      { name: 'run_once', title: say('run-once'), stateName: 'start', open: (vm) => setOpen({ dialog: 'once', vm }) },
      {
        name: 'shutdown',
        title: say('shutdown'),
        prominent: true,
        confirm: { question: say('shutdown.question') },
        call: (api, { id = '' }, options) => api.vms(id).shutdown({}, options),
      },
      {
        name: 'reboot',
        title: say('reboot'),
        confirm: { question: say('reboot.question') },
        call: (api, { id = '' }, options) => api.vms(id).reboot({}, options),
      },
      {
        name: 'reset',
        title: say('reset'),
        danger: true,
        confirm: { question: say('reset.question') },
        call: (api, { id = '' }, options) => api.vms(id).reset({}, options),
      },
      {
        name: 'stop',
        title: say('stop'),
        danger: true,
        confirm: { question: say('stop.question') },
        call: (api, { id = '' }, options) => api.vms(id).stop({}, options),
      },
      {
        name: 'remove',
        title: say('remove'),
        danger: true,
        confirm: { question: say('remove.question'), options: [{ name: 'disks', title: say('remove.disks'), checked: true }] },
        call: (api, { id = '' }, options, chosen) => api.vms(id).remove({ ...options, detach_only: chosen['disks'] === false }),
      },
    ],
    [say],
  );
  const close = () => setOpen(undefined);
  const dialogs = open && (
    <Suspense fallback={null}>
      {open.dialog === 'edit' ? <VmFormDialog vm={open.vm} onClose={close} /> : <RunOnceDialog vm={open.vm} onClose={close} />}
    </Suspense>
  );
  return { actions, dialogs };
}
