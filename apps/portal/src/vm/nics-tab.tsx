import type { Api, Enum } from '@ostler/contract/schema';
import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useForm } from 'react-hook-form';
import { api } from '../api/client.ts';
import { nameIn, useNetworks, useVnicProfiles } from '../api/names.ts';
import { stateOf, type ObjectAction } from '../components/action.ts';
import { Reasoned } from '../components/action-menu.tsx';
import type { Column } from '../components/column.ts';
import { CheckField, SelectField, TextField } from '../components/fields.tsx';
import { FormDialog } from '../components/form-dialog.tsx';
import { Line } from '../components/line.tsx';
import { PartTable } from '../components/part-table.tsx';
import { commonTexts } from '../components/texts.ts';
import { StatusLabel } from '../components/status-label.tsx';
import { useTexts } from '../i18n/texts.ts';
import { partStates } from './part-states.ts';
import { vmTexts } from './texts.ts';

type Nic = Api['nic'];
type NicRow = Nic & { action_states: Api['action_state'][] };

/** A VM's network interfaces. Whether they can be changed now the manager says with the VM. */
export function NicsTab({ vm }: { vm: Api['vm'] }): ReactNode {
  const say = useTexts(vmTexts);
  const common = useTexts(commonTexts);
  const id = vm.id ?? '';
  const [open, setOpen] = useState<{ nic?: Nic }>();
  const [profiles, networks] = [useVnicProfiles().data, useNetworks().data];
  const nics = useQuery({ queryKey: ['vm', 'item', id, 'nics'], queryFn: ({ signal }) => api.vms(id).nics.list({ signal }) });
  const rows = {
    data: nics.data?.map((nic): NicRow => ({ ...nic, action_states: partStates(vm, 'change_nics') })),
    error: nics.error,
    refetch: nics.refetch,
  };
  const columns: readonly Column<NicRow>[] = [
    { key: 'name', title: say('nic.name'), width: 160, cell: ({ name }) => name },
    { key: 'state', title: say('nic.state'), width: 140, cell: (nic) => <NicState nic={nic} /> },
    {
      key: 'network',
      title: say('nic.network'),
      width: 160,
      cell: ({ vnic_profile: profile }) => nameIn(networks, profiles?.find((one) => one.id === profile?.id)?.network) ?? '–',
    },
    {
      key: 'profile',
      title: say('nic.profile'),
      width: 160,
      cell: ({ vnic_profile: profile }) => nameIn(profiles, profile) ?? say('nic.no-profile'),
    },
    { key: 'type', title: say('nic.type'), width: 120, cell: ({ interface: type }) => type },
    { key: 'mac', title: say('nic.mac'), width: 180, cell: ({ mac }) => <code>{mac?.address}</code> },
  ];
  const at = (client: typeof api, { id: nic = '' }: Nic) => client.vms(id).nics(nic);
  const actions: readonly ObjectAction<NicRow>[] = [
    { name: 'change_nics', title: say('edit'), open: (nic) => setOpen({ nic }) },
    {
      name: 'plug',
      stateName: 'change_nics',
      title: say('nic.plug'),
      call: (client, nic, options) => at(client, nic).activate({}, options),
    },
    {
      name: 'unplug',
      stateName: 'change_nics',
      title: say('nic.unplug'),
      call: (client, nic, options) => at(client, nic).deactivate({}, options),
    },
    {
      name: 'remove',
      stateName: 'change_nics',
      title: say('remove'),
      danger: true,
      confirm: { question: say('nic.remove.question') },
      call: (client, nic, options) => at(client, nic).remove(options),
    },
  ];
  const change = stateOf<Api['vm']>({ name: 'change_nics', title: '' }, vm);
  return (
    <>
      <Line>
        <Reasoned why={change?.allowed ? undefined : change?.why}>
          <Button variant="secondary" isAriaDisabled={!change?.allowed} onClick={() => setOpen({})}>
            {say('nic.new')}
          </Button>
        </Reasoned>
      </Line>
      <PartTable
        label={say('tab.nics')}
        rows={rows}
        columns={columns}
        actions={actions}
        empty={{ title: say('nic.empty'), detail: say('nic.empty.detail') }}
      />
      {open && (
        <NicDialog
          vm={id}
          {...(open.nic && { nic: open.nic })}
          taken={nics.data?.length ?? 0}
          submit={common('ok')}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

function NicState({ nic: { plugged, linked } }: { nic: Nic }): ReactNode {
  const say = useTexts(vmTexts);
  const state = plugged === false ? 'unplugged' : linked === false ? 'unlinked' : 'up';
  return <StatusLabel meaning={state === 'up' ? 'good' : 'off'}>{say(`nic.state.${state}`)}</StatusLabel>;
}

const types = ['virtio', 'e1000', 'rtl8139'] as const satisfies readonly Enum['nic_interface'][];

interface NicForm {
  name: string;
  profile: string;
  type: Enum['nic_interface'];
  mac: string;
  linked: boolean;
  plugged: boolean;
}

function NicDialog({
  vm,
  nic,
  taken,
  submit,
  onClose,
}: {
  vm: string;
  nic?: Nic;
  taken: number;
  submit: string;
  onClose: () => void;
}): ReactNode {
  const say = useTexts(vmTexts);
  const profiles = useVnicProfiles().data ?? [];
  const form = useForm<NicForm>({
    defaultValues: {
      name: nic?.name ?? `nic${taken + 1}`,
      profile: nic ? (nic.vnic_profile?.id ?? '') : (profiles[0]?.id ?? ''),
      type: nic?.interface ?? 'virtio',
      mac: nic?.mac?.address ?? '',
      linked: nic?.linked ?? true,
      plugged: nic?.plugged ?? true,
    },
  });
  return (
    <FormDialog
      title={say(nic ? 'nic.edit.title' : 'nic.new.title')}
      form={form}
      submit={submit}
      fields={{ 'nic.name': 'name', 'nic.vnic_profile': 'profile', 'nic.interface': 'type', 'nic.mac': 'mac' }}
      call={(client, { name, profile, type, mac, linked, plugged }, options) => {
        const input: Nic = {
          name,
          interface: type,
          linked,
          plugged,
          ...(mac.trim() !== '' && { mac: { address: mac.trim() } }),
          ...(profile !== '' && { vnic_profile: { id: profile } }),
        };
        return nic
          ? client
              .vms(vm)
              .nics(nic.id ?? '')
              .update(input, options)
          : client.vms(vm).nics.add(input, options);
      }}
      onDone={onClose}
      onClose={onClose}
    >
      <TextField<NicForm> name="name" label={say('nic.name')} required />
      <SelectField<NicForm>
        name="profile"
        label={say('nic.profile')}
        choices={[{ value: '', title: say('nic.no-profile') }, ...profiles.map(({ id = '', name = '' }) => ({ value: id, title: name }))]}
      />
      <SelectField<NicForm> name="type" label={say('nic.type')} choices={types.map((value) => ({ value, title: value }))} />
      <TextField<NicForm> name="mac" label={say('nic.mac')} help={say('nic.mac.help')} />
      <CheckField<NicForm> name="linked" label={say('nic.linked')} />
      <CheckField<NicForm> name="plugged" label={say('nic.plugged')} />
    </FormDialog>
  );
}
