import { api } from '../api/client.ts';
import { paths } from './paths.ts';

/** An object that the palette found. */
export interface Found {
  readonly id: string;
  readonly name: string;
  readonly kind: 'vms' | 'hosts' | 'disks' | 'templates' | 'clusters' | 'data-centers' | 'domains' | 'networks';
  readonly to: string;
}

const each = 5;

/** Objects of every kind with the text in their names. One kind that cannot be read hides none of the others. */
export async function findObjects(text: string, signal: AbortSignal): Promise<Found[]> {
  const quoted = text.replace(/["']/g, '');
  const options = (field: string) => ({ search: `${field} = "*${quoted}*"`, max: each, case_sensitive: false, signal });
  const named =
    (kind: Found['kind'], to: (id: string) => string) => (rows: readonly { id?: string | undefined; name?: string | undefined }[]) =>
      rows.map(({ id = '', name = '' }) => ({ id, name, kind, to: to(id) }));
  const found = await Promise.allSettled([
    api.vms.list(options('name')).then(named('vms', paths.vm)),
    api.hosts.list(options('name')).then(named('hosts', paths.host)),
    api.disks.list(options('alias')).then(named('disks', paths.disk)),
    api.templates.list(options('name')).then(named('templates', paths.template)),
    api.clusters.list(options('name')).then(named('clusters', paths.cluster)),
    api.datacenters.list(options('name')).then(named('data-centers', paths.dataCenter)),
    api.storagedomains.list(options('name')).then(named('domains', paths.domain)),
    api.networks.list(options('name')).then(named('networks', paths.network)),
  ]);
  return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}
