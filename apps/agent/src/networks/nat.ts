import { networkInterfaces } from 'node:os';
import { isLibvirtError } from '@ostler/libvirt/errors';
import type { Connection } from '@ostler/libvirt/connection';
import type { ConfiguredNetwork } from '../facts/facts.ts';

type Libvirt = Pick<Connection, 'call'>;

/** Sees to it that every NAT network of the configuration exists in libvirt and runs. A failure concerns only that network. */
export async function ensureNatNetworks(
  libvirt: Libvirt,
  networks: readonly ConfiguredNetwork[],
  log: { warn(details: object, message: string): void },
): Promise<void> {
  for (const { kind, device } of networks) {
    if (kind !== 'nat') continue;
    await ensureNat(libvirt, device).catch((error: unknown) =>
      log.warn({ network: device, problem: String(error) }, 'a NAT network could not be started'),
    );
  }
}

async function ensureNat(libvirt: Libvirt, name: string): Promise<void> {
  const known = await libvirt.call('networkLookupByName', { name }).catch((error: unknown) => {
    if (!isLibvirtError(error, 'noNetwork')) throw error;
    return undefined;
  });
  if (known) {
    if (!(await libvirt.call('networkIsActive', { net: known }))) await libvirt.call('networkCreate', { net: known });
    return;
  }
  let refusal: unknown = new Error('There is no free subnet for it');
  for (const subnet of freeSubnets(addressesOfHost())) {
    const net = await libvirt.call('networkDefineXML', { xml: natXml(name, subnet) });
    try {
      await libvirt.call('networkCreate', { net });
      await libvirt.call('networkSetAutostart', { net, autostart: true });
      return;
    } catch (error) {
      await libvirt.call('networkUndefine', { net });
      // Somebody else has just taken the subnet; anything else goes wrong with the next one, too.
      if (!/in use/i.test(String(error))) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

const addressesOfHost = (): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((one) => one?.address ?? []);

/** 192.168.N.0/24, upwards from where libvirt's own default is not, without those that this host is in. */
export function freeSubnets(addresses: readonly string[]): string[] {
  const taken = new Set(addresses.map((address) => address.split('.').slice(0, 3).join('.')));
  return Array.from({ length: 100 }, (_subnet, index) => `192.168.${130 + index}`).filter((subnet) => !taken.has(subnet));
}

/** Network and bridge have one name: the bridge's, which may have fifteen characters. */
export function natXml(name: string, subnet: string): string {
  return `<network>
  <name>${name}</name>
  <forward mode='nat'/>
  <bridge name='${name}' stp='on' delay='0'/>
  <ip address='${subnet}.1' netmask='255.255.255.0'>
    <dhcp><range start='${subnet}.2' end='${subnet}.254'/></dhcp>
  </ip>
</network>`;
}
