-- One create by one client in one statement, the quickest way a plain client has: the balance is held, the counter
-- raised, the task, its order and its transfer written. 1,000 accounts, so that clients seldom wait for each other.
\set n random(1, 1000)
with account as (
  update peer.accounts set balance = balance - 55, held = held + 55, committed = committed + 55, turn = turn + 1
  where id = 'acc_' || :n and balance >= 55 returning id, turn
), key as (
  update peer.keys set unfinished = unfinished + 1, committed = committed + 55
  where id = 'key_' || :n and unfinished < unfinished_tasks returning id
), task as (
  insert into peer.tasks (id, version, account, wallet, key, sandbox, model, state, state_data, state_since, price,
    escrow, attempts, cancel_requested, created_at, updated_at, due_at, turn)
  select 'task_' || replace(uuidv7()::text, '-', ''), 1, account.id, account.id, key.id, true, 'kling-2-6', 'queued',
    '{"name": "queued"}', 1790000000000, 55, 55, 0, false, 1790000000000, 1790000000000, 1790000000000, account.turn
  from account, key returning id, account
), ordered as (
  insert into peer.orders (task, account, ordered, terms, origin, accepted)
  select id, account,
    '{"model": "kling-2-6","mode": "text-to-video","prompt": "a serene waterfall in the forest with birds chirping","media": [],"durationSeconds": 10,"sound": true,"resolution": null,"aspectRatio": "16:9","strategy": "value","extra": {}}',
    '{"price": 55,"costCapMicros": null,"attemptsMax": 5,"retentionMs": 1296000000,"deadlines": {"queueMs": 86400000,"attemptMs": 900000,"storingMs": 3000000,"unknownMs": 86400000}}',
    '{"surface": "apixo","callbackUrl": null,"clientRequestId": null,"idempotency": null}',
    '{"price": 55,"strategy": "value","surface": "apixo"}'
  from task
)
insert into peer.transfers (id, kind, from_holder, to_holder, amount, at, wallet, task)
select id || '-hold', 'hold', 'account:' || account, 'task:' || id, 55, 1790000000000, account, id from task;
