import { Option, type Command } from 'commander';
import { carryOut, mutating, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { findAttachment, findDisk, findVm } from '../find.ts';
import { offer } from '../nouns/offer.ts';
import { nounOf } from '../nouns/tree.ts';
import { on, type Run } from '../run.ts';

interface AttachOptions extends MutationOptions {
  readonly interface: 'virtio' | 'virtio_scsi' | 'sata' | 'ide';
  readonly bootable?: boolean;
  readonly readOnly?: boolean;
}

export function vmDiskCommands(vm: Command, cli: Cli): void {
  const disk = vm.command('disk').description('disks of a VM');
  mutating(
    disk
      .command('attach')
      .argument('<vm>', 'name or id')
      .argument('<disk>', 'name or id')
      .description('attach a disk; it boots if none of the others does')
      .addOption(
        new Option('--interface <kind>', 'by which the guest sees it').choices(['virtio', 'virtio_scsi', 'sata', 'ide']).default('virtio'),
      )
      .option('--bootable', 'the VM boots from it')
      .option('--no-bootable', 'the VM does not boot from it')
      .option('--read-only', 'the guest cannot write to it'),
  ).action(on(cli, attach));
  const attaching = disk.commands.at(-1);
  if (attaching) offer(attaching, [nounOf('vm'), nounOf('disk')]);
  mutating(
    disk
      .command('detach')
      .argument('<vm>', 'name or id')
      .argument('<disk>', 'name or id')
      .description('detach a disk, which stays as it is'),
  ).action(on(cli, detach));
}

async function attach(run: Run, vmName: string, diskName: string, options: AttachOptions): Promise<void> {
  const api = await run.api();
  const [vm, disk] = await Promise.all([findVm(api, vmName), findDisk(api, diskName)]);
  const bootable = options.bootable ?? !(await api.vms(vm.id).diskattachments.list()).some((one) => one.bootable);
  const wish = {
    disk: { id: disk.id },
    interface: options.interface,
    bootable,
    active: true,
    ...(options.readOnly && { read_only: true }),
  };
  const done = await carryOut(run, options, (call) => api.vms(vm.id).diskattachments.add(wish, call));
  if (done)
    run.print(done.answer, `Disk ${disk.alias ?? disk.id} is attached to VM ${vm.name}${bootable ? ', which boots from it' : ''}.\n`);
}

async function detach(run: Run, vmName: string, diskName: string, options: MutationOptions): Promise<void> {
  const api = await run.api();
  const [vm, disk] = await Promise.all([findVm(api, vmName), findDisk(api, diskName)]);
  const { id } = await findAttachment(api, vm, disk);
  const done = await carryOut(run, options, (call) =>
    api
      .vms(vm.id)
      .diskattachments(id)
      .remove({ ...call, detach_only: true }),
  );
  if (done) run.print({ id }, `Disk ${disk.alias ?? disk.id} is not attached to VM ${vm.name} any more.\n`);
}
