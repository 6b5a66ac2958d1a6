import { levelIsLower } from '@ostler/domain/datacenter/rules';
import { reasons, refusalOf, type Reason, type Refusal } from '@ostler/domain/reason';
import type { PropertyDefinitions } from '@ostler/domain/vm/custom-properties';
import { diskInterfaceProblem } from '@ostler/domain/vm/devices';
import { hardwareProblems } from '@ostler/domain/vm/hardware-problems';
import type { Hardware } from '@ostler/domain/vm/hardware';
import { row, rows, sql, type Queries } from '../db/database.ts';
import { attachmentsOf } from './store.ts';

const said = reasons({
  vm_pinned_host_unknown: { class: 'bad_input', text: 'There is no host {host} in the cluster of the VM.' },
  vm_lease_domain_unfit: {
    class: 'bad_input',
    text: 'A lease lies on an active data domain of the data center of the VM. {domain} is not one.',
  },
  vm_virtio_scsi_in_use: {
    class: 'conflict',
    text: 'Disk {disk} hangs on virtio-scsi. Attach it otherwise before you switch virtio-scsi off.',
  },
  vm_compatibility_below_data_center: {
    class: 'bad_input',
    text: 'The compatibility version of a VM is not below that of its data center, which is {version}.',
  },
});

export interface JudgedHardware {
  readonly id: string;
  readonly name?: string;
  readonly cluster: string;
  readonly hardware: Hardware;
  /** What it was; absent for a new VM. */
  readonly before?: Hardware;
}

interface Home {
  readonly dataCenter: string | null;
  readonly level: string | null;
  readonly rngSources: readonly string[] | null;
}

/** Everything that stands against a VM's hardware in its cluster, with the disks that it has. */
export async function hardwareRefusal(
  db: Queries,
  { id, name = '', cluster, hardware, before }: JudgedHardware,
): Promise<Refusal | undefined> {
  const home = await row<Home>(
    db,
    sql`select c.data_center_id as "dataCenter", d.version as level, c.settings -> 'rngSources' as "rngSources"
        from clusters c left join data_centers d on d.id = c.data_center_id where c.id = ${cluster}`,
  );
  const own = hardwareProblems(hardware, {
    properties: await definedProperties(db),
    rngSources: ['urandom', 'random', ...(home?.rngSources ?? [])],
  });
  const around = refusalOf([
    ...(await hostProblems(db, cluster, hardware)),
    hardware.lease !== null && hardware.lease !== before?.lease && (await leaseProblem(db, hardware.lease, home?.dataCenter ?? null)),
    hardware.compatibilityVersion !== undefined &&
      home?.level !== null &&
      home !== undefined &&
      levelIsLower(hardware.compatibilityVersion, home.level) &&
      said.vm_compatibility_below_data_center({ version: home.level }, 'vm.custom_compatibility_version'),
    ...(before ? await diskProblems(db, { id, name, hardware, before }) : []),
  ]);
  return refusalOf([...(own?.refused ?? []), ...(around?.refused ?? [])]);
}

/** The custom properties that an administrator has defined, under RHV's name of that setting. */
export async function definedProperties(db: Queries): Promise<PropertyDefinitions> {
  const found = await row<{ value: PropertyDefinitions }>(db, sql`select value from settings where name = 'UserDefinedVMProperties'`);
  return found?.value ?? {};
}

async function hostProblems(db: Queries, cluster: string, { placement }: Hardware): Promise<Reason[]> {
  const found = await rows<{ id: string }>(db, sql`select id from hosts where cluster_id = ${cluster}`);
  const there = new Set(found.map((host) => host.id));
  return placement.hosts
    .filter((host) => !there.has(host))
    .map((host) => said.vm_pinned_host_unknown({ host }, 'vm.placement_policy.hosts'));
}

async function leaseProblem(db: Queries, domain: string, dataCenter: string | null): Promise<Reason | undefined> {
  const fit = await row(
    db,
    sql`select 1 from storage_domains d join storage_domain_statuses s on s.id = d.id
        where d.id::text = ${domain} and d.kind = 'data' and d.data_center_id = ${dataCenter} and s.status = 'active'`,
  );
  return fit ? undefined : said.vm_lease_domain_unfit({ domain }, 'vm.lease.storage_domain');
}

/** The disks of a VM keep hanging on something that there still is. */
async function diskProblems(
  db: Queries,
  { id, name, hardware, before }: { id: string; name: string; hardware: Hardware; before: Hardware },
): Promise<(Reason | undefined)[]> {
  const same = (['virtioScsi', 'firmware', 'operatingSystem'] as const).every((part) => hardware[part] === before[part]);
  if (same) return [];
  const disks = await attachmentsOf(db, id);
  return disks.flatMap((disk) => [
    disk.interface === 'virtio_scsi' && !hardware.virtioScsi
      ? said.vm_virtio_scsi_in_use({ disk: disk.alias }, 'vm.virtio_scsi.enabled')
      : diskInterfaceProblem(name, hardware, disk),
  ]);
}
