/** A law of the database: a query that names what breaks it. */
export interface Law {
  readonly law: string;
  readonly detail: string;
  /** Selects the `id` of everything that breaks it. */
  readonly text: string;
}

const OVER = "('succeeded', 'failed', 'canceled')";

/** Everything that must hold of accounts, credits, tasks and letters at any moment. */
export const LAWS: readonly Law[] = [
  {
    law: 'credits are never made or lost',
    detail: 'what the house has issued is not what accounts, escrows and earnings add up to',
    text: `select 'house' as id from (select
        (select coalesce(sum(case when from_holder = 'house:issued' then amount else -amount end), 0)
          from transfers where 'house:issued' in (from_holder, to_holder)) as issued,
        (select coalesce(sum(amount), 0) from transfers where to_holder = 'house:earned') as earned,
        (select coalesce(sum(balance), 0) from accounts) as left_over,
        (select coalesce(sum(escrow), 0) from tasks) as held) s
      where s.issued <> s.earned + s.left_over + s.held`,
  },
  {
    law: 'a balance is the sum of its transfers',
    detail: 'the wallet’s balance differs from its transfers',
    text: `select a.id from accounts a left join (
        select wallet, sum(case when to_holder = 'account:' || wallet then amount
          when from_holder = 'account:' || wallet then -amount else 0 end) as net from transfers group by wallet
      ) t on t.wallet = a.id where a.balance <> coalesce(t.net, 0)`,
  },
  {
    law: 'transfers move between their own wallet and task',
    detail: 'the holders of a transfer are not those of its kind',
    text: `select id from transfers where from_holder || ' > ' || to_holder is distinct from case
        when kind = 'hold' then 'account:' || wallet || ' > task:' || task
        when kind = 'charge' then 'task:' || task || ' > house:earned'
        when kind = 'refund' then 'task:' || task || ' > account:' || wallet
        when from_holder = 'house:issued' then 'house:issued > account:' || wallet
        else 'account:' || wallet || ' > house:issued' end`,
  },
  {
    law: 'an escrow is the sum of its transfers',
    detail: 'the task’s escrow differs from its hold, charge and refund',
    text: `select t.id from tasks t left join (
        select task, sum(case kind when 'hold' then amount else -amount end) as net
        from transfers where task is not null group by task
      ) s on s.task = t.id where t.escrow <> coalesce(s.net, 0)`,
  },
  {
    law: 'a task is settled once, at its price',
    detail: 'the hold is not the price, or charge and refund are not what the outcome says',
    text: `select t.id from tasks t left join (
        select task, sum(amount) filter (where kind = 'hold') as hold, sum(amount) filter (where kind = 'charge') as charge
        from transfers where task is not null group by task
      ) s on s.task = t.id
      where coalesce(s.hold, 0) <> t.price
        or coalesce(s.charge, 0) <> case when t.state = 'succeeded' then (t.state_data ->> 'charge')::bigint else 0 end
        or t.price <> (select (o.terms ->> 'price')::bigint from orders o where o.task = t.id)`,
  },
  {
    law: 'no transfer without its task',
    detail: 'a transfer names a task that does not exist',
    text: 'select s.id from transfers s where s.task is not null and not exists (select from tasks t where t.id = s.task)',
  },
  {
    law: 'a wallet holds what its tasks hold',
    detail: 'the counter of held credits differs from the escrows',
    text: `select a.id from accounts a left join (select wallet, sum(escrow) as held from tasks group by wallet) t
      on t.wallet = a.id where a.held <> coalesce(t.held, 0)`,
  },
  {
    law: 'caps count what tasks hold and were charged',
    detail: 'the counter of committed credits differs from the transfers of the account’s or the key’s tasks',
    text: `with spent as (
        select t.account, t.key, sum(case s.kind when 'hold' then s.amount when 'refund' then -s.amount else 0 end) as net
        from transfers s join tasks t on t.id = s.task group by t.account, t.key
      )
      select a.id from accounts a left join (select account, sum(net) as net from spent group by account) s
        on s.account = a.id where a.committed <> coalesce(s.net, 0)
      union all
      select k.id from keys k left join (select key, sum(net) as net from spent group by key) s
        on s.key = k.id where k.committed <> coalesce(s.net, 0)`,
  },
  {
    law: 'a key counts its unfinished tasks',
    detail: 'the counter of unfinished tasks differs from the tasks',
    text: `select k.id from keys k left join (
        select key, count(*) as unfinished from tasks where state not in ${OVER} group by key
      ) t on t.key = k.id where k.unfinished <> coalesce(t.unfinished, 0)`,
  },
  {
    law: 'over ⇔ never due again',
    detail: 'a finished task is due or holds credits, or an unfinished one is never due or holds none',
    text: `select id from tasks where (state in ${OVER}) <> (due_at is null) or (state in ${OVER}) <> (completed_at is not null)
      or escrow <> case when state in ${OVER} then 0 else price end`,
  },
  {
    law: 'a state is one thing',
    detail: 'the state’s name and its data differ, or the data has no attempt where the state needs one',
    text: `select id from tasks where state <> state_data ->> 'name'
      or state in ('submitting', 'unknown', 'running', 'storing')
        and (state_data -> 'attempt' ->> 'number')::integer is distinct from attempts`,
  },
  {
    law: 'a task has its order',
    detail: 'a task without an order, or an order without a task',
    text: `select t.id from tasks t where not exists (select from orders o where o.task = t.id)
      union all select o.task from orders o where not exists (select from tasks t where t.id = o.task and t.account = o.account)`,
  },
  {
    law: 'a task’s wallet and key are its account’s',
    detail: 'a task names an account, a wallet or a key that do not belong together',
    text: `select t.id from tasks t where not exists (select from keys k where k.id = t.key and k.account = t.account)
      or not exists (select from accounts a where a.id = t.account) or not exists (select from accounts w where w.id = t.wallet)`,
  },
  {
    law: 'one mover at a time',
    detail: 'the versions of a task’s events are not 2, 3 … up to its own',
    text: `select t.id from tasks t left join (
        select task, count(*) as events, max(version) as latest from task_events group by task
      ) e on e.task = t.id where coalesce(e.events, 0) <> t.version - 1 or coalesce(e.latest, 1) <> t.version`,
  },
  {
    law: 'no upstream is asked twice',
    detail: 'attempts are not counted one by one, or one followed another without a recorded reason',
    text: `with attempted as (
        select task, version, (detail ->> 'attempt')::integer as number,
          lag(version) over (partition by task order by version) as before,
          row_number() over (partition by task order by version) as position
        from task_events where event = 'attempted'
      )
      select task as id from attempted a where number <> position or before is not null and not exists (
        select from task_events e where e.task = a.task and e.version > a.before and e.version < a.version
          and e.event in ('rerouted', 'absent', 'deferred'))
      union
      select t.id from tasks t left join (select task, max(number) as number from attempted group by task) a on a.task = t.id
      where t.attempts <> coalesce(a.number, 0)`,
  },
  {
    law: 'a doubtful submit is resolved before the next',
    detail: 'an attempt in doubt was followed by another without having been found or proven absent',
    text: `select d.task as id from task_events d where (d.event = 'doubted' or d.event = 'expired') and exists (
        select from task_events n where n.task = d.task and n.version > d.version and n.event = 'attempted' and not exists (
          select from task_events r where r.task = d.task and r.version > d.version and r.version < n.version
            and r.event in ('absent', 'found')))`,
  },
  {
    law: 'an unresolved doubt is on record',
    detail: 'a task ended in doubt, or while somebody was at work on it, without an ambiguity row',
    text: `select e.task as id from task_events e join tasks t on t.id = e.task and t.version = e.version
      where e.event = 'expired' and t.state = 'failed' and t.attempts > 0
        and (select p.event from task_events p where p.task = e.task and p.version < e.version
          and p.event in ('attempted', 'submitted', 'doubted', 'found', 'absent', 'rerouted', 'rendered', 'expired')
          order by p.version desc limit 1) in ('submitted', 'doubted', 'found', 'rendered', 'expired')
        and not exists (select from ambiguities a where a.task = e.task and a.version = e.version)`,
  },
  {
    law: 'ended ⇒ told',
    detail: 'a finished task with a callback has no letter, or an unfinished one has',
    text: `select t.id from tasks t join orders o on o.task = t.id
      where (t.state in ${OVER} and o.origin ->> 'callbackUrl' is not null)
        <> exists (select from letters l where l.task = t.id and l.kind = 'callback')`,
  },
  {
    law: 'a letter’s attempts are on record',
    detail:
      'the count of attempts differs from the recorded ones, or a letter was given up or delivered without any',
    text: `select l.id from letters l left join (select letter, count(*) as made from delivery_attempts group by letter) a
      on a.letter = l.id where l.attempts <> coalesce(a.made, 0) or l.state <> 'pending' and coalesce(a.made, 0) = 0
        and not exists (select from endpoints e where e.id = l.endpoint and e.status = 'revoked')`,
  },
  {
    law: 'one idempotency key, one task',
    detail: 'an idempotency key points to a task that is not there or not the account’s',
    text: `select k.task as id from idempotency_keys k
      where not exists (select from tasks t where t.id = k.task and t.account = k.account)`,
  },
  {
    law: 'a success has its files',
    detail: 'a succeeded task names a file that is not in the book, or none at all',
    text: `select t.id from tasks t where t.state = 'succeeded' and (
        json_array_length(t.state_data -> 'files') = 0
        or exists (select from json_array_elements(t.state_data -> 'files') f
          where not exists (select from files b where b.id = f ->> 'id' and b.task = t.id and b.sha256 = f ->> 'sha256')))`,
  },
];
