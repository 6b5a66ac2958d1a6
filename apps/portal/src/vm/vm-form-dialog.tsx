import type { Api } from '@ostler/contract/schema';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { operatingSystems } from '@ostler/domain/operating-system/catalogue';
import { Content } from '@patternfly/react-core';
import { useEffect, type ReactNode } from 'react';
import { useForm, useFormContext, useWatch } from 'react-hook-form';
import { useClusters, useTemplates } from '../api/names.ts';
import { AreaField, CheckField, SelectField, TextField, type Choice } from '../components/fields.tsx';
import { FormDialog, type FormTab } from '../components/form-dialog.tsx';
import { commonTexts } from '../components/texts.ts';
import { toast } from '../frame/toasts.ts';
import { sayNow, useTexts, type Say } from '../i18n/texts.ts';
import { vmTexts } from './texts.ts';
import { formOf, inputOf, vmFields, type VmForm } from './vm-form.ts';

type SayVm = Say<typeof vmTexts extends { keys?: infer K extends string } ? K : never>;

/** New, without a VM, and Edit: the same tabs that RHV's people know. */
export default function VmFormDialog({ vm, onClose }: { vm?: Api['vm']; onClose: () => void }): ReactNode {
  const say = useTexts(vmTexts);
  const clusters = useClusters().data ?? [];
  const templates = useTemplates().data ?? [];
  const form = useForm<VmForm>({ defaultValues: formOf(vm ?? {}, vm?.template?.id ?? fixedIds.blankTemplate) });
  const { dirtyFields } = form.formState;
  const template = useWatch({ control: form.control, name: 'template' });
  const base = templates.find(({ id }) => id === template);
  const [firstCluster] = clusters;
  useEffect(() => {
    if (vm || !base) return;
    // What the template says, where nobody has said anything else yet.
    const hardware = { ...base, name: '', description: '', comment: '', delete_protected: false };
    form.reset(
      { ...formOf(hardware, base.id ?? ''), cluster: form.getValues('cluster') || (firstCluster?.id ?? '') },
      { keepDirtyValues: true },
    );
  }, [vm, base, firstCluster, form]);

  const call: React.ComponentProps<typeof FormDialog<VmForm>>['call'] = (api, values, options) => {
    const input = inputOf(values, dirtyFields);
    return vm
      ? api.vms(vm.id ?? '').update(input, options)
      : api.vms.add({ ...input, name: values.name, cluster: { id: values.cluster }, template: { id: values.template } }, options);
  };
  const named = (objects: readonly { id?: string | undefined; name?: string | undefined }[]): Choice[] =>
    objects.map(({ id = '', name = '' }) => ({ value: id, title: name }));
  return (
    <FormDialog
      title={vm ? `${say('edit.title')}: ${vm.name}` : say('new.title')}
      form={form}
      submit={sayNow(commonTexts, 'ok')}
      fields={vmFields}
      call={call}
      onDone={() => {
        toast({
          variant: 'success',
          title: sayNow(commonTexts, 'done.action', { action: say(vm ? 'edit.title' : 'new.title'), name: form.getValues('name') }),
        });
        onClose();
      }}
      onClose={onClose}
      tabs={tabsOf(say, named(clusters), named(templates), vm !== undefined)}
    />
  );
}

function tabsOf(say: SayVm, clusters: readonly Choice[], templates: readonly Choice[], exists: boolean): readonly FormTab<VmForm>[] {
  return [
    {
      key: 'general',
      title: say('tab.general'),
      fields: ['name', 'description', 'comment', 'cluster', 'template', 'os', 'type'],
      content: (
        <>
          <SelectField<VmForm> name="cluster" label={say('field.cluster')} choices={clusters} disabled={exists} />
          <SelectField<VmForm> name="template" label={say('field.template')} choices={templates} disabled={exists} />
          <SelectField<VmForm>
            name="os"
            label={say('field.os')}
            choices={operatingSystems.map(({ key, name }) => ({ value: key, title: name }))}
          />
          <SelectField<VmForm>
            name="type"
            label={say('field.type')}
            choices={choicesOf(say, 'type', ['desktop', 'server', 'high_performance'])}
          />
          <TextField<VmForm> name="name" label={say('field.name')} required first />
          <AreaField<VmForm> name="description" label={say('field.description')} rows={2} />
          <TextField<VmForm> name="comment" label={say('field.comment')} />
          <CheckField<VmForm> name="stateless" label={say('field.stateless')} />
          <CheckField<VmForm> name="startPaused" label={say('field.start-paused')} />
          <CheckField<VmForm> name="deleteProtected" label={say('field.delete-protected')} help={say('help.delete-protected')} />
        </>
      ),
    },
    {
      key: 'system',
      title: say('tab.system'),
      fields: ['memory', 'maxMemory', 'sockets', 'cores', 'threads', 'firmware', 'machine', 'cpuModel', 'timeZone'],
      content: (
        <>
          <TextField<VmForm> name="memory" label={say('field.memory')} type="number" required help={say('help.memory')} />
          <TextField<VmForm> name="maxMemory" label={say('field.max-memory')} type="number" />
          <TotalCpus say={say} />
          <TextField<VmForm> name="sockets" label={say('field.sockets')} type="number" required />
          <TextField<VmForm> name="cores" label={say('field.cores')} type="number" required />
          <TextField<VmForm> name="threads" label={say('field.threads')} type="number" required />
          <SelectField<VmForm>
            name="firmware"
            label={say('field.firmware')}
            choices={choicesOf(say, 'firmware', ['q35_sea_bios', 'q35_ovmf', 'q35_secure_boot', 'i440fx_sea_bios'])}
          />
          <TextField<VmForm> name="machine" label={say('field.machine')} />
          <TextField<VmForm> name="cpuModel" label={say('field.cpu-model')} />
          <TextField<VmForm> name="timeZone" label={say('field.time-zone')} />
        </>
      ),
    },
    {
      key: 'console',
      title: say('tab.console'),
      fields: ['display', 'monitors', 'serial', 'soundcard', 'usb'],
      content: (
        <>
          <SelectField<VmForm> name="display" label={say('field.display')} choices={choicesOf(say, 'display', ['vnc', 'spice'])} />
          <SelectField<VmForm>
            name="monitors"
            label={say('field.monitors')}
            choices={['1', '2', '4'].map((value) => ({ value, title: value }))}
          />
          <CheckField<VmForm> name="serial" label={say('field.serial')} />
          <CheckField<VmForm> name="soundcard" label={say('field.soundcard')} />
          <CheckField<VmForm> name="usb" label={say('field.usb')} />
        </>
      ),
    },
    {
      key: 'host',
      title: say('tab.host'),
      advanced: true,
      fields: ['cpuMode'],
      content: (
        <SelectField<VmForm>
          name="cpuMode"
          label={say('field.cpu-mode')}
          choices={choicesOf(say, 'cpu-mode', ['custom', 'host_model', 'host_passthrough'])}
        />
      ),
    },
    {
      key: 'ha',
      title: say('tab.ha'),
      advanced: true,
      fields: ['highlyAvailable', 'priority'],
      content: (
        <>
          <CheckField<VmForm> name="highlyAvailable" label={say('field.ha')} />
          <PriorityField say={say} />
        </>
      ),
    },
    {
      key: 'resources',
      title: say('tab.resources'),
      advanced: true,
      fields: ['guaranteed', 'ballooning', 'ioThreads', 'multiQueues', 'virtioScsi'],
      content: (
        <>
          <TextField<VmForm> name="guaranteed" label={say('field.guaranteed')} type="number" />
          <CheckField<VmForm> name="ballooning" label={say('field.ballooning')} />
          <TextField<VmForm> name="ioThreads" label={say('field.io-threads')} type="number" />
          <CheckField<VmForm> name="multiQueues" label={say('field.multi-queues')} />
          <CheckField<VmForm> name="virtioScsi" label={say('field.virtio-scsi')} />
        </>
      ),
    },
    {
      key: 'boot',
      title: say('tab.boot'),
      advanced: true,
      fields: ['bootFirst', 'bootSecond', 'bootMenu'],
      content: (
        <>
          <SelectField<VmForm>
            name="bootFirst"
            label={say('field.boot-first')}
            choices={choicesOf(say, 'boot', ['hd', 'cdrom', 'network'])}
          />
          <SelectField<VmForm>
            name="bootSecond"
            label={say('field.boot-second')}
            choices={choicesOf(say, 'boot', ['none', 'hd', 'cdrom', 'network'])}
          />
          <CheckField<VmForm> name="bootMenu" label={say('field.boot-menu')} />
        </>
      ),
    },
    {
      key: 'rng',
      title: say('tab.rng'),
      advanced: true,
      fields: ['rng'],
      content: <SelectField<VmForm> name="rng" label={say('field.rng')} choices={choicesOf(say, 'rng', ['urandom', 'hwrng'])} />,
    },
  ];
}

/** The choices of a field, whose titles are the texts `prefix.value`. */
const choicesOf = <P extends string, const V extends string>(
  say: (key: NoInfer<`${P}.${V}`>) => string,
  prefix: P,
  values: readonly V[],
): Choice[] => values.map((value) => ({ value, title: say(`${prefix}.${value}`) }));

function TotalCpus({ say }: { say: SayVm }): ReactNode {
  const { control } = useFormContext<VmForm>();
  const [sockets, cores, threads] = useWatch({ control, name: ['sockets', 'cores', 'threads'] });
  const count = Number(sockets) * Number(cores) * Number(threads);
  return <Content component="p">{say('field.vcpus', { count: Number.isFinite(count) ? count : 0 })}</Content>;
}

/** RHV's three, and whatever else somebody set by the API. */
function PriorityField({ say }: { say: SayVm }): ReactNode {
  const { control } = useFormContext<VmForm>();
  const now = useWatch({ control, name: 'priority' });
  const known = [
    { value: '1', title: say('priority.low') },
    { value: '50', title: say('priority.medium') },
    { value: '100', title: say('priority.high') },
  ];
  const other = known.some(({ value }) => value === now) ? [] : [{ value: now, title: now }];
  return <SelectField<VmForm> name="priority" label={say('field.priority')} help={say('help.priority')} choices={[...other, ...known]} />;
}
