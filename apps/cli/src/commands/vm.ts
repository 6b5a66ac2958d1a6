import type { Command } from 'commander';
import type { Client } from '@ostler/contract/client';
import type { Api } from '@ostler/contract/schema';
import { carryOut, mutating, untilStatus, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { findVm, type Found } from '../find.ts';
import { count, seconds } from '../options.ts';
import { on, type Run } from '../run.ts';
import { inGib } from '../sizes.ts';
import { properties, statusWords, table, words, type Column } from '../show/table.ts';
import { vmConsoleCommand } from './vm-console.ts';
import { vmDiskCommands } from './vm-disk.ts';
import { vmNicCommands } from './vm-nic.ts';
import { vmSettingCommands } from './vm-settings.ts';

interface ActionOptions extends MutationOptions {
  readonly reason?: string;
  readonly timeout: number;
  readonly paused?: boolean;
  readonly host?: string;
}

export function vmCommands(program: Command, cli: Cli): void {
  const vm = program.command('vm').description('virtual machines');
  vm.command('list')
    .description('all that you may see')
    .option('--search <text>', 'as in the search bar: "status=up and cluster=Default", "name=web*"')
    .option('--max <number>', 'of VMs', count)
    .action(on(cli, list));
  vm.command('show').argument('<vm>', 'name or id').description('one, with what may be done with it, and why not').action(on(cli, show));
  vmSettingCommands(vm, cli);

  action(vm, cli, 'start', 'start; returns when it runs', { statuses: ['powering_up', 'up', 'paused'], unless: ['down'] })
    .option('--paused', 'its processors stand still until it is started again')
    .option('--host <host>', 'on which it is to run');
  action(vm, cli, 'shutdown', 'ask the guest to shut down; returns when it is down', { statuses: ['down'] }).option(
    '--reason <text>',
    'kept with the VM',
  );
  action(vm, cli, 'stop', 'power off, as if the plug were pulled', { statuses: ['down'] }).option('--reason <text>', 'kept with the VM');
  action(vm, cli, 'reboot', 'ask the guest to start again', undefined);
  action(vm, cli, 'reset', 'reset, as with the button at the machine', undefined);

  mutating(
    vm.command('remove').argument('<vm>', 'name or id').description('remove, with its disks').option('--keep-disks', 'its disks stay'),
  ).action(
    on(cli, async (run: Run, name: string, options: MutationOptions & { keepDisks?: boolean }) => {
      const api = await run.api();
      const found = await findVm(api, name);
      const done = await carryOut(run, options, (call) => api.vms(found.id).remove({ ...call, detach_only: options.keepDisks === true }));
      if (done) run.print({ id: found.id }, options.wait ? `VM ${found.name} has been removed.\n` : `VM ${found.name} is being removed.\n`);
    }),
  );
  vmDiskCommands(vm, cli);
  vmNicCommands(vm, cli);
  vmConsoleCommand(vm, cli);
}

type Action = 'start' | 'shutdown' | 'stop' | 'reboot' | 'reset';

/** Something asked of a VM, and how one sees that it has happened. */
function action(
  vm: Command,
  cli: Cli,
  name: Action,
  description: string,
  end: { statuses: readonly string[]; unless?: readonly string[] } | undefined,
): Command {
  const command = mutating(vm.command(name).argument('<vm>', 'name or id').description(description));
  if (end) command.option('--timeout <seconds>', 'how long to wait for the guest', seconds, 300);
  return command.action(
    on(cli, async (run: Run, wanted: string, options: ActionOptions) => {
      const api = await run.api();
      const found = await findVm(api, wanted);
      const done = await carryOut(run, options, (call) => ask(api, found, name, options, call));
      if (!done) return;
      const help =
        name === 'shutdown'
          ? `The guest may not listen: "ostler vm stop ${found.name}" powers it off.`
          : `"ostler event list" may say more.`;
      const look = () => api.vms(found.id).get({ signal: run.cli.signal });
      const now =
        options.wait && end
          ? await untilStatus(run, { what: `VM ${found.name}`, ...end, seconds: options.timeout, help }, look)
          : await look();
      run.print(now, `VM ${found.name} is ${statusWords(now.status)}.\n`);
    }),
  );
}

type Call = Parameters<Parameters<typeof carryOut>[2]>[0];

function ask(api: Client, { id }: Found<Api['vm']>, name: Action, { reason, paused, host }: ActionOptions, call: Call) {
  switch (name) {
    case 'start':
      return api
        .vms(id)
        .start(
          { ...(paused && { pause: true }), ...(host !== undefined && { vm: { placement_policy: { hosts: [{ name: host }] } } }) },
          call,
        );
    case 'shutdown':
      return api.vms(id).shutdown({ ...(reason !== undefined && { reason }) }, call);
    case 'stop':
      return api.vms(id).stop({ ...(reason !== undefined && { reason }) }, call);
    case 'reboot':
      return api.vms(id).reboot({}, call);
    case 'reset':
      return api.vms(id).reset({}, call);
  }
}

const columns: readonly Column<Api['vm']>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  {
    title: 'STATUS',
    cell: ({ status, status_detail: detail }) => `${words(status) ?? ''}${detail === undefined || detail === 'none' ? '' : ` (${detail})`}`,
  },
  { title: 'HOST', cell: ({ host }) => host?.name },
  { title: 'CLUSTER', cell: ({ cluster }) => cluster?.name },
  { title: 'MEMORY', cell: ({ memory }) => inGib(memory), right: true },
  { title: 'CPUS', cell: ({ cpu }) => String(cpusOf(cpu)), right: true },
  { title: 'ADDRESS', cell: ({ fqdn }) => fqdn },
  { title: 'ID', cell: ({ id }) => id },
];

const cpusOf = (cpu: Api['cpu'] | undefined): number =>
  (cpu?.topology?.sockets ?? 1) * (cpu?.topology?.cores ?? 1) * (cpu?.topology?.threads ?? 1);

async function list(run: Run, { search, max }: { search?: string; max?: number }): Promise<void> {
  const api = await run.api();
  const vms = await api.vms.list({ search, max, follow: 'host,cluster', signal: run.cli.signal });
  run.print(vms, vms.length === 0 ? 'There are no such VMs.\n' : table(columns, vms));
}

async function show(run: Run, name: string): Promise<void> {
  const api = await run.api();
  const { id } = await findVm(api, name);
  const vm = await api.vms(id).get({ follow: 'host,cluster,template,disk_attachments.disk,nics.vnic_profile' });
  const topology = vm.cpu?.topology;
  run.print(
    vm,
    properties([
      ['name', vm.name],
      ['id', vm.id],
      ['description', vm.description],
      ['status', words(vm.status)],
      ['detail', vm.status_detail === 'none' ? undefined : vm.status_detail],
      ['reason', vm.stop_reason],
      ['host', vm.host?.name],
      ['cluster', vm.cluster?.name],
      ['template', vm.template?.name],
      ['operating system', vm.os?.type],
      ['memory', inGib(vm.memory)],
      ['CPUs', `${cpusOf(vm.cpu)} (${topology?.sockets ?? 1} sockets, ${topology?.cores ?? 1} cores, ${topology?.threads ?? 1} threads)`],
      ['firmware', vm.bios?.type],
      ['display', vm.display?.type],
      ['protected', vm.delete_protected === true ? 'against removal' : undefined],
      ['running since', vm.start_time?.toISOString()],
      ...(vm.disk_attachments ?? []).map(
        ({ disk, interface: bus, bootable }) =>
          [
            'disk',
            `${disk?.alias ?? disk?.name ?? disk?.id ?? ''} (${inGib(disk?.provisioned_size)}, ${bus ?? ''}${bootable ? ', boots' : ''})`,
          ] as const,
      ),
      ...(vm.nics ?? []).map(
        ({ name: nic, mac, vnic_profile: profile }) =>
          ['NIC', `${nic ?? ''} (${mac?.address ?? ''}, ${profile?.name ?? 'no network'})`] as const,
      ),
      ['possible', (vm.action_states ?? []).flatMap(({ name: one, allowed }) => (allowed ? [words(one) ?? ''] : [])).join(', ')],
      ...(vm.action_states ?? []).flatMap(({ name: one, allowed, reasons = [] }) =>
        allowed ? [] : [[`no ${words(one) ?? ''}`, reasons.map(({ text }) => text ?? '').join(' ')] as const],
      ),
    ]),
  );
}
