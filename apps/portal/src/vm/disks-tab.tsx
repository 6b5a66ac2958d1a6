import type { Api, Enum } from '@ostler/contract/schema';
import { gibibyte } from '@ostler/domain/vm/hardware';
import { Button, Content } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useForm } from 'react-hook-form';
import { api } from '../api/client.ts';
import { useStorageDomains } from '../api/names.ts';
import { stateOf, type ObjectAction } from '../components/action.ts';
import { Reasoned } from '../components/action-menu.tsx';
import type { Column } from '../components/column.ts';
import { CheckField, SelectField, TextField } from '../components/fields.tsx';
import { FormDialog } from '../components/form-dialog.tsx';
import { PageLink } from '../components/page-link.tsx';
import { Line } from '../components/line.tsx';
import { PartTable } from '../components/part-table.tsx';
import { StatusLabel, type Meaning } from '../components/status-label.tsx';
import { commonTexts } from '../components/texts.ts';
import { bytes } from '../format/amounts.ts';
import { paths } from '../frame/paths.ts';
import { language } from '../i18n/language.ts';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { partStates } from './part-states.ts';
import { vmTexts } from './texts.ts';

type Attachment = Api['disk_attachment'] & { action_states: Api['action_state'][] };
const meanings = { ok: 'good', locked: 'moving', illegal: 'bad' } as const satisfies Record<Enum['disk_status'], Meaning>;

/** A VM's disks: New, Attach, Edit, Activate, Deactivate, Remove. */
export function DisksTab({ vm }: { vm: Api['vm'] }): ReactNode {
  const say = useTexts(vmTexts);
  const common = useTexts(commonTexts);
  const spoken = useStore(language);
  const id = vm.id ?? '';
  const [open, setOpen] = useState<'new' | 'attach' | Attachment>();
  const found = useQuery({
    queryKey: ['vm', 'item', id, 'disks'],
    meta: { also: ['disk'] },
    queryFn: ({ signal }) => api.vms(id).diskattachments.list({ follow: 'disk', signal }),
  });
  const rows = {
    data: found.data?.map((one): Attachment => ({
      ...one,
      name: one.disk?.alias ?? one.disk?.name ?? one.id,
      action_states: partStates(vm, 'change_disks'),
    })),
    error: found.error,
    refetch: found.refetch,
  };
  const columns: readonly Column<Attachment>[] = [
    {
      key: 'alias',
      title: say('disk.alias'),
      width: 200,
      cell: ({ name, disk }) => <PageLink to={paths.disk(disk?.id ?? '')}>{name}</PageLink>,
    },
    {
      key: 'status',
      title: common('status'),
      width: 120,
      cell: ({ disk }) => disk?.status && <StatusLabel meaning={meanings[disk.status]}>{say(`disk.status.${disk.status}`)}</StatusLabel>,
    },
    { key: 'size', title: say('disk.virtual-size'), width: 120, cell: ({ disk }) => bytes(disk?.provisioned_size ?? 0, spoken) },
    { key: 'actual', title: say('disk.actual-size'), width: 120, cell: ({ disk }) => bytes(disk?.actual_size ?? 0, spoken) },
    { key: 'interface', title: say('disk.interface'), width: 120, cell: ({ interface: by }) => by && say(`interface.${by}`) },
    { key: 'bootable', title: say('disk.bootable'), width: 110, cell: ({ bootable }) => common(bootable ? 'yes' : 'no') },
    {
      key: 'active',
      title: say('nic.state'),
      width: 110,
      cell: ({ active }) => say(active === false ? 'disk.state.inactive' : 'disk.state.active'),
    },
  ];
  const at = (client: typeof api, { id: disk = '' }: Attachment) => client.vms(id).diskattachments(disk);
  const actions: readonly ObjectAction<Attachment>[] = [
    { name: 'change_disks', title: say('disk.edit'), open: setOpen },
    {
      name: 'activate',
      stateName: 'change_disks',
      title: say('disk.activate'),
      call: (client, one, options) => at(client, one).update({ active: true }, options),
    },
    {
      name: 'deactivate',
      stateName: 'change_disks',
      title: say('disk.deactivate'),
      call: (client, one, options) => at(client, one).update({ active: false }, options),
    },
    {
      name: 'remove',
      stateName: 'change_disks',
      title: say('disk.remove'),
      danger: true,
      confirm: {
        question: say('disk.remove.question'),
        options: [{ name: 'permanently', title: say('disk.permanently'), checked: false }],
      },
      call: (client, one, options, chosen) => at(client, one).remove({ ...options, detach_only: chosen['permanently'] !== true }),
    },
  ];
  const change = stateOf<Api['vm']>({ name: 'change_disks', title: '' }, vm);
  const button = (which: 'new' | 'attach') => (
    <Reasoned why={change?.allowed ? undefined : change?.why}>
      <Button variant="secondary" isAriaDisabled={!change?.allowed} onClick={() => setOpen(which)}>
        {say(`disk.${which}`)}
      </Button>
    </Reasoned>
  );
  const close = () => setOpen(undefined);
  return (
    <>
      <Line>
        {button('new')}
        {button('attach')}
      </Line>
      <PartTable
        label={say('tab.disks')}
        rows={rows}
        columns={columns}
        actions={actions}
        empty={{ title: say('disk.empty'), detail: say('disk.empty.detail') }}
      />
      {open === 'new' && <NewDiskDialog vm={vm} first={(found.data?.length ?? 0) === 0} onClose={close} />}
      {open === 'attach' && <AttachDialog vm={vm} first={(found.data?.length ?? 0) === 0} onClose={close} />}
      {typeof open === 'object' && <EditDialog vm={id} attachment={open} onClose={close} />}
    </>
  );
}

const fields = {
  'disk_attachment.disk.name': 'alias',
  'disk.name': 'alias',
  'disk.alias': 'alias',
  'disk.provisioned_size': 'size',
  'disk.storage_domains': 'domain',
  'disk_attachment.disk': 'size',
  'disk_attachment.interface': 'interface',
  'disk_attachment.bootable': 'bootable',
} as const;

function useInterfaces() {
  const say = useTexts(vmTexts);
  return (['virtio_scsi', 'virtio', 'sata', 'ide'] as const).map((value) => ({ value, title: say(`interface.${value}`) }));
}

function NewDiskDialog({ vm, first, onClose }: { vm: Api['vm']; first: boolean; onClose: () => void }): ReactNode {
  const say = useTexts(vmTexts);
  const common = useTexts(commonTexts);
  const interfaces = useInterfaces();
  const domains = (useStorageDomains().data ?? []).filter(({ type }) => type === 'data');
  const form = useForm({
    defaultValues: { size: '', alias: '', domain: domains[0]?.id ?? '', format: 'cow', interface: 'virtio_scsi', bootable: first },
  });
  return (
    <FormDialog
      title={say('disk.new.title')}
      form={form}
      submit={common('ok')}
      fields={fields}
      call={(client, { size, alias, domain, format, interface: by, bootable }, options) =>
        client.vms(vm.id ?? '').diskattachments.add(
          {
            interface: by as Enum['disk_interface'],
            bootable,
            active: true,
            disk: {
              provisioned_size: Number(size) * gibibyte,
              format: format as Enum['disk_format'],
              sparse: format === 'cow',
              storage_domains: [{ id: domain }],
              ...(alias !== '' && { alias }),
            },
          },
          options,
        )
      }
      onDone={onClose}
      onClose={onClose}
    >
      <TextField name="size" label={say('disk.size')} type="number" required />
      <TextField name="alias" label={say('disk.alias')} />
      <SelectField
        name="domain"
        label={say('disk.domain')}
        choices={domains.map(({ id = '', name = '' }) => ({ value: id, title: name }))}
      />
      <SelectField
        name="format"
        label={say('disk.format')}
        choices={[
          { value: 'cow', title: say('format.cow') },
          { value: 'raw', title: say('format.raw') },
        ]}
      />
      <SelectField name="interface" label={say('disk.interface')} choices={interfaces} />
      <CheckField name="bootable" label={say('disk.bootable')} />
    </FormDialog>
  );
}

function AttachDialog({ vm, first, onClose }: { vm: Api['vm']; first: boolean; onClose: () => void }): ReactNode {
  const say = useTexts(vmTexts);
  const common = useTexts(commonTexts);
  const interfaces = useInterfaces();
  const spoken = useStore(language);
  const disks = useQuery({
    queryKey: ['disk', 'list', 'free'],
    queryFn: ({ signal }) => api.disks.list({ search: 'number_of_vms = 0 sortby alias', max: 500, signal }),
  });
  const form = useForm({ defaultValues: { disk: '', interface: 'virtio', bootable: first } });
  const choices = (disks.data ?? []).map(({ id = '', alias = '', provisioned_size: size = 0 }) => ({
    value: id,
    title: `${alias} (${bytes(size, spoken)})`,
  }));
  const chosen = form.watch('disk') || (choices[0]?.value ?? '');
  return (
    <FormDialog
      title={say('disk.attach.title')}
      form={form}
      submit={common('ok')}
      fields={{ 'disk_attachment.disk': 'disk', 'disk_attachment.interface': 'interface', 'disk_attachment.bootable': 'bootable' }}
      call={(client, { interface: by, bootable }, options) =>
        client
          .vms(vm.id ?? '')
          .diskattachments.add({ interface: by as Enum['disk_interface'], bootable, active: true, disk: { id: chosen } }, options)
      }
      onDone={onClose}
      onClose={onClose}
    >
      {disks.data?.length === 0 ? (
        <Content component="p">{say('disk.none-free')}</Content>
      ) : (
        <SelectField name="disk" label={say('disk.choose')} choices={choices} />
      )}
      <SelectField name="interface" label={say('disk.interface')} choices={interfaces} />
      <CheckField name="bootable" label={say('disk.bootable')} />
    </FormDialog>
  );
}

function EditDialog({ vm, attachment, onClose }: { vm: string; attachment: Attachment; onClose: () => void }): ReactNode {
  const say = useTexts(vmTexts);
  const common = useTexts(commonTexts);
  const interfaces = useInterfaces();
  const size = (attachment.disk?.provisioned_size ?? 0) / gibibyte;
  const form = useForm({
    defaultValues: {
      interface: attachment.interface ?? 'virtio',
      bootable: attachment.bootable ?? false,
      readOnly: attachment.read_only ?? false,
    },
  });
  return (
    <FormDialog
      title={`${say('disk.edit.title')}: ${attachment.name} (${size} GiB)`}
      form={form}
      submit={common('ok')}
      fields={{ 'disk_attachment.interface': 'interface', 'disk_attachment.bootable': 'bootable', 'disk_attachment.read_only': 'readOnly' }}
      call={(client, values, options) =>
        client
          .vms(vm)
          .diskattachments(attachment.id ?? '')
          .update({ interface: values.interface, bootable: values.bootable, read_only: values.readOnly }, options)
      }
      onDone={onClose}
      onClose={onClose}
    >
      <SelectField name="interface" label={say('disk.interface')} choices={interfaces} />
      <CheckField name="bootable" label={say('disk.bootable')} />
      <CheckField name="readOnly" label={say('disk.read-only')} />
    </FormDialog>
  );
}
