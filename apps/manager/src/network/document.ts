import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import type { NetworkSettings } from '@ostler/domain/network/rules';
import { qosReference } from '../qos/service.ts';
import type { VnicProfileRow } from './profile-store.ts';
import type { NetworkRow } from './store.ts';

/** A network as its data center has it. */
export function networkDocument(row: NetworkRow): Api['network'] {
  return linked({ id: row.id, ...networkFields(row), usages: row.vmNetwork ? ['vm' as const] : [] }, 'networks/{network}', {
    network: row.id,
  });
}

export const networkFields = (row: NetworkSettings & { readonly dataCenter: string }) => ({
  name: row.name,
  description: row.description,
  comment: row.comment,
  data_center: { id: row.dataCenter, href: href('data_center', { data_center: row.dataCenter }) },
  ...(row.vlan !== null && { vlan: { id: row.vlan } }),
  mtu: row.mtu,
  stp: row.stp,
  port_isolation: row.portIsolation,
  ...qosReference(row.qos, row.dataCenter),
  ...(row.nameServers.length > 0 && { dns_resolver_configuration: { name_servers: [...row.nameServers] } }),
  // A bridge on a host has the network's name if it fits the kernel's fifteen characters.
  ...(/^[\w.-]{1,15}$/.test(row.name) && { vdsm_name: row.name }),
});

export function vnicProfileDocument(row: VnicProfileRow): Api['vnic_profile'] {
  return linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      comment: row.comment,
      network: { id: row.network, href: href('network', { network: row.network }) },
      ...(row.filter !== null && {
        network_filter: { id: row.filter, name: row.filter, href: href('network_filter', { network_filter: row.filter }) },
      }),
      ...qosReference(row.qos, row.dataCenter),
      ...(row.failover !== null && { failover: { id: row.failover, href: href('vnic_profile', { vnic_profile: row.failover }) } }),
      migratable: row.migratable,
      pass_through: { mode: row.passThrough ? ('enabled' as const) : ('disabled' as const) },
      port_mirroring: row.portMirroring,
      custom_properties: Object.entries(row.customProperties).map(([name, value]) => ({ name, value })),
    },
    'vnicprofiles/{vnic_profile}',
    { vnic_profile: row.id },
  );
}
