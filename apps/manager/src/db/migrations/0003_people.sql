create table users (
  id uuid primary key,
  name text not null,
  last_name text not null default '',
  user_name text not null,
  domain text not null default 'internal-authz',
  email text not null default '',
  department text not null default '',
  namespace text not null default '*',
  -- argon2id; absent for users of a directory
  password_hash text,
  disabled boolean not null default false,
  generation bigint not null default 1
);
create unique index user_names on users (lower(user_name), domain);

create table groups (
  id uuid primary key,
  name text not null,
  domain text not null default 'internal-authz',
  generation bigint not null default 1
);
create table group_members (
  group_id uuid not null references groups on delete cascade,
  user_id uuid not null references users on delete cascade,
  primary key (group_id, user_id)
);

create table roles (
  id uuid primary key,
  name text not null,
  description text not null default '',
  administrative boolean not null,
  mutable boolean not null default true,
  inherits boolean not null,
  permits text[] not null,
  generation bigint not null default 1
);
create unique index role_names on roles (lower(name));

create table permissions (
  id uuid primary key,
  role_id uuid not null references roles,
  principal_id uuid not null,
  object_id uuid not null,
  object_type text not null,
  created_at timestamptz not null default now(),
  unique (role_id, principal_id, object_id)
);
create index permissions_of_principal on permissions (principal_id);
create index permissions_of_object on permissions (object_id);

-- Only the hash of a token is kept.
create table sessions (
  token_hash bytea primary key,
  user_id uuid not null references users on delete cascade,
  scope text not null,
  created_at timestamptz not null default now(),
  last_used timestamptz not null default now(),
  idle_timeout interval not null default '30 minutes',
  expires_at timestamptz not null
);

create table login_failures (
  key text primary key,
  failures integer not null,
  last_failure timestamptz not null
);

create table enrollment_tokens (
  token_hash bytea primary key,
  cluster_id uuid not null references clusters on delete cascade,
  host_name text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_by uuid
);

-- Secrets are encrypted with a key that is not in the database. Everything else holds references.
create table secrets (
  id uuid primary key,
  kind text not null,
  object_id uuid,
  sealed bytea not null,
  created_at timestamptz not null default now()
);
create index secrets_of_object on secrets (object_id);

create table events (
  index bigint generated always as identity primary key,
  id uuid not null unique default gen_random_uuid(),
  code integer not null,
  severity text not null,
  time timestamptz not null default now(),
  parameters jsonb not null default '{}',
  -- only for custom events, whose text is somebody's own
  text text,
  correlation_id text,
  origin text not null default 'Ostler',
  custom_id integer,
  flood_rate integer,
  custom_data text,
  user_id uuid,
  vm_id uuid,
  host_id uuid,
  template_id uuid,
  storage_domain_id uuid,
  cluster_id uuid,
  data_center_id uuid,
  disk_id uuid,
  job_id uuid,
  deleted boolean not null default false
);
create index events_by_correlation on events (correlation_id) where correlation_id is not null;
create index events_of_vm on events (vm_id) where vm_id is not null;
create index events_by_time on events (time);
