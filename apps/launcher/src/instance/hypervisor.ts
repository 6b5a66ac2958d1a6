import { readFile } from 'node:fs/promises';
import { libvirtdOver, startLibvirtd, type Libvirtd, type LibvirtdOptions } from '@ostler/libvirt/daemon/libvirtd';
import { finished } from '../command.ts';
import type { Paths } from './paths.ts';
import type { Settings } from './settings.ts';

/**
 * The machine's libvirtd is used when it runs and leaves the owners of disks alone; otherwise one of our own, over our state and
 * out of sight of the other. It is asked once: VMs stay where they are (docs/decisions/0001).
 */
export async function chooseLibvirt(): Promise<Settings['libvirt']> {
  const settings = await readFile('/etc/libvirt/qemu.conf', 'utf8').catch(() => '');
  if (!/^\s*dynamic_ownership\s*=\s*0\b/m.test(settings)) return 'own';
  const { status } = await finished('virsh', ['--connect', 'qemu:///system', 'version'], { deadline: 10_000 }).catch(() => ({ status: undefined }));
  return status === 0 ? 'system' : 'own';
}

const options = (paths: Paths): LibvirtdOptions => ({ state: paths.libvirt, guestsAs: 'storage', sharedMounts: [paths.agent.mounts] });

export const startOwnLibvirtd = (paths: Paths): Promise<Libvirtd> => startLibvirtd(options(paths));

export const ownLibvirtd = (paths: Paths): Libvirtd => libvirtdOver(options(paths));

/** Names of the VMs that run in it; none when it does not answer. */
export async function runningVms(uri: string): Promise<readonly string[]> {
  const { status, stdout } = await finished('virsh', ['--quiet', '--connect', uri, 'list', '--name'], { deadline: 20_000 });
  return status === 0 ? stdout.split('\n').filter((name) => name !== '') : [];
}
