-- Times are Unix milliseconds. Ids are compared byte for byte, whatever the database's language.
-- The hot tables have no foreign keys: a check on every insert is what a create can least afford, and the audit
-- holds what they would hold.

create function now_ms() returns bigint language sql stable parallel safe
  return (extract(epoch from statement_timestamp()) * 1000)::bigint;

create table accounts (
  id text collate "C" primary key,
  name text collate "C" not null unique,
  sandbox boolean not null,
  wallet text collate "C" not null references accounts (id),
  cap bigint check (cap >= 0),
  created_at bigint not null,
  -- Of the wallet: what is left, and what the escrows of its tasks hold. Nobody spends what they lack.
  balance bigint not null default 0 check (balance >= 0),
  held bigint not null default 0 check (held >= 0),
  -- Of the account: what its tasks hold and have been charged in all, against its cap.
  committed bigint not null default 0 check (committed >= 0),
  -- The virtual start time of its next task, for fair claims.
  turn bigint not null default 0,
  check (cap is null or committed <= cap)
) with (fillfactor = 50);

create table keys (
  id text collate "C" primary key,
  account text collate "C" not null references accounts (id),
  wallet text collate "C" not null references accounts (id),
  hash text collate "C" not null unique,
  prefix text not null,
  last4 text not null,
  name text not null,
  sandbox boolean not null,
  scopes text[] not null,
  strategy text not null,
  requests_per_minute integer not null check (requests_per_minute > 0),
  unfinished_tasks integer not null check (unfinished_tasks >= 0),
  cap bigint check (cap >= 0),
  created_at bigint not null,
  expires_at bigint,
  revoked_at bigint,
  callback_secrets text[] not null,
  unfinished integer not null default 0 check (unfinished >= 0),
  committed bigint not null default 0 check (committed >= 0)
) with (fillfactor = 50);
create index keys_account on keys (account);

-- The queue: due_at says when a task may be touched, and pushing it out is the lease.
create table tasks (
  id text collate "C" primary key,
  version integer not null check (version >= 1),
  account text collate "C" not null,
  wallet text collate "C" not null,
  key text collate "C" not null,
  sandbox boolean not null,
  model text not null,
  state text collate "C" not null
    check (state in ('queued', 'submitting', 'unknown', 'running', 'storing', 'succeeded', 'failed', 'canceled')),
  state_data json not null,
  state_since bigint not null,
  price bigint not null check (price >= 0),
  escrow bigint not null check (escrow between 0 and price),
  attempts integer not null check (attempts >= 0),
  cancel_requested boolean not null,
  created_at bigint not null,
  updated_at bigint not null,
  started_at bigint,
  completed_at bigint check (completed_at >= created_at),
  due_at bigint,
  leased boolean not null default false,
  turn bigint not null,
  prepared json,
  tried json,
  constraint over_means_never_due check ((state in ('succeeded', 'failed', 'canceled')) = (due_at is null)),
  constraint over_means_completed check ((due_at is null) = (completed_at is not null)),
  constraint escrow_until_over check (escrow = case when due_at is null then 0 else price end),
  constraint attempt_before_submit check (attempts > 0 or state in ('queued', 'failed', 'canceled'))
) with (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
create index tasks_queued on tasks (turn, due_at) where state = 'queued';
create index tasks_watching on tasks (due_at) where state in ('submitting', 'unknown', 'running');
create index tasks_storing on tasks (due_at) where state = 'storing';

-- The virtual time of fair claims: the start time of the last task that was served.
create table queue_clock (
  single boolean primary key default true check (single),
  turn bigint not null
);
insert into queue_clock (turn) values (0);

-- What was ordered, and on which terms: written once, with the task.
create table orders (
  task text collate "C" primary key,
  account text collate "C" not null,
  client_request_id text collate "C",
  ordered json not null,
  terms json not null,
  origin json not null,
  accepted json not null
);
create index orders_account on orders (account, task);
create index orders_client_request on orders (client_request_id, task) where client_request_id is not null;

create table idempotency_keys (
  account text collate "C" not null,
  route text collate "C" not null,
  key text collate "C" not null,
  fingerprint text not null,
  task text collate "C" not null,
  primary key (account, route, key)
);

-- The ledger. A task's transfers carry ids made of the task and the kind: it cannot be held or settled twice.
create table transfers (
  id text collate "C" primary key,
  kind text not null check (kind in ('hold', 'charge', 'refund', 'grant', 'correction')),
  from_holder text collate "C" not null,
  to_holder text collate "C" not null,
  amount bigint not null check (amount > 0),
  at bigint not null,
  wallet text collate "C" not null,
  task text collate "C",
  reason text,
  position bigint generated always as identity,
  check (from_holder <> to_holder)
);
create index transfers_wallet on transfers (wallet, position);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is only ever added to', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger transfers_are_kept before update or delete or truncate on transfers
  for each statement execute function refuse_change();

-- What happened to a task after its birth; one row a version is the fence, change_id finds a commit whose answer was lost.
create table task_events (
  task text collate "C" not null,
  version integer not null check (version > 1),
  at bigint not null,
  event text not null,
  detail json not null,
  change_id uuid not null,
  primary key (task, version)
);
create trigger task_events_are_kept before update or truncate on task_events
  for each statement execute function refuse_change();

create table ambiguities (
  id bigint generated always as identity primary key,
  task text collate "C" not null,
  version integer not null,
  at bigint not null,
  attempt json not null,
  reason text not null,
  decision text not null,
  cost_micros bigint,
  finding text,
  unique (task, version)
);

-- Messages on their way, claimed like tasks. The receiver is what is kept from slowing others down.
create table letters (
  id text collate "C" primary key,
  task text collate "C" not null,
  account text collate "C" not null,
  key text collate "C" not null,
  kind text not null check (kind in ('callback', 'endpoint')),
  endpoint text collate "C",
  receiver text collate "C" not null,
  url text not null,
  type text not null,
  body text not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'dead')),
  attempts integer not null default 0 check (attempts >= 0),
  due_at bigint,
  leased boolean not null default false,
  created_at bigint not null,
  constraint pending_means_due check ((state = 'pending') = (due_at is not null))
);
create index letters_task on letters (task);
create index letters_due on letters (receiver, due_at) where state = 'pending';

create table delivery_attempts (
  id bigint generated always as identity primary key,
  letter text collate "C" not null references letters (id),
  number integer not null,
  at bigint not null,
  status integer,
  duration_ms bigint not null,
  error text,
  excerpt text not null
);
create index delivery_attempts_letter on delivery_attempts (letter);

create table files (
  id text collate "C" primary key,
  task text collate "C" not null,
  kind text not null,
  mime_type text not null,
  bytes bigint not null check (bytes >= 0),
  sha256 text not null,
  expires_at bigint not null,
  removed boolean not null default false
);
create index files_task on files (task);
create index files_kept on files (expires_at) where not removed;

create table prices (
  id bigint generated always as identity primary key,
  model text not null,
  account text collate "C" references accounts (id),
  duration_seconds integer,
  sound boolean,
  resolution text,
  price bigint not null check (price >= 0),
  unique nulls not distinct (model, account, duration_seconds, sound, resolution)
);

create table settings (
  name text collate "C" primary key,
  value text not null
);

create table nodes (
  name text collate "C" primary key,
  alive_until bigint not null
);

-- Requests a minute: a crash of the database forgives what was used of them.
create unlogged table allowances (
  key text collate "C" primary key,
  used_until double precision not null
);
