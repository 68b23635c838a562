-- Letters wait, out of the way of every claim, while their endpoint is disabled.

alter table letters add column held boolean not null default false;
create index letters_to_send on letters (receiver, due_at) where state = 'pending' and not held;
drop index letters_due;
create index letters_pending on letters (endpoint) where state = 'pending' and endpoint is not null;

-- Records an attempt at a letter and what comes of it. An endpoint that says it is gone, or that has not taken anything
-- for days, is disabled, and its account is told so with `news` (id, type, body).
create or replace function record_delivery(
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
  if e.status <> 'active' then
    update letters set held = e.status = 'disabled' where id = letter_id and state = 'pending';
    return;
  end if;
  if status_given is distinct from 410 and not (gave_up and e.dead_letters >= several and e.failing_since <= at_given - long_ms) then
    return;
  end if;
  update endpoints set status = 'disabled', disabled_at = at_given, updated_at = at_given where id = endpoint_id;
  update letters set held = true where endpoint = endpoint_id and state = 'pending';
  if news is null then return; end if;
  insert into events (account, subject, type, body) values (e.account, news ->> 'id', news ->> 'type', news ->> 'body');
  insert into letters (id, account, kind, endpoint, receiver, url, type, body, due_at, created_at)
  select endpoint_letter_id(news ->> 'id', news ->> 'type', p.id), e.account, 'endpoint', p.id, p.id, p.url, news ->> 'type',
    news ->> 'body', now_ms(), at_given
  from endpoints p where p.account = e.account and p.status = 'active' and news ->> 'type' = any (p.event_types);
end $$;
