import { setTimeout as sleep } from 'node:timers/promises';
import { finished } from './command.ts';
import { libvirtOf } from './instance/configs.ts';
import { ownLibvirtd, runningVms } from './instance/hypervisor.ts';
import { pathsIn, type Paths } from './instance/paths.ts';
import { Problem } from './instance/problem.ts';
import { readSettings } from './instance/settings.ts';
import { isAlive, signal } from './supervisor/process.ts';
import { readStatus } from './supervisor/status.ts';

/** Stops Ostler. VMs keep running, and with them the libvirtd that knows them; `vms` stops them too, and then everything. */
export async function down(wish: { readonly stateDir: string; readonly vms: boolean }, write: (line: string) => void): Promise<void> {
  if (process.getuid?.() !== 0) throw new Problem('ostler down needs root, as ostler up did.');
  const paths = pathsIn(wish.stateDir);
  const settings = await readSettings(paths);
  if (!settings) throw new Problem(`There is no Ostler in ${paths.state}. Another one is named with --state-dir.`);
  const { uri } = libvirtOf(paths, settings);
  if (wish.vms) await stopVms(uri, write);
  write((await stopSupervisor(paths)) ? 'Ostler is stopped.' : 'Ostler was not running.');
  const running = await runningVms(uri);
  if (running.length > 0) return write(`These virtual machines keep running: ${running.join(', ')}.`);
  if (settings.libvirt === 'own') await stopLibvirt(paths);
}

/** Whether there was one to stop. */
export async function stopSupervisor(paths: Paths): Promise<boolean> {
  const status = await readStatus(paths.supervisor);
  if (!status || !(await signal(status.supervisor, 'SIGTERM'))) return false;
  const deadline = AbortSignal.timeout(100_000);
  while (await isAlive(status.supervisor)) {
    if (deadline.aborted) {
      await signal(status.supervisor, 'SIGKILL');
      throw new Problem(`The supervisor did not end by itself and was killed; its log is ${paths.log('supervisor')}.`);
    }
    await sleep(50);
  }
  return true;
}

const virsh = (uri: string, ...args: string[]) => finished('virsh', ['--quiet', '--connect', uri, ...args], { deadline: 30_000 });

/** As a person would: asked to shut down, and switched off when they have not after half a minute. */
async function stopVms(uri: string, write: (line: string) => void): Promise<void> {
  for (const name of await runningVms(uri)) await virsh(uri, 'shutdown', name);
  const deadline = AbortSignal.timeout(30_000);
  while ((await runningVms(uri)).length > 0 && !deadline.aborted) await sleep(250);
  for (const name of await runningVms(uri)) {
    write(`Virtual machine ${name} did not shut down and is switched off.`);
    await virsh(uri, 'destroy', name);
  }
}

/** Without VMs nobody needs it. Its networks go first: their bridges would stay behind. */
async function stopLibvirt(paths: Paths): Promise<void> {
  const libvirtd = ownLibvirtd(paths);
  const { stdout } = await virsh(libvirtd.uri, 'net-list', '--name');
  for (const name of stdout.split('\n').filter((line) => line !== '')) await virsh(libvirtd.uri, 'net-destroy', name);
  await libvirtd.stop();
}
