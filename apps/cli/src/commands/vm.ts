import type { Command } from 'commander';
import type { Api } from '@ostler/contract/schema';
import { carryOut, mutating, untilStatus, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { findVm } from '../find.ts';
import { methodAt } from '../nouns/ask.ts';
import { bodyFrom, merged } from '../nouns/body.ts';
import { bodyFlags } from '../nouns/flags.ts';
import { flagsLater } from '../nouns/lazy.ts';
import type { Row } from '../nouns/row.ts';
import { nounOf } from '../nouns/tree.ts';
import { seconds } from '../options.ts';
import { on, type Run } from '../run.ts';
import { inGib } from '../sizes.ts';
import { properties, statusWords, words } from '../show/table.ts';
import { vmConsoleCommand } from './vm-console.ts';
import { vmDiskCommands } from './vm-disk.ts';
import { vmNicCommands } from './vm-nic.ts';
import { reference, vmSettingCommands } from './vm-settings.ts';

interface ActionOptions extends MutationOptions {
  readonly reason?: string;
  readonly timeout: number;
  readonly paused?: boolean;
  readonly host?: string;
  readonly waitFor?: string;
}

export function vmCommands(program: Command, cli: Cli): void {
  const vm = program.command('vm').description('virtual machines');
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
  command
    .option('--wait-for <status>', 'return when it has this status, as up')
    .option('--timeout <seconds>', 'how long to wait for the guest', seconds, 300);
  const route = nounOf('vm').ofOne.get(name);
  if (route) flagsLater(command, () => bodyFlags(route));
  return command.action(
    on(cli, async (run: Run, wanted: string, options: ActionOptions) => {
      const api = await run.api();
      const found = await findVm(api, wanted);
      const done = await carryOut(run, options, async (call) =>
        methodAt(api, 'vms/{vm}', [found.id], name)(merged(inputOf(options), await bodyFrom(run, run.flags, { ...options })), call),
      );
      if (!done) return;
      const awaited = options.waitFor === undefined ? end : { ...end, statuses: [options.waitFor.replaceAll('-', '_')] };
      const help =
        name === 'shutdown'
          ? `The guest may not listen: "ostler vm stop ${found.name}" powers it off.`
          : `"ostler event list" may say more.`;
      const look = () => api.vms(found.id).get({ signal: run.cli.signal });
      const now =
        options.wait && awaited
          ? await untilStatus(run, { what: `VM ${found.name}`, ...awaited, seconds: options.timeout, help }, look)
          : await look();
      run.print(now, `VM ${found.name} is ${statusWords(now.status)}.\n`);
    }),
  );
}

const inputOf = ({ reason, paused, host }: ActionOptions): Row => ({
  ...(reason !== undefined && { reason }),
  ...(paused && { pause: true }),
  ...(host !== undefined && { vm: { placement_policy: { hosts: [reference(host)] } } }),
});

const cpusOf = (cpu: Api['cpu'] | undefined): number =>
  (cpu?.topology?.sockets ?? 1) * (cpu?.topology?.cores ?? 1) * (cpu?.topology?.threads ?? 1);

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
