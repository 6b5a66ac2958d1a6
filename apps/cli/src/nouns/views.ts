import { fieldsOf } from '@ostler/contract/fields';
import type { TypeName } from '@ostler/contract/schema';
import type { Column } from '../show/table.ts';
import { inGib } from '../sizes.ts';
import { shownAt, textAt, type Row } from './row.ts';

/** How lists look to people: which columns, and what has to be brought in for them. */
export interface View {
  readonly columns: readonly Column<Row>[];
  readonly follow?: string;
}

const column = (title: string, path: string, right = false): Column<Row> => ({
  title,
  cell: (row) => shownAt(row, path),
  right,
  ...(/(?:^|\.)(?:status|phase)$/.test(path) && { isStatus: true }),
});

/** `cluster.name=CLUSTER memory>`: a path, the title if it is not the path's last step, `>` for figures. */
const columns = (text: string): Column<Row>[] =>
  text.split(' ').map((part) => {
    const [path = '', title] = part.replace('>', '').split('=');
    return column((title ?? path.split('.').at(-1) ?? path).replaceAll('_', ' ').toUpperCase(), path, part.includes('>'));
  });

const detailed = (row: Row): string => {
  const detail = textAt(row, 'status_detail');
  return `${shownAt(row, 'status')}${detail === undefined || detail === '' || detail === 'none' ? '' : ` (${detail.replaceAll('_', ' ')})`}`;
};
const status: Column<Row> = { title: 'STATUS', cell: detailed, isStatus: true };

const cpusOf = (row: Row): string =>
  String(['sockets', 'cores', 'threads'].reduce((product, part) => product * Number(textAt(row, `cpu.topology.${part}`) ?? 1), 1));
const levelOf = (row: Row): string =>
  textAt(row, 'version.major') === undefined ? '' : `${textAt(row, 'version.major')}.${textAt(row, 'version.minor') ?? 0}`;
const level: Column<Row> = { title: 'LEVEL', cell: levelOf };
const linkOf = (row: Row): string => (textAt(row, 'plugged') === 'false' ? 'unplugged' : textAt(row, 'linked') === 'false' ? 'down' : 'up');
const formatOf = (row: Row): string => textAt(row, 'format')?.replace('cow', 'qcow2') ?? '';

const views: { readonly [type in TypeName]?: View } = {
  vm: {
    columns: [
      ...columns('name'),
      status,
      ...columns('host.name=HOST cluster.name=CLUSTER memory>'),
      { title: 'CPUS', cell: cpusOf, right: true },
      ...columns('fqdn=ADDRESS id'),
    ],
    follow: 'host,cluster',
  },
  disk: {
    columns: [
      { title: 'NAME', cell: (row) => textAt(row, 'alias') ?? textAt(row, 'name') },
      ...columns('status provisioned_size>=SIZE actual_size>=USED'),
      { title: 'FORMAT', cell: formatOf },
      ...columns('storage_domains.name=STORAGE·DOMAIN content_type=CONTENT id').map((one) => ({
        ...one,
        title: one.title.replace('·', ' '),
      })),
    ],
    follow: 'storage_domains',
  },
  host: {
    columns: [...columns('name'), status, ...columns('cluster.name=CLUSTER address memory> summary.active>=VMS id')],
    follow: 'cluster',
  },
  network: {
    columns: columns('name status data_center.name=DATA·CENTER vlan.id>=VLAN usages=USAGE description id'),
    follow: 'data_center',
  },
  vnic_profile: { columns: columns('name network.name=NETWORK description id'), follow: 'network' },
  cluster: {
    columns: [...columns('name data_center.name=DATA·CENTER cpu.type=CPU·TYPE'), level, ...columns('description id')],
    follow: 'data_center',
  },
  data_center: {
    columns: [
      ...columns('name status'),
      { title: 'STORAGE', cell: (row) => (textAt(row, 'local') === 'true' ? 'local' : 'shared') },
      level,
      ...columns('description id'),
    ],
  },
  storage_domain: { columns: columns('name type status storage.type=STORAGE available>=FREE used> id') },
  template: { columns: columns('name status memory> description id') },
  user: {
    columns: [
      { title: 'LOGIN', cell: (row) => textAt(row, 'user_name') ?? textAt(row, 'principal') },
      ...columns('name=FIRST·NAME last_name email id'),
    ],
  },
  permission: {
    columns: [
      {
        title: 'WHO',
        cell: (row) =>
          ['user.user_name', 'user.name', 'group.name', 'user.id', 'group.id']
            .map((path) => textAt(row, path))
            .find((one) => one !== undefined),
      },
      { title: 'ROLE', cell: (row) => textAt(row, 'role.name') ?? textAt(row, 'role.id') },
      ...columns('id'),
    ],
    follow: 'role,user,group',
  },
  role: { columns: columns('name administrative mutable description id') },
  nic: {
    columns: [
      ...columns('name mac.address=MAC vnic_profile.network.name=NETWORK vnic_profile.name=PROFILE interface'),
      { title: 'LINK', cell: linkOf },
      ...columns('id'),
    ],
    follow: 'vnic_profile.network',
  },
  disk_attachment: {
    columns: columns('disk.alias=DISK disk.provisioned_size>=SIZE disk.status=STATUS interface bootable=BOOTS read_only active id'),
    follow: 'disk',
  },
  statistic: {
    columns: [...columns('name'), { title: 'VALUE', cell: valueOf, right: true }, ...columns('unit description')],
  },
  step: { columns: columns('number> status progress>=DONE description id') },
  image_transfer: { columns: columns('phase direction disk.alias=DISK transferred> host.name=HOST id'), follow: 'disk,host' },
  mac_pool: { columns: columns('name default_pool=DEFAULT allow_duplicates ranges.from=FROM ranges.to=TO id') },
  operating_system_info: { columns: columns('name description architecture id') },
  cluster_level: { columns: columns('id') },
  graphics_console: { columns: columns('protocol address port> tls_port> id') },
  snapshot: { columns: columns('description snapshot_type=TYPE snapshot_status=STATUS date id') },
  storage_connection: { columns: columns('type address path id') },
  disk_profile: { columns: columns('name storage_domain.name=STORAGE·DOMAIN description id'), follow: 'storage_domain' },
  cpu_profile: { columns: columns('name cluster.name=CLUSTER description id'), follow: 'cluster' },
};

/** A figure in its unit: statistics say what they count. */
function valueOf(row: Row): string {
  const value = textAt(row, 'values.datum') ?? textAt(row, 'values.detail') ?? '';
  return textAt(row, 'unit') === 'bytes' && value !== '' ? inGib(Number(value)) : value;
}

const usual = ['name', 'alias', 'status', 'phase', 'type', 'description', 'id'];

/** The columns for a type; for one that nobody has thought about, what tells things apart. */
export function viewOf(type: TypeName): View {
  const { columns: chosen = columns(usual.filter((name) => fieldsOf(type).some((field) => field.name === name)).join(' ')), follow } =
    views[type] ?? {};
  return { columns: chosen.map((one) => ({ ...one, title: one.title.replace('·', ' ') })), ...(follow !== undefined && { follow }) };
}

/** `--columns name,cpu.topology.sockets`. */
export const chosenColumns = (text: string): Column<Row>[] =>
  text
    .split(',')
    .map((part) => part.trim().replaceAll('-', '_'))
    .filter((part) => part !== '')
    .map((path) => column(path.split('.').at(-1)?.replaceAll('_', ' ').toUpperCase() ?? path, path));
