-- A job is its plan. Its locks live exactly as long as it does.
create table jobs (
  id uuid primary key,
  type text not null,
  version integer not null,
  plan jsonb not null,
  title jsonb not null,
  state text not null default 'running' check (state in ('running', 'unwinding', 'needs_attention', 'finished', 'failed', 'aborted')),
  -- needs_attention remembers which way it was going
  direction text not null default 'forward' check (direction in ('forward', 'backward')),
  cancel_requested boolean not null default false,
  error jsonb,
  attempts integer not null default 0,
  next_try timestamptz not null default now(),
  owner_id uuid,
  correlation_id text not null,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ended_at timestamptz,
  generation bigint not null default 1
);
create index live_jobs on jobs (next_try) where state in ('running', 'unwinding');
create index jobs_by_correlation on jobs (correlation_id);

create table job_steps (
  id uuid primary key,
  job_id uuid not null references jobs on delete cascade,
  number integer not null,
  name text not null,
  state text not null default 'pending' check (state in ('pending', 'doing', 'done', 'undoing', 'undone', 'failed')),
  -- the agents' operation ids of this step's do and undo: the same step is the same operation for ever
  do_operation uuid not null,
  undo_operation uuid not null,
  result jsonb,
  progress integer,
  host_id uuid,
  started_at timestamptz,
  ended_at timestamptz,
  unique (job_id, number)
);

-- An object is locked because a live job holds it. `shows_as` is the status that a user sees meanwhile.
create table job_locks (
  object_id uuid not null,
  job_id uuid not null references jobs on delete cascade,
  kind text not null,
  mode text not null check (mode in ('exclusive', 'shared')),
  shows_as text,
  primary key (object_id, job_id)
);
create index locks_of_job on job_locks (job_id);

-- What is bound to a job for listing and permission: its objects outlive the lock.
create table job_objects (
  job_id uuid not null references jobs on delete cascade,
  object_id uuid not null,
  kind text not null,
  primary key (job_id, object_id)
);
create index jobs_of_object on job_objects (object_id);

create table manager_epoch (
  single boolean primary key default true check (single),
  epoch bigint not null
);
insert into manager_epoch (epoch) values (0);
