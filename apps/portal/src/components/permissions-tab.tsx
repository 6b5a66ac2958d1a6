import type { Api } from '@ostler/contract/schema';
import type { CallOptions, Client } from '@ostler/contract/client-core';
import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useForm } from 'react-hook-form';
import { api } from '../api/client.ts';
import { useTexts } from '../i18n/texts.ts';
import type { ObjectAction } from './action.ts';
import type { Column } from './column.ts';
import { SelectField } from './fields.tsx';
import { FormDialog } from './form-dialog.tsx';
import { Line } from './line.tsx';
import { PartTable } from './part-table.tsx';
import { commonTexts } from './texts.ts';

type Permission = Api['permission'] & { name: string };

/** As much of an object's node in the client as this tab uses. */
interface PermissionsNode {
  readonly list: (options: { signal?: AbortSignal }) => Promise<Api['permission'][]>;
  readonly add: (input: Api['permission'], options: CallOptions) => Promise<unknown>;
}

/** Who holds which role on an object. `nodeOf` finds the object's permissions in a client. */
export function PermissionsTab({ id, nodeOf }: { id: string; nodeOf: (client: Client) => PermissionsNode }): ReactNode {
  const say = useTexts(commonTexts);
  const [adding, setAdding] = useState(false);
  const people = usePeople();
  const roles = useQuery({ queryKey: ['role', 'list'], queryFn: ({ signal }) => api.roles.list({ signal }) });
  const permissions = useQuery({
    queryKey: ['permission', 'list', id],
    queryFn: ({ signal }) => nodeOf(api).list({ signal }),
  });
  const nameOf = ({ user, group }: Api['permission']) =>
    people.find((one) => one.id === (user?.id ?? group?.id))?.name ?? user?.id ?? group?.id ?? '';
  const rows = {
    data: permissions.data?.map((one) => ({ ...one, name: nameOf(one) })),
    error: permissions.error,
    refetch: permissions.refetch,
  };
  const columns: Column<Permission>[] = [
    { key: 'who', title: say('permission.who'), width: 240, cell: ({ name }) => name },
    {
      key: 'role',
      title: say('permission.role'),
      width: 240,
      cell: ({ role }) => roles.data?.find((one) => one.id === role?.id)?.name ?? role?.id,
    },
  ];
  const actions: ObjectAction<Permission>[] = [
    {
      name: 'remove',
      title: say('permission.remove'),
      danger: true,
      always: true,
      confirm: { question: say('permission.removal') },
      call: (client, { id: permission }, options) => client.permissions(permission ?? '').remove(options),
    },
  ];
  return (
    <>
      <Line>
        <Button variant="secondary" onClick={() => setAdding(true)}>
          {say('permission.add')}
        </Button>
      </Line>
      <PartTable
        label={say('permissions')}
        rows={rows}
        columns={columns}
        actions={actions}
        empty={{ title: say('nothing.permissions'), detail: say('nothing.permissions.detail') }}
      />
      {adding && <AddPermission people={people} roles={roles.data ?? []} nodeOf={nodeOf} onClose={() => setAdding(false)} />}
    </>
  );
}

interface Person {
  readonly id: string;
  readonly name: string;
  readonly kind: 'user' | 'group';
}

function usePeople(): readonly Person[] {
  const users = useQuery({ queryKey: ['user', 'list'], queryFn: ({ signal }) => api.users.list({ signal }) });
  const groups = useQuery({ queryKey: ['group', 'list'], queryFn: ({ signal }) => api.groups.list({ signal }) });
  return [
    ...(users.data ?? []).map(({ id = '', user_name: name = '' }) => ({ id, name, kind: 'user' as const })),
    ...(groups.data ?? []).map(({ id = '', name = '' }) => ({ id, name, kind: 'group' as const })),
  ];
}

function AddPermission(props: {
  people: readonly Person[];
  roles: readonly Api['role'][];
  nodeOf: (client: Client) => PermissionsNode;
  onClose: () => void;
}): ReactNode {
  const { people, roles, nodeOf, onClose } = props;
  const say = useTexts(commonTexts);
  const form = useForm({
    defaultValues: { who: people[0]?.id ?? '', role: roles.find(({ name }) => name === 'UserRole')?.id ?? roles[0]?.id ?? '' },
  });
  return (
    <FormDialog
      title={say('permission.add')}
      form={form}
      submit={say('ok')}
      fields={{ 'permission.role': 'role', 'permission.user': 'who', 'permission.group': 'who' }}
      call={(client, { who, role }, options) => {
        const person = people.find(({ id }) => id === who);
        return nodeOf(client).add({ role: { id: role }, ...(person && { [person.kind]: { id: who } }) }, options);
      }}
      onDone={onClose}
      onClose={onClose}
    >
      <SelectField name="who" label={say('permission.who')} choices={people.map(({ id, name }) => ({ value: id, title: name }))} />
      <SelectField
        name="role"
        label={say('permission.role')}
        choices={roles.map(({ id = '', name = '' }) => ({ value: id, title: name }))}
      />
    </FormDialog>
  );
}
