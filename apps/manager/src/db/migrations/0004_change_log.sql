-- Every change of an entity bumps its generation and is logged. Readers gate on pg_snapshot_xmin, so that they see
-- changes in an order in which none comes later before one that they have already read. NOTIFY only wakes.
create table change_log (
  seq bigint generated always as identity,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default now(),
  noun text not null,
  object_id uuid not null,
  operation text not null check (operation in ('created', 'changed', 'removed')),
  primary key (xid, seq)
);
create index change_log_by_time on change_log (at);

-- The newest transaction of which something has been forgotten.
create table change_log_horizon (
  single boolean primary key default true check (single),
  xid xid8 not null
);
insert into change_log_horizon (xid) values ('0');

create function bump_generation() returns trigger language plpgsql as $$
begin
  new.generation := old.generation + 1;
  return new;
end $$;

-- tg_argv[0]: the noun that changed; tg_argv[1]: the column that names it (default id)
create function log_change() returns trigger language plpgsql as $$
declare
  record_as jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
  named uuid := (record_as ->> coalesce(tg_argv[1], 'id'))::uuid;
begin
  if named is not null then
    insert into change_log (noun, object_id, operation)
    values (tg_argv[0], named,
      case when coalesce(tg_argv[1], 'id') <> 'id' then 'changed'
           when tg_op = 'INSERT' then 'created' when tg_op = 'DELETE' then 'removed' else 'changed' end);
    perform pg_notify('ostler_changes', '');
  end if;
  return null;
end $$;

do $$
declare
  entity record;
begin
  for entity in
    select * from (values
      ('data_centers', 'data_center'), ('mac_pools', 'mac_pool'), ('clusters', 'cluster'), ('networks', 'network'),
      ('vnic_profiles', 'vnic_profile'), ('hosts', 'host'), ('storage_domains', 'storage_domain'), ('templates', 'template'),
      ('vms', 'vm'), ('snapshots', 'snapshot'), ('disks', 'disk'), ('image_transfers', 'image_transfer'), ('jobs', 'job'),
      ('users', 'user'), ('groups', 'group'), ('roles', 'role')) as t (relation, noun)
  loop
    execute format('create trigger bump before update on %I for each row when (old.* is distinct from new.*) execute function bump_generation()', entity.relation);
    execute format('create trigger log_insert after insert on %I for each row execute function log_change(%L)', entity.relation, entity.noun);
    execute format('create trigger log_delete after delete on %I for each row execute function log_change(%L)', entity.relation, entity.noun);
    execute format('create trigger log_update after update on %I for each row when (old.* is distinct from new.*) execute function log_change(%L)', entity.relation, entity.noun);
  end loop;
end $$;

-- Parts that a reader sees as their owner's change.
create trigger log_attachment after insert or update or delete on disk_attachments for each row execute function log_change('vm', 'vm_id');
create trigger log_nic after insert or update or delete on nics for each row execute function log_change('vm', 'vm_id');
create trigger log_volume after insert or update or delete on volumes for each row execute function log_change('disk', 'disk_id');
create trigger log_step after insert or update on job_steps for each row execute function log_change('job', 'job_id');
create trigger log_event after insert on events for each row execute function log_change('event');
create trigger log_permission after insert or delete on permissions for each row execute function log_change('permission');

-- A lock shows in the status of what it holds.
create function log_lock() returns trigger language plpgsql as $$
declare
  held job_locks := case when tg_op = 'DELETE' then old else new end;
begin
  insert into change_log (noun, object_id, operation) values (held.kind, held.object_id, 'changed');
  perform pg_notify('ostler_changes', '');
  return null;
end $$;
create trigger log_lock after insert or delete on job_locks for each row execute function log_lock();

-- What users see: the status that a live job lends an object, otherwise what was observed.
create view vm_statuses as
  select vms.id,
    coalesce((select shows_as from job_locks where object_id = vms.id and shows_as is not null limit 1), vms.run_status) as status
  from vms;

create view disk_statuses as
  select disks.id,
    case
      when exists (select 1 from job_locks where object_id = disks.id and mode = 'exclusive') then 'locked'
      when exists (select 1 from volumes where disk_id = disks.id and active and not legal) then 'illegal'
      else 'ok'
    end as status
  from disks;

create view storage_domain_statuses as
  select id,
    coalesce((select shows_as from job_locks where object_id = storage_domains.id and shows_as is not null limit 1),
      case
        when data_center_id is null then 'unattached'
        when wanted = 'maintenance' then 'maintenance'
        when health = 'ok' then 'active'
        when health = 'failing' then 'inactive'
        else 'unknown'
      end) as status
  from storage_domains;

create view data_center_statuses as
  select data_centers.id,
    case
      when master.id is null then 'uninitialized'
      when s.status = 'active' then 'up'
      when s.status = 'maintenance' then 'maintenance'
      when s.status = 'unknown' then 'problematic'
      when s.status = 'inactive' then 'not_operational'
      else 'contend'
    end as status
  from data_centers
  left join storage_domains master on master.data_center_id = data_centers.id and master.master
  left join storage_domain_statuses s on s.id = master.id;
