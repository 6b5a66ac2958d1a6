import { refuse, type Refusal } from '../reason.ts';
import { parseSearch, searchReasons, type Criterion, type Operator, type Search } from './parse.ts';

/** What a field holds, and so how it is compared. Times are milliseconds since the epoch in what is resolved. */
export type FieldKind = 'text' | 'number' | 'time' | 'boolean';

export interface Searchable {
  /** The word for messages: "VMs". */
  readonly noun: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** Fields of other objects, by the names that clients put before the dot. The value is the field of this noun that it is. */
  readonly references?: Readonly<Record<string, string>>;
  /** Fields in which a bare value is looked for. */
  readonly texts: readonly string[];
}

/** The searchable nouns of this version. Each field is a name that the manager's store knows the SQL of. */
export const searchables = {
  vms: {
    noun: 'VMs',
    fields: {
      name: 'text',
      comment: 'text',
      description: 'text',
      id: 'text',
      status: 'text',
      cluster: 'text',
      datacenter: 'text',
      host: 'text',
      template: 'text',
      storage: 'text',
      os: 'text',
      type: 'text',
      architecture: 'text',
      ip: 'text',
      fqdn: 'text',
      memory: 'number',
      guaranteed_memory: 'number',
      cpu_usage: 'number',
      mem_usage: 'number',
      network_usage: 'number',
      uptime: 'number',
      creationdate: 'time',
      next_run_config_exists: 'boolean',
      compatibility_level: 'text',
      bios_type: 'text',
      created_by_user_id: 'text',
    },
    references: {
      'cluster.name': 'cluster',
      'clusters.name': 'cluster',
      'datacenter.name': 'datacenter',
      'datacenters.name': 'datacenter',
      'host.name': 'host',
      'hosts.name': 'host',
      'template.name': 'template',
      'templates.name': 'template',
      'storage.name': 'storage',
      'storagedomain.name': 'storage',
      'vm.name': 'name',
      'vms.name': 'name',
      'vms.status': 'status',
      'vms.id': 'id',
    },
    texts: ['name', 'comment', 'description', 'fqdn'],
  },
  hosts: {
    noun: 'hosts',
    fields: {
      name: 'text',
      comment: 'text',
      id: 'text',
      address: 'text',
      status: 'text',
      cluster: 'text',
      datacenter: 'text',
      active_vms: 'number',
      mem_usage: 'number',
      cpu_usage: 'number',
      cpus: 'number',
      memory: 'number',
      cpu_model: 'text',
      spm_id: 'number',
      hw_id: 'text',
      version: 'text',
    },
    references: {
      'cluster.name': 'cluster',
      'clusters.name': 'cluster',
      'datacenter.name': 'datacenter',
      'datacenters.name': 'datacenter',
      'host.name': 'name',
      'hosts.name': 'name',
      'hosts.status': 'status',
    },
    texts: ['name', 'comment', 'address'],
  },
  disks: {
    noun: 'disks',
    fields: {
      alias: 'text',
      name: 'text',
      description: 'text',
      id: 'text',
      provisioned_size: 'number',
      size: 'number',
      actual_size: 'number',
      creation_date: 'time',
      shareable: 'boolean',
      status: 'text',
      disk_type: 'text',
      disk_content_type: 'text',
      number_of_vms: 'number',
      vm_names: 'text',
      storage: 'text',
      datacenter: 'text',
      wipe_after_delete: 'boolean',
    },
    references: {
      'storage.name': 'storage',
      'storagedomain.name': 'storage',
      'vms.name': 'vm_names',
      'vm.name': 'vm_names',
      'datacenter.name': 'datacenter',
      'disks.alias': 'alias',
      'disk.alias': 'alias',
      'disks.name': 'alias',
    },
    texts: ['alias', 'description', 'vm_names'],
  },
  storage: {
    noun: 'storage domains',
    fields: {
      name: 'text',
      comment: 'text',
      description: 'text',
      id: 'text',
      status: 'text',
      datacenter: 'text',
      type: 'text',
      free_size: 'number',
      used_size: 'number',
      total_size: 'number',
      committed: 'number',
      wipe_after_delete: 'boolean',
      discard_after_delete: 'boolean',
      low_space_threshold: 'number',
      critical_space_threshold: 'number',
      backup: 'boolean',
    },
    references: {
      'datacenter.name': 'datacenter',
      'datacenters.name': 'datacenter',
      'storage.name': 'name',
      'storagedomain.name': 'name',
      'hosts.name': 'datacenter',
    },
    texts: ['name', 'comment', 'description'],
  },
  data_centers: {
    noun: 'data centers',
    fields: {
      name: 'text',
      description: 'text',
      comment: 'text',
      id: 'text',
      local: 'boolean',
      status: 'text',
      compatibility_version: 'text',
      storage: 'text',
      cluster: 'text',
    },
    references: {
      'storage.name': 'storage',
      'storagedomain.name': 'storage',
      'cluster.name': 'cluster',
      'clusters.name': 'cluster',
      'datacenter.name': 'name',
      'datacenters.name': 'name',
    },
    texts: ['name', 'description', 'comment'],
  },
  clusters: {
    noun: 'clusters',
    fields: {
      name: 'text',
      description: 'text',
      comment: 'text',
      id: 'text',
      datacenter: 'text',
      architecture: 'text',
      compatibility_level: 'text',
      cpu_type: 'text',
    },
    references: { 'datacenter.name': 'datacenter', 'datacenters.name': 'datacenter', 'cluster.name': 'name', 'clusters.name': 'name' },
    texts: ['name', 'description', 'comment'],
  },
  networks: {
    noun: 'networks',
    fields: {
      name: 'text',
      description: 'text',
      comment: 'text',
      id: 'text',
      vlanid: 'number',
      stp: 'boolean',
      mtu: 'number',
      vmnetwork: 'boolean',
      datacenter: 'text',
      label: 'text',
      qos_name: 'text',
      cluster: 'text',
    },
    references: {
      'datacenter.name': 'datacenter',
      'datacenters.name': 'datacenter',
      'cluster.name': 'cluster',
      'clusters.name': 'cluster',
      'network.name': 'name',
      'networks.name': 'name',
    },
    texts: ['name', 'description', 'comment'],
  },
  vnic_profiles: {
    noun: 'vNIC profiles',
    fields: { name: 'text', description: 'text', comment: 'text', id: 'text', network: 'text', datacenter: 'text' },
    references: {
      'network.name': 'network',
      'networks.name': 'network',
      'datacenter.name': 'datacenter',
      'datacenters.name': 'datacenter',
    },
    texts: ['name', 'description'],
  },
  templates: {
    noun: 'templates',
    fields: {
      name: 'text',
      comment: 'text',
      description: 'text',
      id: 'text',
      os: 'text',
      creationdate: 'time',
      mem: 'number',
      status: 'text',
      cluster: 'text',
      datacenter: 'text',
    },
    references: {
      'datacenter.name': 'datacenter',
      'datacenters.name': 'datacenter',
      'cluster.name': 'cluster',
      'clusters.name': 'cluster',
      'templates.name': 'name',
      'template.name': 'name',
    },
    texts: ['name', 'comment', 'description'],
  },
  events: {
    noun: 'events',
    fields: {
      time: 'time',
      type: 'number',
      severity: 'text',
      message: 'text',
      correlation_id: 'text',
      origin: 'text',
      custom_event_id: 'number',
      usrname: 'text',
      event_host: 'text',
      event_vm: 'text',
      event_template: 'text',
      event_storage: 'text',
      event_datacenter: 'text',
      deleted: 'boolean',
      id: 'text',
      index: 'number',
    },
    references: {
      'vms.name': 'event_vm',
      'vm.name': 'event_vm',
      'hosts.name': 'event_host',
      'host.name': 'event_host',
      'templates.name': 'event_template',
      'storage.name': 'event_storage',
      'datacenter.name': 'event_datacenter',
      'users.name': 'usrname',
    },
    texts: ['correlation_id', 'origin', 'message'],
  },
  users: {
    noun: 'users',
    fields: { name: 'text', lastname: 'text', usrname: 'text', login: 'text', directory: 'text', department: 'text', id: 'text' },
    references: { 'user.name': 'name', 'users.name': 'name', 'users.usrname': 'usrname' },
    texts: ['name', 'lastname', 'usrname'],
  },
  groups: { noun: 'groups', fields: { name: 'text', directory: 'text', id: 'text' }, texts: ['name'] },
  jobs: {
    noun: 'jobs',
    fields: { id: 'text', correlation_id: 'text', status: 'text', description: 'text', start_time: 'time', end_time: 'time' },
    texts: ['correlation_id', 'description'],
  },
} as const satisfies Record<string, Searchable>;

export type SearchNoun = keyof typeof searchables;

/** A criterion whose field, operator and value fit; the value is what its kind says. */
export type Resolved =
  | { readonly field: string; readonly kind: 'text'; readonly operator: '=' | '!='; readonly value: string }
  | { readonly field: string; readonly kind: 'number' | 'time'; readonly operator: Operator; readonly value: number }
  | { readonly field: string; readonly kind: 'boolean'; readonly operator: '=' | '!='; readonly value: boolean }
  /** A bare value: any of these fields may hold it. */
  | { readonly fields: readonly string[]; readonly kind: 'anywhere'; readonly value: string };

export interface ResolvedSearch {
  readonly anyOf: readonly (readonly Resolved[])[];
  readonly sort?: { readonly field: string; readonly descending: boolean };
  readonly page?: number;
}

/** Parses a search for a noun and checks every field and value of it. `now` resolves "today" and the days of the week, in UTC. */
export function resolveSearch(noun: SearchNoun, text: string, now: number): ResolvedSearch | Refusal {
  const parsed = parseSearch(text);
  if ('refused' in parsed) return parsed;
  const searchable: Searchable = searchables[noun];
  const anyOf: Resolved[][] = [];
  for (const group of parsed.anyOf) {
    const resolved: Resolved[] = [];
    for (const criterion of group) {
      const one = resolve(searchable, criterion, now);
      if ('refused' in one) return one;
      resolved.push(one);
    }
    anyOf.push(resolved);
  }
  const sort = parsed.sort && sortOf(searchable, parsed.sort);
  if (sort && 'refused' in sort) return sort;
  return { anyOf, ...(sort && { sort }), ...(parsed.page !== undefined && { page: parsed.page }) };
}

function sortOf(searchable: Searchable, sort: NonNullable<Search['sort']>): ResolvedSearch['sort'] | Refusal {
  const field = fieldNamed(searchable, sort.object, sort.field);
  return typeof field === 'string' ? { field, descending: sort.descending } : field;
}

function fieldNamed(searchable: Searchable, object: string | undefined, field: string): string | Refusal {
  const name = object === undefined ? field : `${object}.${field}`;
  const found = searchable.references?.[name] ?? (Object.hasOwn(searchable.fields, name) ? name : undefined);
  if (found !== undefined) return found;
  return refuse(
    searchReasons.search_field_unknown({ noun: searchable.noun, field: name, fields: Object.keys(searchable.fields).join(', ') }, 'search'),
  );
}

function resolve(searchable: Searchable, criterion: Criterion, now: number): Resolved | Refusal {
  if (criterion.kind === 'text') return { fields: searchable.texts, kind: 'anywhere', value: criterion.value };
  const field = fieldNamed(searchable, criterion.object, criterion.field);
  if (typeof field !== 'string') return field;
  const kind = searchable.fields[field] ?? 'text';
  const { operator, value } = criterion;
  if (kind === 'number') return number(field, operator, value);
  if (kind === 'time') return time(field, operator, value, now);
  if (operator !== '=' && operator !== '!=')
    return refuse(searchReasons.search_operator_unfit({ field, operator, operators: '= or !=' }, 'search'));
  if (kind === 'text') return { field, kind, operator, value };
  const truth = { true: true, false: false, yes: true, no: false, '1': true, '0': false }[value.toLowerCase()];
  return truth === undefined ? unfit(field, 'true or false', value) : { field, kind, operator, value: truth };
}

function number(field: string, operator: Operator, value: string): Resolved | Refusal {
  const read = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(read) ? { field, kind: 'number', operator, value: read } : unfit(field, 'a number', value);
}

const day = 86_400_000;
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

function time(field: string, operator: Operator, value: string, now: number): Resolved | Refusal {
  const read = moment(value.trim().toLowerCase(), now);
  return read === undefined
    ? unfit(field, 'a date such as 2026-11-23, "2026-11-23 14:00", today, yesterday or a day of the week', value)
    : { field, kind: 'time', operator, value: read };
}

function moment(text: string, now: number): number | undefined {
  const today = Math.floor(now / day) * day;
  if (text === 'today') return today;
  if (text === 'yesterday') return today - day;
  const weekday = weekdays.indexOf(text);
  // The last such day, today included.
  if (weekday >= 0) return today - ((new Date(today).getUTCDay() - weekday + 7) % 7) * day;
  if (!/^\d{4}-\d{1,2}-\d{1,2}([ t]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?z?)?$/.test(text)) return undefined;
  const read = Date.parse(text.includes(':') ? `${text.replace(' ', 't').replace(/z$/, '').toUpperCase()}Z` : `${text}T00:00:00Z`);
  return Number.isNaN(read) ? undefined : read;
}

const unfit = (field: string, expected: string, value: string): Refusal =>
  refuse(searchReasons.search_value_unfit({ field, expected, value }, 'search'));
