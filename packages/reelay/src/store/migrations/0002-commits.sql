-- Group commit. Both functions take a group of changes as JSON, give each a verdict of its own, and make those that are
-- 'committed' true, in order, in one transaction. Locks are always taken in the order account, key, task, each by id.
--
-- again: an earlier call may have been committed although its answer was lost; what is there already is 'committed'.
-- patient: waits for locks, up to lock_timeout; otherwise what others have locked is answered 'busy'.
--
-- Old and new processes run side by side during an upgrade: a later migration adds functions, it does not change these.

create type birth as (
  n integer, id text, account text, wallet text, key text, sandbox boolean, model text, state json,
  price bigint, hold bigint, at bigint, due_in_ms bigint, client_request_id text,
  ordered json, terms json, origin json, accepted json,
  idempotency_route text, idempotency_key text, idempotency_fingerprint text,
  verdict text
);

create type move as (
  n integer, id text, account text, wallet text, key text, expects integer, version integer, change_id uuid,
  state text, state_data json, state_since bigint, attempts integer, cancel_requested boolean,
  updated_at bigint, started_at bigint, completed_at bigint, due_in_ms bigint, leased boolean,
  prepared json, tried json, event text, detail json,
  charge bigint, refund bigint, letters json, files json, ambiguity json,
  verdict text
);

-- Locks what a group will change. Returns which accounts and keys it got: all of them, or an error, when patient.
create function lock_holders(account_ids text[], key_ids text[], patient boolean, out accounts_got text[], out keys_got text[])
  language plpgsql as $$
begin
  if patient then
    accounts_got := array(select id from accounts where id = any (account_ids) order by id for no key update);
    keys_got := array(select id from keys where id = any (key_ids) order by id for no key update);
    if cardinality(accounts_got) < cardinality(account_ids) or cardinality(keys_got) < cardinality(key_ids) then
      raise exception 'a change names an account or a key that does not exist' using errcode = 'foreign_key_violation';
    end if;
  else
    accounts_got := array(select id from accounts where id = any (account_ids) order by id for no key update skip locked);
    keys_got := array(select id from keys where id = any (key_ids) order by id for no key update skip locked);
  end if;
end $$;

-- Decides births one after the other, for a group in which not everybody can have what they want.
create function decide_births(items birth[]) returns birth[] language plpgsql as $$
declare
  x birth;
  a accounts;
  w accounts;
  k keys;
  used jsonb := '{}';
begin
  for i in 1 .. cardinality(items) loop
    x := items[i];
    continue when x.verdict is not null;
    select * into a from accounts where id = x.account;
    select * into w from accounts where id = x.wallet;
    select * into k from keys where id = x.key;
    if k.unfinished + coalesce((used ->> ('n ' || x.key))::bigint, 0) >= k.unfinished_tasks then
      items[i].verdict := 'too_many_tasks';
    elsif coalesce((used ->> ('w ' || x.wallet))::bigint, 0) + x.hold > w.balance
      or a.committed + coalesce((used ->> ('a ' || x.account))::bigint, 0) + x.hold > a.cap
      or k.committed + coalesce((used ->> ('k ' || x.key))::bigint, 0) + x.hold > k.cap then
      items[i].verdict := 'insufficient_credits';
    else
      used := used || jsonb_build_object(
        'n ' || x.key, coalesce((used ->> ('n ' || x.key))::bigint, 0) + 1,
        'w ' || x.wallet, coalesce((used ->> ('w ' || x.wallet))::bigint, 0) + x.hold,
        'a ' || x.account, coalesce((used ->> ('a ' || x.account))::bigint, 0) + x.hold,
        'k ' || x.key, coalesce((used ->> ('k ' || x.key))::bigint, 0) + x.hold);
    end if;
  end loop;
  return items;
end $$;

-- Whether anybody in the group wants more than there is.
create function births_fall_short(items birth[]) returns boolean language plpgsql as $$
begin
  return exists (
    select from (select x.wallet as id, sum(x.hold) as wanted from unnest(items) x where x.verdict is null group by 1) d
    join accounts a using (id) where d.wanted > a.balance
  ) or exists (
    select from (select x.account as id, sum(x.hold) as wanted from unnest(items) x where x.verdict is null group by 1) d
    join accounts a using (id) where a.committed + d.wanted > a.cap
  ) or exists (
    select from (
      select x.key as id, sum(x.hold) as wanted, count(*) as tasks from unnest(items) x where x.verdict is null group by 1
    ) d
    join keys k using (id) where k.committed + d.wanted > k.cap or k.unfinished + d.tasks > k.unfinished_tasks
  );
end $$;

create function commit_births(doc json, again boolean, patient boolean) returns text[]
  language plpgsql set lock_timeout = '2s' set plan_cache_mode = 'force_generic_plan' as $$
declare
  items birth[];
  got record;
  virtual_time bigint;
  keep_key_ms constant bigint := 86400000;
begin
  select array_agg(i order by i.n) into items from json_populate_recordset(null::birth, doc) i;
  select * into got from lock_holders(
    array(select x.account from unnest(items) x union select x.wallet from unnest(items) x),
    array(select distinct x.key from unnest(items) x), patient);

  if again or not patient or exists (select from unnest(items) x where x.idempotency_key is not null) then
    for i in 1 .. cardinality(items) loop
      if again and exists (select from tasks where id = items[i].id) then
        items[i].verdict := 'committed before';
      elsif not patient and not (items[i].account = any (got.accounts_got) and items[i].wallet = any (got.accounts_got)
        and items[i].key = any (got.keys_got)) then
        items[i].verdict := 'busy';
      elsif items[i].idempotency_key is not null then
        -- A key is free again a day after its task is over.
        delete from idempotency_keys k using tasks t
        where k.account = items[i].account and k.route = items[i].idempotency_route and k.key = items[i].idempotency_key
          and t.id = k.task and t.completed_at < now_ms() - keep_key_ms;
        if exists (
          select from idempotency_keys k
          where k.account = items[i].account and k.route = items[i].idempotency_route and k.key = items[i].idempotency_key
        ) then
          items[i].verdict := 'duplicate';
        end if;
      end if;
    end loop;
  end if;
  if births_fall_short(items) then
    items := decide_births(items);
  end if;

  select turn into virtual_time from queue_clock;
  update accounts a set
    balance = a.balance - d.from_wallet,
    held = a.held + d.from_wallet,
    committed = a.committed + d.by_account,
    turn = case when d.tasks > 0 then greatest(a.turn, virtual_time) + d.tasks else a.turn end
  from (
    select id, sum(from_wallet)::bigint as from_wallet, sum(by_account)::bigint as by_account, sum(tasks) as tasks
    from (
      select x.wallet as id, x.hold as from_wallet, 0 as by_account, 0 as tasks from unnest(items) x where x.verdict is null
      union all
      select x.account, 0, x.hold, 1 from unnest(items) x where x.verdict is null
    ) e
    group by id
  ) d
  where a.id = d.id;

  update keys k set unfinished = k.unfinished + d.tasks, committed = k.committed + d.held
  from (
    select x.key as id, count(*)::integer as tasks, sum(x.hold)::bigint as held
    from unnest(items) x where x.verdict is null group by 1
  ) d
  where k.id = d.id;

  -- The account's turn is past its last task by now: its tasks of this group start one after the other before that.
  insert into tasks (id, version, account, wallet, key, sandbox, model, state, state_data, state_since, price, escrow,
    attempts, cancel_requested, created_at, updated_at, due_at, turn)
  select x.id, 1, x.account, x.wallet, x.key, x.sandbox, x.model, 'queued', x.state, x.at, x.price, x.hold,
    0, false, x.at, x.at, now_ms() + x.due_in_ms,
    a.turn - count(*) over (partition by x.account) + row_number() over (partition by x.account order by x.n) - 1
  from unnest(items) x join accounts a on a.id = x.account
  where x.verdict is null;

  insert into orders (task, account, client_request_id, ordered, terms, origin, accepted)
  select x.id, x.account, x.client_request_id, x.ordered, x.terms, x.origin, x.accepted
  from unnest(items) x where x.verdict is null;

  insert into transfers (id, kind, from_holder, to_holder, amount, at, wallet, task)
  select x.id || ':hold', 'hold', 'account:' || x.wallet, 'task:' || x.id, x.hold, x.at, x.wallet, x.id
  from unnest(items) x where x.verdict is null and x.hold > 0 order by x.n;

  insert into idempotency_keys (account, route, key, fingerprint, task)
  select x.account, x.idempotency_route, x.idempotency_key, x.idempotency_fingerprint, x.id
  from unnest(items) x where x.verdict is null and x.idempotency_key is not null;

  return array(
    select case when x.verdict is null or x.verdict = 'committed before' then 'committed' else x.verdict end
    from unnest(items) x order by x.n
  );
end $$;

create function commit_moves(doc json, again boolean, patient boolean) returns text[]
  language plpgsql set lock_timeout = '2s' set plan_cache_mode = 'force_generic_plan' as $$
declare
  items move[];
  got record;
  tasks_got text[];
  moved integer[];
begin
  select array_agg(i order by i.n) into items from json_populate_recordset(null::move, doc) i;
  select * into got from lock_holders(
    array(select x.account from unnest(items) x where x.due_in_ms is null
      union select x.wallet from unnest(items) x where x.due_in_ms is null),
    array(select distinct x.key from unnest(items) x where x.due_in_ms is null), patient);
  if patient then
    perform from tasks where id in (select x.id from unnest(items) x) order by id for no key update;
  else
    tasks_got := array(
      select id from tasks where id in (select x.id from unnest(items) x) order by id for no key update skip locked);
  end if;

  if again or not patient then
    for i in 1 .. cardinality(items) loop
      if again and exists (
        select from task_events e
        where e.task = items[i].id and e.version = items[i].version and e.change_id = items[i].change_id
      ) then
        items[i].verdict := 'committed';
      elsif not patient and (
        not items[i].id = any (tasks_got)
        or items[i].due_in_ms is null and not (items[i].account = any (got.accounts_got)
          and items[i].wallet = any (got.accounts_got) and items[i].key = any (got.keys_got))
      ) then
        items[i].verdict := 'busy';
      end if;
    end loop;
  end if;

  with done as (
    update tasks t set
      version = x.version, state = x.state, state_data = x.state_data, state_since = x.state_since,
      escrow = t.escrow - x.charge - x.refund, attempts = x.attempts, cancel_requested = x.cancel_requested,
      updated_at = x.updated_at, started_at = x.started_at, completed_at = x.completed_at,
      due_at = now_ms() + x.due_in_ms, leased = x.leased, prepared = x.prepared, tried = x.tried
    from unnest(items) x
    where t.id = x.id and t.version = x.expects and x.verdict is null
    returning x.n
  )
  select coalesce(array_agg(n), '{}') into moved from done;

  insert into task_events (task, version, at, event, detail, change_id)
  select x.id, x.version, x.updated_at, x.event, x.detail, x.change_id from unnest(items) x where x.n = any (moved);

  -- Finished tasks: the escrow goes where it belongs, and the counters go down.
  if exists (select from unnest(items) x where x.n = any (moved) and x.due_in_ms is null) then
    insert into transfers (id, kind, from_holder, to_holder, amount, at, wallet, task)
    select x.id || ':charge', 'charge', 'task:' || x.id, 'house:earned', x.charge, x.updated_at, x.wallet, x.id
    from unnest(items) x where x.n = any (moved) and x.charge > 0
    union all
    select x.id || ':refund', 'refund', 'task:' || x.id, 'account:' || x.wallet, x.refund, x.updated_at, x.wallet, x.id
    from unnest(items) x where x.n = any (moved) and x.refund > 0;

    update accounts a set
      balance = a.balance + d.refund, held = a.held - d.held, committed = a.committed - d.by_account
    from (
      select id, sum(refund)::bigint as refund, sum(held)::bigint as held, sum(by_account)::bigint as by_account
      from (
        select x.wallet as id, x.refund, x.charge + x.refund as held, 0 as by_account
        from unnest(items) x where x.n = any (moved) and x.due_in_ms is null
        union all
        select x.account, 0, 0, x.refund from unnest(items) x where x.n = any (moved) and x.due_in_ms is null
      ) e
      group by id
    ) d
    where a.id = d.id;

    update keys k set unfinished = k.unfinished - d.tasks, committed = k.committed - d.refund
    from (
      select x.key as id, count(*)::integer as tasks, sum(x.refund)::bigint as refund
      from unnest(items) x where x.n = any (moved) and x.due_in_ms is null group by 1
    ) d
    where k.id = d.id;
  end if;

  insert into letters (id, task, account, key, kind, receiver, url, type, body, due_at, created_at)
  select l.id, x.id, x.account, x.key, l.kind, l.receiver, l.url, l.type, l.body, now_ms(), x.updated_at
  from unnest(items) x
  cross join json_to_recordset(x.letters) as l (id text, kind text, receiver text, url text, type text, body text)
  where x.n = any (moved) and x.letters is not null;

  insert into files (id, task, kind, mime_type, bytes, sha256, expires_at)
  select f.id, x.id, f.kind, f."mimeType", f.bytes, f.sha256, f."expiresAt"
  from unnest(items) x
  cross join json_to_recordset(x.files)
    as f (id text, kind text, "mimeType" text, bytes bigint, sha256 text, "expiresAt" bigint)
  where x.n = any (moved) and x.files is not null
  on conflict (id) do update set
    mime_type = excluded.mime_type, bytes = excluded.bytes, sha256 = excluded.sha256, expires_at = excluded.expires_at;

  insert into ambiguities (task, version, at, attempt, reason, decision, cost_micros)
  select x.id, x.version, x.updated_at, x.ambiguity -> 'attempt', x.ambiguity ->> 'reason', x.ambiguity ->> 'decision',
    (x.ambiguity ->> 'costMicros')::bigint
  from unnest(items) x
  where x.n = any (moved) and x.ambiguity is not null;

  return array(
    select coalesce(x.verdict, case when x.n = any (moved) then 'committed' else 'stale' end)
    from unnest(items) x order by x.n
  );
end $$;

-- Credits given to a wallet, or corrected: no task's doing. The reference is the transfer's id, so it counts once.
create function commit_account(account_id text, reference text, reason_given text, kind_given text, amount_given bigint)
  returns text language plpgsql set lock_timeout = '2s' set plan_cache_mode = 'force_generic_plan' as $$
declare
  w accounts;
begin
  select * into w from accounts
  where id = (select wallet from accounts where id = account_id) for no key update;
  if not found then return 'no_such_account'; end if;
  if exists (select from transfers where id = reference) then return 'duplicate'; end if;
  if w.balance + amount_given < 0 then return 'insufficient_credits'; end if;
  insert into transfers (id, kind, from_holder, to_holder, amount, at, wallet, reason)
  values (
    reference, kind_given,
    case when amount_given > 0 then 'house:issued' else 'account:' || w.id end,
    case when amount_given > 0 then 'account:' || w.id else 'house:issued' end,
    abs(amount_given), now_ms(), w.id, reason_given)
  on conflict (id) do nothing;
  if not found then return 'duplicate'; end if;
  update accounts set balance = balance + amount_given where id = w.id;
  return 'committed';
end $$;

-- A generic cell rate: a full minute's burst, then perMinute a minute, over all processes together.
create function lease_allowance(key_id text, wanted integer, per_minute integer, out granted integer, out retry_after_ms bigint)
  language plpgsql set lock_timeout = '2s' set plan_cache_mode = 'force_generic_plan' as $$
declare
  now_at constant double precision := extract(epoch from clock_timestamp()) * 1000;
  step_ms constant double precision := 60000.0 / per_minute;
  used double precision;
begin
  insert into allowances (key, used_until) values (key_id, 0) on conflict do nothing;
  select greatest(used_until, now_at - 60000) into used from allowances where key = key_id for no key update;
  granted := greatest(0, least(wanted, floor((now_at - used) / step_ms + 1e-6)))::integer;
  update allowances set used_until = used + granted * step_ms where key = key_id;
  retry_after_ms := case when granted > 0 then 0 else ceil(used + step_ms - now_at) end;
end $$;
