import { ApiFault, type Client } from '@ostler/contract/client';
import type { Api } from '@ostler/contract/schema';
import { exitCodes, Problem, usageProblem } from './problem.ts';

/** Objects by what people call them: their name or their id. */

type Named = { readonly id?: string | undefined; readonly name?: string | undefined };
export type Found<T extends Named> = T & { readonly id: string };

interface Source<T extends Named> {
  readonly noun: string;
  readonly get: (id: string) => Promise<T>;
  /** Those that may be meant; which is, is looked at here. */
  readonly named: (search: string) => Promise<T[]>;
  readonly nameOf?: (one: T) => string | undefined;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

async function find<T extends Named>(wanted: string, { noun, get, named, nameOf = ({ name }) => name }: Source<T>): Promise<Found<T>> {
  if (uuid.test(wanted)) {
    const byId = await get(wanted.toLowerCase()).catch((error: unknown) => {
      if (error instanceof ApiFault && error.status === 404) return undefined;
      throw error;
    });
    if (byId && hasId(byId)) return byId;
  }
  const all = (await named(searchFor(wanted))).filter(hasId);
  const exact = all.filter((one) => nameOf(one) === wanted);
  const alike = exact.length > 0 ? exact : all.filter((one) => nameOf(one)?.toLowerCase() === wanted.toLowerCase());
  const [first, ...others] = alike;
  if (!first) throw new Problem(`There is no ${noun} ${wanted}, or you may not see it.`, exitCodes.notFound);
  if (others.length > 0)
    throw usageProblem(`${alike.length} ${noun}s are called ${wanted}. Say which one by its id: ${alike.map(({ id }) => id).join(', ')}.`);
  return first;
}

const hasId = <T extends Named>(one: T): one is Found<T> => one.id !== undefined;

/** What cannot be put into a search is looked for among all. */
const searchFor = (name: string): string => (/["*\\]/.test(name) || name === '' ? '' : `"${name}"`);
const byField = (field: string, quoted: string): { search?: string; case_sensitive?: boolean } =>
  quoted === '' ? {} : { search: `${field}=${quoted}`, case_sensitive: false };

export const findVm = (api: Client, wanted: string): Promise<Found<Api['vm']>> =>
  find(wanted, { noun: 'VM', get: (id) => api.vms(id).get(), named: (name) => api.vms.list(byField('name', name)) });

export const findDisk = (api: Client, wanted: string): Promise<Found<Api['disk']>> =>
  find(wanted, {
    noun: 'disk',
    get: (id) => api.disks(id).get(),
    named: (name) => api.disks.list(byField('alias', name)),
    nameOf: ({ alias, name }) => alias ?? name,
  });

export const findHost = (api: Client, wanted: string): Promise<Found<Api['host']>> =>
  find(wanted, { noun: 'host', get: (id) => api.hosts(id).get(), named: (name) => api.hosts.list(byField('name', name)) });

export const findStorageDomain = (api: Client, wanted: string): Promise<Found<Api['storage_domain']>> =>
  find(wanted, {
    noun: 'storage domain',
    get: (id) => api.storagedomains(id).get(),
    named: (name) => api.storagedomains.list(byField('name', name)),
  });

export const findCluster = (api: Client, wanted: string): Promise<Found<Api['cluster']>> =>
  find(wanted, { noun: 'cluster', get: (id) => api.clusters(id).get(), named: (name) => api.clusters.list(byField('name', name)) });

export const findNetwork = (api: Client, wanted: string): Promise<Found<Api['network']>> =>
  find(wanted, { noun: 'network', get: (id) => api.networks(id).get(), named: (name) => api.networks.list(byField('name', name)) });

export const findVnicProfile = (api: Client, wanted: string): Promise<Found<Api['vnic_profile']>> =>
  find(wanted, { noun: 'vNIC profile', get: (id) => api.vnicprofiles(id).get(), named: () => api.vnicprofiles.list() });

export const findAttachment = (api: Client, vm: Found<Api['vm']>, disk: Found<Api['disk']>): Promise<Found<Api['disk_attachment']>> =>
  find(disk.id, {
    noun: `attachment to VM ${vm.name ?? vm.id} of disk`,
    get: (id) => api.vms(vm.id).diskattachments(id).get(),
    named: async () => [],
  });

export const findNic = (api: Client, vm: Found<Api['vm']>, wanted: string): Promise<Found<Api['nic']>> =>
  find(wanted, {
    noun: `NIC of VM ${vm.name ?? vm.id}`,
    get: (id) => api.vms(vm.id).nics(id).get(),
    named: () => api.vms(vm.id).nics.list(),
  });

/** Jobs have no names. The first digits of an id are enough when no other begins with them. */
export async function findJob(api: Client, wanted: string): Promise<Found<Api['job']>> {
  if (!/^[0-9a-f-]{4,36}$/i.test(wanted)) throw usageProblem('A job is told by its id, or the first four or more digits of it.');
  const meant = (await api.jobs.list({ search: `id="${wanted.toLowerCase()}*"` })).filter(hasId);
  const [first, ...others] = meant;
  if (!first) throw new Problem(`There is no job ${wanted}, or you may not see it.`, exitCodes.notFound);
  if (others.length > 0) throw usageProblem(`The ids of ${meant.length} jobs begin with ${wanted}. Give more digits.`);
  return first;
}
