import { Option, type Command } from 'commander';
import type { Api } from '@ostler/contract/schema';
import { carryOut, mutating, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { findDisk, findVm } from '../find.ts';
import { methodAt, rowOf } from '../nouns/ask.ts';
import { bodyFrom, merged } from '../nouns/body.ts';
import { bodyFlags, queryFlags } from '../nouns/flags.ts';
import { flagsLater } from '../nouns/lazy.ts';
import { idOf, nameOf, type Row } from '../nouns/row.ts';
import { nounOf } from '../nouns/tree.ts';
import { count, several, size } from '../options.ts';
import { usageProblem } from '../problem.ts';
import { on, type Run } from '../run.ts';
import { addNic } from './vm-nic.ts';

/** Making VMs and changing them. */

interface Settings {
  readonly name?: string;
  readonly memory?: number;
  readonly maxMemory?: number;
  readonly cpus?: number;
  readonly sockets?: number;
  readonly cores?: number;
  readonly threads?: number;
  readonly os?: string;
  readonly firmware?: (typeof firmwares)[number];
  readonly display?: 'vnc' | 'spice';
  readonly description?: string;
  readonly comment?: string;
  readonly deleteProtected?: boolean;
}

const firmwares = ['i440fx_sea_bios', 'q35_sea_bios', 'q35_ovmf', 'q35_secure_boot'] as const;

const settings = (command: Command): Command =>
  command
    .option('--memory <size>', 'as 512MiB or 4GiB', size)
    .option('--max-memory <size>', 'to which it may grow', size)
    .option('--cpus <number>', 'sockets of one core each, and nothing said of the topology', count)
    .option('--sockets <number>', 'of virtual CPUs', count)
    .option('--cores <number>', 'in each socket', count)
    .option('--threads <number>', 'in each core', count)
    .option('--os <type>', 'a key of the operating systems that the API lists, as debian_12')
    .addOption(new Option('--firmware <kind>', 'machine and firmware').choices(firmwares))
    .addOption(new Option('--display <protocol>', 'of the graphical console').choices(['vnc', 'spice']))
    .option('--description <text>')
    .option('--comment <text>')
    .option('--delete-protected', 'cannot be removed');

interface CreateOptions extends Settings, MutationOptions {
  readonly cluster: string;
  readonly template: string;
  readonly disk?: readonly string[];
  readonly network?: readonly string[];
}

export function vmSettingCommands(vm: Command, cli: Cli): void {
  const created = mutating(settings(vm.command('create').argument('<name>').description('make a VM')))
    .option('--cluster <cluster>', 'name or id', 'Default')
    .option('--template <template>', 'name or id', 'Blank')
    .option('--disk <disk>', 'a disk that is there already; the first one boots; may be given several times', several)
    .option('--network <network>', 'a NIC on this network; may be given several times', several)
    .action(on(cli, create));
  const { ofAll, ofOne } = nounOf('vm');
  const changed = mutating(settings(vm.command('update').argument('<vm>', 'name or id').description('change it')))
    .option('--name <name>', 'a new name')
    .option('--no-delete-protected', 'can be removed again')
    .action(on(cli, update));
  for (const [command, route] of [
    [created, ofAll.get('add')],
    [changed, ofOne.get('update')],
  ] as const)
    if (route) flagsLater(command, () => [...bodyFlags(route).filter(({ name }) => name !== 'name'), ...queryFlags(route)]);
}

async function create(run: Run, name: string, options: CreateOptions): Promise<void> {
  const api = await run.api();
  const disks = await Promise.all((options.disk ?? []).map((disk) => findDisk(api, disk)));
  const wish: Api['vm'] = {
    ...wishOf(options),
    name,
    cluster: reference(options.cluster),
    template: reference(options.template),
    ...(disks.length > 0 && {
      disk_attachments: disks.map(({ id }, at) => ({ disk: { id }, interface: 'virtio' as const, bootable: at === 0, active: true })),
    }),
  };
  const { body, query } = await extra(run, 'add', options);
  const made = await carryOut(run, options, async (call) =>
    rowOf(methodAt(api, 'vms', [], 'add')(merged(body, { ...wish }), { ...query, ...call })),
  );
  if (!made) return;
  const id = idOf(made.answer) ?? '';
  for (const [at, network] of (options.network ?? []).entries())
    await addNic(run, { id, name }, { name: `nic${at + 1}`, network }, { wait: true });
  run.print(await api.vms(id).get(), `VM ${name} has been made.\n`);
}

async function update(run: Run, wanted: string, options: Settings & MutationOptions): Promise<void> {
  const api = await run.api();
  const found = await findVm(api, wanted);
  const { body, query } = await extra(run, 'update', options);
  const wish = merged(body, { ...wishOf(options), ...(options.name !== undefined && { name: options.name }) });
  if (Object.keys(wish).length === 0) throw usageProblem('Say what to change: see "ostler vm update --help".');
  const done = await carryOut(run, options, async (call) =>
    rowOf(methodAt(api, 'vms/{vm}', [found.id], 'update')(wish, { ...query, ...call })),
  );
  if (done) run.print(done.answer, `VM ${nameOf(done.answer)} has been changed.\n`);
}

/** What the flags of the contract say, apart from those that are here by hand. */
async function extra(run: Run, method: 'add' | 'update', options: object): Promise<{ body: Row; query: Row }> {
  const { ofAll, ofOne } = nounOf('vm');
  const route = method === 'add' ? ofAll.get('add') : ofOne.get('update');
  const inQuery = new Set(route ? queryFlags(route).map(({ name }) => name) : []);
  const given = (wanted: boolean) => run.flags.filter(({ name }) => inQuery.has(name) === wanted);
  return { body: await bodyFrom(run, given(false), { ...options }), query: await bodyFrom(run, given(true), { ...options }) };
}

function wishOf(options: Settings): Api['vm'] {
  const { memory, maxMemory, cpus, sockets, cores, threads, os, firmware, display, description, comment, deleteProtected } = options;
  if (cpus !== undefined && (sockets ?? cores ?? threads) !== undefined)
    throw usageProblem('Give either --cpus, or --sockets, --cores and --threads.');
  const topology = cpus === undefined ? given({ sockets, cores, threads }) : { sockets: cpus, cores: 1, threads: 1 };
  return {
    ...given({ memory, description, comment, delete_protected: deleteProtected }),
    ...(maxMemory !== undefined && { memory_policy: { max: maxMemory } }),
    ...(Object.keys(topology).length > 0 && { cpu: { topology } }),
    ...(os !== undefined && { os: { type: os } }),
    ...(firmware !== undefined && { bios: { type: firmware } }),
    ...(display !== undefined && { display: { type: display } }),
  };
}

const given = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;

export const reference = (wanted: string): { id: string } | { name: string } =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wanted) ? { id: wanted } : { name: wanted };
