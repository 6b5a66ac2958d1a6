import type { Api } from '@ostler/contract/schema';
import type { ReactNode } from 'react';
import { useForm } from 'react-hook-form';
import { useHosts } from '../api/names.ts';
import { CheckField, SelectField } from '../components/fields.tsx';
import { FormDialog } from '../components/form-dialog.tsx';
import { useTexts } from '../i18n/texts.ts';
import { vmTexts } from './texts.ts';

export default function RunOnceDialog({ vm, onClose }: { vm: Api['vm']; onClose: () => void }): ReactNode {
  const say = useTexts(vmTexts);
  const hosts = useHosts().data ?? [];
  const form = useForm({ defaultValues: { host: '', paused: vm.start_paused ?? false } });
  return (
    <FormDialog
      title={`${say('once.title')}: ${vm.name}`}
      form={form}
      submit={say('run')}
      fields={{ 'action.vm.placement_policy': 'host', 'vm.placement_policy': 'host' }}
      call={(api, { host, paused }, options) =>
        api.vms(vm.id ?? '').start({ pause: paused, ...(host !== '' && { vm: { placement_policy: { hosts: [{ id: host }] } } }) }, options)
      }
      onDone={onClose}
      onClose={onClose}
    >
      <SelectField
        name="host"
        label={say('once.host')}
        choices={[
          { value: '', title: say('once.any') },
          ...hosts.filter(({ cluster }) => cluster?.id === vm.cluster?.id).map(({ id = '', name = '' }) => ({ value: id, title: name })),
        ]}
      />
      <CheckField name="paused" label={say('once.paused')} help={say('once.paused.help')} />
    </FormDialog>
  );
}
