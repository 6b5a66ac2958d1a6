import { Option, type Command } from 'commander';
import type { Api } from '@ostler/contract/schema';
import { carryOut, mutating, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { findNetwork, findNic, findVm, findVnicProfile } from '../find.ts';
import { exitCodes, Problem, usageProblem } from '../problem.ts';
import { on, type Run } from '../run.ts';

export interface NicWish {
  readonly name?: string;
  readonly network?: string;
  readonly vnicProfile?: string;
  readonly mac?: string;
  readonly interface?: 'virtio' | 'e1000' | 'rtl8139';
}

export function vmNicCommands(vm: Command, cli: Cli): void {
  const nic = vm.command('nic').description('network interfaces of a VM');
  mutating(
    nic
      .command('add')
      .argument('<vm>', 'name or id')
      .description('give it one more')
      .option('--name <name>', 'nic1, nic2, … if not said')
      .option('--network <network>', 'name or id; its vNIC profile is taken')
      .option('--vnic-profile <profile>', 'name or id, where a network has several')
      .option('--mac <address>', 'else the next free one')
      .addOption(new Option('--interface <kind>', 'that the guest sees').choices(['virtio', 'e1000', 'rtl8139'])),
  ).action(
    on(cli, async (run: Run, name: string, options: NicWish & MutationOptions) => {
      const found = await findVm(await run.api(), name);
      const made = await addNic(run, found, options, options);
      if (made) run.print(made, `VM ${found.name} has NIC ${made.name} with address ${made.mac?.address}.\n`);
    }),
  );
  mutating(nic.command('remove').argument('<vm>', 'name or id').argument('<nic>', 'name or id').description('take it away')).action(
    on(cli, async (run: Run, name: string, nicName: string, options: MutationOptions) => {
      const api = await run.api();
      const found = await findVm(api, name);
      const { id, name: removed } = await findNic(api, found, nicName);
      const done = await carryOut(run, options, (call) => api.vms(found.id).nics(id).remove(call));
      if (done) run.print({ id }, `VM ${found.name} has NIC ${removed} no more.\n`);
    }),
  );
}

export async function addNic(
  run: Run,
  vm: { readonly id: string; readonly name?: string | undefined },
  wish: NicWish,
  options: MutationOptions,
): Promise<Api['nic'] | undefined> {
  const api = await run.api();
  const profile = await profileFor(run, wish);
  const taken = new Set((await api.vms(vm.id).nics.list()).map(({ name }) => name));
  let number = 1;
  while (taken.has(`nic${number}`)) number += 1;
  const nic = {
    name: wish.name ?? `nic${number}`,
    ...(profile !== undefined && { vnic_profile: { id: profile } }),
    ...(wish.mac !== undefined && { mac: { address: wish.mac } }),
    ...(wish.interface !== undefined && { interface: wish.interface }),
  };
  return (await carryOut(run, options, (call) => api.vms(vm.id).nics.add(nic, call)))?.answer;
}

/** The profile that was named, or that of the network if it has but one. Without either the NIC has no network. */
async function profileFor(run: Run, { network, vnicProfile }: NicWish): Promise<string | undefined> {
  const api = await run.api();
  if (network === undefined) return vnicProfile === undefined ? undefined : (await findVnicProfile(api, vnicProfile)).id;
  const { id, name } = await findNetwork(api, network);
  const profiles = (await api.vnicprofiles.list()).filter((one) => one.network?.id === id);
  const meant = vnicProfile === undefined ? profiles : profiles.filter((one) => one.name === vnicProfile || one.id === vnicProfile);
  const [only, ...others] = meant;
  if (!only)
    throw new Problem(
      vnicProfile === undefined
        ? `Network ${name} has no vNIC profile that you may use.`
        : `Network ${name} has no vNIC profile ${vnicProfile}.`,
      exitCodes.notFound,
    );
  if (others.length > 0)
    throw usageProblem(`Network ${name} has several vNIC profiles. Say which: --vnic-profile ${meant.map((one) => one.name).join(', ')}.`);
  return only.id;
}
