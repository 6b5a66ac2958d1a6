import { reasons, type Reason } from '../reason.ts';

/** What a storage domain may be told to be, besides its name (infra.md 5.1, 5.6). */

export const storageTypeReasons = reasons({
  storage_connection_taken: { class: 'conflict', text: 'There is a connection to {path} already.' },
  storage_connection_in_use: {
    class: 'conflict',
    text: 'The connection is used by storage domain {domain}. {help}',
  },
  storage_connection_type_fixed: { class: 'conflict', text: 'The connection stays one of the type {type}.' },
  storage_connection_sole: {
    class: 'conflict',
    text: 'Storage domain {domain} is reached over the one connection that it was made with: others can neither be added nor taken away.',
  },
  storage_domain_name_taken: { class: 'conflict', text: 'There is a storage domain named {name} already.' },
  storage_domain_type_unfit: { class: 'bad_input', text: 'A storage domain is data, iso or export; Ostler cannot make {type}.' },
  storage_type_unfit: { class: 'bad_input', text: 'Ostler can use storage of type posixfs, nfs and localfs; {type} is not among them.' },
  storage_path_missing: { class: 'bad_input', text: 'The storage needs a path.' },
  storage_path_relative: { class: 'bad_input', text: 'The path {path} must begin with a slash.' },
  storage_address_missing: { class: 'bad_input', text: 'NFS storage needs the address of its server.' },
  storage_host_unknown: { class: 'bad_input', text: 'There is no host {host}. Name one that is up: it lays out the domain.' },
  storage_warning_range: { class: 'bad_input', text: 'The warning threshold is a percentage from 0 to 100; {value} was asked for.' },
  storage_critical_range: { class: 'bad_input', text: 'The critical space is a number of GiB from 0 on; {value} was asked for.' },
});

export function storageDomainProblems(settings: {
  readonly warningLowSpaceIndicator: number;
  readonly criticalSpaceActionBlocker: number;
}): (Reason | false)[] {
  const { warningLowSpaceIndicator: warning, criticalSpaceActionBlocker: critical } = settings;
  return [
    (warning < 0 || warning > 100) &&
      storageTypeReasons.storage_warning_range({ value: warning }, 'storage_domain.warning_low_space_indicator'),
    critical < 0 && storageTypeReasons.storage_critical_range({ value: critical }, 'storage_domain.critical_space_action_blocker'),
  ];
}
