import type { Connection } from '@ostler/agent-contract/values';
import type { Api } from '@ostler/contract/schema';
import { refuse, type Refusal } from '@ostler/domain/reason';
import { storageTypeReasons } from '@ostler/domain/storage-domain/rules';

/** How storage is reached, as a client describes it. `at` is where it stands in the input. */
export function connectionFrom(given: Partial<Api['host_storage']>, at: string): Connection | Refusal {
  const path = given.path ?? '';
  const mountOptions = given.mount_options;
  if (path === '') return refuse(storageTypeReasons.storage_path_missing(`${at}.path`));
  if (given.type !== 'posixfs' && !path.startsWith('/')) return refuse(storageTypeReasons.storage_path_relative({ path }, `${at}.path`));
  switch (given.type) {
    case 'localfs':
      return { type: 'localfs', path };
    case 'posixfs':
      return { type: 'posixfs', path, vfsType: given.vfs_type ?? 'none', ...(mountOptions !== undefined && { mountOptions }) };
    case 'nfs':
      if (!given.address) return refuse(storageTypeReasons.storage_address_missing(`${at}.address`));
      return { type: 'nfs', address: given.address, path, ...(mountOptions !== undefined && { mountOptions }) };
    default:
      return refuse(storageTypeReasons.storage_type_unfit({ type: String(given.type) }, `${at}.type`));
  }
}
