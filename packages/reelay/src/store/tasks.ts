import { Buffer } from 'node:buffer';
import type { TaskFilter, TaskStore, TimelineEntry, WorkKind } from '../core/ports/tasks.ts';
import type { TaskSummary } from '../core/task.ts';
import type { Instant, TaskId } from '../core/values.ts';
import { Grouped } from './group.ts';
import { SUMMARY_COLUMNS, type SummaryRow, summaryOf, TASK_COLUMNS, type TaskRow, taskOf } from './rows.ts';
import type { Session, Statement } from './session.ts';

const READ_GROUP_SIZE = 256;
const READ_LANES = 1;

const SUMMARIES: Statement = {
  name: 'summaries',
  text: `select ${SUMMARY_COLUMNS} from tasks t where t.id = any ($1)`,
};
const TASK: Statement = {
  name: 'task',
  text: `select ${TASK_COLUMNS} from tasks t join orders o on o.task = t.id where t.id = $1`,
};
const ORIGINAL: Statement = {
  name: 'original',
  text: `select k.task, k.fingerprint from idempotency_keys k join tasks t on t.id = k.task
    where k.account = $1 and k.route = $2 and k.key = $3
      and (t.completed_at is null or t.completed_at >= now_ms() - 86400000)`,
};
const TIMELINE: Statement = {
  name: 'timeline',
  text: `select 1 as version, t.created_at as at, 'accepted' as event, o.accepted as detail
    from tasks t join orders o on o.task = t.id where t.id = $1
    union all
    select version, at, event, detail from task_events where task = $1
    order by version`,
};
const POSTPONE: Statement = {
  name: 'postpone',
  // Whoever has a row locked is moving it: then this look is old news, and waiting for each other could go in circles.
  text: `update tasks t set due_at = now_ms() + x.due_in_ms, leased = false
    from unnest($1::text[], $2::integer[], $3::bigint[]) as x (id, version, due_in_ms)
    join (select id from tasks where id = any ($1) and due_at is not null for no key update skip locked) free on free.id = x.id
    where t.id = x.id and t.version = x.version`,
};
const WAKE: Statement = {
  name: 'wake',
  text: `update tasks set due_at = now_ms()
    where id = $1 and due_at > now_ms() and (state in ('unknown', 'running') or state in ('queued', 'storing') and not leased)
    returning id`,
};

function claimOf(kind: WorkKind, due: string, order: string): Statement {
  return {
    name: `claim_${kind}`,
    text: `with due as (
        select id from tasks where ${due} and due_at <= now_ms() order by ${order} limit $1 for no key update skip locked
      ), claimed as (
        update tasks t set due_at = now_ms() + $2, leased = true, leased_by = $3 from due where t.id = due.id returning t.*
      ), served as (
        update queue_clock set turn = m.turn from (select max(turn) as turn from claimed where state = 'queued') m
        where queue_clock.turn < m.turn
      )
      select now_ms() as now, ${TASK_COLUMNS} from claimed t join orders o on o.task = t.id order by ${order}`,
  };
}

const CLAIMS: Readonly<Record<WorkKind, Statement>> = {
  queued: claimOf('queued', "state = 'queued'", 'turn, id'),
  watching: claimOf('watching', "state in ('submitting', 'unknown', 'running')", 'due_at'),
  storing: claimOf('storing', "state = 'storing'", 'due_at'),
};

interface Original {
  readonly task: TaskId;
  readonly fingerprint: string;
}

type Tasks = Omit<TaskStore, 'commit' | 'onMoved'>;

/**
 * Reads of tasks, and the queue's leases.
 * @param node this process's own name, under which it leases; null: it has none
 * @param onDue told of what became due by `wake`
 */
export function taskStore(session: Session, node: string | null, onDue: (id: TaskId) => void): Tasks {
  const summaries = new Grouped<TaskId, TaskSummary | null>({
    lanes: READ_LANES,
    size: READ_GROUP_SIZE,
    laneName: (id) => id,
    exclusive: () => [],
    onError: () => 'reject',
    async run(ids) {
      const rows = await session.query<SummaryRow>(SUMMARIES, [ids]);
      const found = new Map(rows.map((row) => [row.id, summaryOf(row)]));
      return ids.map((id) => found.get(id) ?? null);
    },
  });
  return {
    summary: (id) => summaries.call(id),
    async task(id) {
      const [row] = await session.query<TaskRow>(TASK, [id]);
      return row ? taskOf(row) : null;
    },
    async original(account, route, key) {
      return (await session.query<Original>(ORIGINAL, [account, route, key]))[0] ?? null;
    },
    async claim(kind, limit, leaseMs) {
      const rows = await session.query<TaskRow & { now: Instant }>(CLAIMS[kind], [limit, leaseMs, node]);
      return { now: rows[0]?.now ?? (await session.now()), tasks: rows.map(taskOf) };
    },
    async postpone(looks) {
      const columns = [looks.map((look) => look.id), looks.map((look) => look.version)];
      await session.query(POSTPONE, [...columns, looks.map((look) => look.dueInMs)]);
    },
    async wake(id) {
      if ((await session.query(WAKE, [id])).length > 0) onDue(id);
    },
    timeline: (id) => session.query<TimelineEntry>(TIMELINE, [id]),
    list: (filter) => list(session, filter),
  };
}

async function list(session: Session, filter: TaskFilter) {
  const values: unknown[] = [filter.limit + 1];
  const only = (condition: string, value: unknown) => {
    if (value !== undefined) conditions.push(condition.replace('?', `$${values.push(value)}`));
  };
  const conditions: string[] = ['true'];
  only('o.account = ?', filter.account);
  only('o.client_request_id = ?', filter.clientRequestId);
  only('o.task < ?', filter.cursor && Buffer.from(filter.cursor, 'base64url').toString());
  only('t.state = any (?)', filter.state);
  const text = `select ${SUMMARY_COLUMNS} from orders o join tasks t on t.id = o.task
    where ${conditions.join(' and ')} order by o.task desc limit $1`;
  const { rows } = await session.with((client) => client.query<SummaryRow>(text, values));
  const tasks = rows.slice(0, filter.limit).map(summaryOf);
  const last = rows.length > filter.limit ? tasks.at(-1) : undefined;
  return { tasks, nextCursor: last ? Buffer.from(last.id).toString('base64url') : null };
}
