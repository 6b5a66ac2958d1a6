import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startLibvirtd as start, type Libvirtd, type LibvirtdOptions } from '@ostler/libvirt/daemon/libvirtd';
import { labDirectory } from './guest.ts';

export { stopLibvirtd, type Libvirtd } from '@ostler/libvirt/daemon/libvirtd';

export type LabLibvirtdOptions = Omit<Partial<LibvirtdOptions>, 'knownCapabilities'>;

/**
 * A libvirtd for one test, beside the machine's and those of other tests. QEMU is root: a test's disks lie where the test
 * pleases. Without a `state` of the caller's a temporary one is made, and removed by `stop`.
 */
export async function startLibvirtd(options: LabLibvirtdOptions = {}): Promise<Libvirtd> {
  const state = options.state ?? (await temporaryState());
  const libvirtd = await start({ guestsAs: 'root', ...options, state, knownCapabilities: join(labDirectory(), 'capabilities') });
  return {
    ...libvirtd,
    stop: async () => {
      await libvirtd.stop();
      if (options.state === undefined) await rm(state, { recursive: true, force: true });
    },
  };
}

async function temporaryState(): Promise<string> {
  await mkdir(labDirectory(), { recursive: true });
  const state = await mkdtemp(join(labDirectory(), 'libvirtd-'));
  await chmod(state, 0o755);
  return state;
}
