-- What surrounds VMs: QoS and the profiles that refer to it, quotas, tags, bookmarks, affinity, what belongs to a user, and jobs from outside.

create table qoss (
  id uuid primary key,
  name text not null,
  description text not null default '',
  data_center_id uuid not null references data_centers on delete cascade,
  kind text not null check (kind in ('storage', 'cpu', 'network', 'hostnetwork')),
  limits jsonb not null default '{}',
  generation bigint not null default 1
);
create unique index qos_names on qoss (data_center_id, kind, lower(name));

alter table networks
  add column label text,
  add column qos_id uuid references qoss on delete set null,
  add column name_servers text[] not null default '{}';
alter table vnic_profiles
  add column pass_through boolean not null default false,
  add column qos_id uuid references qoss on delete set null,
  add column failover_id uuid references vnic_profiles on delete set null,
  add column custom_properties jsonb not null default '{}';
alter table cpu_profiles add column qos_id uuid references qoss on delete set null, add column generation bigint not null default 1;
alter table disk_profiles add column qos_id uuid references qoss on delete set null, add column generation bigint not null default 1;

create table quotas (
  id uuid primary key,
  name text not null,
  description text not null default '',
  data_center_id uuid not null references data_centers on delete cascade,
  is_default boolean not null default false,
  cluster_soft integer not null default 80,
  cluster_hard integer not null default 20,
  storage_soft integer not null default 80,
  storage_hard integer not null default 20,
  generation bigint not null default 1
);
create unique index quota_names on quotas (data_center_id, lower(name));
create unique index one_default_quota on quotas (data_center_id) where is_default;
insert into quotas (id, name, description, data_center_id, is_default)
  select gen_random_uuid(), 'Default', 'What counts where no other quota is named', id, true from data_centers;

-- A limit without a cluster is for all of them together; -1 is no limit. Memory and space in GiB.
create table quota_cluster_limits (
  id uuid primary key,
  quota_id uuid not null references quotas on delete cascade,
  cluster_id uuid references clusters on delete cascade,
  memory double precision not null default -1,
  cpus integer not null default -1
);
create unique index quota_cluster_once on quota_cluster_limits (quota_id, coalesce(cluster_id, quota_id));
create table quota_storage_limits (
  id uuid primary key,
  quota_id uuid not null references quotas on delete cascade,
  storage_domain_id uuid references storage_domains on delete cascade,
  space bigint not null default -1
);
create unique index quota_storage_once on quota_storage_limits (quota_id, coalesce(storage_domain_id, quota_id));
insert into quota_cluster_limits (id, quota_id) select gen_random_uuid(), id from quotas where is_default;
insert into quota_storage_limits (id, quota_id) select gen_random_uuid(), id from quotas where is_default;

create table tags (
  id uuid primary key,
  name text not null,
  description text not null default '',
  parent_id uuid references tags on delete cascade,
  generation bigint not null default 1
);
create unique index tag_names on tags (lower(name));
insert into tags (id, name, description) values ('00000000-0000-0000-0000-000000000000', 'root', 'root');

create table tagged (
  tag_id uuid not null references tags on delete cascade,
  object_id uuid not null,
  kind text not null check (kind in ('vm', 'host', 'template', 'user', 'group')),
  primary key (tag_id, object_id)
);
create index tags_of_object on tagged (object_id);

create table bookmarks (
  id uuid primary key,
  name text not null,
  value text not null,
  generation bigint not null default 1
);
create unique index bookmark_names on bookmarks (lower(name));

create table affinity_groups (
  id uuid primary key,
  name text not null,
  description text not null default '',
  cluster_id uuid not null references clusters on delete cascade,
  priority double precision not null default 1,
  vms_rule jsonb not null,
  hosts_rule jsonb not null,
  generation bigint not null default 1
);
create unique index affinity_group_names on affinity_groups (cluster_id, lower(name));
create table affinity_group_members (
  group_id uuid not null references affinity_groups on delete cascade,
  kind text not null check (kind in ('vm', 'host', 'vm_label', 'host_label')),
  object_id uuid not null,
  primary key (group_id, kind, object_id)
);
create index affinity_groups_of_object on affinity_group_members (object_id);
create table affinity_labels (
  id uuid primary key,
  name text not null,
  read_only boolean not null default false,
  implicit_group boolean not null default false,
  generation bigint not null default 1
);
create unique index affinity_label_names on affinity_labels (lower(name));
create table affinity_label_members (
  label_id uuid not null references affinity_labels on delete cascade,
  kind text not null check (kind in ('vm', 'host')),
  object_id uuid not null,
  primary key (label_id, object_id)
);
create index affinity_labels_of_object on affinity_label_members (object_id);

-- Whatever hangs on an object by its id alone goes with it.
create function forget_memberships() returns trigger language plpgsql as $$
begin
  delete from tagged where object_id = old.id;
  delete from affinity_group_members where object_id = old.id;
  delete from affinity_label_members where object_id = old.id;
  return null;
end $$;
create trigger forget_memberships after delete on vms for each row execute function forget_memberships();
create trigger forget_memberships after delete on hosts for each row execute function forget_memberships();
create trigger forget_memberships after delete on templates for each row execute function forget_memberships();
create trigger forget_memberships after delete on users for each row execute function forget_memberships();
create trigger forget_memberships after delete on groups for each row execute function forget_memberships();
create trigger forget_memberships after delete on affinity_labels for each row execute function forget_memberships();
-- Who leaves a cluster leaves its groups.
create function leave_affinity_groups() returns trigger language plpgsql as $$
begin
  delete from affinity_group_members m using affinity_groups g where m.object_id = old.id and g.id = m.group_id and g.cluster_id = old.cluster_id;
  return null;
end $$;
create trigger leave_affinity_groups after update of cluster_id on vms for each row when (old.cluster_id <> new.cluster_id) execute function leave_affinity_groups();
create trigger leave_affinity_groups after update of cluster_id on hosts for each row when (old.cluster_id <> new.cluster_id) execute function leave_affinity_groups();

create table ssh_public_keys (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  content text not null
);
create index keys_of_user on ssh_public_keys (user_id);
create table user_options (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  name text not null,
  content text not null
);
create unique index user_option_names on user_options (user_id, name);
create table event_subscriptions (
  user_id uuid not null references users on delete cascade,
  event text not null,
  method text not null,
  address text not null,
  primary key (user_id, event)
);

-- Jobs of programs outside are shown and never advanced.
alter table jobs add column external boolean not null default false, add column auto_cleared boolean not null default true;
alter table job_steps
  add column description text,
  add column kind text,
  add column parent_id uuid references job_steps on delete cascade,
  add column external boolean not null default false;
drop index live_jobs;
create index live_jobs on jobs (next_try) where state in ('running', 'unwinding') and not external;

do $$
declare
  entity record;
begin
  for entity in
    select * from (values
      ('qoss', 'qos'), ('quotas', 'quota'), ('tags', 'tag'), ('bookmarks', 'bookmark'), ('affinity_groups', 'affinity_group'),
      ('affinity_labels', 'affinity_label'), ('cpu_profiles', 'cpu_profile'), ('disk_profiles', 'disk_profile')) as t (relation, noun)
  loop
    execute format('create trigger bump before update on %I for each row when (old.* is distinct from new.*) execute function bump_generation()', entity.relation);
    execute format('create trigger log_insert after insert on %I for each row execute function log_change(%L)', entity.relation, entity.noun);
    execute format('create trigger log_delete after delete on %I for each row execute function log_change(%L)', entity.relation, entity.noun);
    execute format('create trigger log_update after update on %I for each row when (old.* is distinct from new.*) execute function log_change(%L)', entity.relation, entity.noun);
  end loop;
end $$;
create trigger log_cluster_network after insert or update or delete on cluster_networks for each row execute function log_change('cluster', 'cluster_id');
create trigger log_cluster_limit after insert or update or delete on quota_cluster_limits for each row execute function log_change('quota', 'quota_id');
create trigger log_storage_limit after insert or update or delete on quota_storage_limits for each row execute function log_change('quota', 'quota_id');
create trigger log_group_member after insert or delete on affinity_group_members for each row execute function log_change('affinity_group', 'group_id');
create trigger log_label_member after insert or delete on affinity_label_members for each row execute function log_change('affinity_label', 'label_id');
create trigger log_tagged after insert or delete on tagged for each row execute function log_change('tag', 'tag_id');
