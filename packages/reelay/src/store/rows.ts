import type { Order, Prepared } from '../core/order.ts';
import type { Origin, Task, TaskState, TaskSummary, Terms, Tried } from '../core/task.ts';
import type { AccountId, Credits, Instant, KeyId, TaskId } from '../core/values.ts';

/** The columns of `tasks t` that make a `SummaryRow`. */
export const SUMMARY_COLUMNS = `t.id, t.version, t.account, t.wallet, t.key, t.sandbox, t.model, t.state_data, t.state_since,
  t.price, t.escrow, t.attempts, t.cancel_requested, t.created_at, t.updated_at, t.started_at, t.completed_at`;

/** The columns of `tasks t` and `orders o` that make a `TaskRow`. */
export const TASK_COLUMNS = `${SUMMARY_COLUMNS}, t.prepared, t.tried, o.ordered, o.terms, o.origin`;

export interface SummaryRow {
  id: TaskId;
  version: number;
  account: AccountId;
  wallet: AccountId;
  key: KeyId;
  sandbox: boolean;
  model: string;
  state_data: TaskState;
  state_since: Instant;
  price: Credits;
  escrow: Credits;
  attempts: number;
  cancel_requested: boolean;
  created_at: Instant;
  updated_at: Instant;
  started_at: Instant | null;
  completed_at: Instant | null;
}

export interface TaskRow extends SummaryRow {
  prepared: Prepared | null;
  tried: Tried[] | null;
  ordered: Order;
  terms: Terms;
  origin: Origin;
}

/** A row as the gateway knows it. */
export function summaryOf(row: SummaryRow): TaskSummary {
  return {
    id: row.id,
    version: row.version,
    account: row.account,
    wallet: row.wallet,
    key: row.key,
    sandbox: row.sandbox,
    model: row.model,
    state: row.state_data,
    stateSince: row.state_since,
    price: row.price,
    escrow: row.escrow,
    attempts: row.attempts,
    cancelRequested: row.cancel_requested,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at,
    completedAt: row.completed_at,
  };
}

/** A row with its order as the gateway knows it. */
export function taskOf(row: TaskRow): Task {
  const { ordered, terms, origin, prepared, tried } = row;
  return { ...summaryOf(row), order: ordered, terms, origin, prepared, tried: tried ?? [] };
}
