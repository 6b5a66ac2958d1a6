import { paths } from './paths.ts';

/** RHV's navigation. An entry is here when its page is. */
type Title =
  | 'compute'
  | 'network'
  | 'storage'
  | 'administration'
  | 'vms'
  | 'templates'
  | 'hosts'
  | 'data-centers'
  | 'clusters'
  | 'vnic-profiles'
  | 'networks'
  | 'domains'
  | 'disks'
  | 'events'
  | 'users';

interface NavigationGroup {
  readonly key: Title;
  readonly entries: readonly { readonly key: Title; readonly to: string }[];
}

export const navigationGroups: readonly NavigationGroup[] = [
  {
    key: 'compute',
    entries: [{ key: 'vms', to: paths.vms() }],
  },
  {
    key: 'administration',
    entries: [{ key: 'events', to: paths.events() }],
  },
];
