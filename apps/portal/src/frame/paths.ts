/** Where each object's page is: the one place that knows. */
export const paths = {
  dashboard: () => '/',
  vms: () => '/vms',
  vm: (id: string, tab?: string) => below(`/vms/${id}`, tab),
  templates: () => '/templates',
  instanceTypes: () => '/instance-types',
  dataCenters: () => '/data-centers',
  clusters: () => '/clusters',
  hosts: () => '/hosts',
  networks: () => '/networks',
  vnicProfiles: () => '/vnic-profiles',
  dataCenter: (id: string, tab?: string) => below(`/data-centers/${id}`, tab),
  cluster: (id: string, tab?: string) => below(`/clusters/${id}`, tab),
  host: (id: string, tab?: string) => below(`/hosts/${id}`, tab),
  template: (id: string, tab?: string) => below(`/templates/${id}`, tab),
  network: (id: string, tab?: string) => below(`/networks/${id}`, tab),
  domains: () => '/domains',
  domain: (id: string, tab?: string) => below(`/domains/${id}`, tab),
  disks: () => '/disks',
  disk: (id: string, tab?: string) => below(`/disks/${id}`, tab),
  events: () => '/events',
  users: () => '/users',
} as const;

const below = (path: string, tab: string | undefined): string => (tab === undefined ? path : `${path}/${tab}`);

/** A list with a search already in it. */
export const searched = (path: string, search: string): string => `${path}?q=${encodeURIComponent(search)}`;
