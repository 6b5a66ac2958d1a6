import { Option, type Command } from 'commander';
import type { Api } from '@ostler/contract/schema';
import { carryOut, mutating, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { onlyDomain } from '../domains.ts';
import { findDisk, findStorageDomain } from '../find.ts';
import { downloadImage } from '../images/download.ts';
import { uploadImage } from '../images/upload.ts';
import { methodAt, rowOf } from '../nouns/ask.ts';
import { bodyFrom, merged } from '../nouns/body.ts';
import { bodyFlags } from '../nouns/flags.ts';
import { flagsLater } from '../nouns/lazy.ts';
import { idOf } from '../nouns/row.ts';
import { nounOf } from '../nouns/tree.ts';
import { count, size } from '../options.ts';
import { on, type Run } from '../run.ts';
import { inGib } from '../sizes.ts';
import { properties, words } from '../show/table.ts';

export function diskCommands(program: Command, cli: Cli): void {
  const disk = program.command('disk').description('disks');
  disk.command('show').argument('<disk>', 'name or id').description('one of them').action(on(cli, show));
  const created = mutating(
    disk
      .command('create')
      .argument('<name>')
      .description('make an empty disk')
      .requiredOption('--size <size>', 'as 20GiB', size)
      .option('--storage-domain <domain>', 'name or id; needless where there is only one')
      .addOption(new Option('--format <format>', 'of its image').choices(['raw', 'qcow2']).default('raw'))
      .option('--preallocated', 'its space is taken at once')
      .option('--shareable', 'several VMs may have it at the same time')
      .option('--description <text>'),
  ).action(on(cli, create));
  const route = nounOf('disk').ofAll.get('add');
  if (route) flagsLater(created, () => bodyFlags(route).filter(({ name }) => !sayOtherwise.includes(name)));
  bytes(
    disk
      .command('upload')
      .argument('<file>', 'a raw or QCOW2 image')
      .description('make a disk of an image file')
      .option('--storage-domain <domain>', 'name or id; needless where there is only one')
      .option('--name, --alias <name>', "of the disk; the file's if not said")
      .addOption(new Option('--format <format>', "of the disk's image; the file's own if not said").choices(['raw', 'qcow2']))
      .option('--size <size>', 'of the disk, where a raw one is to be larger than the file', size)
      .option('--resume', 'take up an upload of this file that broke off; if it breaks off again, it can be taken up again')
      .option('--dry-run', 'show the plan, or what speaks against it, and change nothing'),
  ).action(on(cli, uploadImage));
  bytes(
    disk
      .command('download')
      .argument('<disk>', 'name or id')
      .argument('<file>', 'a new file')
      .description('write what a guest sees on it to a file')
      .addOption(new Option('--format <format>', 'of the file; by its ending if not said').choices(['raw', 'qcow2'])),
  ).action(on(cli, downloadImage));
  mutating(disk.command('remove').argument('<disk>', 'name or id').description('remove it, with everything on it')).action(on(cli, remove));
}

/** What `disk create` says in words of its own. */
const sayOtherwise = ['alias', 'name', 'provisioned-size', 'sparse', 'storage-domains'];

const bytes = (command: Command): Command =>
  command
    .option('--connections <number>', 'at the same time', count, 4)
    .option('--verify', 'compare the checksums of both sides before it is done')
    .option('--direct', 'straight to the host instead of through the gateway');

const formatName = (format: 'cow' | 'raw'): string => (format === 'cow' ? 'qcow2' : 'raw');

async function show(run: Run, wanted: string): Promise<void> {
  const api = await run.api();
  const { id } = await findDisk(api, wanted);
  const disk = await api.disks(id).get({ follow: 'storage_domains' });
  run.print(
    disk,
    properties([
      ['name', disk.alias ?? disk.name],
      ['id', disk.id],
      ['description', disk.description],
      ['status', words(disk.status)],
      ['size', inGib(disk.provisioned_size)],
      ['used', inGib(disk.actual_size)],
      ['format', disk.format && formatName(disk.format)],
      ['allocation', disk.sparse === true ? 'thin' : 'preallocated'],
      ['content', disk.content_type],
      ['shareable', disk.shareable ? 'yes' : undefined],
      ['storage domain', disk.storage_domains?.map(({ name }) => name).join(', ')],
    ]),
  );
}

interface CreateOptions extends MutationOptions {
  readonly size: number;
  readonly storageDomain?: string;
  readonly format: 'raw' | 'qcow2';
  readonly preallocated?: boolean;
  readonly shareable?: boolean;
  readonly description?: string;
}

async function create(run: Run, name: string, options: CreateOptions): Promise<void> {
  const api = await run.api();
  const wish: Api['disk'] = {
    alias: name,
    provisioned_size: options.size,
    format: options.format === 'qcow2' ? 'cow' : 'raw',
    sparse: options.preallocated !== true,
    ...(options.shareable && { shareable: true }),
    ...(options.description !== undefined && { description: options.description }),
    storage_domains: [
      { id: options.storageDomain === undefined ? await onlyDomain(api) : (await findStorageDomain(api, options.storageDomain)).id },
    ],
  };
  const body = merged(await bodyFrom(run, run.flags, { ...options }), { ...wish });
  const made = await carryOut(run, options, async (call) => rowOf(methodAt(api, 'disks', [], 'add')(body, call)));
  if (!made) return;
  const id = idOf(made.answer) ?? '';
  run.print(await api.disks(id).get(), `Disk ${name} ${options.wait ? 'has been' : 'is being'} made; its id is ${id}.\n`);
}

async function remove(run: Run, wanted: string, options: MutationOptions): Promise<void> {
  const api = await run.api();
  const disk = await findDisk(api, wanted);
  const done = await carryOut(run, options, (call) => api.disks(disk.id).remove(call));
  if (done) run.print({ id: disk.id }, `Disk ${disk.alias ?? disk.id} ${options.wait ? 'has been' : 'is being'} removed.\n`);
}
