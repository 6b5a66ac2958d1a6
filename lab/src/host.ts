import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { libvirtdOver } from '@ostler/libvirt/daemon/libvirtd';
import { openNamespace, type Namespace } from './namespace.ts';
import { hostAddress, type LabNetwork } from './network.ts';
import { setFault, type StorageFault } from './storage-fault.ts';

/**
 * A host of the lab: processes in namespaces of their own (network, mounts, pids, host name), with a libvirtd of their own and the
 * shared storage behind a switch of faults. Files are the machine's, so paths mean the same everywhere; only `storage` is seen
 * through this host's own line to it.
 */
export interface Host {
  readonly name: string;
  /** On the management network. */
  readonly address: string;
  /** Where the host keeps what survives a power cut; an agent's state belongs below it. */
  readonly directory: string;
  /** Where every host has the shared storage mounted. */
  readonly storage: string;
  isOn(): boolean;
  /** Boots: an empty /run, the storage mounted, libvirtd up. The storage's fault stays as it was set. */
  powerOn(): Promise<void>;
  /** Everything in the host dies at once. What its disks have is there at the next start. */
  powerOff(): Promise<void>;
  setStorage(fault: StorageFault): Promise<void>;
  /** The libvirt of this host, asked over its socket. */
  virsh(args: readonly string[]): Promise<string>;
  inside: Namespace['inside'];
  spawnInside: Namespace['spawnInside'];
}

export interface HostOptions {
  readonly number: number;
  readonly labRoot: string;
  readonly network: LabNetwork;
  readonly faultyStorage: string;
}

const init = join(import.meta.dirname, '../host/init');
const libvirtdStarter = join(import.meta.dirname, 'host-libvirtd.ts');
const allKinds = ['network', 'pid', 'mount', 'uts', 'ipc'] as const;

export function labHost({ number, labRoot, network, faultyStorage }: HostOptions): Host {
  const name = `h${number}`;
  const address = hostAddress(number);
  const directory = join(labRoot, 'hosts', name);
  const state = join(directory, 'libvirt');
  const storage = join(labRoot, 'storage');
  const switchFile = join(directory, 'storage-fault');
  let running: Namespace | undefined;

  const powered = (): Namespace => {
    if (!running) throw new Error(`Host ${name} is off`);
    return running;
  };
  const powerOff = async (): Promise<void> => {
    const ending = running;
    running = undefined;
    await ending?.end();
  };
  return {
    name,
    address,
    directory,
    storage,
    isOn: () => running !== undefined,
    async powerOn() {
      if (running) return;
      await mkdir(state, { recursive: true });
      await rm(join(state, 'run'), { recursive: true, force: true });
      const log = join(directory, 'console.log');
      running = await openNamespace(allKinds, init, [`${name}.lab`, join(labRoot, 'shared'), storage, switchFile, faultyStorage], log);
      try {
        await network.plug({ name, address, namespace: running });
        await running.inside(process.execPath, [libvirtdStarter, state], { timeoutMs: 90_000 });
      } catch (error) {
        await powerOff();
        throw error;
      }
    },
    powerOff,
    setStorage: (fault) => setFault(switchFile, fault),
    virsh: (args) => libvirtdOver({ state }).virsh(args),
    inside: (command, args, options) => powered().inside(command, args, options),
    spawnInside: (command, args, output) => powered().spawnInside(command, args, output),
  };
}
