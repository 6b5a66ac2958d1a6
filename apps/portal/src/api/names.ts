import { useQuery } from '@tanstack/react-query';
import { api } from './client.ts';

interface Named {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/** The few objects that many others refer to, whole: documents carry their ids only. */
export const useClusters = () => useQuery({ queryKey: ['cluster', 'list', 'all'], queryFn: ({ signal }) => api.clusters.list({ signal }) });
export const useDataCenters = () =>
  useQuery({ queryKey: ['data_center', 'list', 'all'], queryFn: ({ signal }) => api.datacenters.list({ signal }) });
export const useHosts = () => useQuery({ queryKey: ['host', 'list', 'all'], queryFn: ({ signal }) => api.hosts.list({ signal }) });
export const useTemplates = () =>
  useQuery({ queryKey: ['template', 'list', 'all'], queryFn: ({ signal }) => api.templates.list({ signal }) });
export const useStorageDomains = () =>
  useQuery({ queryKey: ['storage_domain', 'list', 'all'], queryFn: ({ signal }) => api.storagedomains.list({ signal }) });
export const useVnicProfiles = () =>
  useQuery({ queryKey: ['vnic_profile', 'list', 'all'], queryFn: ({ signal }) => api.vnicprofiles.list({ signal }) });
export const useNetworks = () => useQuery({ queryKey: ['network', 'list', 'all'], queryFn: ({ signal }) => api.networks.list({ signal }) });

/** The name of what a reference points to. */
export const nameIn = (objects: readonly Named[] | undefined, reference: Named | undefined): string | undefined =>
  reference === undefined ? undefined : (objects?.find(({ id }) => id === reference.id)?.name ?? reference.name);

export const namesOf = (objects: readonly Named[] | undefined): readonly string[] =>
  (objects ?? []).flatMap(({ name }) => (name === undefined ? [] : [name]));
