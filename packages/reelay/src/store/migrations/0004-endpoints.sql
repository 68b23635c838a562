-- Addresses that accounts register for their events, what they are sent, and the feed of the same events.

create table endpoints (
  id text collate "C" primary key,
  account text collate "C" not null references accounts (id),
  name text not null,
  url text not null,
  event_types text[] not null,
  status text collate "C" not null check (status in ('active', 'disabled', 'revoked')),
  -- [{"secret": sealed, "until": when it signs no more, null: it stands}], newest first.
  secrets json not null,
  last_success_at bigint,
  last_failure_at bigint,
  -- Since the last success: attempts that failed, when the first of them did, and letters that were given up.
  failure_count integer not null default 0 check (failure_count >= 0),
  failing_since bigint,
  dead_letters integer not null default 0 check (dead_letters >= 0),
  created_at bigint not null,
  updated_at bigint not null,
  disabled_at bigint,
  revoked_at bigint,
  constraint revoked_at_a_time check ((status = 'revoked') = (revoked_at is not null))
) with (fillfactor = 75);
create index endpoints_account on endpoints (account);

-- A letter to an endpoint may be of no task: a test, or news of another endpoint. Its address is the endpoint's own.
alter table letters
  alter column task drop not null,
  alter column key drop not null,
  add constraint an_endpoint_where_there_is_one check ((kind = 'endpoint') = (endpoint is not null)),
  add constraint callbacks_are_of_tasks check (kind = 'endpoint' or task is not null and key is not null);
create index letters_endpoint on letters (endpoint, created_at, id) where endpoint is not null;

-- What accounts can read instead of being told. A position is given after the commit, in the order in which events are
-- seen to be there: what a reader has passed, nothing is ever put in front of.
create table events (
  id bigint generated always as identity primary key,
  account text collate "C" not null,
  -- What it tells of, once: a task, or the event itself.
  subject text collate "C" not null,
  type text collate "C" not null,
  body text not null,
  at bigint not null default now_ms(),
  position bigint check (position > 0),
  unique (subject, type)
);
create unique index events_feed on events (account, position) where position is not null;
create index events_to_place on events (account, id) where position is null;
create index events_age on events (at);

-- How far an account's positions have been given, and up to which its events may be gone.
create table feeds (
  account text collate "C" primary key,
  position bigint not null default 0,
  removed_to bigint not null default 0 check (removed_to between 0 and position)
);

-- Gives the account's new events their positions. The lock on its feed makes it one sequencer: whoever waited for it
-- sees all that was given before.
create function place_events(account_id text) returns void language plpgsql set lock_timeout = '2s' as $$
declare
  last bigint;
begin
  if not exists (select from events where account = account_id and position is null) then return; end if;
  insert into feeds (account) values (account_id) on conflict do nothing;
  select position into last from feeds where account = account_id for no key update;
  with placed as (
    update events e set position = last + n.nth
    from (
      select id, row_number() over (order by id) as nth from events where account = account_id and position is null
    ) n
    where e.id = n.id
    returning e.id
  )
  update feeds set position = last + (select count(*) from placed) where account = account_id;
end $$;

-- Removes events past their time, some at a time, and buries letters of endpoints that were removed before they were sent.
-- Returns how many events are gone.
create function forget_events(older_than_ms bigint, most integer) returns integer language plpgsql as $$
declare
  before constant bigint := now_ms() - older_than_ms;
  owner text;
  gone bigint[];
  total integer := 0;
begin
  for owner in select distinct o.account from (select account from events where at < before order by at limit most) o order by 1 loop
    perform place_events(owner);
    perform from feeds where account = owner for no key update;
    with removed as (
      delete from events where id in (select id from events where account = owner and at < before order by position limit most)
      returning position
    )
    select array_agg(position) into gone from removed;
    update feeds set removed_to = greatest(removed_to, (select max(p) from unnest(gone) p)) where account = owner;
    total := total + coalesce(cardinality(gone), 0);
  end loop;
  update letters set state = 'dead', due_at = null, leased = false
  where state = 'pending' and endpoint in (select id from endpoints where status = 'revoked');
  return total;
end $$;

-- One of an account's endpoints, unless it has as many as it may.
create function create_endpoint(
  endpoint_id text, account_id text, name_given text, url_given text, types text[], status_given text, secrets_given json,
  created bigint, most integer
) returns boolean language plpgsql set lock_timeout = '2s' as $$
begin
  perform from accounts where id = account_id for no key update;
  if (select count(*) from endpoints where account = account_id and status <> 'revoked') >= most then return false; end if;
  insert into endpoints (id, account, name, url, event_types, status, secrets, created_at, updated_at)
  values (endpoint_id, account_id, name_given, url_given, types, status_given, secrets_given, created, created);
  return true;
end $$;

-- The id of a letter: the same whenever the same event is sent to the same endpoint.
create function endpoint_letter_id(subject text, type text, endpoint text) returns text language sql immutable parallel safe
  return 'evt_' || left(encode(sha256(convert_to(subject || ' ' || type || ' ' || endpoint, 'UTF8')), 'hex'), 32);

-- commit_moves, and what the finished tasks' accounts are told: `events` of a move are for the feed, and for every
-- active endpoint that wants their type. What an earlier call told already is not told again.
create function commit_moves_and_tell(doc json, again boolean, patient boolean) returns text[]
  language plpgsql set lock_timeout = '2s' set plan_cache_mode = 'force_generic_plan' as $$
declare
  verdicts text[];
begin
  verdicts := commit_moves(doc, again, patient);
  with told as (
    select x.id as task, x.account, x.key, x.updated_at, e.type, e.body
    from json_to_recordset(doc) as x (n integer, id text, account text, key text, updated_at bigint, events json)
    cross join json_to_recordset(x.events) as e (type text, body text)
    where verdicts[x.n] = 'committed'
  ), fed as (
    insert into events (account, subject, type, body) select account, task, type, body from told on conflict do nothing
  )
  insert into letters (id, task, account, key, kind, endpoint, receiver, url, type, body, due_at, created_at)
  select endpoint_letter_id(t.task, t.type, p.id), t.task, t.account, t.key, 'endpoint', p.id, p.id, p.url, t.type, t.body,
    now_ms(), t.updated_at
  from told t join endpoints p on p.account = t.account and p.status = 'active' and t.type = any (p.event_types)
  on conflict do nothing;
  return verdicts;
end $$;

-- Records an attempt at a letter and what comes of it. An endpoint that says it is gone, or that has not taken anything
-- for days, is disabled, and its account is told so with `news` (id, type, body).
create function record_delivery(
  letter_id text, number_given integer, at_given bigint, status_given integer, duration bigint, error_given text,
  excerpt_given text, outcome text, due_in_ms bigint, news json
) returns void language plpgsql set lock_timeout = '2s' as $$
declare
  endpoint_id text := (select endpoint from letters where id = letter_id);
  gave_up boolean;
  e endpoints;
  long_ms constant bigint := 3 * 86400000;
  several constant integer := 3;
begin
  perform from endpoints where id = endpoint_id for no key update;
  gave_up := outcome = 'dead' and (select state = 'pending' from letters where id = letter_id for no key update);
  insert into delivery_attempts (letter, number, at, status, duration_ms, error, excerpt)
  values (letter_id, number_given, at_given, status_given, duration, error_given, excerpt_given);
  update letters set
    attempts = attempts + 1,
    leased = false,
    state = case when state = 'pending' then outcome else state end,
    due_at = case when state = 'pending' and outcome = 'pending' then now_ms() + due_in_ms end
  where id = letter_id;
  if endpoint_id is null then return; end if;

  if outcome = 'delivered' then
    update endpoints set last_success_at = at_given, failure_count = 0, failing_since = null, dead_letters = 0
    where id = endpoint_id;
    return;
  end if;
  update endpoints set
    last_failure_at = at_given,
    failure_count = failure_count + 1,
    failing_since = coalesce(failing_since, at_given),
    dead_letters = dead_letters + gave_up::integer
  where id = endpoint_id returning * into e;
  if e.status <> 'active' then return; end if;
  if status_given is distinct from 410 and not (gave_up and e.dead_letters >= several and e.failing_since <= at_given - long_ms) then
    return;
  end if;
  update endpoints set status = 'disabled', disabled_at = at_given, updated_at = at_given where id = endpoint_id;
  if news is null then return; end if;
  insert into events (account, subject, type, body) values (e.account, news ->> 'id', news ->> 'type', news ->> 'body');
  insert into letters (id, account, kind, endpoint, receiver, url, type, body, due_at, created_at)
  select endpoint_letter_id(news ->> 'id', news ->> 'type', p.id), e.account, 'endpoint', p.id, p.id, p.url, news ->> 'type',
    news ->> 'body', now_ms(), at_given
  from endpoints p where p.account = e.account and p.status = 'active' and news ->> 'type' = any (p.event_types);
end $$;
