import type { VmStatistics } from '@ostler/agent-contract/values';
import type { Hardware } from '@ostler/domain/vm/hardware';
import { currentHardware, withCurrentHardware, type StoredHardware } from '@ostler/domain/vm/hardware-versions';
import type { HostNumaNode } from '@ostler/domain/vm/pinning';
import type { CandidateHost, StartDisk, StartVm } from '@ostler/domain/vm/plan';
import type { RunOnce } from '@ostler/domain/vm/run-once';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, json, row, rows, sql, type Queries, type Sql, type Transaction } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface VmRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly cluster: string;
  readonly template: string;
  readonly originalTemplate: string;
  readonly cpuProfile: string | null;
  readonly hardware: Hardware;
  /** What it becomes at its next start; null where that is what it is. */
  readonly nextRun: Hardware | null;
  /** What this run has of its own. */
  readonly runOnce: RunOnce | null;
  /** The disk with its memory, while it is suspended. */
  readonly savedMemory: string | null;
  /** The disk in its CD drive at its next start, and in this run. */
  readonly cd: string | null;
  readonly runCd: string | null;
  readonly deleteProtected: boolean;
  readonly creationTime: Date;
  readonly status: string;
  readonly heldBy: { readonly code: string; readonly parameters: Record<string, string | number> } | null;
  readonly run: string | null;
  readonly host: string | null;
  readonly runState: { readonly kind: string; readonly reason?: string } | null;
  readonly runStarted: Date | null;
  readonly guest: Guest | null;
  readonly stopTime: Date | null;
  readonly stopReason: string | null;
  readonly snapshot: string;
}

export interface Guest {
  readonly agent: string;
  readonly hostName?: string;
  readonly operatingSystem?: {
    readonly id?: string;
    readonly name?: string;
    readonly version?: string;
    readonly kernel?: string;
    readonly architecture?: string;
  };
  readonly timeZone?: { readonly name?: string; readonly offset: number };
  readonly nics?: readonly {
    readonly name: string;
    readonly mac?: string;
    readonly addresses: readonly { readonly family: 'v4' | 'v6'; readonly address: string }[];
  }[];
}

/** Whatever the search columns look into; what a query does not use of it costs it nothing. */
const from = sql`from vms m join clusters c on c.id = m.cluster_id left join data_centers d on d.id = c.data_center_id
    left join hosts h on h.id = m.run_host_id left join vm_statistics s on s.vm_id = m.id and s.run_id = m.run_id`;
const selectWith = (
  host: Sql,
): Sql => sql`select m.id, m.name, m.description, m.comment, m.cluster_id as cluster, m.template_id as template, m.original_template_id as "originalTemplate", m.cpu_profile_id as "cpuProfile",
    m.hardware, (select n.hardware from snapshots n where n.vm_id = m.id and n.kind = 'next_run') as "nextRun", m.run_once as "runOnce", m.saved_memory as "savedMemory",
    m.cd_disk_id as cd, m.run_cd_disk_id as "runCd", m.delete_protected as "deleteProtected", m.creation_time as "creationTime", coalesce(held.shows_as, m.run_status) as status, held.title as "heldBy",
    m.run_id as run, ${host} as host, m.run_state as "runState", m.run_started as "runStarted", m.run_guest as guest, m.stop_time as "stopTime", m.stop_reason as "stopReason",
    (select n.id from snapshots n where n.vm_id = m.id and n.kind = 'active') as snapshot
  ${from} left join lateral (select l.shows_as, j.title from job_locks l join jobs j on j.id = l.job_id where l.object_id = m.id and l.mode = 'exclusive' limit 1) held on true`;
const select = selectWith(sql`m.run_host_id`);

/** On which host a VM runs is told to those alone who see that host. */
const selectFor = (reader: Reader): Sql =>
  selectWith(sql`case when ${visibleTo(reader, 'host', sql`m.run_host_id`)} then m.run_host_id end`);

/** What the search language's fields of a VM are in SQL. Memory is searched in MiB, as RHV does. */
export const searchColumns = (reader: Reader): Readonly<Record<string, Sql>> => ({
  name: sql`m.name`,
  comment: sql`m.comment`,
  description: sql`m.description`,
  id: sql`m.id`,
  status: sql`coalesce((select l.shows_as from job_locks l where l.object_id = m.id and l.mode = 'exclusive' limit 1), m.run_status)`,
  cluster: sql`c.name`,
  datacenter: sql`d.name`,
  host: sql`case when ${visibleTo(reader, 'host', sql`h.id`)} then h.name end`,
  template: sql`(select name from templates where id = m.template_id)`,
  storage: sql`(select string_agg(s.name, ' ') from disk_attachments a join volumes v on v.disk_id = a.disk_id and v.active join storage_domains s on s.id = v.domain_id where a.vm_id = m.id)`,
  os: sql`m.hardware ->> 'operatingSystem'`,
  type: sql`m.hardware ->> 'type'`,
  architecture: sql`'x86_64'::text`,
  ip: sql`(select string_agg(a ->> 'address', ' ') from jsonb_array_elements(m.run_guest -> 'nics') n, jsonb_array_elements(n -> 'addresses') a)`,
  fqdn: sql`m.run_guest ->> 'hostName'`,
  memory: sql`(m.hardware #>> '{memory,size}')::bigint / 1048576`,
  guaranteed_memory: sql`(m.hardware #>> '{memory,guaranteed}')::bigint / 1048576`,
  cpu_usage: sql`s.cpu_usage`,
  mem_usage: sql`s.memory_usage`,
  network_usage: sql`s.network_usage`,
  uptime: sql`extract(epoch from now() - m.run_started)`,
  creationdate: sql`m.creation_time`,
  next_run_config_exists: sql`exists (select 1 from snapshots where vm_id = m.id and kind = 'next_run')`,
  compatibility_level: sql`c.version`,
  bios_type: sql`m.hardware ->> 'firmware'`,
  created_by_user_id: sql`m.created_by`,
});

/**
 * The ids of the page are found first and alone: sorting all VMs with their hardware, to show a hundred of them, would not fit
 * PostgreSQL's memory. By name the index gives the order.
 */
export async function listVms(db: Queries, reader: Reader, search: SearchResult, within: Sql = sql`true`): Promise<VmRow[]> {
  const order = search.order(sql`lower(m.name)`);
  const ids = sql`select m.id ${from} where ${visibleTo(reader, 'vm', sql`m.id`)} and ${within} and ${search.condition} order by ${order} ${search.page}`;
  return (await rows<StoredVm>(db, sql`${selectFor(reader)} where m.id in (${ids}) order by ${order}`)).map(currentVm);
}

/**
 * A list of any length in pieces, each a statement of its own that keeps neither a connection nor a transaction open
 * while a slow client reads. Only for the order by name, by which the next piece is found.
 */
export async function* streamVms(db: Queries, reader: Reader, search: SearchResult, pieceSize = 200): AsyncGenerator<VmRow> {
  let after = '';
  for (;;) {
    const piece = await rows<StoredVm>(
      db,
      sql`${selectFor(reader)} where ${visibleTo(reader, 'vm', sql`m.id`)} and lower(m.name) > lower(${after}::text) and ${search.condition} order by lower(m.name) limit ${pieceSize}`,
    );
    yield* piece.map(currentVm);
    const last = piece.at(-1);
    if (!last || piece.length < pieceSize) return;
    after = last.name;
  }
}

export const findVm = async (db: Queries, reader: Reader, id: string): Promise<VmRow | undefined> =>
  current(await row<StoredVm>(db, sql`${selectFor(reader)} where m.id = ${id} and ${visibleTo(reader, 'vm', sql`m.id`)}`));
/** Without a reader: for plans, which have been authorized, and for jobs. */
export const vmById = async (db: Queries, id: string): Promise<VmRow | undefined> =>
  current(await row<StoredVm>(db, sql`${select} where m.id = ${id}`));

type StoredVm = Omit<VmRow, 'hardware' | 'nextRun'> & { readonly hardware: StoredHardware; readonly nextRun: StoredHardware | null };
const currentVm = (found: StoredVm): VmRow => ({ ...withCurrentHardware(found), nextRun: found.nextRun && currentHardware(found.nextRun) });
const current = (found: StoredVm | undefined): VmRow | undefined => found && currentVm(found);

export const vmNameTaken = async (db: Queries, name: string, except: string) =>
  (await row(db, sql`select 1 from vms where lower(name) = lower(${name}) and id <> ${except}`)) !== undefined;

export interface NewVm {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly cluster: string;
  readonly template: string;
  readonly hardware: Hardware;
  readonly deleteProtected: boolean;
  readonly createdBy: string;
  readonly snapshot: string;
}

export async function insertVm(tx: Transaction, vm: NewVm): Promise<void> {
  await change(
    tx,
    sql`insert into vms (id, name, description, comment, cluster_id, template_id, original_template_id, cpu_profile_id, hardware, delete_protected, created_by)
        values (${vm.id}, ${vm.name}, ${vm.description}, ${vm.comment}, ${vm.cluster}, ${vm.template}, ${vm.template},
          (select id from cpu_profiles where cluster_id = ${vm.cluster} order by name limit 1), ${json(vm.hardware)}, ${vm.deleteProtected}, ${vm.createdBy})`,
  );
  await change(tx, sql`insert into snapshots (id, vm_id, kind, description) values (${vm.snapshot}, ${vm.id}, 'active', 'Active VM')`);
}

export interface VmSettings {
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly hardware: Hardware;
  readonly deleteProtected: boolean;
}

export const updateVm = (db: Queries, id: string, vm: VmSettings) =>
  change(
    db,
    sql`update vms set name = ${vm.name}, description = ${vm.description}, comment = ${vm.comment}, hardware = ${json(vm.hardware)}, delete_protected = ${vm.deleteProtected} where id = ${id}`,
  );

export async function removeVmRows(tx: Transaction, id: string): Promise<void> {
  await change(tx, sql`delete from permissions where object_id = ${id}`);
  await change(tx, sql`delete from vm_statistics where vm_id = ${id}`);
  await change(tx, sql`delete from vms where id = ${id}`);
}

export const clusterForVm = (db: Queries, id: string) =>
  row<{ id: string; name: string; dataCenter: string | null; settings: { firmware: Hardware['firmware']; overcommitPercent: number } }>(
    db,
    sql`select id, name, data_center_id as "dataCenter", settings from clusters where id = ${id}`,
  );

export const templateForVm = async (db: Queries, id: string) => {
  const found = await row<{ id: string; name: string; hardware: StoredHardware }>(
    db,
    sql`select id, name, hardware from templates where id = ${id}`,
  );
  return found && { ...found, hardware: currentHardware(found.hardware) };
};

// ---- running -----------------------------------------------------------------------------------------------------

export const disksToStart = (db: Queries, vm: string) =>
  rows<StartDisk>(
    db,
    sql`select k.id as disk, k.alias, ks.status, jsonb_build_object('id', s.id, 'name', s.name, 'status', ss.status) as domain
        from disk_attachments a join disks k on k.id = a.disk_id join disk_statuses ks on ks.id = k.id join volumes v on v.disk_id = k.id and v.active
          join storage_domains s on s.id = v.domain_id join storage_domain_statuses ss on ss.id = s.id
        where a.vm_id = ${vm} and a.active order by a.bootable desc, k.alias`,
  );

export const networksToStart = async (db: Queries, vm: string) =>
  rows<{ network: string | null }>(
    db,
    // No host offers functions of its NICs, or copies of others' traffic, yet: a NIC that asks for these finds no host.
    sql`select case when p.pass_through then n.name || ' (pass-through)' when p.port_mirroring then n.name || ' (port mirroring)' else n.name end as network from nics c left join vnic_profiles p on p.id = c.vnic_profile_id left join networks n on n.id = p.network_id where c.vm_id = ${vm} and c.plugged`,
  );

/** Hosts of a cluster with what they have for VMs: their memory, less what runs there and what jobs are about to start there. */
export const candidateHosts = (db: Queries, cluster: string) =>
  rows<Omit<CandidateHost, 'schedulable'> & { memory: number; committed: number }>(
    db,
    sql`select h.id, h.name, h.status, coalesce((h.facts ->> 'memory')::bigint, 0) as memory,
          coalesce((h.facts #>> '{cpu,sockets}')::int * (h.facts #>> '{cpu,cores}')::int * (h.facts #>> '{cpu,threads}')::int, 0) as cpus,
          coalesce((select array_agg(n ->> 'name') from jsonb_array_elements(h.facts -> 'networks') n), '{}') as networks,
          coalesce(r.committed, 0)::bigint as committed, coalesce(r.running, 0)::int as "runningVms"
        from hosts h left join lateral (
          select sum((m.hardware #>> '{memory,size}')::bigint) as committed, count(*) as running from vms m where m.run_host_id = h.id and m.run_id is not null) r on true
        where h.cluster_id = ${cluster} order by h.name`,
  );

/** The volume that a guest sees of a disk. */
export const volumeOfDisk = async (db: Queries, disk: string) =>
  (await row<{ domain: string; image: string; volume: string }>(
    db,
    sql`select domain_id as domain, disk_id as image, id as volume from volumes where disk_id = ${disk} and active`,
  )) ?? null;

/** A disk as a start looks at it. */
export const diskToStart = (db: Queries, disk: string) =>
  row<StartDisk>(
    db,
    sql`select k.id as disk, k.alias, ks.status, jsonb_build_object('id', s.id, 'name', s.name, 'status', ss.status) as domain
        from disks k join disk_statuses ks on ks.id = k.id join volumes v on v.disk_id = k.id and v.active
          join storage_domains s on s.id = v.domain_id join storage_domain_statuses ss on ss.id = s.id where k.id = ${disk}`,
  );

/** The NUMA nodes that a host told of. */
export const hostNodesOf = async (db: Queries, host: string): Promise<readonly HostNumaNode[]> =>
  (await row<{ nodes: readonly HostNumaNode[] | null }>(db, sql`select facts -> 'numaNodes' as nodes from hosts where id = ${host}`))
    ?.nodes ?? [];

/** The run as it is meant: written with the job that begins it. What it does is observed. */
export const beginRun = (tx: Queries, { vm, run, host, cd, runOnce, memory }: StartVm) =>
  change(
    tx,
    sql`update vms set run_id = ${run}, run_host_id = ${host}, run_state = null, run_status = 'wait_for_launch', run_boot_id = null, run_sequence = null, run_started = null, run_guest = null, stop_reason = null,
          run_cd_disk_id = ${cd ?? null}, run_once = case when ${memory !== undefined} then run_once else ${runOnce ? json(runOnce) : sql`null`} end
        where id = ${vm}`,
  );

/** A run that never began to live: nobody will observe its end. */
export const forgetRun = (tx: Transaction, vm: string, run: string) =>
  change(
    tx,
    sql`update vms set run_id = null, run_host_id = null, run_state = null, run_status = case when saved_memory is null then 'down' else 'suspended' end,
          run_once = case when saved_memory is null then null else run_once end, run_boot_id = null, run_sequence = null, run_started = null, run_guest = null
        where id = ${vm} and run_id = ${run}`,
  );

export const runOf = (db: Queries, vm: string) =>
  row<{ run: string | null; status: string }>(db, sql`select run_id as run, run_status as status from vms where id = ${vm}`);

export const setStopReason = (db: Queries, vm: string, reason: string) =>
  change(db, sql`update vms set stop_reason = ${reason} where id = ${vm}`);

// ---- disks and NICs ------------------------------------------------------------------------------------------------

export interface AttachmentRow {
  readonly disk: string;
  readonly alias: string;
  readonly interface: string;
  readonly bootable: boolean;
  readonly active: boolean;
  readonly readOnly: boolean;
  readonly passDiscard: boolean;
}

const attachmentColumns = sql`a.disk_id as disk, k.alias, a.interface, a.bootable, a.active, a.read_only as "readOnly", a.pass_discard as "passDiscard"`;
export const attachmentsOf = (db: Queries, vm: string) =>
  rows<AttachmentRow>(
    db,
    sql`select ${attachmentColumns} from disk_attachments a join disks k on k.id = a.disk_id where a.vm_id = ${vm} order by a.bootable desc, k.alias`,
  );

export const insertAttachment = (tx: Transaction, vm: string, a: Omit<AttachmentRow, 'alias'>) =>
  change(
    tx,
    sql`insert into disk_attachments (vm_id, disk_id, interface, bootable, active, read_only, pass_discard) values (${vm}, ${a.disk}, ${a.interface}, ${a.bootable}, ${a.active}, ${a.readOnly}, ${a.passDiscard})`,
  );
export const updateAttachment = (tx: Transaction, vm: string, a: Omit<AttachmentRow, 'alias'>) =>
  change(
    tx,
    sql`update disk_attachments set interface = ${a.interface}, bootable = ${a.bootable}, active = ${a.active}, read_only = ${a.readOnly}, pass_discard = ${a.passDiscard} where vm_id = ${vm} and disk_id = ${a.disk}`,
  );
export const removeAttachment = (tx: Transaction, vm: string, disk: string) =>
  change(tx, sql`delete from disk_attachments where vm_id = ${vm} and disk_id = ${disk}`);

export const ownersOfDisk = (db: Queries, disk: string) =>
  rows<{ id: string; name: string }>(
    db,
    sql`select m.id, m.name from disk_attachments a join vms m on m.id = a.vm_id where a.disk_id = ${disk} order by m.name`,
  );

export const dataCenterOfDomain = async (db: Queries, domain: string) =>
  (await row<{ id: string | null }>(db, sql`select data_center_id as id from storage_domains where id = ${domain}`))?.id ?? null;

export interface NicRow {
  readonly id: string;
  readonly name: string;
  readonly mac: string;
  readonly interface: string;
  readonly profile: string | null;
  readonly network: string | null;
  readonly networkName: string | null;
  readonly linked: boolean;
  readonly plugged: boolean;
}

const selectNics = sql`select n.id, n.name, n.mac, n.interface, n.vnic_profile_id as profile, w.id as network, w.name as "networkName", n.linked, n.plugged
  from nics n left join vnic_profiles p on p.id = n.vnic_profile_id left join networks w on w.id = p.network_id`;
export const nicsOf = (db: Queries, vm: string) => rows<NicRow>(db, sql`${selectNics} where n.vm_id = ${vm} order by n.name`);
export const findNic = (db: Queries, vm: string, nic: string) =>
  row<NicRow>(db, sql`${selectNics} where n.vm_id = ${vm} and n.id = ${nic}`);

export type NicSettings = Pick<NicRow, 'name' | 'mac' | 'interface' | 'profile' | 'linked' | 'plugged'>;
export const insertNic = (tx: Transaction, vm: string, id: string, nic: NicSettings) =>
  change(
    tx,
    sql`insert into nics (id, vm_id, name, mac, interface, vnic_profile_id, linked, plugged) values (${id}, ${vm}, ${nic.name}, ${nic.mac}, ${nic.interface}, ${nic.profile}, ${nic.linked}, ${nic.plugged})`,
  );
export const updateNic = (tx: Transaction, id: string, nic: NicSettings) =>
  change(
    tx,
    sql`update nics set name = ${nic.name}, mac = ${nic.mac}, interface = ${nic.interface}, vnic_profile_id = ${nic.profile}, linked = ${nic.linked}, plugged = ${nic.plugged} where id = ${id}`,
  );
export const removeNic = (tx: Transaction, id: string) => change(tx, sql`delete from nics where id = ${id}`);

/** The MAC pool of a VM's cluster, with the addresses that are taken anywhere. */
export async function macPoolOf(db: Queries, vm: string) {
  const pool = await row<{ ranges: { from: string; to: string }[]; allowDuplicates: boolean }>(
    db,
    sql`select p.ranges, p.allow_duplicates as "allowDuplicates" from vms m join clusters c on c.id = m.cluster_id left join data_centers d on d.id = c.data_center_id
          join mac_pools p on p.id = coalesce(c.mac_pool_id, d.mac_pool_id) or (c.mac_pool_id is null and d.mac_pool_id is null and p.default_pool) where m.id = ${vm} limit 1`,
  );
  const taken = await rows<{ mac: string }>(db, sql`select mac from nics`);
  return { ranges: pool?.ranges ?? [], allowDuplicates: pool?.allowDuplicates ?? false, taken: new Set(taken.map((one) => one.mac)) };
}

/** Everything that a run is made of, besides the hardware document. */
export async function runParts(db: Queries, vm: string) {
  const disks = await rows<{
    disk: string;
    domain: string;
    volume: string;
    format: 'raw' | 'cow';
    interface: 'virtio' | 'virtio_scsi' | 'ide' | 'sata';
    bootable: boolean;
    readOnly: boolean;
    passDiscard: boolean;
    shareable: boolean;
    propagateErrors: boolean;
  }>(
    db,
    sql`select k.id as disk, v.domain_id as domain, v.id as volume, v.format, a.interface, a.bootable, a.read_only as "readOnly", a.pass_discard as "passDiscard", k.shareable, k.propagate_errors as "propagateErrors"
        from disk_attachments a join disks k on k.id = a.disk_id join volumes v on v.disk_id = k.id and v.active where a.vm_id = ${vm} and a.active order by a.bootable desc, k.alias`,
  );
  return { disks, nics: (await nicsOf(db, vm)).filter((nic) => nic.plugged) };
}

export const statisticsOfVm = (db: Queries, vm: string) =>
  row<{ raw: VmStatistics; cpu: number | null; memory: number | null; network: number | null }>(
    db,
    sql`select s.raw, s.cpu_usage as cpu, s.memory_usage as memory, s.network_usage as network from vm_statistics s join vms m on m.id = s.vm_id and m.run_id = s.run_id where m.id = ${vm}`,
  );

export const snapshotsOf = (db: Queries, vm: string) =>
  rows<{ id: string; kind: string; description: string; date: Date }>(
    db,
    sql`select id, kind, description, date from snapshots where vm_id = ${vm} and kind <> 'next_run' order by date`,
  );
