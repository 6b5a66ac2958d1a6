import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireFiles } from '@ostler/libvirt/daemon/command';
import { labDirectory } from './guest.ts';
import { labHost, type Host } from './host.ts';
import { openNetwork, type LabNetwork } from './network.ts';
import { faultyStorage, setFault } from './storage-fault.ts';

/** Hosts on one management network with one shared storage, all of it gone after `close`, or when this process is. */
export interface Lab {
  readonly hosts: readonly Host[];
  readonly network: LabNetwork;
  /** The storage itself, without any host's faults between: what is really there. */
  readonly shared: string;
  close(): Promise<void>;
}

/** Builds a lab of so many hosts and turns them on. Needs root. */
export async function openLab(count: number): Promise<Lab> {
  await requireFiles({ '/usr/bin/unshare': 'util-linux', '/usr/bin/nsenter': 'util-linux', '/sbin/ip': 'iproute2' });
  const program = await faultyStorage();
  await mkdir(labDirectory(), { recursive: true });
  // Short: the names of libvirt's sockets must fit below it.
  const labRoot = await mkdtemp(join(labDirectory(), 'lab-'));
  await chmod(labRoot, 0o755);
  const shared = join(labRoot, 'shared');
  for (const directory of [shared, join(labRoot, 'storage')]) await mkdir(directory);
  const network = await openNetwork(join(labRoot, 'network.log'));
  const hosts = Array.from({ length: count }, (_, index) => labHost({ number: index + 1, labRoot, network, faultyStorage: program }));
  const close = async () => {
    await Promise.all(hosts.map((host) => host.powerOff()));
    await network.close();
    await rm(labRoot, { recursive: true, force: true });
  };
  try {
    for (const host of hosts) {
      await mkdir(host.directory, { recursive: true });
      await setFault(join(host.directory, 'storage-fault'), 'ok');
    }
    // The first one finds out for the others what QEMU can do.
    const [first, ...others] = hosts;
    await first?.powerOn();
    await Promise.all(others.map((host) => host.powerOn()));
    return { hosts, network, shared, close };
  } catch (error) {
    await close();
    throw error;
  }
}
