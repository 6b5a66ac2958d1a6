import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { serialConsole } from '../console/serial.ts';
import { findVm } from '../find.ts';
import { seconds } from '../options.ts';
import { Problem } from '../problem.ts';
import { on, type Run } from '../run.ts';

interface ConsoleOptions {
  readonly until?: string;
  readonly timeout?: number;
}

export function vmConsoleCommand(vm: Command, cli: Cli): void {
  vm.command('console')
    .argument('<vm>', 'name or id')
    .description('its serial console in this terminal; Ctrl-] leaves it')
    .option('--until <text>', 'return when the console has said this')
    .option('--timeout <seconds>', 'how long to watch; with --until it is a failure if the text has not come by then', seconds)
    .action(on(cli, open));
}

async function open(run: Run, wanted: string, { until, timeout }: ConsoleOptions): Promise<void> {
  const { api, ca } = await run.connection();
  const vm = await findVm(api, wanted);
  const { url } = await api.vms(vm.id).serialconsoleticket({});
  if (url === undefined) throw new Problem(`VM ${vm.name} gave no address for its serial console.`);
  if (run.cli.in.isTTY) run.progress.say(`The serial console of VM ${vm.name}. Ctrl-] leaves it.`);
  await serialConsole(run.cli, { url, ca, until, timeout });
  if (run.cli.out.isTTY) run.progress.say('');
}
