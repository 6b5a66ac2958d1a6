-- Identity, relations and status in columns; a VM's hardware as one document, with its schema version.
-- Statuses that users see are computed in views: from what is wanted, what was observed, and which live job holds the object.

create table data_centers (
  id uuid primary key,
  name text not null,
  description text not null default '',
  comment text not null default '',
  local boolean not null default false,
  version text not null default '4.7',
  quota_mode text not null default 'disabled',
  mac_pool_id uuid,
  master_version integer not null default 0,
  generation bigint not null default 1
);
create unique index data_center_names on data_centers (lower(name));

create table mac_pools (
  id uuid primary key,
  name text not null,
  description text not null default '',
  ranges jsonb not null,
  allow_duplicates boolean not null default false,
  default_pool boolean not null default false,
  generation bigint not null default 1
);
create unique index mac_pool_names on mac_pools (lower(name));
create unique index one_default_mac_pool on mac_pools (default_pool) where default_pool;
alter table data_centers add foreign key (mac_pool_id) references mac_pools;

create table clusters (
  id uuid primary key,
  name text not null,
  description text not null default '',
  comment text not null default '',
  data_center_id uuid references data_centers,
  version text not null default '4.7',
  settings jsonb not null,
  mac_pool_id uuid references mac_pools,
  generation bigint not null default 1
);
create unique index cluster_names on clusters (lower(name));
create index clusters_of_data_center on clusters (data_center_id);

create table networks (
  id uuid primary key,
  name text not null,
  description text not null default '',
  comment text not null default '',
  data_center_id uuid not null references data_centers on delete cascade,
  vlan integer,
  mtu integer not null default 0,
  stp boolean not null default false,
  vm_network boolean not null default true,
  port_isolation boolean not null default false,
  generation bigint not null default 1
);
create unique index network_names on networks (data_center_id, lower(name));

create table cluster_networks (
  cluster_id uuid not null references clusters on delete cascade,
  network_id uuid not null references networks on delete cascade,
  required boolean not null default false,
  usages text[] not null default '{vm}',
  primary key (cluster_id, network_id)
);

create table vnic_profiles (
  id uuid primary key,
  name text not null,
  description text not null default '',
  comment text not null default '',
  network_id uuid not null references networks on delete cascade,
  port_mirroring boolean not null default false,
  migratable boolean not null default true,
  network_filter text,
  generation bigint not null default 1
);
create unique index vnic_profile_names on vnic_profiles (network_id, lower(name));

create table hosts (
  id uuid primary key,
  name text not null,
  description text not null default '',
  comment text not null default '',
  cluster_id uuid not null references clusters,
  address text not null,
  port integer not null default 54321,
  -- sanlock's host id and RHV's: 1 to 250 within a data center
  spm_id integer not null check (spm_id between 1 and 250),
  spm_priority integer not null default 5 check (spm_priority between -1 and 10),
  -- what an administrator asked for
  wanted text not null default 'up' check (wanted in ('up', 'maintenance')),
  reason text,
  -- what was observed; status is the controller's conclusion from it (domain/host/state)
  status text not null default 'unassigned',
  status_since timestamptz not null default now(),
  status_reason jsonb,
  boot_id uuid,
  sequence bigint not null default 0,
  last_contact timestamptz,
  facts jsonb,
  hardware_uuid uuid unique,
  certificate_fingerprint text,
  images_port integer,
  consoles_port integer,
  generation bigint not null default 1
);
create unique index host_names on hosts (lower(name));
create index hosts_of_cluster on hosts (cluster_id);

create table storage_domains (
  id uuid primary key,
  name text not null,
  description text not null default '',
  comment text not null default '',
  kind text not null check (kind in ('data', 'iso', 'export')),
  storage_type text not null check (storage_type in ('localfs', 'posixfs', 'nfs')),
  connection_id uuid not null,
  format text not null default 'v5',
  data_center_id uuid references data_centers,
  master boolean not null default false,
  wanted text not null default 'maintenance' check (wanted in ('active', 'maintenance')),
  -- observed: the worst that all hosts together allow to say (domain/storage-domain/state)
  health text not null default 'unknown' check (health in ('ok', 'failing', 'unknown')),
  health_since timestamptz not null default now(),
  total bigint,
  available bigint,
  wipe_after_delete boolean not null default false,
  discard_after_delete boolean not null default false,
  backup boolean not null default false,
  warning_low_space_indicator integer not null default 10,
  critical_space_action_blocker integer not null default 5,
  generation bigint not null default 1
);
create unique index storage_domain_names on storage_domains (lower(name));
create unique index one_master on storage_domains (data_center_id) where master;
create index storage_domains_of_data_center on storage_domains (data_center_id);

create table storage_connections (
  id uuid primary key,
  storage_type text not null,
  address text,
  path text not null,
  vfs_type text,
  mount_options text
);
create unique index same_storage_once on storage_connections (storage_type, coalesce(address, ''), path);
alter table storage_domains add foreign key (connection_id) references storage_connections;

create table disk_profiles (
  id uuid primary key,
  name text not null,
  description text not null default '',
  storage_domain_id uuid not null references storage_domains on delete cascade
);

create table cpu_profiles (
  id uuid primary key,
  name text not null,
  description text not null default '',
  cluster_id uuid not null references clusters on delete cascade
);

create table templates (
  id uuid primary key,
  name text not null,
  description text not null default '',
  comment text not null default '',
  cluster_id uuid references clusters,
  kind text not null default 'template' check (kind in ('template', 'instance_type')),
  hardware jsonb not null,
  creation_time timestamptz not null default now(),
  generation bigint not null default 1
);
create unique index template_names on templates (kind, lower(name));

create table vms (
  id uuid primary key,
  name text not null,
  description text not null default '',
  comment text not null default '',
  cluster_id uuid not null references clusters,
  template_id uuid not null references templates,
  original_template_id uuid not null references templates,
  cpu_profile_id uuid references cpu_profiles,
  hardware jsonb not null,
  delete_protected boolean not null default false,
  creation_time timestamptz not null default now(),
  created_by uuid,
  -- the run that the manager began, if any; everything below is written by observation of this very run
  run_id uuid,
  run_host_id uuid references hosts,
  run_state jsonb,
  run_status text not null default 'down',
  run_boot_id uuid,
  run_sequence bigint,
  run_started timestamptz,
  run_guest jsonb,
  -- how the last run ended
  exit_reason text,
  exit_message text,
  stop_time timestamptz,
  -- a person's words for the last stop
  stop_reason text,
  generation bigint not null default 1
);
create unique index vm_names on vms (lower(name));
create index vms_of_cluster on vms (cluster_id);
create index vms_on_host on vms (run_host_id) where run_host_id is not null;
create unique index vm_runs on vms (run_id) where run_id is not null;

-- Every VM has its ACTIVE snapshot from the first: it owns the writable leaf of every disk.
create table snapshots (
  id uuid primary key,
  vm_id uuid not null references vms on delete cascade,
  kind text not null check (kind in ('active', 'regular', 'preview', 'stateless', 'next_run')),
  description text not null,
  date timestamptz not null default now(),
  hardware jsonb,
  generation bigint not null default 1
);
create unique index one_active_snapshot on snapshots (vm_id) where kind = 'active';
create index snapshots_of_vm on snapshots (vm_id);

create table disks (
  id uuid primary key,
  alias text not null,
  description text not null default '',
  content_type text not null default 'data',
  provisioned_size bigint not null,
  shareable boolean not null default false,
  wipe_after_delete boolean not null default false,
  propagate_errors boolean not null default false,
  backup text not null default 'none',
  disk_profile_id uuid references disk_profiles on delete set null,
  creation_time timestamptz not null default now(),
  created_by uuid,
  generation bigint not null default 1
);

-- One row for each layer of a disk on each domain that holds it.
create table volumes (
  id uuid primary key,
  disk_id uuid not null references disks on delete cascade,
  domain_id uuid not null references storage_domains,
  parent_id uuid references volumes,
  snapshot_id uuid references snapshots on delete set null,
  active boolean not null default true,
  format text not null check (format in ('raw', 'cow')),
  sparse boolean not null,
  capacity bigint not null,
  actual_size bigint not null default 0,
  qcow_compat text,
  -- an upload's bytes are not legal before they were verified
  legal boolean not null default true
);
create index volumes_of_disk on volumes (disk_id);
create index volumes_of_domain on volumes (domain_id);
create unique index one_active_volume on volumes (disk_id) where active;

create table disk_attachments (
  vm_id uuid not null references vms on delete cascade,
  disk_id uuid not null references disks,
  interface text not null,
  bootable boolean not null default false,
  active boolean not null default true,
  read_only boolean not null default false,
  pass_discard boolean not null default false,
  primary key (vm_id, disk_id)
);
create index attachments_of_disk on disk_attachments (disk_id);
create unique index one_boot_disk on disk_attachments (vm_id) where bootable;

create table nics (
  id uuid primary key,
  vm_id uuid not null references vms on delete cascade,
  name text not null,
  mac text not null,
  interface text not null,
  vnic_profile_id uuid references vnic_profiles,
  linked boolean not null default true,
  plugged boolean not null default true
);
create unique index nic_names on nics (vm_id, lower(name));
create index nics_by_mac on nics (mac);

create table image_transfers (
  id uuid primary key,
  disk_id uuid not null,
  volume_id uuid not null,
  direction text not null check (direction in ('upload', 'download')),
  format text not null,
  view text not null check (view in ('raw', 'file')),
  size bigint not null,
  host_id uuid references hosts,
  phase text not null,
  timeout_policy text not null default 'legacy',
  inactivity_timeout integer not null default 60,
  shallow boolean not null default false,
  -- the last observation of the host's ticket
  transferred bigint not null default 0,
  active boolean not null default false,
  last_activity timestamptz not null default now(),
  job_id uuid,
  ticket_secret uuid,
  ended_at timestamptz,
  generation bigint not null default 1
);

-- A tick's figures are one upsert; search and sort read them; a crash of PostgreSQL may lose them.
create unlogged table vm_statistics (
  vm_id uuid primary key,
  run_id uuid not null,
  at timestamptz not null,
  raw jsonb not null,
  cpu_usage real,
  memory_usage real,
  network_usage real
);
create unlogged table host_statistics (
  host_id uuid primary key,
  at timestamptz not null,
  raw jsonb not null,
  cpu_usage real,
  memory_usage real
);
create unlogged table domain_checks (
  domain_id uuid not null,
  host_id uuid not null,
  at timestamptz not null,
  state text not null,
  latency integer,
  problem text,
  primary key (domain_id, host_id)
);
