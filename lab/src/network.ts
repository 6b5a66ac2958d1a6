import { CommandFailed } from '@ostler/libvirt/daemon/command';
import { openNamespace, type Namespace } from './namespace.ts';

/** The lab's two switches, in a network namespace of their own: management, where the manager's side has an address too, and the guests'. */
export interface LabNetwork {
  /** A namespace of which the management network is seen: whoever is to talk to hosts runs inside. */
  readonly management: Namespace;
  /** Plugs a new host in: `mgmt0` with the address, and the bridge `vmbr0` for its guests. */
  plug(host: { name: string; address: string; namespace: Namespace }): Promise<void>;
  close(): Promise<void>;
}

export const managementAddress = '10.77.0.1';
export const hostAddress = (number: number): string => `10.77.0.${10 + number}`;

const switches = `set -e
ip link set lo up
ip link add br-mgmt type bridge
ip address add ${managementAddress}/24 dev br-mgmt
ip link set br-mgmt up
ip link add br-vm type bridge
ip link set br-vm up
echo ready
exec cat`;

export async function openNetwork(log: string): Promise<LabNetwork> {
  const management = await openNamespace(['network'], 'sh', ['-c', switches], log);
  return {
    management,
    async plug({ name, address, namespace }) {
      // A pair goes with the namespace that either end is in, but some time after the host has lost its power.
      for (const old of [`m-${name}`, `v-${name}`]) await unplug(management, old);
      const cable = (mine: string, theirs: string, bridge: string) => [
        ['link', 'add', mine, 'type', 'veth', 'peer', 'name', theirs, 'netns', String(namespace.pid)],
        ['link', 'set', mine, 'master', bridge, 'up'],
      ];
      for (const args of [...cable(`m-${name}`, 'mgmt0', 'br-mgmt'), ...cable(`v-${name}`, 'data0', 'br-vm')])
        await management.inside('ip', args);
      for (const args of [
        ['address', 'add', `${address}/24`, 'dev', 'mgmt0'],
        ['link', 'set', 'mgmt0', 'up'],
        ['link', 'add', 'vmbr0', 'type', 'bridge'],
        ['link', 'set', 'data0', 'master', 'vmbr0', 'up'],
        ['link', 'set', 'vmbr0', 'up'],
      ])
        await namespace.inside('ip', args);
    },
    close: () => management.end(),
  };
}

async function unplug(management: Namespace, device: string): Promise<void> {
  await management.inside('ip', ['link', 'delete', device]).catch((error: unknown) => {
    if (!(error instanceof CommandFailed && error.stderr.includes('Cannot find device'))) throw error;
  });
}
