-- What an administrator has set for the whole installation, by RHV's names of such settings.
create table settings (
  name text primary key,
  value jsonb not null
);

-- Pictures that people gave to their VMs; those of the operating systems are made, not kept.
create table icons (
  id uuid primary key,
  media_type text not null,
  data text not null
);

alter table vms
  add column instance_type_id uuid references templates on delete set null,
  add column small_icon_id uuid,
  add column large_icon_id uuid,
  -- what the guest is told at its first start; passwords are references into secrets
  add column initialization jsonb,
  -- whether it has had its first start
  add column initialized boolean not null default false;
alter table templates add column initialization jsonb;
